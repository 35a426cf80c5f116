"""What the workspace holds, in memory: the registry and the number of samples. Pushed when it changes.

It is read in the store executor and accepted on the event loop, so that a snapshot and the pushes after it fit
together.
"""

import itertools
from collections.abc import Callable, Collection
from dataclasses import dataclass

from rfhydra.config import BACKBONE_VERSION
from rfhydra.hydra.registry import VersionManager
from rfhydra.protocol.messages import Registry, SampleCounts
from rfhydra.server.hub import Hub
from rfhydra.store.workspace import Workspace


@dataclass(frozen=True)
class Contents:
    """What was there at one moment; a later moment has a higher ``revision``. The registry only if it was asked for."""

    revision: int
    counts: dict[str, int]
    registry: Registry | None


class RegistryCache:
    """The latest contents of a workspace."""

    def __init__(
        self, workspace: Workspace, versions: VersionManager, hub: Hub, loaded: Callable[[], Collection[str]]
    ) -> None:
        self._workspace, self._versions, self._hub, self._loaded = workspace, versions, hub, loaded
        self._revisions = itertools.count(1)
        self._counts_revision = self._registry_revision = 0
        self._counts: dict[str, int] = {}
        self._registry = Registry(backbone_version=BACKBONE_VERSION, signals={})
        self._told_registry, self._told_counts = self.registry(), self.counts()

    def read(self) -> Contents:
        """What is there now. In the store executor."""
        return Contents(next(self._revisions), self._workspace.samples.counts(), self._versions.get_registry())

    def read_counts(self) -> Contents:
        """What is there now of samples. In the store executor."""
        return Contents(next(self._revisions), self._workspace.samples.counts(), None)

    def accept(self, contents: Contents) -> None:
        """Take what was read for the latest, unless it is older, and push what has changed. On the event loop."""
        if contents.revision > self._counts_revision:
            self._counts_revision, self._counts = contents.revision, contents.counts
        if contents.registry is not None and contents.revision > self._registry_revision:
            self._registry_revision, self._registry = contents.revision, contents.registry
        self.tell()

    def tell(self) -> None:
        """Push what has changed, the loaded heads included."""
        registry, counts = self.registry(), self.counts()
        if registry != self._told_registry:
            self._told_registry = registry
            self._hub.publish("registry", registry)
        if counts != self._told_counts:
            self._told_counts = counts
            self._hub.publish("samples", counts)

    def registry(self) -> Registry:
        return self._registry.with_loaded(self._loaded())

    def counts(self) -> SampleCounts:
        return SampleCounts(signals=self._counts)
