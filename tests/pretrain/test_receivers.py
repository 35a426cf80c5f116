"""Random receivers have the properties of the mix, and leave something to see."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfhydra.pretrain.mix import SceneMix
from rfhydra.pretrain.receivers import random_receiver
from rfhydra.pretrain.scenes import CONTRACTS
from rfhydra.spectrum.spectrogram import spectrogram
from rfhydra.synth import Receiver, Scene, make_burst

PROPERTIES: dict[str, Callable[[Receiver], bool]] = {
    "fine_bits": lambda receiver: (receiver.bits or 0) >= 12,
    "ac_coupled": lambda receiver: receiver.ac_coupling > 0,
    "decimation_edges": lambda receiver: receiver.passband is not None and receiver.passband.low < 0,
    "sideband": lambda receiver: receiver.audio,
    "pumping": lambda receiver: receiver.pumping is not None,
    "squelched": lambda receiver: receiver.squelch is not None,
}
SPEC = CONTRACTS[0]


@pytest.mark.parametrize("name", PROPERTIES)
def test_a_property_is_as_frequent_as_the_mix_says(name: str) -> None:
    rng = np.random.default_rng(0)
    certain, never = SceneMix.only(name), SceneMix.only()
    assert all(PROPERTIES[name](random_receiver(rng, certain, 256)) for _ in range(30))
    assert not any(PROPERTIES[name](random_receiver(rng, never, 256)) for _ in range(30))
    drawn = [PROPERTIES[name](random_receiver(rng, SceneMix(), 256)) for _ in range(2000)]
    assert np.mean(drawn) == pytest.approx(getattr(SceneMix(), name), abs=0.04)


@settings(max_examples=10)
@given(st.sampled_from([*PROPERTIES]), st.integers(0, 2**32 - 1))
def test_a_strong_burst_stands_out_of_the_noise(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    receiver = random_receiver(rng, SceneMix.only(name), SPEC.hop)
    scene = Scene(SPEC.window_samples, receiver.band)
    emission = scene.place(make_burst("qpsk", rng, 60 * SPEC.hop, 0.05), rng, 30.0, cut=0.0)
    assert emission is not None
    image = spectrogram(receiver.apply(scene, rng), SPEC).numpy()
    rows = slice(int((0.5 - emission.high) * SPEC.rows) + 3, int((0.5 - emission.low) * SPEC.rows) - 2)
    first = max(emission.start, int(receiver.silence * len(scene.iq))) // SPEC.hop + 2
    inside = image[rows, first : emission.stop // SPEC.hop - 1]
    assert not inside.size or np.median(inside) > np.median(image) + 20
