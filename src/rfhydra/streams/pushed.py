"""PushedSource: samples that a client pushes, such as one of the WebSocket service."""

import numpy as np
from numpy.typing import NDArray

from rfhydra.errors import InvalidMessage
from rfhydra.streams.buffer import SampleBuffer
from rfhydra.streams.source import MAX_CHUNK_SAMPLES, Chunk, Tuning, keep_tuning


class PushedSource:
    """Samples that any thread pushes, held in bounded memory until they are read; the oldest are dropped.

    Opened as soon as it is made, and for once: what was closed stays closed.
    """

    may_wait = False

    def __init__(self, name: str, tuning: Tuning, max_bytes: int) -> None:
        """Args:
        name: short name of the client for people.
        tuning: what the samples were received with, until a push states another.
        max_bytes: of samples that were not read yet, at 8 bytes each.
        """
        self.name = name
        self._tuning = tuning
        self._buffer = SampleBuffer(max_bytes)
        self._next_sample = 0

    @property
    def dropped_samples(self) -> int:
        """Samples that were pushed, but dropped before they were read."""
        return self._buffer.dropped_samples

    def push(
        self,
        iq: NDArray[np.complex64],
        start_sample: int | None = None,
        *,
        tuning: Tuning | None = None,
        start_utc_sec: float | None = None,
    ) -> None:
        """Append samples, without waiting. One thread at a time.

        Args:
            iq: complex64, shape (samples,), with a full scale of ±1.
            start_sample: number of the first one; default is the one after the last push. A higher one says that the
                samples between were lost.
            tuning: from these samples on; default is that of the last push.
            start_utc_sec: time of the first one, in seconds since 1970 UTC.

        Raises:
            InvalidMessage: ``start_sample`` lies before the end of the last push, or a sample is not finite.
        """
        start = self._next_sample if start_sample is None else start_sample
        if start < self._next_sample:
            raise InvalidMessage(f"start_sample {start} was pushed already: the next one is {self._next_sample}")
        if not np.isfinite(iq).all():
            raise InvalidMessage("iq holds a sample that is not a finite number")
        self._tuning = tuning or self._tuning
        self._next_sample = start + len(iq)
        if len(iq):
            self._buffer.write(Chunk(iq, start, self._tuning, start_utc_sec))

    def end(self) -> None:
        """State that no more samples will be pushed. Those that wait can still be read."""
        self._buffer.end()

    def open(self) -> Tuning:
        return self._tuning

    def read(self, timeout_sec: float) -> Chunk | None:
        return self._buffer.read(MAX_CHUNK_SAMPLES, timeout_sec)

    def tune(self, tuning: Tuning) -> Tuning:
        return keep_tuning(self._tuning, tuning, f"the client that pushes the samples, {self.name}")

    def close(self) -> None:
        self._buffer.close()
