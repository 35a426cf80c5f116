"""Receiver: what the sources with a connection have in common, which is how they are opened, read and closed."""

import threading
import time
from abc import ABC, abstractmethod
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rfhydra.streams.counter import SampleCounter
from rfhydra.streams.source import Chunk, EndOfStream, Tuning
from rfhydra.streams.waiter import Waiter

_CLOSE_STEP_SEC: Final = 0.05


class Receiver(ABC):
    """A :class:`Source` with a connection. Subclasses connect, receive and disconnect; one thread at a time is in them.

    Attributes:
        name: as of a source.
        may_wait: as of a source.
    """

    may_wait = False

    def __init__(self, name: str) -> None:
        self.name = name
        self._counter = SampleCounter()
        self._using = threading.Lock()
        self._waiter: Waiter | None = None

    def open(self) -> Tuning:
        with self._using:
            self._release()
            waiter = self._waiter = Waiter()
            try:
                tuning = self._connect(waiter)
            except BaseException:
                self._release()
                raise
            self._counter.interrupt()
            return tuning

    def read(self, timeout_sec: float) -> Chunk | None:
        with self._using:
            if self._waiter is None or self._waiter.ended:
                raise EndOfStream
            chunk = self._receive(self._waiter, time.monotonic() + timeout_sec)
            if self._waiter.ended:
                raise EndOfStream
            return chunk

    @abstractmethod
    def tune(self, tuning: Tuning) -> Tuning:
        """As of a source. Called by any thread, at any time."""

    def close(self) -> None:
        used = True
        while used:  # an open that has just begun has no waiter yet
            waiter = self._waiter
            if waiter is not None:
                waiter.end()
            used = not self._using.acquire(timeout=_CLOSE_STEP_SEC)
        try:
            self._release()
        finally:
            self._using.release()

    @abstractmethod
    def _connect(self, waiter: Waiter) -> Tuning:
        """Connect, within seconds and no longer than ``waiter`` is not ended.

        Raises:
            Unreachable: another try may succeed.
            RfhydraError: none can.
            EndOfStream: ``waiter`` was ended.
        """

    @abstractmethod
    def _receive(self, waiter: Waiter, deadline: float) -> Chunk | None:
        """The next samples; None if none came before ``deadline`` on the monotonic clock, or ``waiter`` was ended.

        Raises:
            EndOfStream: there are no more.
            Unreachable: the connection was lost.
        """

    @abstractmethod
    def _disconnect(self) -> None:
        """Release what :meth:`_connect` took, all of it or what it got before it failed."""

    def _chunk(self, iq: NDArray[np.complex64], tuning: Tuning, start_utc_sec: float | None = None) -> Chunk | None:
        """``iq`` as the next chunk; counted as lost, and None, if a sample is not a finite number."""
        start = self._counter.place(len(iq), tuning.sample_rate_hz)
        return Chunk(iq, start, tuning, start_utc_sec) if np.isfinite(iq).all() else None

    def _release(self) -> None:
        if self._waiter is not None:
            self._disconnect()
            self._waiter.close()
            self._waiter = None
