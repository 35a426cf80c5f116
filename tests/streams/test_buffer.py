"""The buffer: order, numbers, gaps and counts of samples, whatever is written and read."""

import threading
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given as cases
from hypothesis import strategies as st

from rfhydra.errors import Unreachable
from rfhydra.streams import buffer as buffer_module
from rfhydra.streams.buffer import SampleBuffer
from rfhydra.streams.source import Chunk, EndOfStream, Tuning
from tests.streams.given import DEADLINE_SEC, TUNING, chunk, joined, numbered

BYTES = 8


@dataclass(frozen=True)
class Write:
    gap: int
    count: int
    center_hz: int
    has_utc: bool

    def chunk(self, end: int) -> Chunk:
        start = end + self.gap
        utc_sec = start / TUNING.sample_rate_hz if self.has_utc else None
        return chunk(start, self.count, replace(TUNING, center_freq_hz=self.center_hz), utc_sec)


@dataclass(frozen=True)
class Read:
    max_samples: int


WRITES = st.builds(Write, st.sampled_from([0, 0, 1, 7]), st.integers(1, 40), st.integers(1, 2), st.booleans())
STEPS = st.lists(WRITES | st.builds(Read, st.integers(1, 50)), max_size=60)


@cases(capacity=st.integers(1, 64), steps=STEPS)
def test_samples_come_in_order_and_all_are_counted(capacity: int, steps: list[Write | Read]) -> None:
    buffer = SampleBuffer(capacity * BYTES)
    sent: dict[int, tuple[Tuning, float | None]] = {}
    got: list[Chunk] = []
    end = 0
    for step in steps:
        if isinstance(step, Write):
            written = step.chunk(end)
            buffer.write(written)
            end = written.end_sample
            sent |= dict(samples(written))
        elif (found := buffer.read(step.max_samples, 0.0)) is not None:
            assert len(found.iq) <= step.max_samples
            got.append(found)
        assert buffer.buffered_samples <= capacity
        assert buffer.written_samples == read_of(got) + buffer.dropped_samples + buffer.buffered_samples
    buffer.end()
    got += drain(buffer)
    assert buffer.written_samples == len(sent) == read_of(got) + buffer.dropped_samples
    assert all(before.end_sample <= after.start_sample for before, after in pairwise(got))
    for each in got:
        assert np.array_equal(each.iq, numbered(each.start_sample, len(each.iq)))
        for number, (tuning, utc_sec) in samples(each):
            assert tuning == sent[number][0]
            assert utc_sec == pytest.approx(sent[number][1])


def samples(of: Chunk) -> Iterator[tuple[int, tuple[Tuning, float | None]]]:
    """Number, tuning and time of each sample."""
    for at in range(len(of.iq)):
        utc_sec = None if of.start_utc_sec is None else of.start_utc_sec + at / of.tuning.sample_rate_hz
        yield of.start_sample + at, (of.tuning, utc_sec)


def read_of(chunks: list[Chunk]) -> int:
    return sum(len(each.iq) for each in chunks)


@cases(capacity=st.integers(1, 64), counts=st.lists(st.integers(1, 40), max_size=30), most=st.integers(1, 50))
def test_a_writer_that_waits_loses_nothing(capacity: int, counts: list[int], most: int) -> None:
    buffer = SampleBuffer(capacity * BYTES)

    def write() -> None:
        start = 0
        for count in counts:
            buffer.write(chunk(start, count), wait=True)
            start += count
        buffer.end()

    writer = threading.Thread(target=write)
    writer.start()
    got = drain(buffer, most)
    writer.join()
    assert np.array_equal(joined([chunk(0, 0), *got]), numbered(0, sum(counts)))
    assert buffer.dropped_samples == 0


def test_the_newest_samples_are_kept() -> None:
    buffer = SampleBuffer(10 * BYTES)
    buffer.write(chunk(0, 8))
    buffer.write(chunk(8, 5))
    assert buffer.dropped_samples == 3
    buffer.write(chunk(13, 25))
    buffer.end()
    [left] = drain(buffer)
    assert (left.start_sample, left.end_sample, buffer.dropped_samples) == (28, 38, 28)


def test_gaps_are_bounded_too() -> None:
    buffer = SampleBuffer(100_000 * BYTES)
    for number in range(buffer_module.MAX_SEGMENTS + 10):
        buffer.write(chunk(2 * number, 1))
    assert buffer.buffered_samples == buffer_module.MAX_SEGMENTS
    assert buffer.dropped_samples == 10


def test_chunks_are_joined() -> None:
    buffer = SampleBuffer(100 * BYTES)
    for start in range(0, 60, 10):
        buffer.write(chunk(start, 10, start_utc_sec=5.0 + start / TUNING.sample_rate_hz))
    found = buffer.read(45, 0.0)
    assert found is not None
    assert len(found.iq) == 45


def test_a_jump_of_the_clock_is_kept() -> None:
    buffer = SampleBuffer(100 * BYTES)
    buffer.write(chunk(0, 10, start_utc_sec=5.0))
    buffer.write(chunk(10, 10, start_utc_sec=6.0))
    buffer.end()
    assert [(each.start_sample, each.start_utc_sec) for each in drain(buffer)] == [(0, 5.0), (10, 6.0)]


def test_an_error_comes_after_the_samples() -> None:
    buffer = SampleBuffer(10 * BYTES)
    buffer.write(chunk(0, 4))
    buffer.end(Unreachable("gone"))
    buffer.end()
    buffer.write(chunk(4, 4))
    found = buffer.read(10, 0.0)
    assert found is not None
    assert found.end_sample == 4
    with pytest.raises(Unreachable, match="gone"):
        buffer.read(10, 0.0)


def test_nothing_comes_in_time() -> None:
    assert SampleBuffer(BYTES).read(1, 0.0) is None


def test_closing_ends_a_read_that_waits() -> None:
    buffer = SampleBuffer(10 * BYTES)
    closer = threading.Thread(target=buffer.close)
    closer.start()
    with pytest.raises(EndOfStream):
        buffer.read(1, DEADLINE_SEC)
    closer.join()


def test_closing_ends_a_write_that_waits() -> None:
    buffer = SampleBuffer(10 * BYTES)
    writer = threading.Thread(target=lambda: buffer.write(chunk(0, 20), wait=True))
    writer.start()
    buffer.close()
    writer.join(DEADLINE_SEC)
    assert not writer.is_alive()
    assert buffer.buffered_samples == 0


def drain(buffer: SampleBuffer, max_samples: int = 1 << 20) -> list[Chunk]:
    """What is left, up to the end."""
    found = []
    try:
        while True:
            each = buffer.read(max_samples, DEADLINE_SEC)
            assert each is not None
            found.append(each)
    except EndOfStream:
        return found


def test_a_closed_buffer_frees_its_memory_and_takes_no_more() -> None:
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    buffer = SampleBuffer(1 << 24)
    buffer.write(chunk(0, 1000))
    buffer.close()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held - before < 1 << 20
    buffer.write(chunk(1000, 10))
    buffer.write(chunk(1010, 10), wait=True)
    with pytest.raises(EndOfStream):
        buffer.read(10, 0)
    assert (buffer.dropped_samples, buffer.buffered_samples) == (1000, 0)
