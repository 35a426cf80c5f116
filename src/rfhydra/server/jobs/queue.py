"""TrainingJobs: the queue of trainings and the running one. The rows of the workspace are the truth.

A message of a job is stored before it is published, the last one in the transaction that ends the job and stores the
version. A job that was running when the server died runs again at the next start, under its id; ``seq`` continues.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from rfhydra.errors import Busy, Cancelled, RfhydraError, StorageFull
from rfhydra.protocol.limits import Limits
from rfhydra.protocol.stages import JobStage
from rfhydra.protocol.trainings import Jobs, JobSnapshot, TrainingComplete, TrainingEvent, TrainingFailed
from rfhydra.protocol.types import EpochProgress, Job, TrainingRequest
from rfhydra.server.answers import ENVELOPE_BYTES, fitting_count, wire_bytes
from rfhydra.server.executor import SerialExecutor
from rfhydra.server.jobs.pipe import StageReport
from rfhydra.server.jobs.process import TrainingProcess
from rfhydra.server.jobs.retries import MIN_PAUSE_SEC, insist
from rfhydra.store.columns import utc_now
from rfhydra.store.workspace import Workspace
from rfhydra.training.fitted import Fitted, store

MAX_ATTEMPTS: Final = 3
"""Number of starts after which a job whose server died is given up."""

_log = logging.getLogger(__name__)
T = TypeVar("T")


class TrainingJobs:
    """The trainings of a server, for one event loop. A promotion by a training does not change the loaded heads.

    Attributes:
        process: the training process.
    """

    def __init__(
        self,
        store: SerialExecutor,
        workspace: Workspace,
        backbone_path: Path | None,
        publish: Callable[[TrainingEvent], None],
        limits: Limits,
        publish_stage: Callable[[JobStage], None] = lambda stage: None,
        publish_queued: Callable[[JobSnapshot], None] = lambda training: None,
    ) -> None:
        """
        Args:
            store: runs the calls on ``workspace``.
            workspace: its samples are trained on, its versions are added to.
            backbone_path: the backbone file; None is the one that ships.
            publish: called on the loop with every message of a job, in the order of ``seq``.
            limits: limit the queue.
            publish_stage: called on the loop whenever the running training begins a stage, or goes on in it.
            publish_queued: called on the loop with every training that is queued.
        """
        self.process = TrainingProcess(workspace.path, backbone_path)
        self._store, self._workspace, self._publish, self._limits = store, workspace, publish, limits
        self._unfinished: dict[str, None] = {}  # ids, oldest first
        self._current: str | None = None
        self._publish_stage, self._publish_queued = publish_stage, publish_queued
        self._stage: JobStage | None = None  # of the current job
        self._cancelled: set[str] = set()
        self._work: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._stopping = False

    @property
    def running(self) -> int:
        """Number of running trainings, 0 or 1."""
        return int(self._current is not None)

    @property
    def queued(self) -> int:
        """Number of queued trainings."""
        return sum(job_id != self._current for job_id in self._unfinished)

    async def start(self) -> None:
        """Queue the unfinished jobs again and start to train."""
        for event in await self._store.run(self._recover, refusable=False):
            self._publish(event)
        self._unfinished = {job.job_id: None for job in await self._call(self._workspace.jobs.unfinished)}
        self._work = asyncio.create_task(self._train_all())

    async def stop(self, grace_sec: float) -> None:
        """Accept no more jobs; one that does not finish within ``grace_sec`` runs again at the next start."""
        self._stopping = True
        self._wake.set()
        if self._work is not None:
            await asyncio.wait([self._work], timeout=grace_sec)
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
        await self.process.close()
        await self._call(self._release)

    async def submit(self, request: TrainingRequest, *, request_id: str | None = None, owner: str | None = None) -> Job:
        """Queue a training, or return the job of a known ``request_id``. ``owner`` is for the audit log.

        Raises:
            Conflict: the signal has an unfinished job.
            Busy: too many trainings are queued, or the server is stopping.
        """
        if self._stopping:
            raise Busy("the server is stopping: try again when it is back")
        most = self._limits.max_jobs_queued
        add = partial(self._workspace.jobs.add, request, request_id=request_id, max_queued=most, who=owner)
        job = await self._store.run(add)
        if job.finished_at is None and job.job_id not in self._unfinished:
            self._unfinished[job.job_id] = None
            self._publish_queued(JobSnapshot(job=job, events=[]))
            self._wake.set()
        return job

    async def cancel(self, job_id: str | None = None) -> Job | None:
        """End a queued job at once, a running one within an epoch. A finished one stays as it is.

        Args:
            job_id: the job; default is the running one, or the first in the queue.

        Returns:
            The job, None where there is none and none is named.

        Raises:
            NotFound: there is no job with this id.
        """
        job_id = job_id or self._current or next(iter(self._unfinished), None)
        if job_id is None:
            return None
        job, event = await self._store.run(partial(self._cancel_queued, job_id))
        if event is not None:
            self._unfinished.pop(job_id, None)
            self._publish(event)
        elif job_id in self._unfinished:
            self._cancelled.add(job_id)
            if job_id == self._current:
                await self.process.cancel(job_id)
        return job

    async def get(self, job_id: str) -> JobSnapshot:
        """A job and its messages so far.

        Raises:
            NotFound: there is no job with this id.
        """
        return await self._store.run(partial(self._snapshot, job_id))

    async def page(self, limit: int, before: int | None = None) -> Jobs:
        """The newest ``limit`` jobs, newest first; ``before`` is where the previous page ended."""
        return await self._store.run(partial(self._page, limit, before))

    async def snapshots(self) -> list[Jobs | JobSnapshot]:
        """The newest jobs, then each unfinished one with its messages so far."""
        return await self._store.run(self._snapshots)

    async def _train_all(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                async with self.process.turn:
                    job = await insist(self._store, self._workspace.jobs.start_next)
                    if job is not None:
                        await self._train(job)
                if job is None:
                    await self._wake.wait()
            except Exception:  # the next job must run all the same
                _log.exception("error in the queue of trainings")
                await asyncio.sleep(MIN_PAUSE_SEC)

    async def _train(self, job: Job) -> None:
        self._current = job.job_id
        self._tell_stage(job, StageReport("starting"))
        try:
            fitted = await self._fit(job)
            event: TrainingEvent = await insist(self._store, partial(self._complete, job, fitted))
        except Exception as error:
            event = await insist(self._store, partial(self._workspace.jobs.fail, job.job_id, self._reason(job, error)))
        self._current = self._stage = None
        self._unfinished.pop(job.job_id, None)
        self._cancelled.discard(job.job_id)
        self._publish(event)

    async def _fit(self, job: Job) -> Fitted:
        if job.job_id in self._cancelled:
            raise _cancelled()
        on_epoch, on_stage = partial(self._on_epoch, job), partial(self._tell_stage, job)
        return await self.process.fit(job.job_id, job.request, on_epoch, on_stage)

    def _tell_stage(self, job: Job, report: StageReport) -> None:
        self._stage = JobStage(
            job_id=job.job_id,
            signal_name=job.signal_name,
            ts=utc_now(),
            stage=report.stage,
            done=report.done,
            total=report.total,
        )
        self._publish_stage(self._stage)

    async def _on_epoch(self, job: Job, progress: EpochProgress) -> None:
        try:
            event = await self._call(partial(self._workspace.jobs.record, job.job_id, progress))
        except (StorageFull, Busy):
            _log.warning("epoch %d of job %s could not be stored and is not published", progress.epoch, job.job_id)
        else:
            self._publish(event)

    def _reason(self, job: Job, error: Exception) -> RfhydraError:
        if job.job_id in self._cancelled:
            return _cancelled()  # also if the process had to be killed
        if isinstance(error, RfhydraError):
            return error
        _log.error("job %s failed", job.job_id, exc_info=error)
        return RfhydraError("the training failed unexpectedly: see the log of the server")

    async def _call(self, call: Callable[[], T]) -> T:
        return await self._store.run(call, refusable=False)

    # Below: calls that run in the thread of the store.

    def _recover(self) -> list[TrainingFailed]:
        """Queue the jobs that were running when the last server died; returns the messages of those given up."""
        jobs, given_up = self._workspace.jobs, []
        with self._workspace.db.transaction():
            for job in jobs.unfinished():
                if job.state == "running" and job.attempts >= MAX_ATTEMPTS:
                    reason = f"given up: the server or its training process was killed {job.attempts} times during it"
                    given_up.append(jobs.fail(job.job_id, RfhydraError(reason)))
                else:
                    jobs.requeue(job.job_id)
        return given_up

    def _release(self) -> None:
        """Queue the job that was stopped with the server again; this start does not count."""
        for job in self._workspace.jobs.unfinished():
            self._workspace.jobs.requeue(job.job_id, forgive=True)

    def _complete(self, job: Job, fitted: Fitted) -> TrainingComplete:
        with self._workspace.db.transaction():
            if job.job_id in self._cancelled:
                raise _cancelled()
            return self._workspace.jobs.complete(job.job_id, store(self._workspace, fitted))

    def _cancel_queued(self, job_id: str) -> tuple[Job, TrainingFailed | None]:
        with self._workspace.db.transaction():
            job = self._workspace.jobs.get(job_id)
            if job.state != "queued":
                return job, None
            event = self._workspace.jobs.fail(job_id, _cancelled())
            return self._workspace.jobs.get(job_id), event

    def _snapshot(self, job_id: str, max_bytes: int | None = None) -> JobSnapshot:
        """A job and the newest of its messages that fit ``max_bytes``, by default an answer."""
        job, events = self._workspace.jobs.get(job_id), self._workspace.jobs.events(job_id)
        room = max_bytes or self._limits.max_answer_bytes - ENVELOPE_BYTES
        fitting = fitting_count(reversed(events), room - wire_bytes(job))
        stage = self._stage
        if stage is not None and stage.job_id != job_id:
            stage = None
        return JobSnapshot(job=job, events=events[len(events) - fitting :], stage=stage)

    def _page(self, limit: int, before: int | None, max_bytes: int | None = None) -> Jobs:
        """As many of the newest ``limit`` jobs as fit ``max_bytes``, by default an answer; at least one."""
        page = self._workspace.jobs.page(limit + 1, before)
        room = max_bytes or self._limits.max_answer_bytes - ENVELOPE_BYTES
        count = max(1, fitting_count((job for _, job in page[:limit]), room))
        next_cursor = str(page[count - 1][0]) if len(page) > count else None
        return Jobs(jobs=[job for _, job in page[:count]], next_cursor=next_cursor)

    def _snapshots(self) -> list[Jobs | JobSnapshot]:
        unfinished = self._workspace.jobs.unfinished()
        half = (self._limits.max_answer_bytes - ENVELOPE_BYTES) // 2
        share = max(1, half // max(1, len(unfinished)) - ENVELOPE_BYTES)
        snapshots = [self._snapshot(job.job_id, share) for job in unfinished]
        return [self._page(self._limits.max_page, None, half), *snapshots]


def _cancelled() -> Cancelled:
    return Cancelled("the training was cancelled; the active version is as it was")
