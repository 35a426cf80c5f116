"""Measurements of emissions of known power and bandwidth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfhydra.live.measurement import MAX_MEASURED_SAMPLES, MeasuredStretch, x_db_bandwidth
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.spectrogram import make_window
from rfhydra.synth import Emission, Receiver, Scene, make_burst

SPEC = SpectrogramSpec(fft_size=512, hop=256, rows=512, cols=512)
RATE_HZ, CENTER_HZ = 1e6, 433e6


def stretch(scene: Scene, gain: float = 1e-3, seed: int = 0) -> MeasuredStretch:
    iq = Receiver().apply(scene, np.random.default_rng(seed)) * np.float32(gain)
    return MeasuredStretch(make_window(iq, SPEC, RATE_HZ, CENTER_HZ, 0))


def placed(snr_db: float, seed: int = 0, cols: int = 100, bandwidth: float = 0.08) -> tuple[Scene, Emission]:
    rng, scene = np.random.default_rng(seed), Scene(SPEC.window_samples)
    emission = scene.place(make_burst("qpsk", rng, cols * SPEC.hop, bandwidth), rng, snr_db, cut=0.0)
    assert emission is not None
    return scene, emission


@settings(max_examples=40)
@given(st.floats(3, 40), st.integers(0, 1000))
def test_snr_and_levels(snr_db: float, seed: int) -> None:
    scene, emission = placed(snr_db, seed)
    measured = stretch(scene).measure(emission.box(RATE_HZ, CENTER_HZ))
    assert measured is not None
    assert measured.snr_db == pytest.approx(snr_db, abs=1.5)
    in_band = (10 ** (snr_db / 10) + 1) * (emission.high - emission.low)
    assert measured.mean_dbfs == pytest.approx(10 * np.log10(in_band) - 60, abs=1.0)
    assert measured.mean_dbfs < measured.peak_dbfs < measured.mean_dbfs + 14


def test_noise_has_no_snr() -> None:
    scene = Scene(SPEC.window_samples)
    measured = stretch(scene).measure(Box(0.01, 0.06, CENTER_HZ + 100e3, CENTER_HZ + 200e3))
    assert measured is not None
    assert measured.snr_db < -5


@pytest.mark.parametrize("width", [0.05, 0.1, 0.2])
def test_occupied_bandwidth_of_band_limited_noise(width: float) -> None:
    rng = np.random.default_rng(0)
    size = 1 << 16
    spectrum = np.zeros(size, np.complex128)
    half = round(width * size / 2)
    spectrum[:half] = rng.standard_normal(half) + 1j * rng.standard_normal(half)
    spectrum[-half:] = rng.standard_normal(half) + 1j * rng.standard_normal(half)
    iq = np.fft.ifft(spectrum).astype(np.complex64)
    assert x_db_bandwidth(iq, -width / 2, width / 2, 0.0, 512) == pytest.approx(width, abs=4 / 512)
    too_small = x_db_bandwidth(iq, -width / 3, width / 3, 0.0, 512)
    assert too_small == pytest.approx(width, abs=4 / 512)


def test_a_strong_neighbour_does_not_widen_an_emission() -> None:
    scene, emission = placed(15.0)
    free = 0.3 if emission.high < 0 else -0.3
    scene.add(make_burst("tone", np.random.default_rng(1), SPEC.window_samples, 0.01), start=0, freq=free, snr_db=50.0)
    measured = stretch(scene).measure(emission.box(RATE_HZ, CENTER_HZ))
    assert measured is not None
    assert measured.occupied_bandwidth_hz < 2 * (emission.high - emission.low) * RATE_HZ


def test_an_emission_over_two_windows_is_measured_over_both() -> None:
    scene, emission = placed(20.0, cols=300)
    iq = Receiver().apply(scene, np.random.default_rng(0))
    middle = (emission.start + emission.stop) // 2 // SPEC.hop * SPEC.hop
    before = make_window(iq[:middle], SPEC, RATE_HZ, CENTER_HZ, 0)
    start = middle - 20 * SPEC.hop
    last = make_window(iq[start:], SPEC, RATE_HZ, CENTER_HZ, start)
    box = emission.box(RATE_HZ, CENTER_HZ)
    whole = MeasuredStretch(make_window(iq, SPEC, RATE_HZ, CENTER_HZ, 0)).measure(box)
    assert MeasuredStretch(last, before).measure(box) == whole
    assert MeasuredStretch(last).measure(box) != whole


def test_what_is_measured_is_bounded_and_what_is_not_here_is_not_measured() -> None:
    scene = Scene(SPEC.window_samples)
    made = stretch(scene)
    assert made.measure(Box(10.0, 11.0, CENTER_HZ, CENTER_HZ + 1e5)) is None
    assert len(made._part(Box(0.0, 10.0, CENTER_HZ, CENTER_HZ + 1e5))) == min(SPEC.window_samples, MAX_MEASURED_SAMPLES)
