"""Levels in a band from its bins, against those of the samples that a filter lets pass."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfhydra.spectrum.noise import band_passed, levels, mean_power

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
