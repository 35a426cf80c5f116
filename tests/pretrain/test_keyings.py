"""Random packet formats: they can be sent, and a rival's is another one of the same kind."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rfhydra.pretrain.keyings import KEYED_CLASSES, keyed_class, random_keying, rival
from rfhydra.pretrain.scenes import CONTRACTS
from rfhydra.spectrum.spec import SpectrogramSpec


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.sampled_from(CONTRACTS))
def test_random_keyings_can_be_sent(seed: int, spec: SpectrogramSpec) -> None:
    rng = np.random.default_rng(seed)
    keying = random_keying(rng, spec)
    burst = keying.packet(rng, 20_000)
    assert 0 < len(burst) <= 20_000
    assert np.isfinite(burst.iq).all()
    assert 0 < burst.bandwidth <= 1.01
    assert keyed_class(keying, spec) in KEYED_CLASSES


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.sampled_from(CONTRACTS))
def test_a_rival_sends_likewise_but_at_another_pace(seed: int, spec: SpectrogramSpec) -> None:
    rng = np.random.default_rng(seed)
    keying = random_keying(rng, spec)
    other = rival(keying, rng)
    assert other.kind == keying.kind
    assert other.chip != keying.chip or keying.chip <= 8
    assert 0 < len(other.packet(rng, 20_000)) <= 20_000
