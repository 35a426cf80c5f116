"""Versions of the loaded heads of a server, stored so that the next server loads the same.

Invariant: loaded versions are live; retention never retires one.
"""

from collections.abc import Iterable, Mapping

from rfhydra.errors import NotFound
from rfhydra.store.audit import AuditLog
from rfhydra.store.database import Database
from rfhydra.store.versions import VersionStore


class LoadedStore:
    """The loaded heads of a workspace, at most one version per signal. Every change is one transaction."""

    def __init__(self, db: Database, versions: VersionStore, audit: AuditLog) -> None:
        self._db = db
        self._versions = versions
        self._audit = audit

    def versions(self) -> dict[str, int]:
        """The version of each loaded head, by signal name, sorted."""
        rows = self._db.rows("SELECT signal_name, version FROM loaded_heads ORDER BY signal_name")
        return {row["signal_name"]: row["version"] for row in rows}

    def thresholds(self) -> dict[str, float]:
        """The threshold of each loaded head for which one was set, by signal name."""
        rows = self._db.rows("SELECT signal_name, threshold FROM loaded_heads WHERE threshold IS NOT NULL")
        return {row["signal_name"]: row["threshold"] for row in rows}

    def load(self, versions: Mapping[str, int], who: str | None = None) -> None:
        """Add ``versions``, by signal name, replacing other versions of the same signals; all or, on an error, none.

        A threshold that was set for a signal stays.

        Raises:
            NotFound: there is no such version, or it is retired.
            StorageFull: there is no room on the disk; nothing was changed.
        """
        with self._db.transaction() as connection:
            loaded = self.versions()
            for name, version in versions.items():
                self._versions.get(name, version)
                former = loaded.get(name)
                if version != former:
                    connection.execute(
                        "INSERT INTO loaded_heads (signal_name, version) VALUES (?, ?)"
                        " ON CONFLICT (signal_name) DO UPDATE SET version = excluded.version",
                        (name, version),
                    )
                    self._audit.record("head.load", name, {"from": former, "to": version}, who)

    def unload(self, signal_names: Iterable[str] | None = None, who: str | None = None) -> None:
        """Remove ``signal_names`` (default: all). Names that are not loaded are no error.

        Raises:
            StorageFull: there is no room on the disk; nothing was changed.
        """
        with self._db.transaction() as connection:
            loaded = self.versions()
            for name in sorted(loaded if signal_names is None else loaded.keys() & set(signal_names)):
                connection.execute("DELETE FROM loaded_heads WHERE signal_name = ?", (name,))
                self._audit.record("head.unload", name, {"from": loaded[name]}, who)

    def set_threshold(self, signal_name: str, threshold: float | None, who: str | None = None) -> None:
        """Set the threshold of a loaded head; None for the head's own.

        Raises:
            NotFound: the head is not loaded.
            StorageFull: there is no room on the disk; nothing was changed.
        """
        with self._db.transaction() as connection:
            if signal_name not in self.versions():
                raise NotFound(f"the head of {signal_name!r} is not loaded: load it first")
            former = self.thresholds().get(signal_name)
            if threshold != former:
                connection.execute(
                    "UPDATE loaded_heads SET threshold = ? WHERE signal_name = ?", (threshold, signal_name)
                )
                self._audit.record("head.threshold", signal_name, {"from": former, "to": threshold}, who)

    def replace(
        self, versions: Mapping[str, int], thresholds: Mapping[str, float | None], who: str | None = None
    ) -> None:
        """Load ``versions``, by signal name, with ``thresholds``, and unload all others; all or, on an error, nothing.

        Raises:
            NotFound: there is no such version, or it is retired.
            StorageFull: there is no room on the disk; nothing was changed.
        """
        with self._db.transaction():
            self.unload(self.versions().keys() - versions.keys(), who)
            self.load(versions, who)
            for name in versions:
                self.set_threshold(name, thresholds.get(name), who)
