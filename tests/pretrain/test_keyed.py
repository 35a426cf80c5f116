"""Random formats of keyed packets."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rfhydra.pretrain.keyed import KEYED_CLASSES, keyed_class, random_line_code, seen_gap, slow_line_code, variant
from rfhydra.pretrain.scenes import CONTRACTS, SMALL_CONTRACTS
from rfhydra.spectrum.spec import SpectrogramSpec

contracts = st.sampled_from([*CONTRACTS, *SMALL_CONTRACTS])


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), contracts)
def test_random_line_codes_are_valid(seed: int, spec: SpectrogramSpec) -> None:
    rng = np.random.default_rng(seed)
    line_code = random_line_code(rng, spec)
    burst = line_code.packet(rng, 20_000)
    assert 0 < len(burst) <= 20_000
    assert np.isfinite(burst.iq).all()
    assert 0 < burst.bandwidth <= 1.01
    assert keyed_class(line_code, spec) in KEYED_CLASSES


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), contracts)
def test_variant_has_another_symbol_length(seed: int, spec: SpectrogramSpec) -> None:
    rng = np.random.default_rng(seed)
    line_code = random_line_code(rng, spec)
    other = variant(line_code, rng)
    assert other.kind == line_code.kind
    assert other.symbol != line_code.symbol or line_code.symbol <= 8
    assert 0 < len(other.packet(rng, 20_000)) <= 20_000


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), contracts)
def test_pauses_inside_a_slow_packet_are_visible(seed: int, spec: SpectrogramSpec) -> None:
    line_code = slow_line_code(np.random.default_rng(seed), spec)
    assert line_code.longest_gap >= 0.9 * seen_gap(spec)  # a symbol is a whole number of samples
