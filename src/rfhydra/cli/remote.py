"""What the commands do on a server: the same as on a workspace of one's own."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from rfhydra.client import Client
from rfhydra.protocol.fields import HeadKind
from rfhydra.protocol.messages import BaseMessage, TrainingComplete, TrainingProgress

_ENVELOPE: Final = frozenset({"id", "type"})
T = TypeVar("T")


def on_server(server: str, token: str | None, do: Callable[[Client], Awaitable[T]]) -> T:
    """Connect, do it, and leave."""

    async def visit() -> T:
        async with Client(server, token=token) as client:
            return await do(client)

    return asyncio.run(visit())


def body(message: BaseMessage) -> dict[str, Any]:
    """What a message says, apart from what it is."""
    return message.model_dump(mode="json", exclude=set(_ENVELOPE))


class RemoteVersions:
    """The versions of a server's heads, with the methods of a ``VersionManager`` that the commands use."""

    def __init__(self, server: str, token: str | None) -> None:
        self._server, self._token = server, token

    def get_version_history(self, signal_name: str) -> dict[str, Any]:
        return body(self._on_server(lambda client: client.get_version_history(signal_name)))

    def promote_version(self, signal_name: str, version: int, reason: str) -> None:
        """``reason`` is the server's own: it knows who asked."""
        self._on_server(lambda client: client.promote_version(signal_name, version))

    def rollback(self, signal_name: str, reason: str) -> int:
        return self._on_server(lambda client: client.rollback_signal(signal_name)).active_version

    def get_registry(self) -> dict[str, Any]:
        return body(self._on_server(lambda client: client.get_registry()))

    def _on_server(self, do: Callable[[Client], Awaitable[T]]) -> T:
        return on_server(self._server, self._token, do)


def train_on_server(
    server: str,
    token: str | None,
    signal_name: str,
    notes: str | None,
    *,
    kind: HeadKind,
    epochs: int,
    extend: bool,
    on_epoch: Callable[[TrainingProgress], None],
) -> TrainingComplete:
    """Have a server train, and follow it to its end; it goes on when we leave before that.

    Raises:
        RfhydraError: what the training failed with.
    """

    async def train(client: Client) -> TrainingComplete:
        call = client.extend_signal if extend else client.train_signal
        run = await call(signal_name, notes, kind=kind, epochs=epochs)
        async for progress in run:
            on_epoch(progress)
        return await run.result()

    return on_server(server, token, train)
