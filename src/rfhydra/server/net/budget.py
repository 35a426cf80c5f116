"""ReceiveBudget: the bytes of messages that are received or handled at one time, of all connections together."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

FREE_BYTES: Final = 64 * 1024
"""Of each message, not counted: a command without arrays is taken however much others send."""


class Receiver(Protocol):
    """A connection that receives messages."""

    def refuse_message(self) -> None:
        """Close the connection and forget what was received."""


class ReceiveBudget:
    """Bounds received data. For the thread of the event loop only.

    A message is *waiting* until the application takes it, complete or not; from then on it is *handled*. When the bytes
    of all exceed the budget, the connection whose message has waited longest is refused. So nobody can hold the budget
    with messages that he does not finish.

    Attributes:
        refused: number of connections that were refused.
    """

    def __init__(self, max_bytes: int) -> None:
        self.refused = 0
        self._max_bytes = max_bytes
        self._handled = 0
        self._waiting: dict[Receiver, int] = {}  # oldest first

    @property
    def used_bytes(self) -> int:
        """Bytes of all messages, beyond the free ones."""
        return self._handled + sum(self._waiting.values())

    def wait(self, receiver: Receiver, size: int) -> None:
        """Set the bytes that ``receiver`` has received and the application has not taken."""
        counted = max(0, size - FREE_BYTES)
        if counted == 0:
            self._waiting.pop(receiver, None)
            return
        self._waiting[receiver] = counted
        while self._waiting and self.used_bytes > self._max_bytes:
            oldest = next(iter(self._waiting))
            del self._waiting[oldest]
            self.refused += 1
            oldest.refuse_message()

    @contextmanager
    def handling(self, size: int) -> Iterator[None]:
        """Count a message of ``size`` bytes that the application has taken, while the block runs."""
        counted = max(0, size - FREE_BYTES)
        self._handled += counted
        try:
            yield
        finally:
            self._handled -= counted
