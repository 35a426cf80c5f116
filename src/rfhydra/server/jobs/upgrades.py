"""UpgradeJobs: the upgrade of a server's heads to another backbone. The row of the workspace is the truth.

The heads are trained one after the other by the training process, between the trainings of clients, and stored as
versions that are not active. The switch, the end of the job and the change of what the server detects with are one
step. An upgrade that was running when the server died goes on at the next start, under its id, with the heads that
were stored.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar

from rfhydra.config import BACKBONE_VERSION
from rfhydra.errors import Busy, Cancelled, Conflict, NotFound, RfhydraError
from rfhydra.hydra.backbone import Backbone
from rfhydra.protocol.types import BackboneInfo, EpochProgress
from rfhydra.protocol.upgrade_reports import LeftHead, UpgradedHead, UpgradeJob, UpgradeReport
from rfhydra.protocol.upgrades import (
    UpgradeComplete,
    UpgradeEvent,
    UpgradeFailed,
    UpgradeProgress,
    UpgradeState,
    UpgradeUndone,
)
from rfhydra.server.backbones import BackboneFiles
from rfhydra.server.executor import SerialExecutor
from rfhydra.server.jobs.pipe import Done, Settled, Succeed
from rfhydra.server.jobs.process import TrainingProcess
from rfhydra.server.jobs.queue import MAX_ATTEMPTS
from rfhydra.server.jobs.retries import insist
from rfhydra.server.loaded import LoadedHeadSet
from rfhydra.store.columns import utc_now
from rfhydra.store.upgrades import named
from rfhydra.store.versions import HeadVersion
from rfhydra.store.workspace import Workspace
from rfhydra.training.upgrade import Successor, outdated, report_of, store_successor, switch

_log = logging.getLogger(__name__)
T = TypeVar("T")
_Key: TypeAlias = tuple[str, int]
_Settled: TypeAlias = dict[_Key, UpgradedHead | LeftHead]
TURN_WAIT_SEC: Final = 2.0
_UNEXPECTED: Final = "the upgrade failed unexpectedly: see the log of the server"


class UpgradeJobs:
    """The upgrades of a server, at most one at a time, for one event loop."""

    def __init__(
        self,
        store: SerialExecutor,
        workspace: Workspace,
        process: TrainingProcess,
        loaded: LoadedHeadSet,
        files: BackboneFiles,
        publish: Callable[[UpgradeEvent], None],
    ) -> None:
        """
        Args:
            store: runs the calls on ``workspace``.
            workspace: its active heads are upgraded.
            process: trains; its backbone follows a switch.
            loaded: what the server detects with.
            files: the backbones.
            publish: called on the loop with every message.
        """
        self._store, self._workspace, self._process = store, workspace, process
        self._loaded, self._files, self._publish = loaded, files, publish
        self._work: asyncio.Task[None] | None = None
        self._job: UpgradeJob | None = None  # the unfinished one
        self._progress: UpgradeProgress | None = None
        self._waiter: asyncio.Task[Any] | None = None  # of the newest wait for the process
        self._is_cancelled = self._stopping = False

    async def start(self) -> None:
        """Go on with the upgrade that the last server did not end."""
        job = await self._call(self._recover)
        if job is not None:
            self._begin(job)

    async def stop(self) -> None:
        """Accept no more; an unfinished upgrade goes on at the next start."""
        self._stopping = True
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
        if self._job is not None:
            await self._call(partial(self._workspace.upgrade_jobs.count_attempt, self._job.job_id, -1))

    async def submit(self, *, force: bool, owner: str | None = None) -> UpgradeJob:
        """Begin an upgrade, or return the unfinished one. ``owner`` is for the audit log.

        Raises:
            Conflict: an upgrade with another ``force`` is unfinished.
            Busy: the server is stopping.
        """
        self._require_running()
        add = partial(self._workspace.upgrade_jobs.add, self._files.new.backbone_id, force=force, who=owner)
        job = await self._store.run(add)
        if self._job is None and job.finished_at is None and not self._stopping:
            self._begin(job)
        return job

    async def cancel(self) -> UpgradeJob:
        """End the unfinished upgrade within an epoch.

        Raises:
            NotFound: there is none.
        """
        job = self._job
        if job is None:
            raise NotFound("no upgrade runs")
        self._is_cancelled = True
        if self._waiter is not None:
            self._waiter.cancel()
        await self._process.cancel(job.job_id)
        return job

    async def undo(self, owner: str | None = None) -> UpgradeUndone:
        """Undo the last upgrade, and detect with the former heads on their backbone, at once.

        Raises:
            Conflict: there is no upgrade to undo, or a former version is no longer kept.
            Busy: a training or an upgrade is running.
            Incompatible: the server has no file of the former backbone, or a former head has drifted.
        """
        self._require_running()
        if self._job is not None or self._process.is_training:
            raise _running()
        async with self._turn_now():
            last = await self._store.run(self._workspace.upgrades.last)
            if last is None:
                raise Conflict("this workspace has no upgrade that could be undone")
            file = self._files.find(last[1])
            backbone = await asyncio.to_thread(file.load)
            change = partial(self._workspace.upgrades.undo, owner)
            undone = await self._store.run(partial(self._loaded.replace_backbone, backbone, change))
            self._process.backbone = file.path
        return UpgradeUndone(backbone_id=undone.backbone_id, heads=undone.heads)

    async def state(self) -> UpgradeState:
        """The backbones and the newest upgrade."""

        def read() -> tuple[int, UpgradeJob | None]:
            return len(self._outdated()), self._workspace.upgrade_jobs.newest()

        count, job = await self._store.run(read)
        return UpgradeState(
            backbone=_info(self._loaded.backbone_id),
            new_backbone=_info(self._files.new.backbone_id),
            outdated_heads=count,
            job=job,
            progress=self._progress,
        )

    def _require_running(self) -> None:
        if self._stopping:
            raise Busy("the server is stopping: try again when it is back")

    def _begin(self, job: UpgradeJob) -> None:
        self._job, self._progress, self._is_cancelled = job, None, False
        self._work = asyncio.create_task(self._run(job))

    async def _run(self, job: UpgradeJob) -> None:
        """Train, switch and publish the end."""
        settled: _Settled = {}
        try:
            ended = await self._upgrade(job, settled)
        except Exception as error:
            reason = self._reason(job, error)
            ended = await insist(self._store, partial(self._fail, job, reason, settled))
        self._job = self._progress = None
        self._publish(_end_of(ended))

    async def _upgrade(self, job: UpgradeJob, settled: _Settled) -> UpgradeJob:
        """Train what is not ``settled`` until there is nothing left, then switch; returns the job that has ended.

        A version that a client made active meanwhile is upgraded like any other.
        """
        ended: UpgradeJob | None = None
        while ended is None:
            heads = await self._call(self._outdated)
            pending = [head for head in heads if _key(head) not in settled]
            if pending:
                await self._settle(job, pending[0], len(heads) - len(pending), len(heads), settled)
            else:
                backbone = await asyncio.to_thread(self._files.new.load)
                async with self._turn():  # no training may end after the switch with a head of the former backbone
                    ended = await insist(self._store, partial(self._complete, job, settled, backbone))
                    if ended is not None:
                        self._process.backbone = self._files.path_of(self._loaded.backbone_id)
        return ended

    async def _settle(self, job: UpgradeJob, head: HeadVersion, done: int, total: int, settled: _Settled) -> None:
        """Train and store a successor of ``head``."""
        async with self._turn():
            report = partial(self._report, job, head.signal_name, done, total)
            await report(None)
            new, former = self._files.new.path, self._files.path_of(head.backbone_id) if head.is_runnable else None
            try:
                answer = await self._process.run(Succeed(job.job_id, *_key(head), new, former), report)
            except asyncio.CancelledError:
                await self._process.close()
                raise
            if isinstance(answer, Done):
                assert answer.record is not None
                successor = Successor(fitted=answer.fitted, former_version=head.version, record=answer.record)
                with suppress(NotFound):  # a sample was deleted during the training: the head is trained again
                    settled[_key(head)] = await self._call(partial(store_successor, self._workspace, successor))
            else:
                assert isinstance(answer, Settled)
                settled[_key(head)] = answer.head

    @asynccontextmanager
    async def _turn_now(self) -> AsyncIterator[None]:
        """Hold the turn of the process, or raise :class:`Busy` where a training keeps it."""
        turn = self._process.turn
        try:  # the queue holds it for a moment when it looks for the next training
            async with asyncio.timeout(TURN_WAIT_SEC):
                await turn.acquire()
        except TimeoutError:
            raise _running() from None
        try:
            yield
        finally:
            turn.release()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Hold the turn of the process. A cancel ends the wait for it, which a training of a client may make long."""
        if self._is_cancelled:  # before there was a wait that it could have ended
            raise _cancelled()
        self._waiter = waiter = asyncio.create_task(self._process.turn.acquire())
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._process.turn.release()
            if self._is_cancelled:
                raise _cancelled() from None
            raise
        try:
            if self._is_cancelled:
                raise _cancelled()
            yield
        finally:
            self._process.turn.release()

    async def _report(
        self, job: UpgradeJob, signal_name: str, done: int, total: int, epoch: EpochProgress | None
    ) -> None:
        self._progress = UpgradeProgress(
            job_id=job.job_id,
            ts=utc_now(),
            signal_name=signal_name,
            heads_done=done,
            heads_total=total,
            epoch=epoch,
        )
        self._publish(self._progress)

    def _reason(self, job: UpgradeJob, error: Exception) -> RfhydraError:
        if self._is_cancelled:
            return _cancelled()  # also if the process had to be killed
        if isinstance(error, RfhydraError):
            return error
        _log.error("upgrade %s failed", job.job_id, exc_info=error)
        return RfhydraError(_UNEXPECTED)

    async def _call(self, call: Callable[[], T]) -> T:
        return await self._store.run(call, refusable=False)

    # Below: calls that run in the thread of the store.

    def _recover(self) -> UpgradeJob | None:
        """The unfinished upgrade, started once more; None where there is none, or it is given up."""
        jobs = self._workspace.upgrade_jobs
        with self._workspace.db.transaction():
            job = jobs.unfinished()
            if job is None:
                return None
            if job.backbone_id != self._files.new.backbone_id:
                jobs.fail(job.job_id, Conflict("given up: the server was started with another backbone"))
                return None
            if job.attempts >= MAX_ATTEMPTS:
                reason = f"given up: the server was killed {job.attempts} times during it"
                jobs.fail(job.job_id, RfhydraError(reason))
                return None
            jobs.count_attempt(job.job_id, 1)
            return jobs.get(job.job_id)

    def _outdated(self) -> list[HeadVersion]:
        """The active heads that do not run on the new backbone."""
        return outdated(self._workspace, self._files.new.backbone_id)

    def _report_of(self, settled: _Settled) -> UpgradeReport | None:
        """The report on the heads that are active now, None if one of them is not settled."""
        heads = [settled.get(_key(head)) for head in self._outdated()]
        if None in heads:
            return None
        return report_of(
            self._workspace,
            self._files.new.backbone_id,
            [each for each in heads if isinstance(each, UpgradedHead)],
            [each for each in heads if isinstance(each, LeftHead)],
        )

    def _complete(self, job: UpgradeJob, settled: _Settled, backbone: Backbone) -> UpgradeJob | None:
        """Switch and end the job, or None if there is a head more to upgrade."""
        if self._is_cancelled:
            raise _cancelled()
        report = self._report_of(settled)
        if report is None:
            return None
        if not job.force:
            self._require_no_loaded(report.left)

        def change() -> UpgradeJob:
            switch(self._workspace, report, force=job.force)
            return self._workspace.upgrade_jobs.complete(job.job_id, report)

        if not report.heads:
            return change()
        return self._loaded.replace_backbone(backbone, change)

    def _require_no_loaded(self, left: list[LeftHead]) -> None:
        loaded = self._loaded.names()
        dark = [f"{each.signal_name} ({each.reason})" for each in left if each.signal_name in loaded]
        if dark:
            raise Conflict(
                f"nothing was switched: loaded heads cannot be trained again: {named(dark)}; label more samples, unload"
                " them, or switch all the same with force"
            )

    def _fail(self, job: UpgradeJob, reason: RfhydraError, settled: _Settled) -> UpgradeJob:
        return self._workspace.upgrade_jobs.fail(job.job_id, reason, self._report_of(settled))


def _key(head: HeadVersion) -> _Key:
    return head.signal_name, head.version


def _end_of(job: UpgradeJob) -> UpgradeComplete | UpgradeFailed:
    """The last message of a job."""
    assert job.finished_at is not None
    if job.code is not None:
        error = job.error or job.code
        return UpgradeFailed(job_id=job.job_id, ts=job.finished_at, error=error, code=job.code, report=job.report)
    assert job.report is not None
    return UpgradeComplete(job_id=job.job_id, ts=job.finished_at, report=job.report)


def _info(backbone_id: str) -> BackboneInfo:
    return BackboneInfo(version=BACKBONE_VERSION, id=backbone_id)


def _cancelled() -> Cancelled:
    return Cancelled("the upgrade was cancelled; what is active is as it was")


def _running() -> Busy:
    return Busy("a training or an upgrade is running: wait for its end or cancel it")
