"""Cache of the registry, sample counts, missions and loaded heads, pushed to subscribers when they change.

Contents are read in the store executor and accepted on the event loop, so that a snapshot and the pushes after it are
consistent.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from rfhydra.config import BACKBONE_VERSION
from rfhydra.hydra.registry import VersionManager
from rfhydra.protocol.base import BaseMessage
from rfhydra.protocol.messages import SampleCounts
from rfhydra.protocol.missions import LoadedHeads, Missions
from rfhydra.protocol.types import Topic
from rfhydra.protocol.versions import Registry
from rfhydra.server.net.hub import Hub
from rfhydra.store.workspace import Workspace


@dataclass(frozen=True)
class Contents:
    """Contents at one moment; a later moment has a higher ``revision``. Those that were not read are None."""

    revision: int
    counts: dict[str, int]
    registry: Registry | None = None
    missions: Missions | None = None


class RegistryCache:
    """The latest contents of a workspace."""

    def __init__(
        self, workspace: Workspace, versions: VersionManager, hub: Hub, loaded: Callable[[], LoadedHeads]
    ) -> None:
        self._workspace, self._versions, self._hub, self._loaded = workspace, versions, hub, loaded
        self._revisions = itertools.count(1)
        self._counts_revision = self._registry_revision = 0
        self._counts: dict[str, int] = {}
        self._registry = Registry(backbone_version=BACKBONE_VERSION, signals={})
        self._missions = Missions(missions=[])
        self._pushed: dict[Topic, BaseMessage] = self._present()

    def read(self) -> Contents:
        """Read everything. In the store executor."""
        missions = Missions(missions=self._workspace.missions.all())
        counts, registry = self._workspace.samples.counts(), self._versions.get_registry()
        return Contents(next(self._revisions), counts, registry, missions)

    def read_counts(self) -> Contents:
        """Read the sample counts. In the store executor."""
        return Contents(next(self._revisions), self._workspace.samples.counts())

    def accept(self, contents: Contents) -> None:
        """Store ``contents`` unless newer ones are stored, and push changes. On the event loop."""
        if contents.revision > self._counts_revision:
            self._counts_revision, self._counts = contents.revision, contents.counts
        if contents.registry is not None and contents.revision > self._registry_revision:
            self._registry_revision, self._registry = contents.revision, contents.registry
            self._missions = contents.missions or self._missions
        self.push_changes()

    def push_changes(self) -> None:
        """Push changes, also of the loaded heads."""
        pushed, self._pushed = self._pushed, self._present()
        for topic, message in self._pushed.items():
            if message != pushed[topic]:
                self._hub.publish(topic, message)

    def _present(self) -> dict[Topic, BaseMessage]:
        return {
            "registry": self.registry(),
            "samples": self.counts(),
            "heads": self._loaded(),
            "missions": self.missions(),
        }

    def registry(self) -> Registry:
        return self._registry.with_loaded(self._loaded().versions)

    def missions(self) -> Missions:
        return self._missions

    def counts(self) -> SampleCounts:
        return SampleCounts(signals=self._counts)
