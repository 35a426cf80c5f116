"""Jobs: the queue of trainings, the state of each, and its messages.

Invariants: a signal has at most one unfinished job; the messages of a job are numbered 1, 2, 3, … without gaps, also
after a crash; a finished job gets no further messages.
"""

import json
import sqlite3
import uuid
from typing import Any, Final, TypeVar

from rfhydra.config import check_name
from rfhydra.errors import Busy, Conflict, NotFound, RfhydraError
from rfhydra.protocol.trainings import TrainingComplete, TrainingEvent, TrainingFailed, TrainingProgress, training_event
from rfhydra.protocol.types import EpochProgress, Job, JobState, TrainingRequest, TrainingResult
from rfhydra.store.audit import AuditLog
from rfhydra.store.columns import LIVE, to_json, utc_now
from rfhydra.store.database import Database

KEPT_HISTORIES: Final = 100
"""Number of finished jobs whose messages are kept; older jobs keep only their row."""
MAX_ERROR_LENGTH: Final = 1000
E = TypeVar("E", TrainingProgress, TrainingComplete, TrainingFailed)


class JobStore:
    """The jobs of a workspace."""

    def __init__(self, db: Database, audit: AuditLog) -> None:
        self._db = db
        self._audit = audit

    def add(
        self, request: TrainingRequest, *, request_id: str | None = None, max_queued: int, who: str | None = None
    ) -> Job:
        """Queue a training. A ``request_id`` that is known returns its job, whatever its state.

        Raises:
            InvalidName: not a legal signal name.
            Conflict: the signal has an unfinished job, or ``request_id`` was used for another request.
            Busy: ``max_queued`` jobs are queued.
        """
        name = check_name(request.signal_name)
        with self._db.transaction() as connection:
            row = self._db.row("SELECT * FROM jobs WHERE request_id = ?", (request_id,))
            if row is not None:
                return _same(_job(row), request)
            unfinished = self.unfinished()
            if any(job.signal_name == name for job in unfinished):
                raise Conflict(f"a training of signal {name!r} is queued or running: wait for it or cancel it")
            queued = sum(job.state == "queued" for job in unfinished)
            if queued >= max_queued:
                raise Busy(f"{queued} trainings are queued, the limit is {max_queued}: try again when one has ended")
            job_id = uuid.uuid4().hex
            connection.execute(
                "INSERT INTO jobs (job_id, signal_name, action, kind, epochs, notes, provisional, request_id,"
                " created_at) VALUES (:job_id, :signal_name, :action, :kind, :epochs, :notes, :provisional,"
                " :request_id, :created_at)",
                {
                    **vars(request),
                    "job_id": job_id,
                    "action": request.action,
                    "request_id": request_id,
                    "created_at": utc_now(),
                },
            )
            self._audit.record("job.add", name, {"job_id": job_id, "action": request.action}, who)
            return self.get(job_id)

    def get(self, job_id: str) -> Job:
        """One job.

        Raises:
            NotFound: there is none with this id.
        """
        row = self._db.row(f"SELECT * FROM jobs WHERE job_id = ? AND {LIVE}", (job_id,))  # noqa: S608
        if row is None:
            raise NotFound(f"no job {job_id[:32]!r} in this workspace")
        return _job(row)

    def unfinished(self) -> list[Job]:
        """The queued and running jobs, oldest first."""
        return [_job(row) for row in self._db.rows("SELECT * FROM jobs WHERE finished_at IS NULL ORDER BY position")]

    def page(self, limit: int, before: int | None = None) -> list[tuple[int, Job]]:
        """The newest ``limit`` jobs with their positions, newest first; with ``before``, only those below it.

        Those of deleted signals are left out.
        """
        rows = self._db.rows(
            f"SELECT * FROM jobs WHERE (?1 IS NULL OR position < ?1) AND {LIVE} ORDER BY position DESC LIMIT ?2",  # noqa: S608
            (before, limit),
        )
        return [(row["position"], _job(row)) for row in rows]

    def events(self, job_id: str) -> list[TrainingEvent]:
        """The messages of a job, by ``seq``; none where they have been dropped."""
        rows = self._db.rows(
            "SELECT signal_name, job_id, seq, ts, body FROM job_events JOIN jobs USING (job_id)"
            " WHERE job_id = ? ORDER BY seq",
            (job_id,),
        )
        return [training_event({**json.loads(row["body"]), **dict(row)}) for row in rows]

    def of_version(self, signal_name: str, version: int) -> str | None:
        """Id of the job that made a version, None where none did, or it is not kept."""
        query = "SELECT job_id FROM jobs WHERE signal_name = ? AND version = ?"
        job_id: str | None = self._db.value(query, (signal_name, version))
        return job_id

    def start_next(self) -> Job | None:
        """Start the oldest queued job; None where there is none or one is running."""
        with self._db.transaction() as connection:
            first = next(iter(self.unfinished()), None)
            if first is None or first.state == "running":
                return None
            connection.execute(
                "UPDATE jobs SET state = 'running', attempts = attempts + 1, started_at = ? WHERE job_id = ?",
                (utc_now(), first.job_id),
            )
            self._audit.record("job.start", first.signal_name, {"job_id": first.job_id})
            return self.get(first.job_id)

    def record(self, job_id: str, progress: EpochProgress) -> TrainingProgress:
        """Add an epoch of a running job.

        Raises:
            NotFound: there is no such job.
            Conflict: it is not running.
            InvalidMessage: a number of ``progress`` is not finite.
        """
        with self._db.transaction():
            job = self._require_running(job_id)
            return self._append(job, TrainingProgress, progress.model_dump())

    def complete(self, job_id: str, result: TrainingResult) -> TrainingComplete:
        """End a running job with the version that it made.

        Raises:
            NotFound: there is no such job.
            Conflict: it is not running.
        """
        with self._db.transaction() as connection:
            job = self._require_running(job_id)
            event = self._append(job, TrainingComplete, result.model_dump())
            connection.execute("UPDATE jobs SET version = ? WHERE job_id = ?", (result.version, job_id))
            self._end(job, "completed")
            return event

    def fail(self, job_id: str, error: RfhydraError) -> TrainingFailed:
        """End an unfinished job without a version; its state is ``cancelled`` if ``error`` has that code.

        Raises:
            NotFound: there is no such job.
            Conflict: it is finished.
        """
        with self._db.transaction() as connection:
            job, text = self.get(job_id), str(error)[:MAX_ERROR_LENGTH]
            if job.finished_at is not None:
                raise Conflict(f"job {job_id} is finished")
            event = self._append(job, TrainingFailed, {"error": text, "code": error.code})
            connection.execute("UPDATE jobs SET error = ?, code = ? WHERE job_id = ?", (text, error.code, job_id))
            self._end(job, "cancelled" if error.code == "cancelled" else "failed")
            return event

    def requeue(self, job_id: str, *, forgive: bool = False) -> None:
        """Queue a running job again, in its old place; with ``forgive`` its last start is not counted.

        Raises:
            NotFound: there is no such job.
        """
        with self._db.transaction() as connection:
            job = self.get(job_id)
            if job.state == "running":
                connection.execute(
                    "UPDATE jobs SET state = 'queued', attempts = attempts - ? WHERE job_id = ?", (forgive, job_id)
                )
                self._audit.record("job.requeue", job.signal_name, {"job_id": job_id})

    def _require_running(self, job_id: str) -> Job:
        job = self.get(job_id)
        if job.state != "running":
            raise Conflict(f"job {job_id} is not running")
        return job

    def _append(self, job: Job, kind: type[E], fields: dict[str, Any]) -> E:
        """Store the next message of a job; its row holds what the columns do not say."""
        seq, ts = job.last_seq + 1, utc_now()
        body = {"type": kind.model_fields["type"].default, **fields}
        with self._db.transaction() as connection:
            connection.execute(
                "INSERT INTO job_events VALUES (?, ?, ?, ?)", (job.job_id, seq, ts, to_json(body, "the message"))
            )
            connection.execute("UPDATE jobs SET last_seq = ? WHERE job_id = ?", (seq, job.job_id))
        columns = {"signal_name": job.signal_name, "job_id": job.job_id, "seq": seq, "ts": ts}
        return kind.model_validate({**body, **columns})

    def _end(self, job: Job, state: JobState) -> None:
        with self._db.transaction() as connection:
            connection.execute(
                "UPDATE jobs SET state = ?, finished_at = ? WHERE job_id = ?", (state, utc_now(), job.job_id)
            )
            connection.execute(
                "DELETE FROM job_events WHERE job_id IN (SELECT job_id FROM jobs WHERE finished_at IS NOT NULL"
                " ORDER BY position DESC LIMIT -1 OFFSET ?)",
                (KEPT_HISTORIES,),
            )
            self._audit.record("job.end", job.signal_name, {"job_id": job.job_id, "state": state})


def _same(job: Job, request: TrainingRequest) -> Job:
    """``job`` if it carries out ``request``, for a request that is repeated."""
    before = {**vars(job), "extend": job.action == "extend"}
    for name, now in request:
        if before[name] != now:
            raise Conflict(
                f"request_id was used for a training of {job.signal_name!r} with another {name}: a new request needs a"
                " new request_id"
            )
    return job


def _job(row: sqlite3.Row) -> Job:
    return Job.model_validate({**dict(row), "provisional": bool(row["provisional"])})
