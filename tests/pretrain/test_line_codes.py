"""Random packet formats: they can be sent, and a variant's is another one of the same kind."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rfhydra.pretrain.scenes import CONTRACTS, KEYED_CLASSES, keyed_class, random_line_code, variant
from rfhydra.spectrum.spec import SpectrogramSpec


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.sampled_from(CONTRACTS))
def test_random_keyings_can_be_sent(seed: int, spec: SpectrogramSpec) -> None:
    rng = np.random.default_rng(seed)
    line_code = random_line_code(rng, spec)
    burst = line_code.packet(rng, 20_000)
    assert 0 < len(burst) <= 20_000
    assert np.isfinite(burst.iq).all()
    assert 0 < burst.bandwidth <= 1.01
    assert keyed_class(line_code, spec) in KEYED_CLASSES


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.sampled_from(CONTRACTS))
def test_a_rival_sends_likewise_but_at_another_pace(seed: int, spec: SpectrogramSpec) -> None:
    rng = np.random.default_rng(seed)
    line_code = random_line_code(rng, spec)
    other = variant(line_code, rng)
    assert other.kind == line_code.kind
    assert other.symbol != line_code.symbol or line_code.symbol <= 8
    assert 0 < len(other.packet(rng, 20_000)) <= 20_000
