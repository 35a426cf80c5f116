"""Turns: several streams take turns on one backbone, in the order in which they asked."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """Turns that are given in the order of the requests, so that a stream waits for those that asked before it only.

    A plain lock or semaphore may be taken again and again by the thread that has just released it.
    """

    def __init__(self, at_a_time: int = 1) -> None:
        """``at_a_time`` is the number of turns that are held at once at most."""
        self._changing = threading.Lock()
        self._free = at_a_time
        self._waiting = deque[threading.Event]()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn, and pass it on at the end."""
        mine = threading.Event()
        with self._changing:
            if self._free:
                self._free -= 1
                mine.set()
            else:
                self._waiting.append(mine)
        mine.wait()
        try:
            yield
        finally:
            self._pass_on()

    def _pass_on(self) -> None:
        with self._changing:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1
