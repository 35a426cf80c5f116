"""Head versions of each signal, the active one and the activation history, and the backbone that they run on.

Invariants: a version number is never used twice; the active version is the top of the signal's activation history, a
stack that a rollback pops, so it goes back in the order of promotion, not of numbers; the active backbone is the one
that the last activated version was trained on, or before the first activation, the first stored one.
"""

import json
import sqlite3
from dataclasses import dataclass, field
from typing import Any, Final, TypedDict, Unpack

from rfhydra.config import MIN_SAMPLES_FOR_TRAINING, check_name
from rfhydra.errors import Conflict, Incompatible, InvalidMessage, NotFound
from rfhydra.protocol.types import Metrics, RegistryEntry, VersionInfo, is_run
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.store.audit import AuditLog
from rfhydra.store.blobs import BlobStore
from rfhydra.store.columns import LIVE, to_json, utc_now
from rfhydra.store.database import Database

PROVISIONAL: Final = "provisional"
"""In the metrics of a version: whether it was trained on too few samples to be validated."""


_MAX_NOTES: Final = 500  # characters in the audit log


class VersionFields(TypedDict):
    """What a training says of a version, as keyword arguments."""

    metrics: dict[str, Any]
    sample_count: int
    split_version: int | None
    epochs_trained: int
    early_stopped: bool
    training_time_sec: float


@dataclass(frozen=True, kw_only=True)
class HeadVersion:
    """One trained head of a signal, as a row.

    ``artifact_digest`` names the blob with its weights; ``metrics`` hold at least the fields of :class:`Metrics`, and
    ``provisional`` where the head is that;
    ``split_version`` is None where no split of this workspace was used. Times are UTC, ISO 8601; a version with
    ``retired_at`` is a tombstone.
    """

    signal_name: str
    version: int
    kind: str
    artifact_digest: str
    spec_id: str
    backbone_id: str
    metrics: dict[str, Any] = field(hash=False)
    sample_count: int
    split_version: int | None
    epochs_trained: int
    early_stopped: bool
    training_time_sec: float
    notes: str
    created_at: str
    retired_at: str | None = None

    @property
    def is_provisional(self) -> bool:
        """Whether it was trained on fewer samples than a version that is validated needs."""
        return bool(self.metrics.get(PROVISIONAL))

    @property
    def is_runnable(self) -> bool:
        """Whether heads of its kind are still run; the others are history."""
        return is_run(self.kind)

    def runs_on(self, backbone_id: str) -> bool:
        """Whether it runs on that backbone."""
        return self.is_runnable and self.backbone_id == backbone_id

    def require_runnable(self) -> None:
        """Raise :class:`Incompatible` if heads of its kind are no longer run."""
        if not self.is_runnable:
            raise Incompatible(
                f"version {self.version} of signal {self.signal_name!r} is of kind {self.kind}, which is no longer run:"
                " train the signal again, or upgrade the workspace"
            )

    def info(self, active: int | None) -> VersionInfo:
        """The version as it is shown; ``active`` is the signal's active version."""
        return VersionInfo.model_validate({**self.metrics, **vars(self), "is_active": self.version == active})


class VersionStore:
    """The head versions of a workspace. Every change is one transaction, together with its audit entry."""

    def __init__(self, db: Database, blobs: BlobStore, audit: AuditLog, spec: SpectrogramSpec) -> None:
        self._db = db
        self._blobs = blobs
        self._audit = audit
        self._spec = spec

    def add(
        self,
        *,
        signal_name: str,
        kind: str,
        artifact: bytes,
        spec_id: str,
        backbone_id: str,
        notes: str = "",
        who: str | None = None,
        **fields: Unpack[VersionFields],
    ) -> HeadVersion:
        """Store a head as the next version, not yet active.

        Raises:
            InvalidName: ``signal_name`` is not a legal name.
            Incompatible: ``spec_id`` is not the contract of this workspace.
            InvalidMessage: a required metric is missing, or ``metrics`` is not JSON.
            TooLarge: ``metrics`` takes more than ``MAX_JSON_BYTES``.
            NotFound: the signal has no such split.
            StorageFull: there is no room on the disk; nothing was changed.
        """
        check_name(signal_name)
        self._spec.require(spec_id, "the head")
        missing = [name for name in Metrics.model_fields if name not in fields["metrics"]]
        if missing:
            raise InvalidMessage(f"metrics lacks {', '.join(missing)}")
        with self._db.transaction() as connection:
            self._require_split(signal_name, fields["split_version"])
            fields["metrics"] = json.loads(to_json(fields["metrics"], "metrics"))
            head = HeadVersion(
                signal_name=signal_name,
                version=self.next_version(signal_name),
                kind=kind,
                artifact_digest=self._blobs.put(artifact),
                spec_id=spec_id,
                backbone_id=backbone_id,
                notes=notes,
                created_at=utc_now(),
                **fields,
            )
            connection.execute(_INSERT, {**vars(head), "metrics": json.dumps(head.metrics)})
            connection.execute("INSERT OR IGNORE INTO active_backbone VALUES (1, ?)", (backbone_id,))
            self._audit.record("version.add", signal_name, {"version": head.version, "kind": kind}, who)
        return head

    def get(self, signal_name: str, version: int, *, include_retired: bool = False) -> HeadVersion:
        """One version.

        Raises:
            NotFound: there is none with this number, or it is retired and ``include_retired`` is false.
        """
        row = self._db.row("SELECT * FROM head_versions WHERE signal_name = ? AND version = ?", (signal_name, version))
        if row is None:
            raise NotFound(f"signal {signal_name!r} has no version {version}")
        if row["retired_at"] is not None and not include_retired:
            raise NotFound(f"version {version} of signal {signal_name!r} was retired at {row['retired_at']}")
        return _from_row(row)

    def artifact(self, head: HeadVersion) -> bytes:
        """The bytes that the head was added with.

        Raises:
            NotFound: the version is retired and its blob has been collected.
            Damaged: the stored bytes do not match their digest.
        """
        return self._blobs.get(head.artifact_digest)

    def set_notes(self, signal_name: str, version: int, notes: str, who: str | None = None) -> None:
        """Replace the notes of a version.

        Raises:
            NotFound: there is no such version, or it is retired.
            StorageFull: there is no room on the disk; nothing was changed.
        """
        with self._db.transaction() as connection:
            former = self.get(signal_name, version).notes
            if notes != former:
                connection.execute(
                    "UPDATE head_versions SET notes = ? WHERE signal_name = ? AND version = ?",
                    (notes, signal_name, version),
                )
                detail = {"version": version, "from": former[:_MAX_NOTES], "to": notes[:_MAX_NOTES]}
                self._audit.record("version.notes", signal_name, detail, who)

    def next_version(self, signal_name: str) -> int:
        """The number that the next version of a signal will have."""
        highest = self._db.value("SELECT max(version) FROM head_versions WHERE signal_name = ?", (signal_name,))
        return int(highest or 0) + 1

    def active_backbone(self) -> str | None:
        """Id of the backbone that the workspace uses, None before its first version."""
        backbone_id: str | None = self._db.value("SELECT backbone_id FROM active_backbone")
        return backbone_id

    def active(self, signal_name: str) -> int | None:
        """The active version, or None where none was activated yet."""
        version: int | None = self._db.value(
            "SELECT version FROM activations WHERE signal_name = ? ORDER BY position DESC LIMIT 1", (signal_name,)
        )
        return version

    def active_heads(self) -> list[HeadVersion]:
        """The active version of each signal that has one, sorted by signal."""
        active = ((name, self.active(name)) for name in self.signals())
        return [self.get(name, version) for name, version in active if version is not None]

    def previous(self, signal_name: str) -> int | None:
        """The version that :meth:`rollback` would return to, or None."""
        entry = self._previous_entry(signal_name)
        return None if entry is None else int(entry["version"])

    def activate(self, signal_name: str, version: int, reason: str = "", who: str | None = None) -> None:
        """Make a version the active one. Nothing changes if it is that already.

        Raises:
            NotFound: there is no such version, or it is retired.
            Conflict: it is provisional, and the active version is not.
            Incompatible: it is of a kind that is no longer run.
        """
        with self._db.transaction():
            former = self.active(signal_name)
            if former != version:
                self.get(signal_name, version).require_runnable()
            if former is not None and former != version:
                _require_no_loss(self.get(signal_name, version), self.get(signal_name, former))
            self._activate(signal_name, version, reason, who)

    def _activate(self, signal_name: str, version: int, reason: str, who: str | None) -> None:
        with self._db.transaction() as connection:
            head, former = self.get(signal_name, version), self.active(signal_name)
            if version == former:
                return
            connection.execute("INSERT INTO activations (signal_name, version) VALUES (?, ?)", (signal_name, version))
            self._record_change("version.activate", head, former, reason, who)

    def rollback(self, signal_name: str, reason: str = "", who: str | None = None) -> int:
        """Return to the version that was active before the current one, skipping retired ones; returns its number.

        Raises:
            Conflict: there is no such version.
            Incompatible: it is of a kind that is no longer run.
        """
        with self._db.transaction():
            entry = self._previous_entry(signal_name)
            if entry is None:
                raise Conflict(f"signal {signal_name!r} cannot be rolled back: no other version was active before")
            self.get(signal_name, entry["version"]).require_runnable()
            self.return_to(signal_name, entry["version"], reason, who)
        return int(entry["version"])

    def return_to(self, signal_name: str, version: int, reason: str = "", who: str | None = None) -> None:
        """Make a former version the active one, as if it had never been replaced. Nothing changes if it is active.

        Raises:
            NotFound: there is no such version, or it is retired.
        """
        with self._db.transaction() as connection:
            head, former = self.get(signal_name, version), self.active(signal_name)
            position = self._db.value(
                "SELECT max(position) FROM activations WHERE signal_name = ? AND version = ?", (signal_name, version)
            )
            if version == former:
                return
            if position is None:  # it was rolled back
                self._activate(signal_name, version, reason, who)
                return
            connection.execute(
                "DELETE FROM activations WHERE signal_name = ? AND position > ?", (signal_name, position)
            )
            self._record_change("version.rollback", head, former, reason, who)

    def use_backbone(self, backbone_id: str, signal_name: str | None, reason: str = "", who: str | None = None) -> None:
        """Make a backbone the active one; ``signal_name`` is the signal whose head it is for, for the audit log."""
        former = self.active_backbone()
        if backbone_id == former:
            return
        with self._db.transaction() as connection:
            connection.execute("UPDATE active_backbone SET backbone_id = ?", (backbone_id,))
            detail = {"from": former, "to": backbone_id, "reason": reason}
            self._audit.record("backbone.activate", signal_name, detail, who)

    def retire(self, signal_name: str, keep: int, who: str | None = None) -> list[int]:
        """Retire all but the newest ``keep`` versions, but not the active, the previous or a loaded one; returns those.

        Raises:
            InvalidMessage: ``keep`` is less than 1.
        """
        if keep < 1:
            raise InvalidMessage(f"keep {keep} must be at least 1")
        with self._db.transaction() as connection:
            live = [head.version for head in self.list(signal_name)]
            in_use = {self.active(signal_name), self.previous(signal_name), self._loaded(signal_name)}
            needed = {*live[-keep:], *in_use}
            retired = [version for version in live if version not in needed]
            if retired:
                now = utc_now()
                connection.executemany(
                    "UPDATE head_versions SET retired_at = ? WHERE signal_name = ? AND version = ?",
                    [(now, signal_name, version) for version in retired],
                )
                self._audit.record("version.retire", signal_name, {"versions": retired, "keep": keep}, who)
        return retired

    def signals(self) -> list[str]:
        """The signals that have versions, sorted."""
        query = f"SELECT DISTINCT signal_name FROM head_versions WHERE {LIVE} ORDER BY signal_name"  # noqa: S608
        return [row[0] for row in self._db.rows(query)]

    def digests(self) -> set[str]:
        """Digests of the blobs of all live versions."""
        return {row[0] for row in self._db.rows("SELECT artifact_digest FROM head_versions WHERE retired_at IS NULL")}

    def list(self, signal_name: str) -> list[HeadVersion]:
        """The live versions of a signal, by number."""
        rows = self._db.rows(
            "SELECT * FROM head_versions WHERE signal_name = ? AND retired_at IS NULL ORDER BY version", (signal_name,)
        )
        return [_from_row(row) for row in rows]

    def registry(self) -> dict[str, RegistryEntry]:
        """The entry of each signal that has live versions, by signal name, sorted; none is marked as loaded."""
        return {row["signal_name"]: _registry_entry(row) for row in self._db.rows(_REGISTRY)}

    def _loaded(self, signal_name: str) -> int | None:
        version: int | None = self._db.value("SELECT version FROM loaded_heads WHERE signal_name = ?", (signal_name,))
        return version

    def _previous_entry(self, signal_name: str) -> sqlite3.Row | None:
        return self._db.row(
            "SELECT position, version FROM activations JOIN head_versions USING (signal_name, version)"
            " WHERE signal_name = ? AND retired_at IS NULL AND version <> ? ORDER BY position DESC LIMIT 1",
            (signal_name, self.active(signal_name)),
        )

    def _require_split(self, signal_name: str, split_version: int | None) -> None:
        found = self._db.row("SELECT 1 FROM splits WHERE signal_name = ? AND version = ?", (signal_name, split_version))
        if split_version is not None and found is None:
            raise NotFound(f"signal {signal_name!r} has no split {split_version}")

    def _record_change(self, action: str, head: HeadVersion, former: int | None, reason: str, who: str | None) -> None:
        """Audit that ``head`` became active, and make its backbone the active one."""
        detail = {"from": former, "to": head.version, "reason": reason}
        self._audit.record(action, head.signal_name, detail, who)
        self.use_backbone(head.backbone_id, head.signal_name, reason, who)


def _require_no_loss(head: HeadVersion, active: HeadVersion) -> None:
    """Raise :class:`Conflict` if ``head`` is provisional, and ``active`` is not and can run."""
    if head.is_provisional and active.is_runnable and not active.is_provisional:
        raise Conflict(
            f"version {head.version} of signal {head.signal_name!r} is provisional ({head.sample_count} samples) and"
            f" cannot replace version {active.version}, which is validated: add samples up to"
            f" {MIN_SAMPLES_FOR_TRAINING} and train again"
        )


_INSERT: Final = """
INSERT INTO head_versions VALUES (
    :signal_name, :version, :kind, :artifact_digest, :spec_id, :backbone_id, :metrics, :sample_count, :split_version,
    :epochs_trained, :early_stopped, :training_time_sec, :notes, :created_at, :retired_at
)
"""


_REGISTRY: Final = f"""
SELECT newest.signal_name, newest.created_at, active.version, active.metrics,
    coalesce(active.sample_count, newest.sample_count) AS sample_count
FROM (
    SELECT signal_name, max(version) AS version FROM head_versions
    WHERE retired_at IS NULL AND {LIVE} GROUP BY signal_name
)
JOIN head_versions AS newest USING (signal_name, version)
LEFT JOIN (SELECT signal_name, max(position) AS position FROM activations GROUP BY signal_name) AS top
    ON top.signal_name = newest.signal_name
LEFT JOIN activations ON activations.position = top.position
LEFT JOIN head_versions AS active
    ON active.signal_name = activations.signal_name AND active.version = activations.version
ORDER BY newest.signal_name
"""  # noqa: S608


def _registry_entry(row: sqlite3.Row) -> RegistryEntry:
    metrics = {} if row["metrics"] is None else json.loads(row["metrics"])
    return RegistryEntry(
        active_version=row["version"],
        active_head_version=row["version"],
        f1_score=metrics.get("f1_score"),
        precision=metrics.get("precision"),
        recall=metrics.get("recall"),
        sample_count=row["sample_count"],
        last_trained=row["created_at"],
        provisional=bool(metrics.get(PROVISIONAL)),
    )


def _from_row(row: sqlite3.Row) -> HeadVersion:
    columns = {**dict(row), "metrics": json.loads(row["metrics"]), "early_stopped": bool(row["early_stopped"])}
    return HeadVersion(**columns)
