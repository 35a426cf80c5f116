"""Stage: one step of a pipeline, in threads of its own."""

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Generic, Self, TypeVar

MAX_WAITING: Final = 2
"""Results of a stage that wait for the next one."""

S = TypeVar("S")
T = TypeVar("T")


class Stage(Generic[T]):
    """Does ``work`` on ``items`` in threads, ahead of whoever iterates the stage, once, in another one.

    The order is kept. While :data:`MAX_WAITING` results wait to be taken, the threads wait, each with its own.
    Iteration ends, or raises, as ``items`` does; an error in ``work`` comes in the place of its result and ends it,
    too. A context manager: at its end each thread ends with the item that it is at, and is waited for; ``items`` must
    not wait for ever by then.
    """

    def __init__(
        self,
        name: str,
        items: Iterable[S],
        work: Callable[[S], T],
        *,
        threads: int = 1,
        begin: Callable[[], None] = lambda: None,
    ) -> None:
        """``name`` is that of the threads, each of which calls ``begin`` first."""
        self._items: Iterator[Any] = iter(items)
        self._work, self._begin = work, begin
        self._pulling = threading.Lock()
        self._changed = threading.Condition()
        self._ready: dict[int, Callable[[], T]] = {}  # by number of the item: returns its result, or raises
        self._pulled = self._taken = 0
        self._has_ended = self._is_closing = False
        self._threads = [threading.Thread(target=self._run, name=name, daemon=True) for _ in range(threads)]

    @staticmethod
    def of(name: str, items: Iterable[S], *, begin: Callable[[], None] = lambda: None) -> "Stage[S]":
        """A stage whose only work is to iterate ``items``."""
        return Stage[S](name, items, lambda item: item, begin=begin)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def __iter__(self) -> Iterator[T]:
        while self._has_next():
            with self._changed:
                result = self._ready.pop(self._taken)
                self._taken += 1
                self._changed.notify_all()
            yield result()

    def _has_next(self) -> bool:
        """Wait for the next result, or for the end of them."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._taken in self._ready or (self._has_ended and self._taken == self._pulled)
            )
            return self._taken in self._ready

    def _run(self) -> None:
        self._begin()
        while (done := self._do_next()) is not None:
            number, result = done
            with self._changed:
                self._changed.wait_for(lambda: number < self._taken + MAX_WAITING or self._is_closing)  # noqa: B023
                self._ready[number] = result
                self._changed.notify_all()

    def _do_next(self) -> tuple[int, Callable[[], T]] | None:
        """Do the work on the next item: its number, and what returns the result; None if there is no more."""
        with self._pulling:
            if self._has_ended or self._is_closing:
                return None
            number = self._pulled
            try:
                item = next(self._items)
            except StopIteration:
                self._end(number)
                return None
            except Exception as error:  # whatever it is, whoever iterates has to know
                self._end(number + 1)
                return number, _raising(error)
            self._pulled += 1
        try:
            result = self._work(item)
        except Exception as error:
            self._end()
            return number, _raising(error)
        return number, lambda: result

    def _end(self, pulled: int | None = None) -> None:
        """No more items, of which there were so many."""
        with self._changed:
            self._pulled = self._pulled if pulled is None else pulled
            self._has_ended = True
            self._changed.notify_all()


def _raising(error: Exception) -> Callable[[], Any]:
    def result() -> Any:
        raise error

    return result
