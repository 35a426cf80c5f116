"""Outbox of one session: a bounded queue of unsent messages.

Control messages are never dropped: where there is no room for one, the session must be closed. Of messages that replace
each other (the progress of one job, detections) only the latest is kept, in the place of the first; or the latest few,
as of the frames of a waterfall. Of items that are sent together (the tracks of one stream) the newest are kept, in one
message.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, TypeAlias, TypeVar

Payload: TypeAlias = str | bytes
Render: TypeAlias = Callable[[int], Payload]
"""Makes a message when it is sent, from the number of messages that it replaced."""
MAX_ITEMS: Final = 256
"""Items of one message."""
T = TypeVar("T")


@dataclass(eq=False)
class _Entry:
    render: Render
    size: int  # of a control message; the others are bounded by the number of keys
    key: Hashable | None = None
    dropped: int = 0
    items: deque[Any] = field(default_factory=lambda: deque(maxlen=MAX_ITEMS))


class Outbox:
    """The messages to one session, in order. For the thread of the event loop only.

    Attributes:
        dropped: number of messages that were replaced by later ones, and of items that were dropped.
    """

    def __init__(self, max_messages: int, max_bytes: int) -> None:
        self.dropped = 0
        self._max_messages, self._max_bytes = max_messages, max_bytes
        self._entries: deque[_Entry] = deque()
        self._latest: dict[Hashable, deque[_Entry]] = {}
        self._messages = self._bytes = 0
        self._filled, self._emptied = asyncio.Event(), asyncio.Event()
        self._emptied.set()

    def put(self, payload: Payload) -> bool:
        """Add a control message; False if there is no room. An empty outbox takes any message."""
        size = len(payload)
        if self._messages and (self._messages >= self._max_messages or self._bytes + size > self._max_bytes):
            return False
        self._messages += 1
        self._bytes += size
        self._add(_Entry(lambda _: payload, size))
        return True

    def put_latest(self, key: Hashable, render: Render, most: int = 1) -> None:
        """Add a message; where ``most`` with the same key are unsent, the oldest of them is dropped."""
        unsent = self._latest.setdefault(key, deque())
        if len(unsent) < most:
            unsent.append(entry := _Entry(render, 0, key))
            self._add(entry)
            return
        for earlier, later in pairwise(unsent):
            earlier.render = later.render
        unsent[-1].render = render
        unsent[0].dropped += 1
        self.dropped += 1

    def put_items(self, key: Hashable, items: Sequence[T], render: Callable[[list[T], int], Payload]) -> None:
        """Add items to the unsent message with the same key; the oldest are dropped where they are too many.

        ``render`` makes the message from its items and the number of dropped ones.
        """
        unsent = self._latest.setdefault(key, deque())
        if not unsent:
            unsent.append(made := _Entry(lambda dropped: render(list(made.items), dropped), 0, key))
            self._add(made)
        (entry,) = unsent
        dropped = max(0, len(entry.items) + len(items) - MAX_ITEMS)
        entry.items.extend(items)
        entry.dropped += dropped
        self.dropped += dropped

    async def take(self) -> Payload:
        """Wait for the next message."""
        while not self._entries:
            self._emptied.set()
            self._filled.clear()
            await self._filled.wait()
        entry = self._entries.popleft()
        if entry.key is None:
            self._messages -= 1
            self._bytes -= entry.size
        else:
            unsent = self._latest[entry.key]
            unsent.popleft()
            if not unsent:
                del self._latest[entry.key]
        return entry.render(entry.dropped)

    async def emptied(self) -> None:
        """Wait until all messages were taken and :meth:`take` waits for the next."""
        await self._emptied.wait()

    def _add(self, entry: _Entry) -> None:
        self._entries.append(entry)
        self._emptied.clear()
        self._filled.set()
