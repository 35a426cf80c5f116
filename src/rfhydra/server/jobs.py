"""TrainingJobs: the queue of trainings and the one that runs. The rows of the workspace are the truth.

Whatever a job tells is stored before it is published, the last of it in the transaction that ends the job and makes the
version. A job that the server did not survive runs again at the next start, under its id and with ``seq`` going on.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from rfhydra.errors import Busy, Cancelled, RfhydraError, StorageFull, error_of
from rfhydra.protocol.fields import HeadKind
from rfhydra.protocol.limits import Limits
from rfhydra.protocol.messages import TRAINING_EVENT, JobAction, JobInfo, Jobs, JobSnapshot, TrainingEvent
from rfhydra.server.executor import SerialExecutor
from rfhydra.server.paging import read_cursor
from rfhydra.server.training_process import TrainingProcess
from rfhydra.store.jobs import Job, JobEvent
from rfhydra.store.workspace import Workspace
from rfhydra.training.fitted import Fitted, store
from rfhydra.training.service import TrainingRequest
from rfhydra.training.trainer import TrainingProgress

MAX_ATTEMPTS: Final = 3
"""A training that took the server down with it so often is not tried again."""
_SHORTEST_PAUSE_SEC: Final = 1.0
_LONGEST_PAUSE_SEC: Final = 30.0
_LONGEST_ERROR: Final = 1000

_log = logging.getLogger(__name__)
T = TypeVar("T")


class TrainingJobs:
    """The trainings of a server. Made anywhere, used on one event loop.

    A head that is loaded stays as it is when a training promotes another version: loading is the operator's.

    Attributes:
        process: the one that trains.
    """

    def __init__(
        self,
        store: SerialExecutor,
        workspace: Workspace,
        backbone_path: Path | None,
        publish: Callable[[TrainingEvent], None],
        limits: Limits,
    ) -> None:
        """
        Args:
            store: where calls on ``workspace`` run.
            workspace: whose samples and versions.
            backbone_path: the body to train on; None is the one that ships.
            publish: hears on the loop of everything that a job tells, in the order of ``seq``.
            limits: how many trainings may wait.
        """
        self.process = TrainingProcess(workspace.path, backbone_path)
        self._store, self._workspace, self._publish, self._limits = store, workspace, publish, limits
        self._unfinished: dict[str, None] = {}  # ids, in the order in which they came
        self._current: str | None = None
        self._cancelled: set[str] = set()
        self._work: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._stopping = False

    @property
    def running(self) -> int:
        """Trainings that run, 0 or 1."""
        return int(self._current is not None)

    @property
    def queued(self) -> int:
        """Trainings that wait."""
        return sum(job_id != self._current for job_id in self._unfinished)

    async def start(self) -> None:
        """Take up what was left unfinished, and begin to train."""
        for job, event in await self._store.run(self._recover, refusable=False):
            self._publish(_message(job, event))
        self._unfinished = {job.job_id: None for job in await self._call(self._workspace.jobs.unfinished)}
        self._work = asyncio.create_task(self._train_all())

    async def stop(self, grace_sec: float) -> None:
        """Take no more jobs and let the running one finish in ``grace_sec``; else it runs again at the next start."""
        self._stopping = True
        self._wake.set()
        if self._work is not None:
            await asyncio.wait([self._work], timeout=grace_sec)
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
        await self.process.close()
        await self._call(self._release)

    async def submit(
        self,
        *,
        action: JobAction,
        signal_name: str,
        notes: str | None = None,
        request_id: str | None = None,
        owner: str | None = None,
        kind: HeadKind = "embedding",
        epochs: int,
    ) -> JobInfo:
        """Queue a training, or find the one that ``request_id`` made before. ``owner`` is for the audit log.

        Raises:
            InvalidName: not a legal signal name.
            InvalidMessage: less than one epoch.
            Conflict: a training of this signal waits or runs.
            Busy: too many trainings wait, or the server is stopping.
        """
        if self._stopping:
            raise Busy("the server is stopping: try again when it is back")
        request = TrainingRequest(
            signal_name=signal_name, notes=notes, kind=kind, epochs=epochs, extend=action == "extend"
        )
        job = await self._store.run(
            partial(
                self._workspace.jobs.add,
                signal_name=request.signal_name,
                action=action,
                kind=request.kind,
                epochs=request.epochs,
                notes=request.notes,
                request_id=request_id,
                max_queued=self._limits.max_jobs_queued,
                who=owner,
            )
        )
        if job.finished_at is None:
            self._unfinished[job.job_id] = None
            self._wake.set()
        return _info(job)

    async def cancel(self, job_id: str | None = None) -> JobInfo | None:
        """End a job that waits at once, or one that runs within an epoch. One that ended stays so.

        Args:
            job_id: which; default is the one that runs, or where none does yet, the one that is to start first.

        Returns:
            The job, None where no job is named and there is none.

        Raises:
            NotFound: there is no job with this id.
        """
        job_id = job_id or self._current or next(iter(self._unfinished), None)
        if job_id is None:
            return None
        job, event = await self._store.run(partial(self._cancel_waiting, job_id))
        if event is not None:
            self._unfinished.pop(job_id, None)
            self._publish(_message(job, event))
        elif job_id in self._unfinished:
            self._cancelled.add(job_id)
            if job_id == self._current:
                await self.process.cancel(job_id)
        return _info(job)

    async def get(self, job_id: str) -> JobSnapshot:
        """A job and everything that it has told so far.

        Raises:
            NotFound: there is no job with this id.
        """
        return await self._store.run(partial(self._snapshot, job_id))

    async def snapshots(self) -> "list[Jobs | JobSnapshot]":
        """The newest jobs, and everything told so far by each one that has not ended."""
        return await self._store.run(self._snapshots)

    async def _train_all(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                job = await self._insist(self._workspace.jobs.start_next)
                if job is None:
                    await self._wake.wait()
                else:
                    await self._train(job)
            except Exception:  # whatever it was, the next job must not wait for ever
                _log.exception("the queue of trainings stumbled and goes on")
                await asyncio.sleep(_SHORTEST_PAUSE_SEC)

    async def _train(self, job: Job) -> None:
        self._current = job.job_id
        try:
            fitted = await self._fit(job)
            event = await self._insist(partial(self._complete, job, fitted))
        except Exception as error:
            event = await self._insist(partial(self._fail, job, self._reason(job, error)))
        self._current = None
        self._unfinished.pop(job.job_id, None)
        self._cancelled.discard(job.job_id)
        self._publish(_message(job, event))
        await self._call(self._workspace.collect_garbage)

    async def _fit(self, job: Job) -> Fitted:
        if job.job_id in self._cancelled:
            raise _cancelled()
        request = TrainingRequest(
            signal_name=job.signal_name,
            notes=job.notes,
            kind=job.kind,
            epochs=job.epochs,
            extend=job.action == "extend",
        )
        return await self.process.fit(job.job_id, request, partial(self._on_epoch, job))

    async def _on_epoch(self, job: Job, progress: TrainingProgress) -> None:
        body = {"type": "training_progress", **asdict(progress)}
        try:
            event = await self._call(partial(self._workspace.jobs.record, job.job_id, body))
        except (StorageFull, Busy):
            _log.warning("epoch %d of job %s could not be stored and is not told", progress.epoch, job.job_id)
        else:
            self._publish(_message(job, event))

    def _reason(self, job: Job, error: Exception) -> RfhydraError:
        if job.job_id in self._cancelled:
            return _cancelled()  # also where that took a kill
        if isinstance(error, RfhydraError):
            return error
        _log.error("job %s failed", job.job_id, exc_info=error)
        return RfhydraError("the training failed unexpectedly: the server's log says more")

    async def _call(self, call: Callable[[], T]) -> T:
        return await self._store.run(call, refusable=False)

    async def _insist(self, call: Callable[[], T]) -> T:
        """The result of a call that has to be made: while the disk is full or the database is locked, try again."""
        pause_sec = _SHORTEST_PAUSE_SEC
        while True:
            try:
                return await self._call(call)
            except (StorageFull, Busy) as error:
                _log.warning("will try again in %d s: %s", pause_sec, error)
                await asyncio.sleep(pause_sec)
                pause_sec = min(2 * pause_sec, _LONGEST_PAUSE_SEC)

    # What follows runs in the store's thread.

    def _recover(self) -> "list[tuple[Job, JobEvent]]":
        """Let the jobs that the last server did not survive wait again; returns those that are given up."""
        jobs, given_up = self._workspace.jobs, []
        with self._workspace.db.transaction():
            for job in jobs.unfinished():
                if job.state == "running" and job.attempts >= MAX_ATTEMPTS:
                    error = RfhydraError(
                        f"given up: {job.attempts} times the server or its training process was killed during it"
                    )
                    given_up.append((job, self._fail(job, error)))
                else:
                    jobs.requeue(job.job_id)
        return given_up

    def _release(self) -> None:
        """Let a job that was stopped with the server wait for the next one; it was no fault of its own."""
        for job in self._workspace.jobs.unfinished():
            self._workspace.jobs.requeue(job.job_id, forgive=True)

    def _complete(self, job: Job, fitted: Fitted) -> JobEvent:
        with self._workspace.db.transaction():
            if job.job_id in self._cancelled:
                raise _cancelled()
            result = store(self._workspace, fitted)
            body = {"type": "training_complete", **asdict(result)}
            return self._workspace.jobs.complete(job.job_id, result.version, body)

    def _fail(self, job: Job, error: RfhydraError) -> JobEvent:
        error = error_of(error.code, str(error)[:_LONGEST_ERROR])
        body = {"type": "training_failed", "error": str(error), "code": error.code}
        return self._workspace.jobs.fail(job.job_id, error, body)

    def _cancel_waiting(self, job_id: str) -> tuple[Job, JobEvent | None]:
        with self._workspace.db.transaction():
            job = self._workspace.jobs.get(job_id)
            if job.state != "queued":
                return job, None
            event = self._fail(job, _cancelled())
            return self._workspace.jobs.get(job_id), event

    def _snapshot(self, job_id: str) -> JobSnapshot:
        job = self._workspace.jobs.get(job_id)
        events = [_message(job, event) for event in self._workspace.jobs.events(job_id)]
        return JobSnapshot(job=_info(job), events=events)

    def _page(self, limit: int, before: int | None) -> Jobs:
        page = self._workspace.jobs.newest(limit + 1, before)
        more = len(page) > limit
        return Jobs(
            jobs=[_info(job) for job in page[:limit]], next_cursor=str(page[limit - 1].position) if more else None
        )

    def _snapshots(self) -> "list[Jobs | JobSnapshot]":
        unfinished = self._workspace.jobs.unfinished()
        return [self._page(self._limits.max_page, None), *(self._snapshot(job.job_id) for job in unfinished)]

    async def list(self, limit: int, cursor: str | None = None) -> Jobs:
        """The newest ``limit`` jobs, newest first; ``cursor`` goes on from the page before.

        Raises:
            InvalidMessage: the cursor is not one of ours.
        """
        return await self._store.run(partial(self._page, limit, read_cursor(cursor) or None))


def _cancelled() -> Cancelled:
    return Cancelled("the training was cancelled; the active version is as it was")


def _info(job: Job) -> JobInfo:
    return JobInfo.model_validate(vars(job))


def _message(job: Job, event: JobEvent) -> TrainingEvent:
    fields: dict[str, Any] = {**event.body, "signal_name": job.signal_name, "job_id": job.job_id}
    return TRAINING_EVENT.validate_python({**fields, "seq": event.seq, "ts": event.ts})
