"""The one function from IQ to image."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import signal

from rfhydra.errors import InvalidMessage
from rfhydra.spectrum.spec import SpectrogramSpec, ValueScaling
from rfhydra.spectrum.spectrogram import _lower_median, level_db, lower_snr, spectrogram

SPECS = [
    SpectrogramSpec(fft_size=256, hop=64, rows=256, cols=128),
    SpectrogramSpec(fft_size=512, hop=256, rows=64, cols=100),
    SpectrogramSpec(fft_size=1024, hop=1024, rows=128, cols=64),
    SpectrogramSpec(fft_size=256, hop=128, rows=128, scaling=ValueScaling(headroom_db=20, range_db=100), cols=128),
]
SPEC = SPECS[0]
LSB_DB = SPEC.scaling.range_db / 255


def noise(spec: SpectrogramSpec, seed: int = 0) -> NDArray[np.complex64]:
    """Unit power over the whole band."""
    parts = np.random.default_rng(seed).standard_normal((spec.window_samples, 2), np.float32) * np.float32(0.5**0.5)
    return parts.view(np.complex64)[:, 0]


def tone(spec: SpectrogramSpec, bin_index: int, amplitude: float) -> NDArray[np.complex64]:
    turns = bin_index / spec.fft_size * np.arange(spec.window_samples)
    carrier: NDArray[np.complex128] = amplitude * np.exp(2j * np.pi * turns)
    return carrier.astype(np.complex64)


@pytest.mark.parametrize("spec", SPECS)
def test_shape_and_dtype(spec: SpectrogramSpec) -> None:
    image = spectrogram(noise(spec), spec)
    assert image.shape == (spec.rows, spec.cols)
    assert image.dtype == torch.uint8


def test_a_short_tail_is_dropped() -> None:
    iq = noise(SPEC)
    assert spectrogram(iq[: 5 * SPEC.hop + 63], SPEC).shape == (SPEC.rows, 5)
    assert spectrogram(iq[: SPEC.hop], SPEC).shape == (SPEC.rows, 1)


@pytest.mark.parametrize("spec", SPECS)
def test_row_0_is_the_highest_frequency(spec: SpectrogramSpec) -> None:
    top = spectrogram(noise(spec) + tone(spec, spec.fft_size // 2 - 1, 10.0), spec).float().mean(1)
    bottom = spectrogram(noise(spec) + tone(spec, -spec.fft_size // 2, 10.0), spec).float().mean(1)
    assert int(top.argmax()) == 0
    assert int(bottom.argmax()) == spec.rows - 1


@pytest.mark.parametrize("spec", SPECS)
def test_the_median_of_white_noise_is_the_floor(spec: SpectrogramSpec) -> None:
    image = spectrogram(noise(spec), spec)
    assert abs(float(image.float().median()) - spec.scaling.floor_grey) <= 1


@pytest.mark.parametrize("spec", [SPECS[0], SpectrogramSpec(fft_size=1024, hop=512, rows=1024, cols=64)])
@pytest.mark.parametrize("tone_db", [10.0, 20.0, 35.0])
def test_level_of_a_tone(spec: SpectrogramSpec, tone_db: float) -> None:
    # A Hann window spreads a tone over 1.5 bins; the median of a bin of noise is ln 2 of its mean power.
    expected_db = tone_db + 10 * math.log10(spec.fft_size / 1.5 / math.log(2))
    row = spec.rows // 2 - 1 - 30
    levels = level_db(spectrogram(noise(spec) + tone(spec, 30, 10 ** (tone_db / 20)), spec), spec)
    # the transform of an outermost column reaches out of the window
    assert abs(float(levels[row, 4:-4].median()) - expected_db) < 1


@given(st.floats(-18, 18))
def test_gain_does_not_matter(exponent: float) -> None:
    iq = noise(SPEC) + tone(SPEC, 30, 3.0)
    scaled = (iq * np.complex64(10.0**exponent)).astype(np.complex64)
    difference = spectrogram(iq, SPEC).int() - spectrogram(scaled, SPEC).int()
    assert int(difference.abs().max()) <= 1


@pytest.mark.parametrize("gain", [1e-38, 1e37])
def test_extreme_gain_does_not_matter(gain: float) -> None:
    iq = noise(SPEC)
    difference = spectrogram(iq, SPEC).int() - spectrogram(iq * np.float32(gain), SPEC).int()
    assert int(difference.abs().max()) <= 1


@pytest.mark.parametrize("filler", [0, -1 - 1j])
def test_digital_silence_does_not_move_the_floor(filler: complex) -> None:
    iq = noise(SPEC)
    alive = spectrogram(iq, SPEC)[:, 84:]
    iq[: 80 * SPEC.hop] = filler
    rest = spectrogram(iq, SPEC)[:, 84:]
    assert int((alive.int() - rest.int()).abs().max()) <= 2


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("conjugated", [False, True])
def test_the_empty_half_of_an_analytic_signal_does_not_move_the_floor(spec: SpectrogramSpec, conjugated: bool) -> None:
    real = noise(spec).real.astype(np.float64) + tone(spec, spec.fft_size // 8, 100.0).real
    analytic = signal.hilbert(real).astype(np.complex64)
    image = spectrogram(np.conj(analytic) if conjugated else analytic, spec)
    upper, lower = image[: spec.rows // 2 - 4, 4:-4], image[spec.rows // 2 + 4 :, 4:-4]
    heard, empty = (lower, upper) if conjugated else (upper, lower)
    assert abs(float(heard.float().median()) - spec.scaling.floor_grey) <= 3
    assert float(empty.float().median()) == 0


@pytest.mark.parametrize("filler", [0, 1])
def test_image_of_silence_only(filler: int) -> None:
    image = spectrogram(np.full(SPEC.window_samples, filler, np.complex64), SPEC)
    assert image.shape == (SPEC.rows, SPEC.cols)


def test_a_strong_neighbour_does_not_rescale_the_others() -> None:
    alone = spectrogram(noise(SPEC) + tone(SPEC, 40, 1.0), SPEC).int()
    beside = spectrogram(noise(SPEC) + tone(SPEC, 40, 1.0) + tone(SPEC, -40, 1000.0), SPEC).int()
    upper = slice(0, SPEC.rows // 2)
    # Without the columns whose transform the end of the window cuts: the neighbour splatters there.
    assert int((alone - beside)[upper, 4:-4].abs().max()) <= 1


def test_levels_are_decibels_above_the_floor() -> None:
    grey = torch.tensor([0, SPEC.scaling.floor_grey, 255], dtype=torch.uint8)
    torch.testing.assert_close(level_db(grey, SPEC), torch.tensor([-10.0, 0.0, 70.0]), atol=LSB_DB, rtol=0)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, complex(0, math.nan)])
def test_samples_must_be_finite(bad: complex) -> None:
    iq = noise(SPEC)
    iq[1234] = bad
    with pytest.raises(InvalidMessage, match="finite"):
        spectrogram(iq, SPEC)


@pytest.mark.parametrize("shape", [(), (0,), (63,), (129 * 64,), (1, 640), (640, 2)])
def test_other_sizes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidMessage, match="64 to 8192 samples"):
        spectrogram(np.zeros(shape, np.complex64), SPEC)


def test_read_only_arrays_and_tensors_are_accepted() -> None:
    iq = noise(SPEC)
    received = np.frombuffer(iq.tobytes(), np.complex64)
    assert torch.equal(spectrogram(received, SPEC), spectrogram(iq, SPEC))
    assert torch.equal(spectrogram(torch.from_numpy(iq), SPEC), spectrogram(iq, SPEC))


def test_image_is_deterministic() -> None:
    assert torch.equal(spectrogram(noise(SPEC), SPEC), spectrogram(noise(SPEC), SPEC))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("spec", SPECS)
def test_cpu_and_gpu_agree(spec: SpectrogramSpec) -> None:
    iq = torch.from_numpy(noise(spec) + tone(spec, 9, 5.0))
    on_gpu = spectrogram(iq.cuda(), spec)
    assert on_gpu.is_cuda
    assert int((on_gpu.cpu().int() - spectrogram(iq, spec).int()).abs().max()) <= 1


@pytest.mark.parametrize("spec", SPECS)
def test_lower_snr_equals_a_weaker_signal(spec: SpectrogramSpec) -> None:
    bin_index, lower_db = spec.fft_size // 8, 12.0
    loud = tone(spec, bin_index, 1.0)
    loud[: len(loud) // 2] = 0
    image = lower_snr(spectrogram(noise(spec) + loud, spec), spec, lower_db, seed=1)
    weak = spectrogram(noise(spec, seed=2) + loud * np.float32(10 ** (-lower_db / 20)), spec)
    assert image.shape == weak.shape
    assert image.dtype == torch.uint8
    levels, expected = level_db(image, spec), level_db(weak, spec)
    peak = expected[:, -1].argmax()
    on = slice(3 * spec.cols // 4, spec.cols - 2)
    assert levels[peak, on].mean() == pytest.approx(float(expected[peak, on].mean()), abs=1.5)
    elsewhere = (int(peak) + spec.rows // 2) % spec.rows
    assert levels[elsewhere].median() == pytest.approx(float(expected[elsewhere].median()), abs=1.0)
    assert levels[elsewhere].std() == pytest.approx(float(expected[elsewhere].std()), rel=0.3)


def test_lower_snr_is_deterministic_under_a_seed() -> None:
    image = spectrogram(noise(SPEC), SPEC)
    first, second, other = (lower_snr(image, SPEC, 6.0, seed) for seed in (1, 1, 2))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


@given(st.integers(1, 30_000), st.sampled_from([1.0, 3.0, 1e6]), st.integers(0, 2**31), st.booleans())
def test_the_median_of_the_floor_is_exact(count: int, steps: float, seed: int, is_sorted: bool) -> None:
    values = (np.round(np.random.default_rng(seed).normal(size=count) * steps) / steps).astype(np.float32)
    ordered = np.sort(values)
    assert _lower_median(ordered if is_sorted else values) == ordered[(count - 1) // 2]
