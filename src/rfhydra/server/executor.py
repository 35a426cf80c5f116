"""Serial executor: one worker thread with a bounded queue, for calls that must not block the event loop."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from rfhydra.errors import Busy, Cancelled

T = TypeVar("T")


class Stop:
    """Tells a running call that nobody waits for its result any more."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Stop the call at its next check."""
        self._event.set()

    def check(self, _: object = None) -> None:
        """
        Raises:
            Cancelled: the call is to stop.
        """
        if self._event.is_set():
            raise Cancelled("nobody waits for the result any more")


class SerialExecutor:
    """Runs calls one after the other, in their order.

    Attributes:
        name: for metrics and errors.
        cpu_sec: processor time of its calls.
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
        """Number of calls that are queued or running."""
        return self._waiting

    async def run(self, call: Callable[[], T], *, refusable: bool = True) -> T:
        """The result of ``call``, run in the executor. Cancelling the caller also cancels a queued call.

        Args:
            call: the call.
            refusable: whether the limit of the queue applies; false for internal calls.

        Raises:
            Busy: the queue is full.
        """
        if refusable and self._waiting >= self._max_waiting:
            raise Busy(f"{self._max_waiting} requests are queued for the {self.name}: try again in a moment")
        with self._counting:
            self._waiting += 1
        future = self._pool.submit(self._timed, call)
        future.add_done_callback(self._done)
        return await asyncio.wrap_future(future)

    async def run_stoppable(self, call: Callable[[Stop], T]) -> T:
        """As :meth:`run`; where the caller is cancelled, a running call stops at its next :meth:`Stop.check`."""
        stop = Stop()
        try:
            return await self.run(lambda: call(stop))
        except asyncio.CancelledError:
            stop.set()
            raise

    def close(self) -> None:
        """Wait for the running call; queued ones are cancelled."""
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
