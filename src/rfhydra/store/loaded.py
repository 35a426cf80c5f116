"""The loaded set: which version of which heads a server detects with, so that the next one goes on with the same.

This file owns the invariant that it names live versions only, and the versions never retire one that it names.
"""

from collections.abc import Iterable, Mapping

from rfhydra.store.audit import AuditLog
from rfhydra.store.database import Database
from rfhydra.store.versions import VersionStore


class LoadedStore:
    """The loaded set of a workspace: one version of a signal at most. Every change is one transaction."""

    def __init__(self, db: Database, versions: VersionStore, audit: AuditLog) -> None:
        self._db = db
        self._versions = versions
        self._audit = audit

    def versions(self) -> dict[str, int]:
        """The version of each loaded head, by signal name, sorted."""
        rows = self._db.rows("SELECT signal_name, version FROM loaded_heads ORDER BY signal_name")
        return {row["signal_name"]: row["version"] for row in rows}

    def load(self, versions: Mapping[str, int], who: str | None = None) -> None:
        """Add ``versions``, by signal name, each in place of another of its signal; all of them or, on an error, none.

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
                    connection.execute("INSERT OR REPLACE INTO loaded_heads VALUES (?, ?)", (name, version))
                    self._audit.record("head.load", name, {"from": former, "to": version}, who)

    def unload(self, signal_names: Iterable[str] | None = None, who: str | None = None) -> None:
        """Take ``signal_names`` (default: all) out. Names that are not loaded are no error.

        Raises:
            StorageFull: there is no room on the disk; nothing was changed.
        """
        with self._db.transaction() as connection:
            loaded = self.versions()
            for name in sorted(loaded if signal_names is None else loaded.keys() & set(signal_names)):
                connection.execute("DELETE FROM loaded_heads WHERE signal_name = ?", (name,))
                self._audit.record("head.unload", name, {"from": loaded[name]}, who)
