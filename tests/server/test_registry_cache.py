import asyncio
from typing import Any

from rfhydra.hydra.registry import VersionManager
from rfhydra.protocol.messages import SampleCounts, read_message
from rfhydra.protocol.missions import LoadedHeads
from rfhydra.protocol.versions import Registry
from rfhydra.server.net.hub import Hub, Session
from rfhydra.server.net.outbox import Outbox
from rfhydra.server.registry_cache import RegistryCache
from rfhydra.store.workspace import Workspace
from tests.store.small_data import add_version
from tests.training import given


def _heads(names: set[str]) -> LoadedHeads:
    return LoadedHeads(heads=sorted(names), versions=dict.fromkeys(sorted(names), 1))


def test_what_changed_is_pushed_once_and_what_is_older_never(small: Workspace) -> None:
    async def run() -> list[Any]:
        hub, loaded = Hub(), set[str]()
        client = Session("test", Outbox(99, 1 << 20), authorised=True, topics={"registry", "samples"})
        hub.add(client)
        registry_cache = RegistryCache(small, VersionManager(small), hub, lambda: _heads(loaded))
        empty = registry_cache.read()
        given.add_noise(small, range(3), given.SIGNAL)
        registry_cache.accept(registry_cache.read_counts())
        registry_cache.accept(empty)
        registry_cache.accept(registry_cache.read())
        given.add_noise(small, range(3, 4), given.SIGNAL)
        registry_cache.accept(registry_cache.read_counts())
        assert registry_cache.counts().signals == {given.SIGNAL: 4}
        return [read_message(await client.outbox.take()) for _ in range(2)]

    assert asyncio.run(run()) == [SampleCounts(signals={given.SIGNAL: 3}), SampleCounts(signals={given.SIGNAL: 4})]


def test_the_registry_says_what_is_loaded(small: Workspace) -> None:
    async def run() -> list[Any]:
        hub, loaded = Hub(), set[str]()
        client = Session("test", Outbox(99, 1 << 20), authorised=True, topics={"registry"})
        hub.add(client)
        registry_cache = RegistryCache(small, VersionManager(small), hub, lambda: _heads(loaded))
        add_version(small, given.SIGNAL, spec_id=small.spec.spec_id)
        registry_cache.accept(registry_cache.read())
        loaded.add(given.SIGNAL)
        registry_cache.push_changes()
        registry_cache.push_changes()
        return [read_message(await client.outbox.take()) for _ in range(2)]

    first, second = asyncio.run(run())
    assert isinstance(first, Registry)
    assert isinstance(second, Registry)
    assert not first.signals[given.SIGNAL].is_loaded
    assert second.signals[given.SIGNAL].is_loaded
