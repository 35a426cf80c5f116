"""Jobs: the trainings that were asked for, where each stands, and what each has told so far.

This file owns three invariants. A signal has at most one job that has not ended. The events of a job are numbered 1, 2,
3, … without a gap, whatever was killed meanwhile. A job that has ended tells nothing more.
"""

import json
import sqlite3
import uuid
from dataclasses import dataclass, field
from typing import Any, Final

from rfhydra.config import check_name
from rfhydra.errors import Busy, Conflict, ErrorCode, NotFound, RfhydraError
from rfhydra.protocol.fields import HeadKind
from rfhydra.protocol.messages import JobAction, JobState
from rfhydra.store.audit import AuditLog
from rfhydra.store.columns import to_json, utc_now
from rfhydra.store.database import Database

KEPT_HISTORIES: Final = 100
"""So many of the jobs that have ended keep their events; of older ones only the row is left."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One training as it was asked for, and where it stands.

    ``position`` rises with every job. ``attempts`` counts how often it was started. ``version`` is what it made,
    ``error`` and ``code`` are why it did not. Times are UTC, ISO 8601.
    """

    position: int
    job_id: str
    signal_name: str
    action: JobAction
    kind: HeadKind
    epochs: int
    notes: str | None
    request_id: str | None
    state: JobState
    attempts: int
    created_at: str
    started_at: str | None
    finished_at: str | None
    last_seq: int
    version: int | None
    error: str | None
    code: ErrorCode | None


@dataclass(frozen=True)
class JobEvent:
    """Something that a job told: number ``seq`` of the job, when (UTC, ISO 8601), and what."""

    seq: int
    ts: str
    body: dict[str, Any] = field(hash=False)


class JobStore:
    """The jobs of a workspace."""

    def __init__(self, db: Database, audit: AuditLog) -> None:
        self._db = db
        self._audit = audit

    def add(
        self,
        *,
        signal_name: str,
        action: JobAction,
        kind: HeadKind,
        epochs: int,
        notes: str | None,
        request_id: str | None,
        max_queued: int,
        who: str | None = None,
    ) -> Job:
        """Queue a training. One with a ``request_id`` that was seen before is that job, however it stands.

        Raises:
            InvalidName: not a legal signal name.
            Conflict: a job of this signal waits or runs.
            Busy: ``max_queued`` jobs wait already.
        """
        check_name(signal_name)
        with self._db.transaction() as connection:
            row = self._db.row("SELECT * FROM jobs WHERE request_id = ?", (request_id,))
            if row is not None:
                return _job(row)
            unfinished = self.unfinished()
            if any(job.signal_name == signal_name for job in unfinished):
                raise Conflict(f"a training of signal {signal_name!r} waits or runs already: wait for it or cancel it")
            waiting = sum(job.state == "queued" for job in unfinished)
            if waiting >= max_queued:
                raise Busy(f"{waiting} trainings wait already, the limit is {max_queued}: try again when one has ended")
            job_id = uuid.uuid4().hex
            connection.execute(
                "INSERT INTO jobs (job_id, signal_name, action, kind, epochs, notes, request_id, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (job_id, signal_name, action, kind, epochs, notes, request_id, utc_now()),
            )
            self._audit.record("job.add", signal_name, {"job_id": job_id, "action": action}, who)
            return self.get(job_id)

    def get(self, job_id: str) -> Job:
        """One job.

        Raises:
            NotFound: there is none with this id.
        """
        row = self._db.row("SELECT * FROM jobs WHERE job_id = ?", (job_id,))
        if row is None:
            raise NotFound(f"no job {job_id[:32]!r} in this workspace")
        return _job(row)

    def unfinished(self) -> list[Job]:
        """The jobs that wait or run, in the order in which they were asked for."""
        return [_job(row) for row in self._db.rows("SELECT * FROM jobs WHERE finished_at IS NULL ORDER BY position")]

    def newest(self, limit: int, before: int | None = None) -> list[Job]:
        """The newest ``limit`` jobs, newest first; with ``before``, only those of a smaller position."""
        rows = self._db.rows(
            "SELECT * FROM jobs WHERE ?1 IS NULL OR position < ?1 ORDER BY position DESC LIMIT ?2", (before, limit)
        )
        return [_job(row) for row in rows]

    def events(self, job_id: str) -> list[JobEvent]:
        """What a job has told so far; nothing where it ended long ago."""
        rows = self._db.rows("SELECT seq, ts, body FROM job_events WHERE job_id = ? ORDER BY seq", (job_id,))
        return [JobEvent(row["seq"], row["ts"], json.loads(row["body"])) for row in rows]

    def start_next(self) -> Job | None:
        """Start the job that waits longest, or None where none waits or one runs already."""
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

    def record(self, job_id: str, body: dict[str, Any]) -> JobEvent:
        """Add what a running job tells.

        Raises:
            NotFound: there is no such job.
            Conflict: it does not run.
            InvalidMessage: ``body`` is not JSON.
        """
        with self._db.transaction():
            if self.get(job_id).state != "running":
                raise Conflict(f"job {job_id} does not run: it has nothing to tell")
            return self._append(job_id, body)

    def complete(self, job_id: str, version: int, body: dict[str, Any]) -> JobEvent:
        """End a running job that made ``version``; ``body`` is the last that it tells.

        Raises:
            NotFound: there is no such job.
            Conflict: it does not run.
        """
        with self._db.transaction() as connection:
            event = self.record(job_id, body)
            connection.execute("UPDATE jobs SET version = ? WHERE job_id = ?", (version, job_id))
            self._end(job_id, "completed")
            return event

    def fail(self, job_id: str, error: RfhydraError, body: dict[str, Any]) -> JobEvent:
        """End a job that waits or runs without a version, as ``cancelled`` if ``error`` says so.

        Raises:
            NotFound: there is no such job.
            Conflict: it has ended already.
        """
        with self._db.transaction() as connection:
            if self.get(job_id).finished_at is not None:
                raise Conflict(f"job {job_id} has ended already")
            event = self._append(job_id, body)
            connection.execute("UPDATE jobs SET error = ?, code = ? WHERE job_id = ?", (str(error), error.code, job_id))
            self._end(job_id, "cancelled" if error.code == "cancelled" else "failed")
            return event

    def requeue(self, job_id: str, *, forgive: bool = False) -> None:
        """Let a job that runs, if it still does, wait again in its old place; this start does not count if forgiven.

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

    def _append(self, job_id: str, body: dict[str, Any]) -> JobEvent:
        with self._db.transaction() as connection:
            seq = self.get(job_id).last_seq + 1
            event = JobEvent(seq, utc_now(), body)
            connection.execute(
                "INSERT INTO job_events VALUES (?, ?, ?, ?)", (job_id, seq, event.ts, to_json(body, "the event"))
            )
            connection.execute("UPDATE jobs SET last_seq = ? WHERE job_id = ?", (seq, job_id))
        return event

    def _end(self, job_id: str, state: JobState) -> None:
        with self._db.transaction() as connection:
            connection.execute(
                "UPDATE jobs SET state = ?, finished_at = ? WHERE job_id = ?", (state, utc_now(), job_id)
            )
            connection.execute(
                "DELETE FROM job_events WHERE job_id IN (SELECT job_id FROM jobs WHERE finished_at IS NOT NULL"
                " ORDER BY position DESC LIMIT -1 OFFSET ?)",
                (KEPT_HISTORIES,),
            )
            self._audit.record("job.end", self.get(job_id).signal_name, {"job_id": job_id, "state": state})


def _job(row: sqlite3.Row) -> Job:
    return Job(**dict(row))
