"""ReconnectingSource: a source that is connected again whenever it is lost."""

import threading
import time
from typing import Final

from rfhydra.errors import Unreachable
from rfhydra.streams.source import Chunk, EndOfStream, Source, Tuning
from rfhydra.streams.wrapped_source import WrappedSource

FIRST_DELAY_SEC: Final = 0.5
MAX_DELAY_SEC: Final = 30.0
MAX_SILENCE_SEC: Final = 10.0


class ReconnectingSource(WrappedSource):
    """Connects ``source`` again after it was lost, and before it was there, with exponential back-off.

    Only :class:`Unreachable` is answered with another try; every other error is passed on at once. Closing it is final:
    then every call raises :class:`EndOfStream`. The counters may be read by any thread.
    """

    def __init__(
        self,
        source: Source,
        *,
        first_delay_sec: float = FIRST_DELAY_SEC,
        max_delay_sec: float = MAX_DELAY_SEC,
        max_silence_sec: float | None = MAX_SILENCE_SEC,
    ) -> None:
        """Args:
        source: not connected.
        first_delay_sec: between the loss and the first try. It doubles with every try that brings no sample.
        max_delay_sec: the longest delay.
        max_silence_sec: a source that sent nothing for so long is lost, unless it may wait; None if it may be silent.
        """
        super().__init__(source)
        self._first_delay_sec = first_delay_sec
        self._max_delay_sec = max_delay_sec
        self._max_silence_sec = None if source.may_wait else max_silence_sec
        self.delay_sec = first_delay_sec
        """Delay of the next try."""
        self._try_at = 0.0
        self._connected = False
        self._was_connected = False
        self._heard_at = 0.0
        self._next_sample = 0
        self._closed = threading.Event()
        self.reconnects = 0
        """How often a lost source was connected again."""
        self.lost_samples = 0
        """Samples that were lost before they were received, in gaps and without a connection."""
        self.error: str | None = None
        """Why the source is not connected now; None where it is."""

    def open(self) -> Tuning:
        """Connect, however long that takes.

        Raises:
            EndOfStream: the source was closed meanwhile.
            RfhydraError: no other try can succeed.
        """
        while (tuning := self._try()) is None:
            self._closed.wait(max(0.0, self._try_at - time.monotonic()))
        return tuning

    def read(self, timeout_sec: float) -> Chunk | None:
        """The next samples, None if none came in time, also because there is no connection now.

        Raises:
            EndOfStream: there are no more samples, and will be none, or the source was closed.
            RfhydraError: no other try can succeed.
        """
        deadline = time.monotonic() + timeout_sec
        while not self._connected:
            now = time.monotonic()
            if min(self._try_at, deadline) > now:
                self._closed.wait(min(self._try_at, deadline) - now)
            if self._try_at > time.monotonic() and not self._closed.is_set():
                return None
            self._try()
        try:
            chunk = self._source.read(max(0.0, deadline - time.monotonic()))
        except Unreachable as error:
            self._lose(error)
            return None
        if chunk is None:
            self._check_silence()
        else:
            self._count(chunk)
        return chunk

    def close(self) -> None:
        self._closed.set()
        super().close()

    def _try(self) -> Tuning | None:
        """One try to connect. None if another may succeed, not before ``_try_at``."""
        if self._closed.is_set():
            raise EndOfStream
        try:
            tuning = self._source.open()
        except Unreachable as error:
            self._lose(error)
            return None
        if self._closed.is_set():  # meanwhile
            self._source.close()
            raise EndOfStream
        self.reconnects += self._was_connected
        self._connected = self._was_connected = True
        self._heard_at = time.monotonic()
        self.error = None
        return tuning

    def _lose(self, error: Unreachable) -> None:
        self._source.close()
        self._connected = False
        self.error = str(error)
        self._try_at = time.monotonic() + self.delay_sec
        self.delay_sec = min(2 * self.delay_sec, self._max_delay_sec)

    def _check_silence(self) -> None:
        if self._max_silence_sec is not None and time.monotonic() - self._heard_at > self._max_silence_sec:
            self._lose(Unreachable(f"{self.name} sent nothing for {self._max_silence_sec:g} s"))

    def _count(self, chunk: Chunk) -> None:
        self.lost_samples += chunk.start_sample - self._next_sample
        self._next_sample = chunk.end_sample
        self._heard_at = time.monotonic()
        self.delay_sec = self._first_delay_sec
