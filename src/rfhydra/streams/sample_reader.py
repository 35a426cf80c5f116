"""SampleReader: samples of any datatype from a file descriptor that yields bytes."""

import os
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rfhydra.recordings.formats import SampleFormat
from rfhydra.streams.source import gather_until
from rfhydra.streams.waiter import Waiter


class SampleReader:
    """Reads whole samples into memory that is allocated once."""

    def __init__(self, descriptor: int, sample_format: SampleFormat, max_samples: int) -> None:
        self._descriptor = descriptor
        self._format = sample_format
        self._bytes = bytearray(max_samples * sample_format.sample_bytes)
        self._filled = 0
        self.ended = False
        """Whether the other end was closed. Only whole samples that were read before may be left."""

    def read(self, waiter: Waiter, deadline: float) -> NDArray[np.complex64] | None:
        """As many samples as there is memory for, or as came soon, at the latest before ``deadline``; None for none.

        Raises:
            OSError: of the descriptor.
        """
        view = memoryview(self._bytes)
        while not self.ended and self._filled < len(view):
            if not waiter.wait(self._descriptor, deadline - time.monotonic()):
                break
            count = os.readv(self._descriptor, [view[self._filled :]])
            if self._filled < self._format.sample_bytes:
                deadline = gather_until(deadline)
            self._filled += count
            self.ended = not count
        whole = self._filled - self._filled % self._format.sample_bytes
        if not whole:
            return None
        stored: NDArray[Any] = np.frombuffer(view[:whole], self._format.component).reshape(-1, 2)
        iq = self._format.decode(stored)
        view[: self._filled - whole] = view[whole : self._filled]
        self._filled -= whole
        return iq
