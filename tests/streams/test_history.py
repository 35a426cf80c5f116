import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rfhydra.errors import NotFound
from rfhydra.streams.history import StreamHistory
from rfhydra.streams.source import Chunk, Tuning

RATE_HZ = 1000.0
TUNING = Tuning(RATE_HZ, 433e6)


def samples(first: int, count: int) -> NDArray[np.complex64]:
    """Samples whose value is their number."""
    return np.arange(first, first + count).astype(np.complex64)


def chunk(first: int, count: int, tuning: Tuning = TUNING, utc: float | None = 1e9) -> Chunk:
    return Chunk(samples(first, count), first, tuning, None if utc is None else utc + first / RATE_HZ)


def history(*chunks: Chunk, kept: int = 1000) -> StreamHistory:
    made = StreamHistory(8 * kept)
    for each in chunks:
        made.add(each)
    return made


def test_the_newest_samples_are_kept_with_their_time() -> None:
    kept = history(chunk(0, 600), chunk(600, 600))
    last = kept.last(0.3)
    assert np.array_equal(last.iq, samples(900, 300))
    assert (last.start_sample, last.tuning) == (900, TUNING)
    assert last.start_utc_sec == pytest.approx(1e9 + 0.9)
    assert np.array_equal(kept.last(100).iq, samples(200, 1000))
    assert np.array_equal(kept.between(0.5, 0.7).iq, samples(500, 200))


def test_what_is_gone_is_not_found_and_what_is_there_is_told() -> None:
    kept = history(chunk(0, 2000))
    with pytest.raises(NotFound, match=r"1 to 2 s are"):
        kept.between(0.0, 0.9)
    assert kept.between(0.0, 1.1).start_sample == 1000
    with pytest.raises(NotFound, match="none is"):
        history().between(0, 1)
    with pytest.raises(NotFound):
        history(chunk(0, 10), kept=0).last(1)


def test_no_stretch_spans_a_gap_or_a_retuning() -> None:
    other = Tuning(RATE_HZ, 434e6)
    kept = history(chunk(0, 100), chunk(150, 200), chunk(350, 120, other))
    assert (kept.last(10).start_sample, kept.last(10).tuning) == (350, other)
    longest = kept.between(0.0, 10.0)
    assert (longest.start_sample, len(longest.iq)) == (150, 200)


def test_seconds_of_the_stream_go_on_where_the_rate_changes() -> None:
    fast = Tuning(2 * RATE_HZ, 433e6)
    kept = history(chunk(0, 500), chunk(500, 500, fast), chunk(1000, 200, fast), kept=5000)
    part = kept.between(0.5, 0.6)  # the first tenth of a second at the new rate
    assert (part.start_sample, len(part.iq)) == (500, 200)
    assert kept.between(0.1, 0.2).start_sample == 100


def test_closed_it_keeps_nothing() -> None:
    kept = history(chunk(0, 100))
    kept.close()
    kept.add(chunk(100, 100))
    with pytest.raises(NotFound):
        kept.last(1)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 50)), min_size=1, max_size=30), st.integers(1, 60))
def test_what_is_copied_is_what_was_received(steps: list[tuple[int, int]], kept: int) -> None:
    made, at = StreamHistory(8 * kept), 0
    for gap, count in steps:
        made.add(chunk(at + gap, count))
        at += gap + count
    last = made.last(1e9)
    assert len(last.iq) <= kept
    assert np.array_equal(last.iq, samples(last.start_sample, len(last.iq)))
    assert last.end_sample == at
    found = made.between(0, at / RATE_HZ)
    assert np.array_equal(found.iq, samples(found.start_sample, len(found.iq)))
