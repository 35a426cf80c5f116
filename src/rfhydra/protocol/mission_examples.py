"""Examples of the commands and messages about loaded heads, their thresholds, and missions."""

from typing import Final

from rfhydra.protocol.example_values import LATER, SIGNAL
from rfhydra.protocol.missions import (
    DeleteMission,
    GetMissions,
    HeadThreshold,
    LoadedHeads,
    LoadMission,
    Mission,
    MissionHead,
    Missions,
    RenameMission,
    SaveMission,
    SetThreshold,
)

_NIGHT_WATCH: Final = "night-watch"

MISSION_COMMANDS: Final = (
    SetThreshold(id=25, signal_name=SIGNAL, threshold=0.6),
    SaveMission(id=26, mission_name="night", heads=[MissionHead(signal_name=SIGNAL, threshold=0.6)]),
    GetMissions(),
    RenameMission(id=27, mission_name="night", new_name=_NIGHT_WATCH),
    LoadMission(id=28, mission_name=_NIGHT_WATCH),
    DeleteMission(id=29, mission_name=_NIGHT_WATCH),
)
MISSION_MESSAGES: Final = (
    LoadedHeads(
        heads=[SIGNAL],
        versions={SIGNAL: 1},
        thresholds={SIGNAL: HeadThreshold(threshold=0.6, own_threshold=0.35, is_overridden=True)},
    ),
    Missions(
        missions=[Mission(mission_name="night", saved_at=LATER, heads=[MissionHead(signal_name=SIGNAL, threshold=0.6)])]
    ),
)
