"""WorkQueue: a bounded queue of work, which is done in threads of its own."""

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from typing import Final, Generic, TypeVar

from rfhydra.errors import RfhydraError

MAX_QUEUED: Final = 10_000
CLOSE_SEC: Final = 5.0
"""Time that :meth:`QueuedOutput.close` gives to what is queued."""
_GIVE_UP_SEC: Final = 1.0


T = TypeVar("T")


class WorkQueue(ABC, Generic[T]):
    """Base of what may have to wait. When the queue is full the oldest item is dropped.

    Attributes:
        name: for logs.
        dropped: number of items that were dropped because the queue was full or could not be delivered before the end.
        failed: number of items whose delivery failed for good.
    """

    def __init__(
        self,
        name: str,
        *,
        max_queued: int = MAX_QUEUED,
        batch: int = 1,
        workers: int = 1,
        idle_sec: float | None = None,
    ) -> None:
        """``batch``: the most items of one delivery. Several ``workers`` deliver at the same time, in any order. A
        worker that gets no item for ``idle_sec`` calls :meth:`idle`.

        Subclasses call it last: delivery begins at once.
        """
        self.name = name
        self._log = logging.getLogger(f"{__name__}.{name}")  # one each: lines of one do not hide those of another
        self.dropped = self.failed = 0
        self._max_queued, self._batch, self._idle_sec = max_queued, batch, idle_sec
        self._queue = deque[T]()
        self._delivering = 0
        self._changed = threading.Condition()
        self._is_closing = False
        self._gave_up = threading.Event()
        self._workers = [
            threading.Thread(target=self._work, name=f"rfhydra-{name}-{number}", daemon=True)
            for number in range(workers)
        ]
        for worker in self._workers:
            worker.start()

    def put(self, item: T) -> None:
        """Queue one item. What is put after :meth:`close` is dropped."""
        with self._changed:
            if self._is_closing:
                self.dropped += 1
                return
            if len(self._queue) >= self._max_queued:
                self._queue.popleft()
                self._count_dropped()
            self._queue.append(item)
            self._changed.notify()

    def flush(self, timeout_sec: float) -> bool:
        """Wait until all that was put has been delivered, or dropped; returns whether it has in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._queue and not self._delivering, timeout_sec)

    def close(self) -> None:
        """Deliver what is queued, for at most :data:`CLOSE_SEC`, and end. Closing twice is allowed."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        self._join(CLOSE_SEC)
        self._gave_up.set()
        self._join(_GIVE_UP_SEC)
        with self._changed:
            left = len(self._queue)
            self.dropped += left
            self._queue.clear()
            self._changed.notify_all()
        if left:
            self._log.warning("%s: %d were not delivered before the end", self.name, left)

    @abstractmethod
    def deliver(self, items: Sequence[T], /) -> None:
        """Deliver items, at least one and at most a batch, in a worker.

        Raises:
            OSError, RfhydraError: it failed for good; the items are counted as failed.
        """

    def idle(self) -> None:
        """Called in a worker that has had no item for a while."""

    def finish(self) -> None:
        """Called in each worker after its last delivery."""

    def pause(self, seconds: float) -> bool:
        """Wait before another try, in a worker; returns whether there is time for one."""
        return not self._gave_up.wait(seconds)

    def linger(self, seconds: float) -> None:
        """Wait for more items to come, in a worker; ends early when there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closing, seconds)

    def _join(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        for worker in self._workers:
            worker.join(max(0.0, deadline - time.monotonic()))

    def _count_dropped(self) -> None:
        if not self.dropped:
            self._log.warning("%s is too slow: the oldest of %d in its queue are dropped", self.name, self._max_queued)
        self.dropped += 1

    def _work(self) -> None:
        while (items := self._take()) is not None:
            if items:
                self._deliver(items)
            else:
                self.idle()
        self.finish()

    def _deliver(self, items: Sequence[T]) -> None:
        try:
            self.deliver(items)
        except (OSError, RfhydraError) as error:
            self._log.warning("%s: %d failed: %s", self.name, len(items), error)
            with self._changed:
                self.failed += len(items)
        finally:
            with self._changed:
                self._delivering -= len(items)
                self._changed.notify_all()

    def _take(self) -> list[T] | None:
        """The next items, none if there was none for a while; None when the output is closed and the queue empty, or
        there is no more time."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._is_closing, self._idle_sec)
            if self._gave_up.is_set() or (self._is_closing and not self._queue):
                return None
            items = [self._queue.popleft() for _ in range(min(self._batch, len(self._queue)))]
            self._delivering += len(items)
            return items
