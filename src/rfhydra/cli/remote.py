"""Commands that run on a server instead of a workspace on this machine."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from rfhydra.client import Client
from rfhydra.errors import RfhydraError
from rfhydra.protocol.stages import JobStage
from rfhydra.protocol.trainings import TrainingComplete
from rfhydra.protocol.types import EpochProgress, TrainingRequest
from rfhydra.protocol.upgrade_reports import UpgradeReport
from rfhydra.protocol.upgrades import UpgradeProgress
from rfhydra.protocol.versions import Registry, VersionHistory

T = TypeVar("T")


def on_server(server: str, token: str | None, do: Callable[[Client], Awaitable[T]]) -> T:
    """Connect, return the result of ``do``, and disconnect."""

    async def visit() -> T:
        async with Client(server, token=token) as client:
            return await do(client)

    return asyncio.run(visit())


class RemoteVersions:
    """Head versions of a server, with the methods of ``VersionManager`` that the commands use."""

    def __init__(self, server: str, token: str | None) -> None:
        self._server, self._token = server, token

    def get_version_history(self, signal_name: str) -> VersionHistory:
        return self._on_server(lambda client: client.get_version_history(signal_name))

    def promote_version(self, signal_name: str, version: int, reason: str) -> None:
        """``reason`` is ignored: the server records its own."""
        self._on_server(lambda client: client.promote_version(signal_name, version))

    def rollback(self, signal_name: str, reason: str) -> int:
        return self._on_server(lambda client: client.rollback_signal(signal_name)).active_version

    def get_registry(self) -> Registry:
        return self._on_server(lambda client: client.get_registry())

    def _on_server(self, do: Callable[[Client], Awaitable[T]]) -> T:
        return on_server(self._server, self._token, do)


def train_on_server(
    server: str,
    token: str | None,
    request: TrainingRequest,
    on_epoch: Callable[[EpochProgress], None],
    on_stage: Callable[[JobStage], None],
) -> TrainingComplete:
    """Train on a server and wait for the result; the training continues if this process ends.

    Raises:
        RfhydraError: the error of the training.
    """

    async def train(client: Client) -> TrainingComplete:
        run = await client.train(request, on_stage=on_stage)
        async for progress in run:
            on_epoch(progress)
        return await run.result()

    return on_server(server, token, train)


def upgrade_on_server(
    server: str, token: str | None, force: bool, on_progress: Callable[[UpgradeProgress], None]
) -> tuple[UpgradeReport | None, RfhydraError | None]:
    """Upgrade a server and wait for the end; the upgrade continues if this process ends.

    Returns:
        The report, None if not all heads were trained, and the error of the upgrade, None if it has switched.
    """

    async def upgrade(client: Client) -> tuple[UpgradeReport | None, RfhydraError | None]:
        run = await client.start_upgrade(force=force)
        async for progress in run:
            on_progress(progress)
        try:
            return await run.result(), None
        except RfhydraError as error:
            return run.report, error

    return on_server(server, token, upgrade)


def cancel_upgrade(server: str, token: str | None) -> str | None:
    """Stop the upgrade of a server; returns the id of its job."""
    job = on_server(server, token, lambda client: client.cancel_upgrade()).job
    return None if job is None else job.job_id
