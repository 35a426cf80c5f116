"""Relay: items from any thread to the event loop, through a bounded queue that drops the oldest."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")


class Relay(Generic[T]):
    """Calls ``take`` on the event loop with the items put since the last call, and the number dropped meanwhile.

    At most one call is due at any time, so a loop that is late finds ``max_items`` items, whatever was put.
    """

    def __init__(self, take: Callable[[list[T], int], None], max_items: int) -> None:
        """Made on the event loop."""
        self._loop = asyncio.get_running_loop()
        self._take = take
        self._items: deque[T] = deque(maxlen=max_items)
        self._dropped = 0
        self._is_due = False
        self._changing = threading.Lock()

    def put(self, item: T) -> None:
        """Add an item, from any thread. Never waits for the loop; after the end of the loop, nobody takes it."""
        with self._changing:
            self._dropped += len(self._items) == self._items.maxlen
            self._items.append(item)
            if self._is_due:
                return
            self._is_due = True
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        with self._changing:
            items, dropped = list(self._items), self._dropped
            self._items.clear()
            self._dropped, self._is_due = 0, False
        self._take(items, dropped)
