"""Cache of the registry and the sample counts of a workspace, pushed to subscribers when they change.

Contents are read in the store executor and accepted on the event loop, so that a snapshot and the pushes after it are
consistent.
"""

import itertools
from collections.abc import Callable, Collection
from dataclasses import dataclass

from rfhydra.config import BACKBONE_VERSION
from rfhydra.hydra.registry import VersionManager
from rfhydra.protocol.messages import SampleCounts
from rfhydra.protocol.versions import Registry
from rfhydra.server.net.hub import Hub
from rfhydra.store.workspace import Workspace


@dataclass(frozen=True)
class Contents:
    """Contents at one moment; a later moment has a higher ``revision``. ``registry`` is None where it was not read."""

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
        self._pushed_registry, self._pushed_counts = self.registry(), self.counts()

    def read(self) -> Contents:
        """Read registry and sample counts. In the store executor."""
        return Contents(next(self._revisions), self._workspace.samples.counts(), self._versions.get_registry())

    def read_counts(self) -> Contents:
        """Read the sample counts. In the store executor."""
        return Contents(next(self._revisions), self._workspace.samples.counts(), None)

    def accept(self, contents: Contents) -> None:
        """Store ``contents`` unless newer ones are stored, and push changes. On the event loop."""
        if contents.revision > self._counts_revision:
            self._counts_revision, self._counts = contents.revision, contents.counts
        if contents.registry is not None and contents.revision > self._registry_revision:
            self._registry_revision, self._registry = contents.revision, contents.registry
        self.push_changes()

    def push_changes(self) -> None:
        """Push changes, also of the loaded heads."""
        registry, counts = self.registry(), self.counts()
        if registry != self._pushed_registry:
            self._pushed_registry = registry
            self._hub.publish("registry", registry)
        if counts != self._pushed_counts:
            self._pushed_counts = counts
            self._hub.publish("samples", counts)

    def registry(self) -> Registry:
        return self._registry.with_loaded(self._loaded())

    def counts(self) -> SampleCounts:
        return SampleCounts(signals=self._counts)
