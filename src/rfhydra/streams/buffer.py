"""SampleBuffer: a ring of samples between the thread that reads a source and the pipeline that detects in them."""

import threading
from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rfhydra.streams.source import Chunk, EndOfStream, Tuning

MAX_SEGMENTS: Final = 4096
"""Gaps and retunings that a buffer holds at one time."""
_UTC_TOLERANCE_SEC: Final = 1e-3
"""Jitter of a receiver's time stamps that starts no segment of its own."""


@dataclass
class _Segment:
    """Successive samples in the ring with one tuning and one time base."""

    start_sample: int
    count: int
    tuning: Tuning
    start_utc_sec: float | None

    def continued_by(self, chunk: Chunk) -> bool:
        if chunk.start_sample != self.start_sample + self.count or chunk.tuning != self.tuning:
            return False
        if self.start_utc_sec is None or chunk.start_utc_sec is None:
            return self.start_utc_sec is chunk.start_utc_sec
        expected = self.start_utc_sec + self.count / self.tuning.sample_rate_hz
        return abs(chunk.start_utc_sec - expected) <= _UTC_TOLERANCE_SEC

    def cut_front(self, count: int) -> None:
        self.start_sample += count
        self.count -= count
        if self.start_utc_sec is not None:
            self.start_utc_sec += count / self.tuning.sample_rate_hz


@dataclass(frozen=True)
class Part:
    """A stretch of successive samples with one tuning and one time base, end excluded."""

    start_sample: int
    end_sample: int
    tuning: Tuning
    start_utc_sec: float | None


class SampleBuffer:
    """A first-in, first-out buffer of samples in memory that is allocated once. Thread-safe.

    A writer never waits for the reader, unless it asks to: the oldest samples are dropped, and counted. Samples come
    out in their order, with their numbers, tuning and time; chunks are joined and split, but never across a gap or a
    retuning. Each operation copies its samples once, whatever the buffer holds.
    """

    def __init__(self, max_bytes: int) -> None:
        """Args:
        max_bytes: size of the ring; a sample takes 8 bytes.
        """
        self.capacity: Final = max(1, max_bytes // 8)
        """Samples that fit."""
        self._ring: NDArray[np.complex64] = np.empty(self.capacity, dtype=np.complex64)
        self._segments: deque[_Segment] = deque()
        self._read_at = 0
        self._filled = 0
        self._changed = threading.Condition()
        self._ended_by: Exception | None = None
        self._written = 0
        self._dropped = 0

    @property
    def buffered_samples(self) -> int:
        """Samples that wait to be read."""
        with self._changed:
            return self._filled

    @property
    def written_samples(self) -> int:
        """Samples that were written, those included that were dropped."""
        with self._changed:
            return self._written

    @property
    def dropped_samples(self) -> int:
        """Samples that were written, but dropped before they were read."""
        with self._changed:
            return self._dropped

    def write(self, chunk: Chunk, *, wait: bool = False) -> None:
        """Append a chunk. Without effect once the buffer has ended.

        Args:
            chunk: starts at or after the end of the one before.
            wait: wait for room. Otherwise the oldest samples are dropped: those in the ring first, and of a chunk that
                is larger than the ring all but its end.
        """
        with self._changed:
            if wait:
                self._write_waiting(chunk)
            elif self._ended_by is None:
                self._written += len(chunk.iq)
                surplus = max(0, len(chunk.iq) - self.capacity)
                self._dropped += surplus
                kept = _part(chunk, surplus, self.capacity)
                self._drop(self._filled + len(kept.iq) - self.capacity)
                self._append(kept)
                if len(self._segments) > MAX_SEGMENTS:
                    self._drop(self._segments[0].count)
            self._changed.notify_all()

    def read(self, max_samples: int, timeout_sec: float) -> Chunk | None:
        """The oldest samples, at most ``max_samples`` and none after a gap or retuning; None if none came in time.

        Raises:
            EndOfStream: all samples were read, and there will be no more.
            Exception: what :meth:`end` was given, likewise.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._filled or self._ended_by is not None, timeout_sec)
            if not self._filled:
                if self._ended_by is not None:
                    raise self._ended_by
                return None
            segment = self._segments[0]
            iq = self._copy(self._read_at, min(max_samples, segment.count))
            chunk = Chunk(iq, segment.start_sample, segment.tuning, segment.start_utc_sec)
            self._take(len(iq))
            self._changed.notify_all()
            return chunk

    def parts(self) -> list[Part]:
        """The stretches of samples that are held, oldest first."""
        with self._changed:
            return [
                Part(each.start_sample, each.start_sample + each.count, each.tuning, each.start_utc_sec)
                for each in self._segments
            ]

    def peek(self, start_sample: int, end_sample: int) -> Chunk | None:
        """A copy of samples that one stretch holds, at least one; None where none does, or does not any more."""
        with self._changed:
            at = self._read_at
            for each in self._segments:
                skipped = start_sample - each.start_sample
                if skipped >= 0 and end_sample <= each.start_sample + each.count:
                    iq, utc = self._copy(at + skipped, end_sample - start_sample), each.start_utc_sec
                    later = None if utc is None else utc + skipped / each.tuning.sample_rate_hz
                    return Chunk(iq, start_sample, each.tuning, later)
                at += each.count
            return None

    def end(self, error: Exception | None = None) -> None:
        """State that no more samples will be written, and why. A second call has no effect."""
        with self._changed:
            self._ended_by = self._ended_by or error or EndOfStream()
            self._changed.notify_all()

    def close(self) -> None:
        """End the buffer, drop what it holds, and free its memory. Waiting reads and writes end."""
        with self._changed:
            self.end()
            self._drop(self._filled)
            self._ring = np.empty(0, dtype=np.complex64)  # whoever holds the buffer, maybe in a cycle, holds little

    def _write_waiting(self, chunk: Chunk) -> None:
        offset = 0
        while offset < len(chunk.iq):
            self._changed.wait_for(self._has_room_or_ended)
            if self._ended_by is not None:
                return
            piece = _part(chunk, offset, self.capacity - self._filled)
            self._written += len(piece.iq)
            self._append(piece)
            self._changed.notify_all()
            offset += len(piece.iq)

    def _has_room_or_ended(self) -> bool:
        has_room = self._filled < self.capacity and len(self._segments) < MAX_SEGMENTS
        return has_room or self._ended_by is not None

    def _append(self, chunk: Chunk) -> None:
        """Store a chunk, for which there is room."""
        count = len(chunk.iq)
        start = (self._read_at + self._filled) % self.capacity
        before_wrap = min(count, self.capacity - start)
        self._ring[start : start + before_wrap] = chunk.iq[:before_wrap]
        self._ring[: count - before_wrap] = chunk.iq[before_wrap:]
        self._filled += count
        if self._segments and self._segments[-1].continued_by(chunk):
            self._segments[-1].count += count
        else:
            self._segments.append(_Segment(chunk.start_sample, count, chunk.tuning, chunk.start_utc_sec))

    def _copy(self, first: int, count: int) -> NDArray[np.complex64]:
        """``count`` samples from the place ``first`` of the ring on."""
        first %= self.capacity
        iq = np.empty(count, dtype=np.complex64)
        before_wrap = min(count, self.capacity - first)
        iq[:before_wrap] = self._ring[first : first + before_wrap]
        iq[before_wrap:] = self._ring[: count - before_wrap]
        return iq

    def _drop(self, count: int) -> None:
        """Drop the oldest ``count`` samples, if that is more than none, over as many segments as they take."""
        while count > 0:
            taken = min(count, self._segments[0].count)
            self._take(taken)
            self._dropped += taken
            count -= taken

    def _take(self, count: int) -> None:
        """Remove the oldest ``count`` samples, all of the first segment."""
        self._read_at = (self._read_at + count) % self.capacity
        self._filled -= count
        self._segments[0].cut_front(count)
        if not self._segments[0].count:
            self._segments.popleft()


def _part(chunk: Chunk, offset: int, count: int) -> Chunk:
    """At most ``count`` samples of a chunk, from its sample ``offset``."""
    utc = chunk.start_utc_sec
    later = None if utc is None else utc + offset / chunk.tuning.sample_rate_hz
    return Chunk(chunk.iq[offset : offset + count], chunk.start_sample + offset, chunk.tuning, later)
