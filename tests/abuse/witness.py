"""A well-behaved client in a process of its own, which asks a server all the time.

    python -m tests.abuse.witness URL [TOKEN]

Each line on standard input, a number of seconds, is answered with a line of JSON after so long and once a new client
was served or lost from then on: what it saw since the last one.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Final

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from rfhydra.protocol.commands import Command, GetLoadedHeads, GetRegistry

PAUSE_SEC: Final = 0.01
NEWCOMER_PAUSE_SEC: Final = 0.2
NEWCOMER_WAIT_SEC: Final = 5.0


@dataclass
class Seen:
    """What clients of one kind saw.

    Attributes:
        took_ms: from asking to the answer.
        lost: connections that the server ended or refused.
        refused: answers that were errors.
        reasons: kinds of the exceptions of those that were lost.
    """

    took_ms: list[float] = field(default_factory=list)
    lost: int = 0
    refused: int = 0
    reasons: list[str] = field(default_factory=list)


class Witness:
    """Two clients that stay connected, one asking for what is in memory and one for the store, and new ones."""

    def __init__(self, url: str, token: str | None) -> None:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._open: Callable[[], Any] = lambda: connect(
            url, additional_headers=headers, ping_interval=None, open_timeout=None, close_timeout=1
        )
        self._seen: dict[str, Seen] = {}
        self._asked: dict[str, float] = {}
        self._came = asyncio.Condition()
        self._newest = 0.0  # when the newest client that was served or lost began to connect

    async def run(self) -> None:
        await asyncio.gather(self._stay("heads", GetLoadedHeads()), self._stay("registry", GetRegistry()), self._come())

    async def newcomer(self) -> None:
        """Wait until a client that connects from now on was served or lost."""
        now = time.perf_counter()
        async with self._came:
            await self._came.wait_for(lambda: self._newest > now)

    def report(self) -> dict[str, Any]:
        """What was seen since the last report, questions without an answer so far included."""
        now, seen = time.perf_counter(), self._seen
        self._seen = {}
        for name, began in self._asked.items():
            self._of(name, seen).took_ms.append(1e3 * (now - began))
        return {
            name: {**asdict(each), "took_ms": [median(each.took_ms), max(each.took_ms)] if each.took_ms else None}
            for name, each in seen.items()
        }

    async def _stay(self, name: str, command: Command) -> None:
        while True:
            try:
                async with self._open() as socket:
                    while True:
                        await self._ask(name, socket, command)
                        await asyncio.sleep(PAUSE_SEC)
            except (WebSocketException, OSError) as error:
                self._lose(name, error)
            await asyncio.sleep(NEWCOMER_PAUSE_SEC)

    async def _come(self) -> None:
        while True:
            began = time.perf_counter()
            try:
                async with asyncio.timeout(NEWCOMER_WAIT_SEC), self._open() as socket:
                    await self._ask("newcomer", socket, GetLoadedHeads(), began)
            except (WebSocketException, OSError) as error:
                self._lose("newcomer", error)
            async with self._came:
                self._newest = began
                self._came.notify_all()
            await asyncio.sleep(NEWCOMER_PAUSE_SEC)

    async def _ask(self, name: str, socket: Any, command: Command, began: float | None = None) -> None:
        self._asked[name] = began or time.perf_counter()
        await socket.send(command.encode())
        answer = json.loads(await socket.recv())
        seen = self._of(name, self._seen)
        seen.took_ms.append(1e3 * (time.perf_counter() - self._asked.pop(name)))
        seen.refused += answer["type"] == "error"

    def _lose(self, name: str, error: Exception) -> None:
        self._asked.pop(name, None)
        seen, reason = self._of(name, self._seen), type(error).__name__
        seen.lost += 1
        if reason not in seen.reasons:
            seen.reasons.append(reason)

    @staticmethod
    def _of(name: str, seen: dict[str, Seen]) -> Seen:
        return seen.setdefault(name, Seen())


async def main() -> None:
    """Entry point."""
    witness = Witness(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
    running = asyncio.create_task(witness.run())
    while line := await asyncio.to_thread(sys.stdin.readline):
        await asyncio.sleep(float(line))
        await witness.newcomer()
        print(json.dumps(witness.report()), flush=True)
    running.cancel()


if __name__ == "__main__":
    asyncio.run(main())
