"""Upgrades of a workspace's heads to another backbone: one transaction switches the whole set, another undoes it."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rfhydra.errors import Conflict, NotFound
from rfhydra.store.audit import AuditLog
from rfhydra.store.columns import LIVE, utc_now
from rfhydra.store.database import Database
from rfhydra.store.loaded import LoadedStore
from rfhydra.store.versions import VersionStore

MAX_NAMES: Final = 20
"""Signals that an error names; it counts the others."""


@dataclass(frozen=True, kw_only=True)
class UndoneUpgrade:
    """An upgrade that was undone: the backbone that is active again, and the active version of each signal in it."""

    backbone_id: str
    heads: dict[str, int]


class UpgradeStore:
    """The upgrades of a workspace. Loaded heads follow, so that the next server can run them on the same backbone."""

    def __init__(self, db: Database, versions: VersionStore, loaded: LoadedStore, audit: AuditLog) -> None:
        self._db = db
        self._versions = versions
        self._loaded = loaded
        self._audit = audit

    def last(self) -> tuple[str, str] | None:
        """Ids of the backbones of the last upgrade that is not undone, the new one and the former; None without any."""
        row = self._last()
        return None if row is None else (row["backbone_id"], row["former_backbone_id"])

    def switch(self, backbone_id: str, heads: Mapping[str, int], who: str | None = None) -> None:
        """Make the versions ``heads``, by signal name, active; all or, on an error, none.

        All were trained on ``backbone_id``, and each signal has an active version. A loaded head that does not run on
        it is replaced by the new version.

        Raises:
            NotFound: there is no such version, or it is retired.
            Conflict: a signal has no active version.
            StorageFull: there is no room on the disk; nothing was changed.
        """
        reason = f"upgrade to backbone {backbone_id}"
        with self._db.transaction() as connection:
            former_backbone, loaded = self._versions.active_backbone(), self._loaded.versions()
            upgrade_id = connection.execute(
                "INSERT INTO upgrades (at, backbone_id, former_backbone_id) VALUES (?, ?, ?)",
                (utc_now(), backbone_id, former_backbone),
            ).lastrowid
            for name, version in heads.items():
                former = self._versions.active(name)
                if former is None:
                    raise Conflict(f"signal {name!r} has no active version to upgrade: train it")
                self._versions.activate(name, version, reason, who)
                connection.execute(
                    "INSERT INTO upgraded_heads VALUES (?, ?, ?, ?)", (upgrade_id, name, version, former)
                )
                if name in loaded and not self._versions.get(name, loaded[name]).runs_on(backbone_id):
                    self._loaded.load({name: version}, who)
            detail = {"from": former_backbone, "to": backbone_id, "heads": len(heads)}
            self._audit.record("upgrade.switch", None, detail, who)

    def undo(self, who: str | None = None) -> UndoneUpgrade:
        """Undo the last upgrade that is not undone: each of its signals returns to the version that was active before.

        All or, on an error, none. What became active since is forgotten, as a rollback does. A loaded head is replaced
        by the former version if it is of the upgrade's backbone.

        Raises:
            Conflict: there is no upgrade to undo, or a former version is no longer kept.
            StorageFull: there is no room on the disk; nothing was changed.
        """
        with self._db.transaction() as connection:
            upgrade = self._last()
            if upgrade is None:
                raise Conflict("this workspace has no upgrade that could be undone")
            upgrade_id, backbone_id = upgrade["upgrade_id"], upgrade["backbone_id"]
            query = f"SELECT * FROM upgraded_heads WHERE upgrade_id = ? AND {LIVE}"  # noqa: S608
            rows = self._db.rows(query, (upgrade_id,))
            heads = {row["signal_name"]: row["former_version"] for row in rows}
            self._require_kept(heads)
            reason, loaded = f"undo of the upgrade to backbone {backbone_id}", self._loaded.versions()
            for name, version in heads.items():
                self._versions.return_to(name, version, reason, who)
                if name in loaded and self._versions.get(name, loaded[name]).runs_on(backbone_id):
                    self._loaded.load({name: version}, who)
            former = str(upgrade["former_backbone_id"])
            self._versions.use_backbone(former, None, reason, who)
            connection.execute("UPDATE upgrades SET undone_at = ? WHERE upgrade_id = ?", (utc_now(), upgrade_id))
            detail = {"from": backbone_id, "to": former, "heads": len(heads)}
            self._audit.record("upgrade.undo", None, detail, who)
        return UndoneUpgrade(backbone_id=former, heads=heads)

    def _last(self) -> sqlite3.Row | None:
        return self._db.row("SELECT * FROM upgrades WHERE undone_at IS NULL ORDER BY upgrade_id DESC LIMIT 1")

    def _require_kept(self, heads: Mapping[str, int]) -> None:
        gone = []
        for name, version in heads.items():
            try:
                self._versions.get(name, version)
            except NotFound:
                gone.append(f"{name} version {version}")
        if gone:
            raise Conflict(f"the upgrade cannot be undone, nothing was changed: no longer kept are {named(gone)}")


def named(texts: Sequence[str]) -> str:
    """``texts`` as a list for an error: at most ``MAX_NAMES`` of them, and how many others."""
    others = len(texts) - MAX_NAMES
    return ", ".join(texts[:MAX_NAMES]) + (f" and {others} others" if others > 0 else "")
