"""Signals as a whole: their list, renaming, and the trash.

Invariants: a rename changes every row that names the signal, in one transaction; ids of samples and numbers of versions
stay, because splits and heads refer to them. A deleted signal is renamed, too: to ``~`` and its number in the trash,
which no legal name is, so that no query of a signal finds its rows (:data:`rfhydra.store.columns.LIVE`).
"""

import json
import sqlite3
from functools import partial
from typing import Any, Final

from rfhydra.config import check_name, negated
from rfhydra.errors import Conflict, NotFound
from rfhydra.protocol.signals import DeletedSignal, SignalInfo
from rfhydra.spectrum.boxes import Box
from rfhydra.store.audit import AuditLog
from rfhydra.store.blobs import BlobStore
from rfhydra.store.columns import LIVE, utc_now
from rfhydra.store.database import Database
from rfhydra.store.detections import DetectionStore
from rfhydra.store.labels import LabelSet
from rfhydra.store.versions import VersionStore

_OWNED: Final = (
    "loaded_heads",
    "mission_heads",
    "cards",
    "evaluated_samples",
    "evaluations",
    "upgraded_heads",
    "activations",
    "jobs",
    "head_versions",
    "split_members",
    "splits",
    "samples",
)
"""Tables whose rows belong to the signal that they name, those that refer to others first."""


class SignalStore:
    """The signals of a workspace. Every change is one transaction, together with its audit entry."""

    def __init__(
        self, db: Database, blobs: BlobStore, versions: VersionStore, detections: DetectionStore, audit: AuditLog
    ) -> None:
        self._db = db
        self._blobs = blobs
        self._versions = versions
        self._detections = detections
        self._audit = audit

    def all(self) -> list[SignalInfo]:
        """Every signal that has samples or live versions, sorted by name; none is marked as loaded."""
        with self._db.unchanged():
            rows = self._db.rows(
                "SELECT signal_name, count(*) AS sample_count, sum(box_count) AS box_count,"  # noqa: S608
                f" sum(negative_count) AS negative_count FROM samples WHERE {LIVE} GROUP BY signal_name"
            )
            heads = self._versions.registry()
        counts: dict[str, dict[str, Any]] = {row["signal_name"]: dict(row) for row in rows}
        found = []
        for name in sorted(counts.keys() | heads.keys()):
            head = heads.get(name)
            fields = counts.get(name) or {
                "signal_name": name,
                "sample_count": 0,
                "box_count": 0,
                "negative_count": 0,
            }
            found.append(
                SignalInfo(
                    **fields,
                    active_version=None if head is None else head.active_version,
                    f1_score=None if head is None else head.f1_score,
                    provisional=head is not None and head.provisional,
                )
            )
        return found

    def rename(self, signal_name: str, new_name: str, who: str | None = None, *, finish: bool = True) -> None:
        """Give a signal another name: samples, labels, splits, versions, cards, jobs, loaded heads, logged tracks.

        The audit log keeps the former name in its older entries. Logged tracks follow after the transaction, a slice at
        a time, because there may be a million: here, or where ``finish`` is false, by calls of
        :meth:`DetectionStore.rename_slice`; what a killed process leaves is renamed when the workspace is opened.

        Raises:
            InvalidName: a name is not legal.
            NotFound: there is no such signal.
            Conflict: ``new_name`` is in use, as a label of boxes or in the trash, too; or a training of the signal, or
                an upgrade, is unfinished.
            StorageFull: there is no room on the disk; nothing was changed.
        """
        check_name(signal_name)
        check_name(new_name, "new_name")
        with self._db.transaction() as connection:
            self._require_idle(signal_name)
            self._require_unused(new_name)
            self._rename_labels(connection, signal_name, new_name)
            self._rename_rows(connection, (*_OWNED, "unknown_clusters"), signal_name, new_name)
            self._detections.begin_rename(signal_name, new_name)
            self._rename_in_cards(connection, signal_name, new_name)
            self._replace_in_streams(connection, signal_name, [new_name])
            changes = [(signal_name, {"to": new_name}), (new_name, {"from": signal_name})]
            self._audit.record_all([("signal.rename", name, detail) for name, detail in changes], who)
        while finish and self._detections.rename_slice():
            pass

    def delete(self, signal_name: str, who: str | None = None) -> DeletedSignal:
        """Move a signal to the trash; its head is unloaded. Logged tracks and labels in other samples stay.

        Raises:
            InvalidName: not a legal signal name.
            NotFound: there is no such signal.
            Conflict: a training of the signal, or an upgrade, is unfinished.
            StorageFull: there is no room on the disk; nothing was changed.
        """
        check_name(signal_name)
        with self._db.transaction() as connection:
            self._require_idle(signal_name)
            trash_id = connection.execute(
                "INSERT INTO trash (signal_name, deleted_at, who) VALUES (?, ?, ?)",
                (signal_name, utc_now(), who or self._audit.user),
            ).lastrowid
            connection.execute("DELETE FROM loaded_heads WHERE signal_name = ?", (signal_name,))
            self._rename_rows(connection, _OWNED, signal_name, f"~{trash_id}")
            self._replace_in_streams(connection, signal_name, [])
            deleted = self.trash()[0]
            detail = {"samples": deleted.sample_count, "versions": deleted.version_count}
            self._audit.record("signal.delete", signal_name, detail, who)
        return deleted

    def trash(self) -> list[DeletedSignal]:
        """The deleted signals, the last deleted first."""
        rows = self._db.rows(
            "SELECT trash.signal_name, deleted_at, who,"
            " (SELECT count(*) FROM samples WHERE samples.signal_name = '~' || trash_id) AS sample_count,"
            " (SELECT count(*) FROM head_versions WHERE head_versions.signal_name = '~' || trash_id"
            " AND retired_at IS NULL) AS version_count FROM trash ORDER BY trash_id DESC"
        )
        return [DeletedSignal(**dict(row)) for row in rows]

    def restore(self, signal_name: str, who: str | None = None) -> DeletedSignal:
        """Take the last deleted signal of a name out of the trash; its head is not loaded.

        Raises:
            NotFound: there is none in the trash.
            Conflict: there is a signal of this name again.
            StorageFull: there is no room on the disk; nothing was changed.
        """
        with self._db.transaction() as connection:
            restored = next((each for each in self.trash() if each.signal_name == signal_name), None)
            if restored is None:
                raise NotFound(f"signal {signal_name[:64]!r} is not in the trash{_named(self._trashed_names())}")
            if self._exists(signal_name):
                raise Conflict(f"there is a signal {signal_name!r} again: rename it, then restore the deleted one")
            query = "SELECT max(trash_id) FROM trash WHERE signal_name = ?"
            trash_id = self._db.value(query, (signal_name,))
            self._rename_rows(connection, _OWNED, f"~{trash_id}", signal_name)
            connection.execute("DELETE FROM trash WHERE trash_id = ?", (trash_id,))
            self._audit.record("signal.restore", signal_name, None, who)
        return restored

    def empty_trash(self, who: str | None = None) -> list[DeletedSignal]:
        """Remove the deleted signals for good; returns them. Works on a full disk, too.

        Their blobs go with the next garbage collection.
        """
        return self._blobs.reserve.spend(partial(self._empty, who), self._db.truncate_log)

    def _empty(self, who: str | None) -> list[DeletedSignal]:
        with self._db.transaction() as connection:
            removed = self.trash()
            if removed:
                connection.execute(
                    "DELETE FROM job_events WHERE job_id IN (SELECT job_id FROM jobs WHERE signal_name >= '~')"
                )
                for table in _OWNED:
                    connection.execute(f"DELETE FROM {table} WHERE signal_name >= '~'")  # noqa: S608
                connection.execute("DELETE FROM trash")
                samples = {each.signal_name: each.sample_count for each in removed}
                self._audit.record_all([("trash.empty", name, {"samples": n}) for name, n in samples.items()], who)
        return removed

    def _exists(self, signal_name: str) -> bool:
        query = "SELECT EXISTS (SELECT 1 FROM {} WHERE signal_name = ?)"
        return any(self._db.value(query.format(table), (signal_name,)) for table in ("samples", "head_versions"))

    def _require_idle(self, signal_name: str) -> None:
        """Raise :class:`NotFound` without such a signal, :class:`Conflict` while a training would still change it."""
        if not self._exists(signal_name):
            raise NotFound(f"there is no signal {signal_name!r}{_named([each.signal_name for each in self.all()])}")
        query = "SELECT 1 FROM jobs WHERE signal_name = ? AND finished_at IS NULL"
        if self._db.value(query, (signal_name,)):
            raise Conflict(f"a training of signal {signal_name!r} is queued or running: wait for it or cancel it")
        if self._db.value("SELECT 1 FROM upgrade_jobs WHERE state = 'running'"):
            raise Conflict("an upgrade of all heads is running: wait for it or cancel it")

    def _require_unused(self, name: str) -> None:
        """Raise :class:`Conflict` where a signal, or labelled boxes, have this name."""
        if self._exists(name):
            raise Conflict(f"there is a signal {name!r} already: choose another name")
        if self._db.value("SELECT 1 FROM trash WHERE signal_name = ?", (name,)):
            raise Conflict(f"a signal {name!r} is in the trash: empty it, or choose another name")
        if next(self._label_sets(name), None):
            raise Conflict(f"boxes in samples of other signals are labelled {name!r}: choose another name")

    def _trashed_names(self) -> list[str]:
        return sorted({each.signal_name for each in self.trash()})

    def _label_sets(self, name: str) -> Any:
        """Id and text of the label sets with a box that is labelled ``name``, or as not being that."""
        query = (
            "SELECT label_set_id, labels FROM label_sets WHERE EXISTS"
            " (SELECT 1 FROM json_each(labels) WHERE value ->> 0 IN (?, ?))"
        )
        return iter(self._db.rows(query, (name, negated(name))))

    def _rename_labels(self, connection: sqlite3.Connection, former: str, latest: str) -> None:
        """Rename labels, but for the own ones of deleted signals that had the same name."""
        names = {former: latest, negated(former): negated(latest)}

        def renamed(label: str, _: Box) -> str:
            return names.get(label, label)

        for row in self._label_sets(former):
            labels = LabelSet.parse(row["labels"]).renamed(renamed)
            connection.execute(
                "INSERT INTO label_sets (digest, labels) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING",
                (labels.digest, labels.text),
            )
            connection.execute(
                "UPDATE samples SET label_set_id = (SELECT label_set_id FROM label_sets WHERE digest = ?)"
                " WHERE label_set_id = ?"
                " AND signal_name NOT IN (SELECT '~' || trash_id FROM trash WHERE signal_name = ?)",
                (labels.digest, row["label_set_id"], former),
            )
            connection.execute(
                "DELETE FROM label_sets WHERE digest = ?"
                " AND NOT EXISTS (SELECT 1 FROM samples WHERE samples.label_set_id = label_sets.label_set_id)",
                (labels.digest,),
            )

    def _rename_rows(self, connection: sqlite3.Connection, tables: tuple[str, ...], former: str, latest: str) -> None:
        connection.execute("PRAGMA defer_foreign_keys = ON")  # until the end of the transaction
        for table in tables:
            connection.execute(f"UPDATE {table} SET signal_name = ? WHERE signal_name = ?", (latest, former))  # noqa: S608

    def _rename_in_cards(self, connection: sqlite3.Connection, former: str, latest: str) -> None:
        """Rename the signal in its own cards, and in the confusion of others."""
        rows = self._db.rows("SELECT signal_name, version, card FROM cards WHERE instr(card, ?)", (json.dumps(former),))
        for row in rows:
            card = json.loads(row["card"])
            for part in (card, *(card.get("confusion") or ())):
                if part.get("signal_name") == former:
                    part["signal_name"] = latest
            connection.execute(
                "UPDATE cards SET card = ? WHERE signal_name = ? AND version = ?",
                (json.dumps(card), row["signal_name"], row["version"]),
            )

    def _replace_in_streams(self, connection: sqlite3.Connection, former: str, latest: list[str]) -> None:
        """Put ``latest`` in the place of a head that stored streams detect with."""
        for row in self._db.rows("SELECT position, heads FROM streams WHERE heads IS NOT NULL"):
            heads: list[str] = json.loads(row["heads"])
            if former in heads:
                place = heads.index(former)
                changed = [*heads[:place], *latest, *heads[place + 1 :]]
                connection.execute(
                    "UPDATE streams SET heads = ? WHERE position = ?", (json.dumps(changed), row["position"])
                )


def _named(names: list[str]) -> str:
    """The end of an error about a missing signal: the names that there are."""
    return f": there are {', '.join(names[:20])}{' …' if len(names) > 20 else ''}" if names else ""
