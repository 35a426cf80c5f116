"""Bursts mixed into other windows: the SNR that is put in, free places, and stretched images."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given as with_examples
from hypothesis import strategies as st

from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.pixels import PixelBoxes
from rfhydra.spectrum.rectangle import Rectangle
from rfhydra.spectrum.spectrogram import add_power, level_db, make_window
from rfhydra.spectrum.window import Window
from rfhydra.synth import Burst, Receiver, Scene, make_burst
from rfhydra.training.evaluation.mixing import Host, IqBurst, Patch, PixelBox, image_snr_db, pooled_noise
from rfhydra.training.evaluation.room import Room
from tests.training.given import CENTER_HZ, RATE_HZ, SPEC

NO_BOXES = np.zeros((0, 4), np.float32)
START, FREQ = 20_000, 0.1


def qpsk(seed: int = 0) -> Burst:
    return make_burst("qpsk", np.random.default_rng(seed), 16_000, 0.08)


def heard(scene: Scene, seed: int, gain: float = 1.0) -> Window:
    iq = gain * Receiver().apply(scene, np.random.default_rng(seed))
    return make_window(iq.astype(np.complex64), SPEC, RATE_HZ, CENTER_HZ)


def with_burst(snr_db: float, seed: int = 0, gain: float = 1.0) -> tuple[Window, PixelBox]:
    """A window with one burst of known in-band SNR at a known place, and its true box in pixels."""
    scene = Scene(SPEC.window_samples)
    emission = scene.add(qpsk(), start=START, freq=FREQ, snr_db=snr_db)
    assert emission is not None
    window = heard(scene, seed, gain)
    (box,) = window.frame.to_pixels([emission.box(RATE_HZ, CENTER_HZ)])
    return window, box


def host(seed: int = 99, gain: float = 1.0, labelled: PixelBoxes = NO_BOXES) -> Host:
    """A window of noise alone."""
    window = heard(Scene(SPEC.window_samples), seed, gain)
    return Host.of(window, labelled)


def cut(window: Window, box: PixelBox) -> IqBurst:
    burst = IqBurst.cut(Host.of(window, box[None]), box)
    assert burst is not None
    return burst


def mean_db(window: Window, box: PixelBox) -> float:
    """Mean power of the pixels of a box, in dB over the noise floor of the image."""
    area = Rectangle.around(box)
    levels = level_db(window.image, SPEC).numpy()[area.top : area.bottom, area.left : area.right]
    return float(10 * np.log10((10 ** (levels / 10)).mean()))


@pytest.mark.parametrize("snr_db", [-3.0, 6.0, 20.0])
def test_the_snr_of_a_burst_is_measured_in_its_box(snr_db: float) -> None:
    window, box = with_burst(snr_db, gain=0.01)
    assert cut(window, box).snr_db == pytest.approx(snr_db, abs=1.0)
    assert image_snr_db(*with_burst(20.0), pooled_noise(SPEC)) == pytest.approx(20.0, abs=1.5)


@pytest.mark.parametrize("wanted_db", [-3.0, 0.0, 6.0, 12.0, 18.0])
def test_mixing_puts_the_wanted_snr_into_the_image(wanted_db: float) -> None:
    """The image of the mixed burst is as bright as that of the same burst received at this SNR."""
    burst = cut(*with_burst(18.5, seed=1, gain=0.01))
    mixed, box = burst.mix(host(gain=5.0), (40, 100), wanted_db)
    received = with_burst(wanted_db, seed=2)
    assert mean_db(mixed, box) == pytest.approx(mean_db(*received), abs=1.0)


def test_a_mixed_burst_is_where_its_box_says_and_nowhere_else() -> None:
    window, box = with_burst(20.0)
    burst, quiet = cut(window, box), host()
    mixed, moved = burst.mix(quiet, (150, 10), 15.0)
    area = burst.area
    assert moved == pytest.approx(box + np.array([10 - area.left, 150 - area.top] * 2))
    change = np.abs(mixed.image.astype(int) - quiet.window.image.astype(int))
    inside = Rectangle.around(moved).widened(area.rows - (Rectangle.around(box).rows), 3)
    change[max(inside.top, 0) : inside.bottom, max(inside.left, 0) : inside.right] = 0
    assert change.mean() < 1.0
    assert mean_db(mixed, moved) > 12


def test_the_noise_floor_stays_even_where_a_noisy_burst_is_added() -> None:
    """At the SNR as received the copy has as much noise as the window: it is not added on top."""
    window, box = with_burst(0.0)
    tall = box + np.array([0, -12, 0, 12], np.float32)  # most of this box is noise
    burst = cut(window, tall)
    mixed, moved = burst.mix(host(), (100, 60), burst.snr_db)
    empty = moved + np.array([0, 0, 0, -(moved[3] - moved[1]) + 8], np.float32)
    assert mean_db(mixed, empty) == pytest.approx(mean_db(host().window, empty), abs=0.7)


def test_a_box_without_power_is_no_burst() -> None:
    quiet = host()
    assert quiet.noise.is_known
    silent = replace(quiet, window=replace(quiet.window, iq=np.zeros(SPEC.window_samples, np.complex64)))
    assert not silent.noise.is_known
    assert IqBurst.cut(silent, np.array([10, 40, 40, 60], np.float32)) is None


def test_a_place_is_free_of_labels_and_of_emissions() -> None:
    window, box = with_burst(15.0)
    label = np.array([[150, 10, 250, 90]], np.float32)
    room, rng = Room(window.image, SPEC, label), np.random.default_rng(0)
    for _ in range(50):
        found = room.place(30, 60, rng)
        assert found is not None
        row, col = found
        place = np.array([col, row, col + 60, row + 30])
        for taken in (label[0], box + np.array([3, 3, -3, -3])):  # its edges are no brighter than noise
            apart = (place[:2] >= taken[2:]) | (place[2:] <= taken[:2])
            assert apart.any()
    assert room.place(30, SPEC.cols, rng, position=0.2) is None
    assert room.place(SPEC.rows + 1, 10, rng) is None


@pytest.mark.parametrize(("position", "rows"), [(0.0, range(8, 31)), (0.5, range(100, 140)), (1.0, range(190, 219))])
def test_a_position_is_a_part_of_the_band(position: float, rows: range) -> None:
    found = host().room.place(30, 60, np.random.default_rng(0), position)
    assert found is not None
    assert found[0] in rows


@with_examples(length=st.floats(0.5, 2), bandwidth=st.floats(0.5, 2))
def test_a_stretched_patch_is_as_bright_and_its_box_is_stretched(length: float, bandwidth: float) -> None:
    patch = Patch(np.full((20, 40), 50, np.float32), np.array([0.5, 0.25, 39.5, 19.75], np.float32))
    other = patch.stretched(length=length, bandwidth=bandwidth)
    assert other.power.shape == (round(20 * bandwidth), round(40 * length))
    assert other.power.mean() == pytest.approx(50, rel=1e-3)
    sides, own = other.box[2:] - other.box[:2], patch.box[2:] - patch.box[:2]
    assert sides / own == pytest.approx(np.array([length, bandwidth]), rel=0.06)


def test_a_pasted_patch_is_as_bright_as_it_was() -> None:
    window, box = with_burst(15.0)
    pasted, moved = Patch.cut(window, box).paste(host(), (30, 20))
    assert mean_db(pasted, moved) == pytest.approx(mean_db(window, box), abs=1.0)
    assert moved[:2] == pytest.approx(np.array([20, 30]) + box[:2] % 1, abs=1e-3)


def test_adding_no_power_changes_nothing() -> None:
    image = host().window.image
    assert (add_power(image, SPEC, np.zeros(image.shape, np.float32)).numpy() == image).all()


def test_boxes_are_covered_by_whole_pixels() -> None:
    frame = host().window.frame
    box = Box(0.01, 0.02, CENTER_HZ - 1e4, CENTER_HZ + 1e4)
    (pixels,) = frame.to_pixels([box])
    area = Rectangle.around(pixels)
    assert area.left <= pixels[0] < area.left + 1
    assert area.bottom - 1 < pixels[3] <= area.bottom
