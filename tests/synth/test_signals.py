"""Waveforms by name."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rfhydra.synth import EMITTERS, random_drift, tone_shift_keying
from tests.synth.given import burst_of, seeds, share_in_band

# A chirp or hopper fills its band; keying splatters, as do the few symbols of a short OFDM burst.
FACTORS = {"tone": (0.0, 0.75), "ook": (1, 2.5), "fsk2": (0.8, 2), "ofdm": (0.7, 2)}


@settings(max_examples=40)
@given(st.sampled_from(list(EMITTERS)), seeds, st.integers(4000, 30_000), st.floats(0.02, 0.25))
def test_bandwidth_is_about_the_requested_one(kind: str, seed: int, duration: int, bandwidth: float) -> None:
    burst = burst_of(kind, seed, duration, bandwidth)
    least, most = FACTORS.get(kind, (0.7, 1.4))
    assert least * bandwidth <= burst.bandwidth <= most * bandwidth


@settings(max_examples=40)
@given(seeds, st.sampled_from([2, 4, 8, 16]), st.floats(0.002, 0.02))
def test_tones_stay_in_their_band_and_reach_its_edges(seed: int, tones: int, bandwidth: float) -> None:
    iq = tone_shift_keying(np.random.default_rng(seed), 60_000, bandwidth, tones=tones, symbol=1500)
    assert len(iq) == 60_000
    assert share_in_band(iq, -bandwidth / 2 - 1e-3, bandwidth / 2 + 1e-3) > 0.97
    middle = share_in_band(iq, -0.25 * bandwidth / (tones - 1), 0.25 * bandwidth / (tones - 1))
    assert middle < 0.4  # no tone of an even number of tones lies in the centre


@given(seeds, st.integers(100, 20_000), st.floats(1e-4, 0.1))
def test_drift_is_bounded_and_has_no_mean(seed: int, duration: int, most: float) -> None:
    offsets = random_drift(np.random.default_rng(seed), duration, most)
    assert offsets.shape == (duration,)
    assert np.ptp(offsets) <= most * (1 + 1e-9)
    assert abs(offsets.mean()) < 1e-9
