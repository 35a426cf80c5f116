"""Stage: one step of a pipeline, in a thread of its own."""

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final, Generic, Self, TypeVar

MAX_WAITING: Final = 1
"""Items of a stage that wait for the next one."""

T = TypeVar("T")


class Stage(Generic[T]):
    """Iterates ``items`` in a thread, ahead of whoever iterates the stage, once, in another one.

    The order is kept. While :data:`MAX_WAITING` items wait to be taken, the thread waits. Iteration ends, or raises, as
    ``items`` does. A context manager: at its end the thread ends with the item that it is at, and is waited for;
    ``items`` must not wait for ever by then.
    """

    def __init__(self, name: str, items: Iterable[T]) -> None:
        """``name`` is that of the thread."""
        self._items = items
        self._waiting = deque[T]()
        self._changed = threading.Condition()
        self._has_ended = self._is_closing = False
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._is_closing = True
            self._waiting.clear()
            self._changed.notify_all()
        self._thread.join()

    def __iter__(self) -> Iterator[T]:
        while self._has_next():
            with self._changed:
                item = self._waiting.popleft()
                self._changed.notify_all()
            yield item

    def _has_next(self) -> bool:
        """Wait for an item, or for the end of them, which may be an error."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._has_ended)
            if not self._waiting and self._error is not None:
                raise self._error
            return bool(self._waiting)

    def _run(self) -> None:
        try:
            for item in self._items:
                if not self._put(item):
                    break
        except Exception as error:  # whatever it is, whoever iterates has to know
            self._error = error
        with self._changed:
            self._has_ended = True
            self._changed.notify_all()

    def _put(self, item: T) -> bool:
        """Wait for room, and add ``item``; returns whether there may be more."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._waiting) < MAX_WAITING or self._is_closing)
            if not self._is_closing:
                self._waiting.append(item)
                self._changed.notify_all()
            return not self._is_closing
