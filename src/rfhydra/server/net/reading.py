"""ReadShare: how much a connection reads at a time, so that one turn of the event loop reads a bounded amount."""

import asyncio
from abc import abstractmethod
from typing import Final

MAX_READ_BYTES: Final = 16 * 1024
"""In one turn of the event loop: some thousand of the smallest frames, which take tens of milliseconds."""
MIN_READ_BYTES: Final = 256
"""Of each connection, beyond that."""


class ReadShare:
    """Divides ``MAX_READ_BYTES`` for each turn of the event loop among the connections that have something to read.

    Its buffer is shared: a protocol takes its data before the next one reads.
    """

    def __init__(self) -> None:
        self._buffer = memoryview(bytearray(MAX_READ_BYTES))
        self._left = MAX_READ_BYTES
        self._readers, self._last_readers = 0, 1

    def buffer(self, most: int) -> memoryview:
        """Room for the next read of one connection, at most ``most`` bytes."""
        if self._readers == 0:
            asyncio.get_running_loop().call_soon(self._end_turn)  # runs before the reads of the next turn
        self._readers += 1
        share = max(MIN_READ_BYTES, min(MAX_READ_BYTES // self._last_readers, self._left))
        return self._buffer[: min(most, share)]

    def take(self, size: int) -> bytes:
        """The ``size`` bytes that were read into the buffer."""
        self._left -= size
        return bytes(self._buffer[:size])

    def _end_turn(self) -> None:
        self._left = MAX_READ_BYTES
        self._readers, self._last_readers = 0, self._readers


class SharedReads(asyncio.BufferedProtocol):
    """Mixin of protocols that read through a :class:`ReadShare`.

    Attributes:
        reads: the share.
        max_read_bytes: of one read of this connection.
    """

    reads: ReadShare
    max_read_bytes: int

    @abstractmethod
    def data_received(self, data: bytes) -> None:
        """Take what was read."""

    def get_buffer(self, sizehint: int) -> memoryview:
        return self.reads.buffer(self.max_read_bytes)

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(self.reads.take(nbytes))
