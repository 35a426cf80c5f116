"""Scenes: placement, truth boxes, SNR."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfhydra.synth import (
    BAND_EDGE,
    EMITTERS,
    Emission,
    Receiver,
    Scene,
    log_uniform,
    make_burst,
)
from tests.synth.given import LINE_CODES, burst_of, decibels, power, seeds, share_in_band, share_in_boxes


@settings(max_examples=60)
@given(st.sampled_from([*EMITTERS, *LINE_CODES]), seeds, st.integers(3000, 20_000), st.floats(0.02, 0.25))
def test_the_truth_box_holds_the_burst(kind: str, seed: int, duration: int, bandwidth: float) -> None:
    scene = Scene(32_768)
    emission = scene.place(burst_of(kind, seed, duration, bandwidth), np.random.default_rng(seed), 20.0)
    assert emission is not None
    assert share_in_boxes(scene, [emission]) >= 0.9


@settings(max_examples=30)
@given(st.sampled_from(["qpsk", "ofdm", "fsk2", "chirp"]), seeds, st.floats(-3, 40), st.floats(0.05, 0.3))
def test_in_band_snr_is_the_requested_one(kind: str, seed: int, snr_db: float, bandwidth: float) -> None:
    rng, scene = np.random.default_rng(seed), Scene(20_000)
    emission = scene.add(burst_of(kind, seed, 20_000, bandwidth), start=0, freq=0.1, snr_db=snr_db)
    assert emission is not None
    noise = Receiver().apply(Scene(20_000), rng)
    noise_in_band = power(noise) * share_in_band(noise, emission.low, emission.high)
    signal_in_band = power(scene.iq) * share_in_band(scene.iq, emission.low, emission.high)
    assert decibels(signal_in_band / noise_in_band) == pytest.approx(snr_db, abs=1)


def test_a_truth_box_is_in_seconds_and_hz() -> None:
    box = Emission("x", 1000, 3000, -0.25, 0.125, 10.0).box(2e6, 868e6)
    assert box.as_tuple() == (0.0005, 0.0015, 867.5e6, 868.25e6)


def test_a_burst_is_cut_at_the_edges_of_the_scene() -> None:
    scene, burst = Scene(10_000), burst_of("qpsk", 0)
    early, late = (scene.add(burst, start=start, freq=0.0, snr_db=0.0) for start in (-5000, 9000))
    assert early is not None
    assert late is not None
    assert (early.start, early.stop, late.start, late.stop) == (0, 3000, 9000, 10_000)
    assert not scene.iq[3000:9000].any()
    assert scene.add(burst, start=-8000, freq=0.0, snr_db=0.0) is None
    assert scene.add(burst, start=10_000, freq=0.0, snr_db=0.0) is None
    assert scene.emissions == [early, late]


@settings(max_examples=20)
@given(seeds, st.floats(0, 0.5))
def test_placed_bursts_lie_in_the_band_and_overlap_little(seed: int, max_overlap: float) -> None:
    rng, scene = np.random.default_rng(seed), Scene(30_000)
    for kind in rng.choice(list(EMITTERS), 8):
        burst = make_burst(str(kind), rng, int(log_uniform(rng, 1000, 60_000)), log_uniform(rng, 0.02, 0.4))
        scene.place(burst, rng, 10.0, max_overlap=max_overlap)
    assert scene.emissions
    for index, emission in enumerate(scene.emissions):
        assert -BAND_EDGE - 1e-9 <= emission.low < emission.high <= BAND_EDGE + 1e-9
        assert 0 <= emission.start < emission.stop <= 30_000
        assert all(emission.overlap(other) <= max_overlap for other in scene.emissions[:index])


def test_overlap_is_a_part_of_the_smaller_area() -> None:
    large, small = Emission("a", 0, 100, 0.0, 0.2, 0.0), Emission("b", 90, 110, 0.1, 0.2, 0.0)
    assert large.overlap(small) == small.overlap(large) == pytest.approx(0.5)
    assert large.overlap(Emission("c", 100, 110, 0.0, 0.2, 0.0)) == 0
    assert large.overlap(Emission("d", 0, 100, 0.2, 0.3, 0.0)) == 0


def test_no_emission_without_a_free_place() -> None:
    rng, scene = np.random.default_rng(0), Scene(8000)
    assert scene.place(burst_of("ofdm", 0, bandwidth=0.9), rng, 10.0) is not None
    before = scene.iq.copy()
    assert scene.place(burst_of("ofdm", 1, bandwidth=0.9), rng, 10.0) is None
    np.testing.assert_array_equal(scene.iq, before)


def test_a_burst_wider_than_the_band_is_centred() -> None:
    scene = Scene(8000)
    emission = scene.place(burst_of("ofdm", 0, bandwidth=1.0), np.random.default_rng(0), 10.0, cut=0.0)
    assert emission is not None
    assert emission.high - emission.low > 2 * BAND_EDGE
    assert emission.low + emission.high == pytest.approx(0, abs=1e-9)


def test_a_train_is_equal_bursts_at_equal_distances() -> None:
    scene, burst = Scene(40_000), burst_of("pwm", 0, 3000)
    train = scene.place_train(burst, np.random.default_rng(0), 20.0, repeats=5, gap=2000, start=-len(burst) // 2)
    starts = [emission.start for emission in train]
    assert np.diff(starts[1:]).tolist() == [len(burst) + 2000] * 3
    assert len({(emission.low, emission.high) for emission in train}) == 1
    assert scene.emissions == train
    for emission in train:
        assert not scene.iq[emission.stop : emission.stop + 2000].any()


@settings(max_examples=20)
@given(seeds, st.floats(-0.4, 0.2), st.floats(0.05, 0.2))
def test_bursts_are_placed_in_the_band_of_the_scene(seed: int, low: float, width: float) -> None:
    rng, scene = np.random.default_rng(seed), Scene(20_000, (low, low + width))
    emission = scene.place(burst_of("qpsk", seed, 5000, 0.03), rng, 10.0)
    assert emission is not None
    assert low - 1e-9 <= emission.low < emission.high <= low + width + 1e-9
