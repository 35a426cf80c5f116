"""Upgrade jobs: the upgrades that a server was asked for.

Invariants: at most one is unfinished; a finished one does not change.
"""

import json
import sqlite3
import uuid
from typing import Final

from rfhydra.errors import Conflict, NotFound, RfhydraError
from rfhydra.protocol.upgrade_reports import UpgradeJob, UpgradeJobState, UpgradeReport
from rfhydra.store.audit import AuditLog
from rfhydra.store.columns import utc_now
from rfhydra.store.database import Database
from rfhydra.store.jobs import MAX_ERROR_LENGTH

MAX_UPGRADE_JOBS_KEPT: Final = 20


class UpgradeJobStore:
    """The upgrade jobs of a workspace; the newest ``MAX_UPGRADE_JOBS_KEPT`` are kept."""

    def __init__(self, db: Database, audit: AuditLog) -> None:
        self._db = db
        self._audit = audit

    def add(self, backbone_id: str, *, force: bool, who: str | None = None) -> UpgradeJob:
        """Begin an upgrade to ``backbone_id``, or return the unfinished one if it is the same.

        Raises:
            Conflict: an upgrade with another ``force``, or to another backbone, is unfinished.
        """
        with self._db.transaction() as connection:
            unfinished = self.unfinished()
            if unfinished is not None:
                if (unfinished.backbone_id, unfinished.force) != (backbone_id, force):
                    raise Conflict("another upgrade is running: wait for it or cancel it")
                return unfinished
            job_id = uuid.uuid4().hex
            connection.execute(
                "INSERT INTO upgrade_jobs (job_id, backbone_id, force, created_at) VALUES (?, ?, ?, ?)",
                (job_id, backbone_id, force, utc_now()),
            )
            connection.execute(
                "DELETE FROM upgrade_jobs WHERE position NOT IN"
                " (SELECT position FROM upgrade_jobs ORDER BY position DESC LIMIT ?)",
                (MAX_UPGRADE_JOBS_KEPT,),
            )
            self._audit.record("upgrade.start", None, {"job_id": job_id, "to": backbone_id}, who)
            return self.get(job_id)

    def get(self, job_id: str) -> UpgradeJob:
        """One job.

        Raises:
            NotFound: there is none with this id, or it is no longer kept.
        """
        row = self._db.row("SELECT * FROM upgrade_jobs WHERE job_id = ?", (job_id,))
        if row is None:
            raise NotFound(f"no upgrade {job_id[:32]!r} in this workspace")
        return _job(row)

    def newest(self) -> UpgradeJob | None:
        """The newest job, None where there is none."""
        row = self._db.row("SELECT * FROM upgrade_jobs ORDER BY position DESC LIMIT 1")
        return None if row is None else _job(row)

    def unfinished(self) -> UpgradeJob | None:
        """The unfinished job, None where there is none."""
        row = self._db.row("SELECT * FROM upgrade_jobs WHERE state = 'running'")
        return None if row is None else _job(row)

    def count_attempt(self, job_id: str, attempts: int) -> None:
        """Add ``attempts`` to the number of starts of an unfinished job; -1 if its last start is not to count."""
        with self._db.transaction() as connection:
            connection.execute(
                "UPDATE upgrade_jobs SET attempts = attempts + ? WHERE job_id = ? AND state = 'running'",
                (attempts, job_id),
            )

    def complete(self, job_id: str, report: UpgradeReport) -> UpgradeJob:
        """End an unfinished job whose heads were switched.

        Raises:
            NotFound: there is no such job.
            Conflict: it is finished.
        """
        return self._end(job_id, "completed", report, None)

    def fail(self, job_id: str, error: RfhydraError, report: UpgradeReport | None = None) -> UpgradeJob:
        """End an unfinished job without a switch; its state is ``cancelled`` if ``error`` has that code.

        Raises:
            NotFound: there is no such job.
            Conflict: it is finished.
        """
        return self._end(job_id, "cancelled" if error.code == "cancelled" else "failed", report, error)

    def _end(
        self, job_id: str, state: UpgradeJobState, report: UpgradeReport | None, error: RfhydraError | None
    ) -> UpgradeJob:
        text = None if report is None else report.model_dump_json()
        with self._db.transaction() as connection:
            if self.get(job_id).finished_at is not None:
                raise Conflict(f"upgrade {job_id} is finished")
            connection.execute(
                "UPDATE upgrade_jobs SET state = ?, finished_at = ?, report = ?, error = ?, code = ? WHERE job_id = ?",
                (state, utc_now(), text, error and str(error)[:MAX_ERROR_LENGTH], error and error.code, job_id),
            )
            self._audit.record("upgrade.end", None, {"job_id": job_id, "state": state})
            return self.get(job_id)


def _job(row: sqlite3.Row) -> UpgradeJob:
    report = None if row["report"] is None else json.loads(row["report"])
    return UpgradeJob.model_validate({**dict(row), "force": bool(row["force"]), "report": report})
