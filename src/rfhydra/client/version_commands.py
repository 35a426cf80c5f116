"""The commands for versions, loaded heads, missions, cards and the audit log as typed methods."""

from collections.abc import Iterable, Mapping

from rfhydra.client.asking import Asking
from rfhydra.protocol import commands as ask
from rfhydra.protocol.audit import AuditTrail, GetAudit
from rfhydra.protocol.cards import CancelCard, Card, CardProgress, GetCard
from rfhydra.protocol.missions import (
    DeleteMission,
    GetMissions,
    LoadedHeads,
    LoadMission,
    Mission,
    MissionHead,
    RenameMission,
    SaveMission,
    SetThreshold,
)
from rfhydra.protocol.results import (
    CompareVersions,
    GetVersion,
    SetVersionNotes,
    VersionComparison,
    VersionDetail,
    VersionNotes,
)
from rfhydra.protocol.versions import Registry, VersionHistory, VersionPromoted, VersionRollback


class VersionCommands(Asking):
    """Every method raises errors of the server, as the class of their code, and ``Unreachable``."""

    async def promote_version(self, signal_name: str, version: int) -> VersionPromoted:
        """Make a version the active one."""
        return await self._ask(ask.PromoteVersion, signal_name=signal_name, version=version)

    async def rollback_signal(self, signal_name: str) -> VersionRollback:
        """Return to the version that was active before the current one."""
        return await self._ask(ask.RollbackSignal, signal_name=signal_name)

    async def get_version_history(self, signal_name: str) -> VersionHistory:
        """The versions of a signal's head, oldest first."""
        return await self._ask(ask.GetVersionHistory, signal_name=signal_name)

    async def get_registry(self) -> Registry:
        """Every signal with its active version."""
        return await self._ask(ask.GetRegistry)

    async def load_heads(self, signal_names: Iterable[str]) -> LoadedHeads:
        """Load the active heads of signals in addition; all or, on an error, none."""
        return await self._ask(ask.LoadHeads, signal_names=list(signal_names))

    async def unload_heads(self, signal_names: Iterable[str] | None = None) -> LoadedHeads:
        """Unload heads, by default all."""
        names = None if signal_names is None else list(signal_names)
        return await self._ask(ask.UnloadHeads, signal_names=names)

    async def get_loaded_heads(self) -> LoadedHeads:
        """The loaded heads."""
        return await self._ask(ask.GetLoadedHeads)

    async def set_threshold(self, signal_name: str, threshold: float | None = None) -> LoadedHeads:
        """Set the score threshold of a loaded head; None for its own.

        Raises:
            NotFound: it is not loaded.
        """
        return await self._ask(SetThreshold, signal_name=signal_name, threshold=threshold)

    async def get_missions(self) -> list[Mission]:
        """All missions, by name."""
        return (await self._ask(GetMissions)).missions

    async def save_mission(self, mission_name: str, heads: Mapping[str, float | None] | None = None) -> list[Mission]:
        """Save heads with their thresholds, None for a head's own, as a mission; by default those that are loaded.

        Raises:
            NotFound: a signal has no active head.
            TooLarge: there are too many missions, or heads in them.
        """
        chosen = None
        if heads is not None:
            chosen = [MissionHead(signal_name=name, threshold=threshold) for name, threshold in heads.items()]
        return (await self._ask(SaveMission, mission_name=mission_name, heads=chosen)).missions

    async def load_mission(self, mission_name: str) -> LoadedHeads:
        """Load the heads of a mission with its thresholds, and unload all others; on an error, nothing is changed."""
        return await self._ask(LoadMission, mission_name=mission_name)

    async def rename_mission(self, mission_name: str, new_name: str) -> list[Mission]:
        """Give a mission another name.

        Raises:
            Conflict: there is one of that name.
        """
        return (await self._ask(RenameMission, mission_name=mission_name, new_name=new_name)).missions

    async def delete_mission(self, mission_name: str) -> list[Mission]:
        """Delete a mission."""
        return (await self._ask(DeleteMission, mission_name=mission_name)).missions

    async def get_version(self, signal_name: str, version: int, *, examples: int = 20) -> VersionDetail:
        """One version with the results on its validation boxes, and so many missed boxes and false detections."""
        return await self._ask(GetVersion, signal_name=signal_name, version=version, examples=examples)

    async def set_version_notes(self, signal_name: str, version: int, notes: str) -> VersionNotes:
        """Replace the notes of a version."""
        return await self._ask(SetVersionNotes, signal_name=signal_name, version=version, notes=notes)

    async def compare_versions(
        self, signal_name: str, versions: Iterable[int], *, limit: int | None = None, cursor: str | None = None
    ) -> VersionComparison:
        """Two versions on the validation boxes that are new to both, with a page of these boxes.

        Raises:
            Conflict: there are none.
            Incompatible: a version runs on another backbone.
        """
        return await self._ask(
            CompareVersions, signal_name=signal_name, versions=list(versions), limit=limit, cursor=cursor
        )

    async def get_card(self, signal_name: str, version: int | None = None, *, include_picture: bool = False) -> Card:
        """The detectability card that is stored with a version, by default the active one."""
        return await self._ask(GetCard, signal_name=signal_name, version=version, include_picture=include_picture)

    async def cancel_card(self) -> CardProgress:
        """Stop the measurement of a card.

        Raises:
            NotFound: there is none.
        """
        return await self._ask(CancelCard)

    async def get_audit(
        self, signal_name: str | None = None, *, limit: int | None = None, cursor: str | None = None
    ) -> AuditTrail:
        """A page of the audit log, newest first, by default of all signals."""
        return await self._ask(GetAudit, signal_name=signal_name, limit=limit, cursor=cursor)
