import numpy as np
import pytest
from numpy.typing import NDArray

from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.snap import snap_box

RATE_HZ = 1e6
CENTER_HZ = 433e6
SAMPLES = 100_000
NOISE = 1e-2


def noise(seed: int = 0) -> NDArray[np.complex64]:
    rng = np.random.default_rng(seed)
    complex_noise = rng.standard_normal(SAMPLES) + 1j * rng.standard_normal(SAMPLES)
    scaled: NDArray[np.complex64] = (NOISE / np.sqrt(2) * complex_noise).astype(np.complex64)
    return scaled


def with_burst(truth: Box, snr_db: float, seed: int = 0) -> NDArray[np.complex64]:
    """Noise, and band-limited noise in ``truth`` that is ``snr_db`` above it in its band."""
    iq, rng = noise(seed), np.random.default_rng(seed + 100)
    start, end = (round(edge * RATE_HZ) for edge in (truth.time_start_sec, truth.time_end_sec))
    spectrum = rng.standard_normal(end - start) + 1j * rng.standard_normal(end - start)
    freqs = np.fft.fftfreq(end - start, 1 / RATE_HZ) + CENTER_HZ
    spectrum[(freqs < truth.freq_low_hz) | (freqs > truth.freq_high_hz)] = 0
    burst = np.fft.ifft(spectrum)
    power = NOISE**2 * (truth.freq_high_hz - truth.freq_low_hz) / RATE_HZ * 10 ** (snr_db / 10)
    iq[start:end] += (burst * np.sqrt(power / np.mean(np.abs(burst) ** 2))).astype(np.complex64)
    return iq


def snap(iq: NDArray[np.complex64], box: Box) -> Box:
    return snap_box(box, lambda first, last: iq[first:last], 0, len(iq), RATE_HZ, CENTER_HZ)


def drawn(truth: Box, by: float) -> Box:
    """``truth``, larger by a share of its extent on each side, or smaller."""
    seconds, hertz = truth.time_end_sec - truth.time_start_sec, truth.freq_high_hz - truth.freq_low_hz
    return Box(
        truth.time_start_sec - by * seconds,
        truth.time_end_sec + by * seconds,
        truth.freq_low_hz - by * hertz,
        truth.freq_high_hz + by * hertz,
    )


TRUTHS = [
    Box(0.03, 0.05, CENTER_HZ + 50e3, CENTER_HZ + 150e3),
    Box(0.04, 0.043, CENTER_HZ - 300e3, CENTER_HZ + 100e3),
    Box(0.02, 0.08, CENTER_HZ - 20e3, CENTER_HZ - 5e3),
]


@pytest.mark.parametrize("truth", TRUTHS)
@pytest.mark.parametrize("snr_db", [15, 30, 50])
@pytest.mark.parametrize("by", [-0.15, 0.0, 0.3])
def test_a_box_finds_the_edges_of_its_energy(truth: Box, snr_db: float, by: float) -> None:
    found = snap(with_burst(truth, snr_db), drawn(truth, by))
    seconds, hertz = truth.time_end_sec - truth.time_start_sec, truth.freq_high_hz - truth.freq_low_hz
    for edge, extent in zip(vars(truth), (seconds, seconds, hertz, hertz), strict=True):
        assert abs(getattr(found, edge) - getattr(truth, edge)) < 0.12 * extent, edge


@pytest.mark.parametrize("seed", range(8))
def test_a_box_without_energy_is_as_it_was(seed: int) -> None:
    box = Box(0.03, 0.05, CENTER_HZ + 50e3, CENTER_HZ + 150e3)
    assert snap(noise(seed), box) == box
    assert snap(np.zeros(SAMPLES, np.complex64), box) == box


def test_an_edge_beyond_which_the_energy_goes_on_is_left() -> None:
    long = Box(0.0, 0.1, CENTER_HZ + 50e3, CENTER_HZ + 150e3)
    part = Box(0.04, 0.05, CENTER_HZ + 30e3, CENTER_HZ + 170e3)
    found = snap(with_burst(long, 30), part)
    assert (found.time_start_sec, found.time_end_sec) == (0.04, 0.05)
    assert found.freq_low_hz == pytest.approx(CENTER_HZ + 50e3, abs=5e3)


def test_pauses_in_a_box_do_not_part_it() -> None:
    truth = Box(0.03, 0.05, CENTER_HZ + 50e3, CENTER_HZ + 150e3)
    iq = with_burst(truth, 30)
    iq[38_000:42_000] = noise(1)[38_000:42_000]
    found = snap(iq, drawn(truth, 0.2))
    assert found.time_start_sec == pytest.approx(0.03, abs=1e-3)
    assert found.time_end_sec == pytest.approx(0.05, abs=1e-3)


@pytest.mark.parametrize(
    "box",
    [
        Box(-1.0, -0.5, CENTER_HZ, CENTER_HZ + 1e3),
        Box(0.0999, 5.0, CENTER_HZ, CENTER_HZ + 1e3),
        Box(0.0, 1e-9, CENTER_HZ, CENTER_HZ + 1e-3),
        Box(0.0, 0.1, CENTER_HZ - RATE_HZ, CENTER_HZ + RATE_HZ),
    ],
)
def test_a_box_of_any_size_is_no_error(box: Box) -> None:
    snap(noise(), box)


def test_a_long_box_reads_a_bounded_number_of_samples() -> None:
    read: list[int] = []

    def count(first: int, last: int) -> NDArray[np.complex64]:
        read.append(last - first)
        return np.ones(last - first, np.complex64)

    samples = 1 << 33
    snap_box(Box(1.0, 8000.0, CENTER_HZ - 1e5, CENTER_HZ + 1e5), count, 0, samples, RATE_HZ, CENTER_HZ)
    assert sum(read) < 1 << 26
