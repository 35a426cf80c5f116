"""Pages of samples, bounded by number and by size of the answer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from rfhydra.errors import InvalidMessage
from rfhydra.protocol.fields import WireModel
from rfhydra.server.answers import ENVELOPE_BYTES, wire_bytes
from rfhydra.store.samples import Sample, SampleStore

T = TypeVar("T", bound=WireModel)
_BATCH: Final = 50  # samples read at a time
_MAX_DIGITS: Final = 18  # of an integer in SQLite


@dataclass(frozen=True)
class Page(Generic[T]):
    """Items of a page, the number of skipped samples, and the cursor of the next page."""

    items: list[T]
    skipped: int
    next_cursor: str | None


def read_page(
    samples: SampleStore,
    signal_name: str,
    *,
    cursor: str | None,
    limit: int | None,
    max_bytes: int,
    describe: Callable[[Sample], T | None],
) -> Page[T]:
    """``describe`` of at most ``limit`` samples (None: all), as many as fit ``max_bytes``, at least one.

    Raises:
        InvalidMessage: the cursor is invalid.
    """
    position, seen, room = read_cursor(cursor), 0, max_bytes - ENVELOPE_BYTES
    items: list[T] = []
    for next_position, sample in _walk(samples, signal_name, position):
        if limit is not None and seen >= limit:
            return Page(items, seen - len(items), str(position))
        item = describe(sample)
        if item is not None:
            room -= wire_bytes(item)
            if items and room < 0:
                return Page(items, seen - len(items), str(position))
            items.append(item)
        seen += 1
        position = next_position
    return Page(items, seen - len(items), None)


def read_cursor(cursor: str | None) -> int:
    """The position at which a page begins.

    Raises:
        InvalidMessage: the cursor is invalid.
    """
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= _MAX_DIGITS):
        raise InvalidMessage("cursor must be the next_cursor of the page before")
    return int(cursor)


def _walk(samples: SampleStore, signal_name: str, position: int) -> Iterator[tuple[int, Sample]]:
    while batch := samples.page(signal_name, position, _BATCH):
        yield from batch
        position = batch[-1][0]
