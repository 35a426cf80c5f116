"""Levels in a band from its bins, against those of the samples that a filter lets pass."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfhydra.spectrum.noise import NoiseFloor, band_passed, levels, mean_bins, mean_power, power_bins

EDGES = st.floats(-0.6, 0.6) | st.sampled_from([-0.5, -1 / 1024, 0.0, 1 / 1024, 0.5])


@given(EDGES, EDGES, st.integers(2, 3000), st.integers(0, 1000))
def test_levels_are_those_of_the_filtered_samples(edge: float, other: float, samples: int, seed: int) -> None:
    low, high = sorted((edge, other))
    iq = np.random.default_rng(seed).standard_normal((samples, 2), np.float32).view(np.complex64)[:, 0]
    filtered = band_passed(iq, low, high)
    mean, peak = levels(iq, low, high)
    energy = mean_power(iq) * samples
    assert mean * samples == pytest.approx(mean_power(filtered) * samples, abs=0.05 * energy)  # rings beyond the end
    assert 0 <= mean <= peak


@pytest.mark.parametrize("low", [-0.5, -0.2, -0.03, 0.0, 0.3])
def test_the_peak_between_samples_of_the_band_is_found(low: float) -> None:
    iq = np.random.default_rng(0).standard_normal((4096, 2), np.float32).view(np.complex64)[:, 0]
    exact = float(np.square(np.abs(band_passed(iq, low, low + 0.06))).max())
    assert levels(iq, low, low + 0.06)[1] == pytest.approx(exact, rel=0.1)


@pytest.mark.parametrize("size", [51, 64, 100, 128, 3277])
def test_the_noise_is_that_of_all_frequencies_where_not_all_bins_are_taken(size: int) -> None:
    bins = np.random.default_rng(0).exponential(size=(1_000_000 // size, size)).astype(np.float32)
    bins[:, : size // 16] /= 100
    assert NoiseFloor(bins, 1.0).density(-0.5, 0.5) == pytest.approx(1.0, rel=0.1)
    assert NoiseFloor(bins[:, ::-1], 1.0).density(-0.5, 0.5) == pytest.approx(1.0, rel=0.1)


@pytest.mark.parametrize("transforms", [1, 8, 21])
def test_the_mean_of_the_bins(transforms: int) -> None:
    iq = np.random.default_rng(0).normal(size=(64 * transforms + 5, 2)).astype(np.float32).view(np.complex64)[:, 0]
    np.testing.assert_allclose(mean_bins(iq, 64), power_bins(iq, 64).mean(axis=0), rtol=1e-5)
