"""What one client has not taken yet, and what happens when it is too much.

Control messages are never dropped: when there is no room for one, the client is to be closed. Of messages that replace
each other (the progress of one job, the newest detections) only the latest is kept, in the place of the first.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TypeAlias

Payload: TypeAlias = str | bytes
Render: TypeAlias = Callable[[int], Payload]
"""A message, when it is its turn, from how many were dropped for it."""


@dataclass(eq=False)
class _Entry:
    render: Render
    size: int  # of a control message; what is replaced is bounded by the number of its keys
    key: Hashable | None = None
    dropped: int = 0


class Outbox:
    """The messages to one client, in order. For the event loop's thread only.

    Attributes:
        dropped: how many messages were replaced by later ones, since the start.
    """

    def __init__(self, max_messages: int, max_bytes: int) -> None:
        self.dropped = 0
        self._max_messages, self._max_bytes = max_messages, max_bytes
        self._entries: deque[_Entry] = deque()
        self._latest: dict[Hashable, _Entry] = {}
        self._messages = self._bytes = 0
        self._filled, self._emptied = asyncio.Event(), asyncio.Event()
        self._emptied.set()

    def put(self, payload: Payload) -> bool:
        """Add a control message. False if there is no room; one message always has."""
        size = len(payload)
        if self._messages and (self._messages >= self._max_messages or self._bytes + size > self._max_bytes):
            return False
        self._messages += 1
        self._bytes += size
        self._add(_Entry(lambda _: payload, size))
        return True

    def put_latest(self, key: Hashable, render: Render) -> None:
        """Add a message that replaces the one with the same key, if that still waits."""
        waiting = self._latest.get(key)
        if waiting is None:
            self._latest[key] = entry = _Entry(render, 0, key)
            self._add(entry)
            return
        waiting.render = render
        waiting.dropped += 1
        self.dropped += 1

    async def take(self) -> Payload:
        """The next message; waits for one."""
        while not self._entries:
            self._emptied.set()
            self._filled.clear()
            await self._filled.wait()
        entry = self._entries.popleft()
        if entry.key is None:
            self._messages -= 1
            self._bytes -= entry.size
        else:
            del self._latest[entry.key]
        return entry.render(entry.dropped)

    async def emptied(self) -> None:
        """Wait until everything was taken and the taker is back for more."""
        await self._emptied.wait()

    def _add(self, entry: _Entry) -> None:
        self._entries.append(entry)
        self._emptied.clear()
        self._filled.set()
