"""Splits: the training and validation samples of a signal, as rows. The choice is made in ``training/splits.py``."""

from collections.abc import Sequence
from dataclasses import dataclass

from rfhydra.config import check_name
from rfhydra.errors import InvalidMessage, NotFound
from rfhydra.store.audit import AuditLog
from rfhydra.store.columns import utc_now
from rfhydra.store.database import Database


@dataclass(frozen=True, kw_only=True)
class Split:
    """One version of a signal's split. ``created_at`` is UTC, ISO 8601."""

    version: int
    created_at: str
    train_count: int
    val_count: int


class SplitStore:
    """The splits of a workspace, numbered from 1 per signal; immutable, the newest is the active one."""

    def __init__(self, db: Database, audit: AuditLog) -> None:
        self._db = db
        self._audit = audit

    def create(self, signal_name: str, train: Sequence[str], val: Sequence[str], who: str | None = None) -> int:
        """Add a split of sample ids, in the given order, as the active one; returns its version.

        Raises:
            InvalidName: ``signal_name`` is not a legal name.
            InvalidMessage: ``train`` is empty, or a sample is named twice.
            NotFound: a sample is not one of this signal's.
            StorageFull: there is no room on the disk; nothing was changed.
        """
        check_name(signal_name)
        members = [*train, *val]
        if not train:
            raise InvalidMessage("train is empty: a split needs at least one sample to train on")
        if len(set(members)) < len(members):
            raise InvalidMessage("a sample is named twice in train and val")
        with self._db.transaction() as connection:
            self._require_samples(signal_name, members)
            version = (self.active_version(signal_name) or 0) + 1
            connection.execute("INSERT INTO splits VALUES (?, ?, ?)", (signal_name, version, utc_now()))
            for part, sample_ids in (("train", train), ("val", val)):
                connection.executemany(
                    "INSERT INTO split_members VALUES (?, ?, ?, ?, ?)",
                    [(signal_name, version, part, place, sample_id) for place, sample_id in enumerate(sample_ids)],
                )
            detail = {"version": version, "train": len(train), "val": len(val)}
            self._audit.record("split.create", signal_name, detail, who)
        return version

    def active_version(self, signal_name: str) -> int | None:
        """The newest version, or None where there is no split yet."""
        version: int | None = self._db.value("SELECT max(version) FROM splits WHERE signal_name = ?", (signal_name,))
        return version

    def members(self, signal_name: str, version: int) -> tuple[list[str], list[str]]:
        """The ids of the training and of the validation samples, deleted samples among them.

        Raises:
            NotFound: there is no such split.
        """
        rows = self._db.rows(
            "SELECT part, sample_id FROM split_members WHERE signal_name = ? AND version = ? ORDER BY part, position",
            (signal_name, version),
        )
        if not rows:
            raise NotFound(f"signal {signal_name!r} has no split {version}")
        train = [row["sample_id"] for row in rows if row["part"] == "train"]
        return train, [row["sample_id"] for row in rows if row["part"] == "val"]

    def history(self, signal_name: str) -> list[Split]:
        """All splits of a signal, oldest first."""
        rows = self._db.rows(
            "SELECT version, created_at, sum(part = 'train') AS train_count, sum(part = 'val') AS val_count"
            " FROM splits JOIN split_members USING (signal_name, version)"
            " WHERE signal_name = ? GROUP BY version ORDER BY version",
            (signal_name,),
        )
        return [Split(**dict(row)) for row in rows]

    def _require_samples(self, signal_name: str, sample_ids: Sequence[str]) -> None:
        rows = self._db.rows("SELECT sample_id FROM samples WHERE signal_name = ?", (signal_name,))
        unknown = sorted(set(sample_ids) - {row["sample_id"] for row in rows})
        if unknown:
            raise NotFound(f"signal {signal_name!r} has no sample {unknown[0][:12]!r}")
