"""Loaded heads with their thresholds, and missions, which are named sets of them, on the wire."""

from functools import partial
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, FiniteFloat

from rfhydra.config import MAX_HEADS, NAME_PATTERN, check_name
from rfhydra.protocol.base import BaseCommand, BaseMessage
from rfhydra.protocol.fields import SignalName, WireModel

MissionName: TypeAlias = Annotated[
    str,
    AfterValidator(partial(check_name, field="mission_name")),
    Field(json_schema_extra={"pattern": f"^{NAME_PATTERN}$"}),
]
Threshold: TypeAlias = Annotated[FiniteFloat, Field(ge=0, le=1)]


class HeadThreshold(WireModel):
    """The score threshold of a loaded head."""

    threshold: float
    """The threshold that is used."""
    own_threshold: float
    """The one that the head was calibrated to."""
    is_overridden: bool
    """Whether ``set_threshold`` or a mission has set it."""


class LoadedHeads(BaseMessage):
    """The loaded heads. Pushed to subscribers of ``heads`` when they change."""

    type: Literal["loaded_heads"] = "loaded_heads"
    heads: list[str]
    """Names of the signals, sorted."""
    versions: dict[str, int]
    """Loaded version by signal name."""
    thresholds: dict[str, HeadThreshold] = Field(default_factory=dict)
    """Threshold by signal name."""


class MissionHead(WireModel):
    """One head of a mission."""

    signal_name: SignalName
    """The signal. Its active version is loaded."""
    threshold: Threshold | None = None
    """Score threshold; null for the head's own."""


class Mission(WireModel):
    """A named set of heads with their thresholds."""

    mission_name: str
    """Its name."""
    saved_at: str
    """When it was saved last, UTC, ISO 8601."""
    heads: list[MissionHead]
    """Sorted by signal. Signals that were deleted are left out, and come back when they are restored."""


class Missions(BaseMessage):
    """All missions. Pushed to subscribers of ``missions`` when they change."""

    type: Literal["missions"] = "missions"
    missions: list[Mission]
    """Sorted by name."""


class SetThreshold(BaseCommand[LoadedHeads]):
    """Set the score threshold of a loaded head, from the next window on, in live streams, too.

    It holds until the head is unloaded: also for another version of it, and after a restart of the server.
    """

    command: Literal["set_threshold"] = "set_threshold"
    signal_name: SignalName
    """The signal, whose head is loaded."""
    threshold: Threshold | None = None
    """The threshold; absent or null for the head's own."""


class GetMissions(BaseCommand[Missions]):
    """Ask for all missions."""

    command: Literal["get_missions"] = "get_missions"


class SaveMission(BaseCommand[Missions]):
    """Save a set of heads under a name. A mission of that name is replaced.

    ``not_found`` where a signal has no active head, ``too_large`` over ``max_missions`` or ``max_mission_heads``.
    """

    command: Literal["save_mission"] = "save_mission"
    mission_name: MissionName
    """Its name, of the same form as that of a signal."""
    heads: Annotated[list[MissionHead], Field(min_length=1, max_length=MAX_HEADS, fail_fast=True)] | None = None
    """The heads, each signal once; absent: those that are loaded, with their thresholds."""


class LoadMission(BaseCommand[LoadedHeads]):
    """Load the active heads of a mission with its thresholds, and unload all others, at once; on an error, nothing."""

    command: Literal["load_mission"] = "load_mission"
    mission_name: MissionName
    """The mission."""


class RenameMission(BaseCommand[Missions]):
    """Give a mission another name; ``conflict`` where that is in use."""

    command: Literal["rename_mission"] = "rename_mission"
    mission_name: MissionName
    """The mission."""
    new_name: MissionName
    """Its new name."""


class DeleteMission(BaseCommand[Missions]):
    """Delete a mission. What is loaded stays loaded."""

    command: Literal["delete_mission"] = "delete_mission"
    mission_name: MissionName
    """The mission."""


MessageOnMissions: TypeAlias = LoadedHeads | Missions
CommandOnMissions: TypeAlias = SetThreshold | GetMissions | SaveMission | LoadMission | RenameMission | DeleteMission
