"""Turns: several streams take turns on one backbone, in the order in which they asked."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """A lock that is given in the order of the requests, so that a stream waits for one window of each other at most.

    A plain lock may be taken again and again by the thread that has just released it.
    """

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._taken = False
        self._waiting = deque[threading.Event]()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for the turn, and pass it on at the end."""
        mine = threading.Event()
        with self._changing:
            if self._taken:
                self._waiting.append(mine)
            else:
                self._taken = True
                mine.set()
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
                self._taken = False
