"""Packets of line codes."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rfhydra.synth import (
    LineCode,
)
from tests.synth.given import LINE_CODES, seeds

ON_OFF = [line_code for kind, line_code in LINE_CODES.items() if kind != "fsk"]


@settings(max_examples=60)
@given(st.sampled_from(ON_OFF), seeds, st.integers(4, 300), st.integers(30, 20_000))
def test_packet_starts_and_ends_with_a_pulse_and_has_bounded_gaps(
    line_code: LineCode, seed: int, bits: int, max_samples: int
) -> None:
    line_code = LineCode(line_code.kind, line_code.symbol, bits, line_code.gap_symbols, rise=1)
    burst = line_code.packet(np.random.default_rng(seed), max_samples)
    on = np.flatnonzero(np.abs(burst.iq) > 1e-6)
    assert (on[0], on[-1]) == (0, len(burst) - 1)
    assert len(burst) <= max_samples
    assert np.diff(on).max(initial=1) - 1 <= line_code.longest_gap


@given(seeds, st.integers(9, 400))
def test_nrz_runs_are_bounded(seed: int, bits: int) -> None:
    burst = LineCode("nrz", 1, bits, rise=1).packet(np.random.default_rng(seed), bits)
    on = np.abs(burst.iq) > 1e-6
    edges = np.flatnonzero(np.diff(on))
    assert np.diff(edges, prepend=-1, append=len(on) - 1).max() <= 4
