"""What the fuzzer of :mod:`tests.fuzz` looks for, with a few inputs that need no fuzzer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.parsers import TARGETS

EACH_TARGET = pytest.mark.parametrize("name", TARGETS)


@st.composite
def changed(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """A seed with up to four pieces cut out, repeated, inserted or replaced."""
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 4))):
        first = draw(st.integers(0, len(data)))
        last = draw(st.integers(first, min(len(data), first + 8)))
        data = data[:first] + draw(st.binary(max_size=8) | st.just(2 * data[first:last])) + data[last:]
    return data


@EACH_TARGET
def test_the_seeds_are_accepted(name: str) -> None:
    assert all(TARGETS[name].try_parse(seed) for seed in TARGETS[name].seeds)


@EACH_TARGET
def test_nothing_is_refused(name: str) -> None:
    assert not TARGETS[name].try_parse(b"")


@pytest.mark.filterwarnings("ignore::rfhydra.errors.RecordingWarning")  # what is odd is read with a warning
@EACH_TARGET
@given(data=st.data())
def test_anything_is_accepted_or_refused(name: str, data: st.DataObject) -> None:
    TARGETS[name].try_parse(data.draw(changed(TARGETS[name].seeds)))
