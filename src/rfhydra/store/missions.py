"""Missions: named sets of heads with their thresholds.

Invariant: a signal of a mission exists, or is in the trash; its row follows it there (:mod:`rfhydra.store.signals`), so
that it is one of the mission again once the signal is restored.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from rfhydra.config import check_name
from rfhydra.errors import Conflict, InvalidMessage, NotFound, TooLarge
from rfhydra.protocol.limits import Limits
from rfhydra.protocol.missions import Mission, MissionHead
from rfhydra.store.audit import AuditLog
from rfhydra.store.columns import LIVE, utc_now
from rfhydra.store.database import Database
from rfhydra.store.versions import VersionStore

_FIELD: Final = "mission_name"
_MAX_LISTED: Final = 100


class MissionStore:
    """The missions of a workspace. Every change is one transaction, together with its audit entry."""

    def __init__(self, db: Database, versions: VersionStore, audit: AuditLog) -> None:
        self._db = db
        self._versions = versions
        self._audit = audit

    def all(self) -> list[Mission]:
        """Every mission, sorted by name, without deleted signals."""
        with self._db.unchanged():
            missions = self._db.rows("SELECT mission_name, saved_at FROM missions ORDER BY mission_name")
            heads = self._db.rows(f"SELECT * FROM mission_heads WHERE {LIVE} ORDER BY mission_name, signal_name")  # noqa: S608
        found: dict[str, list[MissionHead]] = {row["mission_name"]: [] for row in missions}
        for row in heads:
            found[row["mission_name"]].append(MissionHead(signal_name=row["signal_name"], threshold=row["threshold"]))
        return [
            Mission(mission_name=row["mission_name"], saved_at=row["saved_at"], heads=found[row["mission_name"]])
            for row in missions
        ]

    def get(self, mission_name: str) -> Mission:
        """One mission.

        Raises:
            NotFound: there is none of this name.
        """
        missions = self.all()
        found = next((each for each in missions if each.mission_name == mission_name), None)
        if found is None:
            names = ", ".join(each.mission_name for each in missions[:20])
            raise NotFound(f"there is no mission {mission_name[:64]!r}{f': there are {names}' if names else ''}")
        return found

    def save(self, mission_name: str, heads: Sequence[MissionHead], limits: Limits, who: str | None = None) -> None:
        """Save ``heads`` as a mission, in the place of one of the same name.

        Raises:
            InvalidName: ``mission_name`` is not a legal name.
            InvalidMessage: there are no heads, or a signal is named twice.
            NotFound: a signal has no active version.
            TooLarge: over a limit of missions or of their heads.
            StorageFull: there is no room on the disk; nothing was changed.
        """
        check_name(mission_name, _FIELD)
        names = [each.signal_name for each in heads]
        if not heads or len(set(names)) < len(names):
            raise InvalidMessage("heads must name at least one signal, and each signal once")
        limits.require("heads", len(heads), "max_heads")
        with self._db.transaction() as connection:
            for name in names:
                if self._versions.active(name) is None:
                    raise NotFound(f"signal {name!r} has no active head: train it, or promote a version")
            connection.execute("DELETE FROM mission_heads WHERE mission_name = ?", (mission_name,))
            connection.execute("INSERT OR REPLACE INTO missions VALUES (?, ?)", (mission_name, utc_now()))
            connection.executemany(
                "INSERT INTO mission_heads VALUES (?, ?, ?)",
                [(mission_name, each.signal_name, each.threshold) for each in heads],
            )
            self._require_room(limits)
            self._audit.record("mission.save", None, {_FIELD: mission_name, "heads": _detail(heads)}, who)

    def rename(self, mission_name: str, new_name: str, who: str | None = None) -> None:
        """Give a mission another name.

        Raises:
            InvalidName: ``new_name`` is not a legal name.
            NotFound: there is no such mission.
            Conflict: there is one of the new name.
            StorageFull: there is no room on the disk; nothing was changed.
        """
        check_name(new_name, "new_name")
        with self._db.transaction() as connection:
            self.get(mission_name)
            if mission_name == new_name:
                return
            if self._db.value("SELECT 1 FROM missions WHERE mission_name = ?", (new_name,)):
                raise Conflict(f"there is a mission {new_name!r} already: delete it, or choose another name")
            connection.execute("UPDATE missions SET mission_name = ? WHERE mission_name = ?", (new_name, mission_name))
            self._audit.record("mission.rename", None, {"from": mission_name, "to": new_name}, who)

    def delete(self, mission_name: str, who: str | None = None) -> None:
        """Delete a mission.

        Raises:
            NotFound: there is no such mission.
        """
        with self._db.transaction() as connection:
            self.get(mission_name)
            connection.execute("DELETE FROM missions WHERE mission_name = ?", (mission_name,))
            self._audit.record("mission.delete", None, {_FIELD: mission_name}, who)

    def _require_room(self, limits: Limits) -> None:
        """Raise :class:`TooLarge` if there are more missions, or heads of them, than there may be."""
        for table, limit, what in (
            ("missions", limits.max_missions, "max_missions"),
            ("mission_heads", limits.max_mission_heads, "max_mission_heads"),
        ):
            count = int(self._db.value(f"SELECT count(*) FROM {table}"))  # noqa: S608
            if count > limit:
                raise TooLarge(f"with this mission there are {count}, the limit is {limit} ({what}): delete another")


def _detail(heads: Sequence[MissionHead]) -> Mapping[str, float | None] | int:
    """What the audit log says of them: each threshold, or of many heads their number."""
    return len(heads) if len(heads) > _MAX_LISTED else {each.signal_name: each.threshold for each in heads}
