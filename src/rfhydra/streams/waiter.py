"""Waiter: waits for file descriptors, until another thread ends them."""

import select
import socket
from typing import Final

_MILLISECONDS: Final = 1000


class Waiter:
    """Waits until a file descriptor can be read. Any thread may end that, once and for all."""

    def __init__(self) -> None:
        self._woken, self._wake = socket.socketpair()
        self._wake.setblocking(False)

    def fileno(self) -> int:
        """A descriptor that can be read once the waiting was ended."""
        return self._woken.fileno()

    def wait(self, descriptor: int, timeout_sec: float) -> bool:
        """Whether ``descriptor`` could be read, or its other end was closed, within ``timeout_sec``.

        Also returns when the waiting is ended; ask :attr:`ended`.
        """
        poll = select.poll()
        poll.register(self._woken, select.POLLIN)
        poll.register(descriptor, select.POLLIN)
        ready = {found for found, _ in poll.poll(max(0, round(timeout_sec * _MILLISECONDS)))}
        return descriptor in ready and self._woken.fileno() not in ready

    @property
    def ended(self) -> bool:
        """Whether the waiting was ended."""
        poll = select.poll()
        poll.register(self._woken, select.POLLIN)
        return bool(poll.poll(0))

    def end(self) -> None:
        """End the waiting. May be called by any thread, more than once, and after :meth:`close`."""
        try:
            self._wake.send(b"\0")
        except OSError:  # closed, or full because it was ended often enough
            return

    def close(self) -> None:
        """Release the descriptors. Nothing may wait."""
        self._woken.close()
        self._wake.close()
