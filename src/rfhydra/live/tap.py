"""Tap: a source whose chunks all have a time, and are shown to others on their way."""

import time
from collections.abc import Callable
from dataclasses import replace

from rfhydra.streams.source import Chunk, Source, Tuning
from rfhydra.streams.wrapped_source import WrappedSource


class Tap(WrappedSource):
    """Gives chunks a time, and shows them to ``on_chunk``.

    Where a source does not state times, the first chunk after each gap or retuning has the time of its arrival, and
    those after it follow by the sample rate.

    Attributes:
        tuning: of the last chunk, None before the first.
    """

    def __init__(
        self, source: Source, on_chunk: Callable[[Chunk], None], clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(source)
        self._on_chunk, self._clock = on_chunk, clock
        self._anchor: tuple[int, float] | None = None  # a sample and its time
        self._end_sample = 0
        self.tuning: Tuning | None = None

    def read(self, timeout_sec: float) -> Chunk | None:
        chunk = super().read(timeout_sec)
        if chunk is None:
            return None
        if chunk.start_utc_sec is None:
            chunk = replace(chunk, start_utc_sec=self._time_of(chunk))
        self._on_chunk(chunk)  # first: whoever sees the tuning finds the samples
        self._end_sample, self.tuning = chunk.end_sample, chunk.tuning
        return chunk

    def _time_of(self, chunk: Chunk) -> float:
        rate = chunk.tuning.sample_rate_hz
        if self._anchor is None or chunk.start_sample != self._end_sample or chunk.tuning != self.tuning:
            self._anchor = chunk.start_sample, self._clock() - len(chunk.iq) / rate
        sample, utc_sec = self._anchor
        return utc_sec + (chunk.start_sample - sample) / rate
