"""Bursts of every kind: power, length, occupied band."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfhydra.synth import (
    EMITTERS,
    occupied_band,
    random_drift,
)
from tests.synth.given import LINE_CODES, burst_of, power, seeds, share_in_band


@pytest.mark.parametrize("kind", [*EMITTERS, *LINE_CODES])
def test_bursts_are_deterministic_under_a_seed(kind: str) -> None:
    first, second, other = burst_of(kind, 1), burst_of(kind, 1), burst_of(kind, 2)
    np.testing.assert_array_equal(first.iq, second.iq)
    assert (first.low, first.high) == (second.low, second.high)
    assert len(first) != len(other) or not np.array_equal(first.iq, other.iq)


@settings(max_examples=20)
@given(st.sampled_from([*EMITTERS, *LINE_CODES]), seeds, st.integers(600, 20_000), st.floats(0.02, 0.3))
def test_burst_has_unit_power_and_the_requested_length(kind: str, seed: int, duration: int, bandwidth: float) -> None:
    burst = burst_of(kind, seed, duration, bandwidth)
    assert burst.iq.dtype == np.complex64
    assert power(burst.iq) == pytest.approx(1, rel=1e-3)
    assert len(burst) == duration if kind in EMITTERS else len(burst) <= duration


@settings(max_examples=40)
@given(st.sampled_from([*EMITTERS, *LINE_CODES]), seeds, st.integers(1000, 20_000), st.floats(0.02, 0.25))
def test_the_occupied_band_holds_the_power(kind: str, seed: int, duration: int, bandwidth: float) -> None:
    burst = burst_of(kind, seed, duration, bandwidth)
    assert share_in_band(burst.iq, burst.low, burst.high) > (0.96 if kind in EMITTERS else 0.93)


def test_the_occupied_band_of_white_noise_and_of_a_line() -> None:
    noise = np.random.default_rng(0).standard_normal((20_000, 2)).view(complex)[:, 0].astype(np.complex64)
    low, high = occupied_band(noise)
    assert high - low == pytest.approx(0.99, abs=0.01)
    low, high = occupied_band(np.exp(0.2j * np.pi * np.arange(20_000)).astype(np.complex64))
    assert low < 0.1 < high
    assert high - low < 8 / 4096


@settings(max_examples=40)
@given(st.sampled_from(["tone", "qpsk", "ook", "pwm", "fsk"]), seeds, st.floats(0.001, 0.1))
def test_the_band_of_a_drifting_burst_holds_the_power(kind: str, seed: int, most: float) -> None:
    burst = burst_of(kind, seed)
    drifting = burst.drifting(random_drift(np.random.default_rng(seed), len(burst), most))
    assert burst.bandwidth <= drifting.bandwidth <= burst.bandwidth + most + 1e-9
    assert share_in_band(drifting.iq, drifting.low, drifting.high) > 0.93
    assert power(drifting.iq) == pytest.approx(power(burst.iq), rel=1e-3)
