"""A executor: one worker thread and a bounded queue before it. What may block runs in one, never on the event loop."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from rfhydra.errors import Busy

T = TypeVar("T")


class SerialExecutor:
    """Calls run one after the other, in the order in which they were given.

    Attributes:
        name: for metrics and errors.
        cpu_sec: processor time that its thread has spent in calls.
    """

    def __init__(self, name: str, max_waiting: int) -> None:
        self.name = name
        self.cpu_sec = 0.0
        self._max_waiting = max_waiting
        self._waiting = 0
        self._counting = threading.Lock()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=f"rfhydra-{name}")

    @property
    def waiting(self) -> int:
        """Calls that wait or run."""
        return self._waiting

    async def run(self, call: Callable[[], T], *, refusable: bool = True) -> T:
        """The result of ``call``, run in the executor. If the caller is cancelled, a call that has not begun never
        does.

        Args:
            call: what to run.
            refusable: false for what the server owes to itself: it waits however long the queue is.

        Raises:
            Busy: as many calls as may wait do so already.
        """
        if refusable and self._waiting >= self._max_waiting:
            raise Busy(f"{self._max_waiting} requests wait for the {self.name} already: try again in a moment")
        with self._counting:
            self._waiting += 1
        future = self._pool.submit(self._timed, call)
        future.add_done_callback(self._done)
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Wait for the call that runs; those that wait are cancelled."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _timed(self, call: Callable[[], T]) -> T:
        began = time.thread_time()
        try:
            return call()
        finally:
            self.cpu_sec += time.thread_time() - began

    def _done(self, _: Future[Any]) -> None:
        with self._counting:
            self._waiting -= 1
