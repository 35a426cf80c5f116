"""Skirts: the visible band around a strong burst."""

import numpy as np
import pytest
from numpy.typing import NDArray

from rfhydra.pretrain.skirts import skirts
from rfhydra.spectrum.boxes import Frame
from rfhydra.spectrum.pixels import PixelBoxes
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.spectrogram import spectrogram
from rfhydra.synth import LineCode, Receiver, Scene, make_burst

SPEC = SpectrogramSpec(fft_size=512, hop=256, rows=512, cols=256)
NONE = np.zeros((0, 4), np.float32)


def rendered(scene: Scene) -> tuple[NDArray[np.uint8], PixelBoxes]:
    """The image of ``scene`` and the cores of its emissions."""
    image = spectrogram(Receiver().apply(scene, np.random.default_rng(0)), SPEC).numpy()
    frame = Frame(SPEC, 1.0, 0.0, image.shape[1])
    return image, frame.to_pixels([emission.box(1.0, 0.0) for emission in scene.emissions])


def keyed(rise: int, snr_db: float) -> Scene:
    """One keyed burst, 60 columns long, with transitions of ``rise`` samples."""
    scene = Scene(SPEC.window_samples)
    burst = LineCode("pwm", symbol=200, bits=60, rise=rise).packet(np.random.default_rng(1), 60 * SPEC.hop)
    scene.add(burst, start=100 * SPEC.hop, freq=0.1, snr_db=snr_db)
    return scene


def test_a_hard_keyed_strong_burst_has_skirts_around_its_core() -> None:
    image, (core,) = rendered(keyed(rise=1, snr_db=45))
    seen = skirts(image, core, NONE, SPEC)
    assert seen is not None
    assert seen[1] < core[1] - 3
    assert seen[3] > core[3] + 3
    np.testing.assert_array_equal(seen[[0, 2]], core[[0, 2]])


@pytest.mark.parametrize(("rise", "snr_db"), [(60, 45.0), (1, 3.0)], ids=["softly keyed", "weak"])
def test_no_skirts(rise: int, snr_db: float) -> None:
    image, (core,) = rendered(keyed(rise, snr_db))
    seen = skirts(image, core, NONE, SPEC)
    assert seen is None or seen[3] - seen[1] <= 16  # a Hann line, smoothed


def test_skirts_next_to_another_burst() -> None:
    scene = keyed(rise=1, snr_db=45)
    neighbour = make_burst("qpsk", np.random.default_rng(2), 40 * SPEC.hop, 0.05)
    scene.add(neighbour, start=110 * SPEC.hop, freq=0.15, snr_db=30)
    image, boxes = rendered(scene)
    strong, weak = boxes
    seen = skirts(image, strong, boxes[1:], SPEC)
    assert seen is not None
    assert seen[1] >= weak[3] - 1
    assert skirts(image, weak, boxes[:1], SPEC) is None


def test_lasting_line_is_no_skirt() -> None:
    image, (core,) = rendered(keyed(rise=1, snr_db=45))
    plain = skirts(image, core, NONE, SPEC)
    assert plain is not None
    line = slice(int(plain[1]) - 40, int(core[1]) - 5)
    image[line] = image[line, 100:160].max()
    lined = skirts(image, core, NONE, SPEC)
    assert lined is not None
    assert lined[1] >= line.stop
    assert lined[3] == plain[3]


def test_no_skirts_outside_the_image() -> None:
    image, (core,) = rendered(keyed(rise=1, snr_db=45))
    assert skirts(image, core + np.array([0, 1000, 0, 1000], np.float32), NONE, SPEC) is None
    assert skirts(image, np.array([0, core[1], 256, core[3]], np.float32), NONE, SPEC) is None
