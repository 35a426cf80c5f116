"""Handlers of the commands for missions, and for the thresholds of loaded heads."""

from collections.abc import Callable

from rfhydra.protocol.missions import (
    DeleteMission,
    GetMissions,
    LoadedHeads,
    LoadMission,
    MissionHead,
    Missions,
    RenameMission,
    SaveMission,
    SetThreshold,
)
from rfhydra.server.net.hub import Session
from rfhydra.server.service import Service


async def set_threshold(service: Service, session: Session, command: SetThreshold) -> LoadedHeads:
    name, threshold = command.signal_name, command.threshold
    await service.store.run(lambda: service.loaded.set_threshold(name, threshold, session.name))
    service.registry_cache.push_changes()
    return service.loaded.message()


async def load_mission(service: Service, session: Session, command: LoadMission) -> LoadedHeads:
    most = service.limits.max_heads
    await service.store.run(lambda: service.loaded.load_mission(command.mission_name, most, session.name))
    service.registry_cache.push_changes()
    return service.loaded.message()


async def get_missions(service: Service, session: Session, command: GetMissions) -> Missions:
    await service.refresh()
    return service.registry_cache.missions()


async def save_mission(service: Service, session: Session, command: SaveMission) -> Missions:
    loaded = service.detector.loaded_heads()
    present = [MissionHead(signal_name=name, threshold=each.override) for name, each in loaded.items()]
    heads = present if command.heads is None else command.heads
    store, limits = service.workspace.missions, service.limits
    return await _changed(service, lambda: store.save(command.mission_name, heads, limits, session.name))


async def rename_mission(service: Service, session: Session, command: RenameMission) -> Missions:
    rename = service.workspace.missions.rename
    return await _changed(service, lambda: rename(command.mission_name, command.new_name, session.name))


async def delete_mission(service: Service, session: Session, command: DeleteMission) -> Missions:
    return await _changed(service, lambda: service.workspace.missions.delete(command.mission_name, session.name))


async def _changed(service: Service, change: Callable[[], None]) -> Missions:
    await service.store.run(change)
    await service.refresh()
    return service.registry_cache.missions()
