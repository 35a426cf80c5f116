"""Audit log: who changed what, when and why. An entry is written in the transaction of its change."""

import getpass
import json
import os
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from rfhydra.store.columns import to_json, utc_now, utc_text
from rfhydra.store.database import Database

DEFAULT_LIMIT: Final = 100


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """One change. ``at`` is UTC, ISO 8601; ``detail`` depends on ``action``."""

    entry_id: int
    at: str
    who: str
    action: str
    signal_name: str | None
    detail: dict[str, Any]


class AuditLog:
    """The changes of a workspace; entries are never removed.

    Attributes:
        user: of this process.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self.user = _user_name()  # now: looking it up takes a file descriptor

    def record(
        self,
        action: str,
        signal_name: str | None = None,
        detail: dict[str, Any] | None = None,
        who: str | None = None,
    ) -> None:
        """Add an entry inside the current transaction; ``who`` is the user of the process unless given.

        Raises:
            InvalidMessage: ``detail`` is not JSON.
            TooLarge: ``detail`` takes more than ``MAX_JSON_BYTES``.
        """
        self.record_all([(action, signal_name, detail or {})], who)

    def record_all(self, changes: Iterable[tuple[str, str | None, dict[str, Any]]], who: str | None = None) -> None:
        """:meth:`record` for each action, signal name and detail of ``changes``."""
        at, who = utc_now(), who or self.user
        with self._db.transaction() as connection:
            connection.executemany(
                "INSERT INTO audit (at, who, action, signal_name, detail) VALUES (?, ?, ?, ?, ?)",
                ((at, who, action, name, to_json(detail, "detail")) for action, name, detail in changes),
            )

    def between(
        self,
        since: datetime | None,
        until: datetime | None,
        signal_names: Sequence[str] = (),
        limit: int = DEFAULT_LIMIT,
    ) -> list[AuditEntry]:
        """The newest ``limit`` entries from ``since`` to ``until``, newest last; None is no limit, no names are all."""
        terms: list[tuple[str, list[Any]]] = [
            ("at >= ?", [] if since is None else [utc_text(since)]),
            ("at <= ?", [] if until is None else [utc_text(until)]),
            (f"signal_name IN ({', '.join('?' * len(signal_names))})", [*signal_names]),
        ]
        used = [(text, values) for text, values in terms if values]
        condition = " AND ".join(text for text, _ in used) or "1"
        rows = self._db.rows(
            f"SELECT * FROM audit WHERE {condition} ORDER BY entry_id DESC LIMIT ?",  # noqa: S608
            [*(value for _, values in used for value in values), limit],
        )
        return [_entry(row) for row in reversed(rows)]

    def page(self, limit: int, before: int | None = None, signal_name: str | None = None) -> list[AuditEntry]:
        """The newest ``limit`` entries, newest first; with ``before``, only those with a smaller ``entry_id``."""
        rows = self._db.rows(
            "SELECT * FROM audit WHERE (?1 IS NULL OR entry_id < ?1) AND (?2 IS NULL OR signal_name = ?2)"
            " ORDER BY entry_id DESC LIMIT ?3",
            (before, signal_name, limit),
        )
        return [_entry(row) for row in rows]

    def list(self, signal_name: str | None = None, limit: int = DEFAULT_LIMIT) -> list[AuditEntry]:
        """The newest ``limit`` entries, newest first; those of one signal if ``signal_name`` is given."""
        if signal_name is None:
            rows = self._db.rows("SELECT * FROM audit ORDER BY entry_id DESC LIMIT ?", (limit,))
        else:
            rows = self._db.rows(
                "SELECT * FROM audit WHERE signal_name = ? ORDER BY entry_id DESC LIMIT ?", (signal_name, limit)
            )
        return [_entry(row) for row in rows]


def _entry(row: sqlite3.Row) -> AuditEntry:
    return AuditEntry(**{**dict(row), "detail": json.loads(row["detail"])})


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container the user id may have no name
        return f"uid {os.getuid()}"
