"""Waveforms by name."""

from hypothesis import given, settings
from hypothesis import strategies as st

from rfhydra.synth import (
    EMITTERS,
)
from tests.synth.given import burst_of, seeds

# A chirp or hopper fills its band; keying splatters, as do the few symbols of a short OFDM burst.
FACTORS = {"tone": (0.0, 0.75), "ook": (1, 2.5), "fsk2": (0.8, 2), "ofdm": (0.7, 2)}


@settings(max_examples=40)
@given(st.sampled_from(list(EMITTERS)), seeds, st.integers(4000, 30_000), st.floats(0.02, 0.25))
def test_bandwidth_is_about_the_requested_one(kind: str, seed: int, duration: int, bandwidth: float) -> None:
    burst = burst_of(kind, seed, duration, bandwidth)
    least, most = FACTORS.get(kind, (0.7, 1.4))
    assert least * bandwidth <= burst.bandwidth <= most * bandwidth
