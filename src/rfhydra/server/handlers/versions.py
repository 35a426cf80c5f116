"""Handlers of the commands for versions and loaded heads."""

from rfhydra.protocol.commands import (
    GetLoadedHeads,
    GetRegistry,
    GetVersionHistory,
    LoadHeads,
    PromoteVersion,
    RollbackSignal,
    UnloadHeads,
)
from rfhydra.protocol.missions import LoadedHeads
from rfhydra.protocol.versions import Registry, VersionHistory, VersionPromoted, VersionRollback
from rfhydra.server.net.hub import Session
from rfhydra.server.service import Service


async def promote_version(service: Service, session: Session, command: PromoteVersion) -> VersionPromoted:
    name, version = command.signal_name, command.version

    def change() -> None:
        service.versions.promote_version(name, version, "promoted by the operator", session.name)

    await service.store.run(change)
    await service.refresh()
    return VersionPromoted(signal_name=name, version=version)


async def rollback_signal(service: Service, session: Session, command: RollbackSignal) -> VersionRollback:
    name = command.signal_name
    version = await service.store.run(
        lambda: service.versions.rollback(name, "rolled back by the operator", session.name)
    )
    await service.refresh()
    return VersionRollback(signal_name=name, active_version=version)


async def get_version_history(service: Service, session: Session, command: GetVersionHistory) -> VersionHistory:
    return await service.store.run(lambda: service.versions.get_version_history(command.signal_name))


async def get_registry(service: Service, session: Session, command: GetRegistry) -> Registry:
    await service.refresh()
    return service.registry_cache.registry()


async def load_heads(service: Service, session: Session, command: LoadHeads) -> LoadedHeads:
    names, limits = command.signal_names, service.limits
    limits.require("signal_names", len(names), "max_heads")

    def load() -> None:
        together = set(names) | set(service.detector.loaded_versions)
        limits.require("loaded heads", len(together), "max_heads")
        service.loaded.load(names, session.name)

    await service.store.run(load)
    return _loaded(service)


async def unload_heads(service: Service, session: Session, command: UnloadHeads) -> LoadedHeads:
    await service.store.run(lambda: service.loaded.unload(command.signal_names, session.name))
    return _loaded(service)


async def get_loaded_heads(service: Service, session: Session, command: GetLoadedHeads) -> LoadedHeads:
    return service.loaded.message()


def _loaded(service: Service) -> LoadedHeads:
    service.registry_cache.push_changes()  # the registry says which heads are loaded
    return service.loaded.message()
