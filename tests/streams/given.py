"""Chunks whose samples are their own numbers, and sources that follow a script."""

import threading
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from rfhydra.streams.source import Chunk, EndOfStream, Source, Tuning

RATE_HZ = 1_000_000.0
CENTER_HZ = 433_920_000.0
TUNING = Tuning(RATE_HZ, CENTER_HZ)
DEADLINE_SEC = 30.0
"""For what takes no time, but on a machine that has none."""


def numbered(start: int, count: int) -> NDArray[np.complex64]:
    """Samples whose real part is their number and whose imaginary part is one more. Exact below 2**24."""
    numbers = np.arange(start, start + count, dtype=np.float32)
    return (numbers + 1j * (numbers + 1)).astype(np.complex64)


def chunk(start: int, count: int, tuning: Tuning = TUNING, start_utc_sec: float | None = None) -> Chunk:
    return Chunk(numbered(start, count), start, tuning, start_utc_sec)


def read_chunks(source: Source, sample_count: int) -> list[Chunk]:
    """The next chunks of a source, until they have ``sample_count`` samples."""
    chunks: list[Chunk] = []
    while sum(len(each.iq) for each in chunks) < sample_count:
        chunks.append(read_chunk(source))
    return chunks


def read_chunk(source: Source) -> Chunk:
    found = source.read(DEADLINE_SEC)
    assert found is not None, "nothing came"
    return found


def joined(chunks: Iterable[Chunk]) -> NDArray[np.complex64]:
    return np.concatenate([each.iq for each in chunks])


class ScriptedSource:
    """Yields what it is given, one after another: a chunk, None, or an error that is raised by ``open`` or ``read``."""

    name = "script"

    def __init__(self, openings: list[Exception | None], reads: list[Chunk | Exception | None], may_wait: bool) -> None:
        self.may_wait = may_wait
        self.openings = openings
        self.reads = reads
        self.tuned: list[Tuning] = []
        self.opened = 0
        self.closed = threading.Event()

    def open(self) -> Tuning:
        self.opened += 1
        self.closed.clear()
        error = self.openings.pop(0) if self.openings else None
        if error is not None:
            raise error
        return TUNING

    def read(self, timeout_sec: float) -> Chunk | None:
        if not self.reads:
            raise EndOfStream
        answer = self.reads.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if answer is None and self.closed.wait(timeout_sec):
            raise EndOfStream
        return answer

    def tune(self, tuning: Tuning) -> Tuning:
        self.tuned.append(tuning)
        return tuning

    def close(self) -> None:
        self.closed.set()
