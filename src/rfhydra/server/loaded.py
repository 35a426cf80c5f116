"""LoadedHeadSet: the loaded heads of a server, on disk and in its detector."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from rfhydra.detection.detector import HydraDetector
from rfhydra.errors import Conflict, NotFound, RfhydraError, TooLarge
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.loading import LoadedHead
from rfhydra.hydra.registry import VersionManager
from rfhydra.protocol.missions import HeadThreshold, LoadedHeads
from rfhydra.protocol.signals import DeletedSignal
from rfhydra.store.workspace import Workspace

_log = logging.getLogger(__name__)
T = TypeVar("T")


class LoadedHeadSet:
    """The loaded heads: stored on disk first, then set in the detector. Used in the store executor."""

    def __init__(self, workspace: Workspace, versions: VersionManager, detector: HydraDetector) -> None:
        self._workspace, self._versions, self._detector = workspace, versions, detector

    @property
    def backbone_id(self) -> str:
        """Id of the backbone that they run on."""
        return self._detector.backbone.backbone_id

    def names(self) -> set[str]:
        """The signals whose heads run."""
        return set(self._detector.loaded_versions)

    def message(self) -> LoadedHeads:
        """The heads that run, with their thresholds."""
        heads = self._detector.loaded_heads()
        return LoadedHeads(
            heads=list(heads),
            versions={name: each.version for name, each in heads.items()},
            thresholds={
                name: HeadThreshold(
                    threshold=each.threshold,
                    own_threshold=each.head.info.threshold,
                    is_overridden=each.override is not None,
                )
                for name, each in heads.items()
            },
        )

    def restore(self) -> None:
        """Load the stored versions.

        A head that cannot be loaded is skipped and logged, but stays stored: it is loaded again with the backbone that
        it runs on.
        """
        heads = {}
        for name, version in self._workspace.loaded.versions().items():
            try:
                heads[name] = self._versions.load_head(name, version, self._detector.backbone)
            except (RfhydraError, OSError) as error:
                reason = error.strerror if isinstance(error, OSError) else error  # the text of an OSError names a path
                _log.warning("version %d of the head of %s is not loaded again: %s", version, name, reason)
        self._detector.load_heads(self._with_thresholds(heads))

    def load(self, signal_names: Iterable[str], who: str) -> None:
        """Load the active heads of ``signal_names`` in addition; all or, on an error, none. Set thresholds stay.

        Raises:
            NotFound: a signal has no active version.
            Incompatible: a head does not fit the contract or the backbone, or has drifted.
            StorageFull: there is no room on the disk.
        """
        heads = self._versions.load_heads(signal_names, self._detector.backbone)
        self._workspace.loaded.load({name: head.version for name, head in heads.items()}, who)
        self._detector.load_heads(self._with_thresholds(heads))

    def load_mission(self, mission_name: str, max_heads: int, who: str) -> None:
        """Load the active heads of a mission with its thresholds, and unload all others, at once; or change nothing.

        Raises:
            NotFound: there is no such mission, or a signal of it has no active version any more.
            Conflict: all of its signals were deleted.
            TooLarge: it has more than ``max_heads``.
            Incompatible: a head does not fit the contract or the backbone, or has drifted.
            StorageFull: there is no room on the disk.
        """
        mission = self._workspace.missions.get(mission_name)
        thresholds = {each.signal_name: each.threshold for each in mission.heads}
        if not thresholds:
            raise Conflict(f"all signals of mission {mission_name!r} were deleted: restore one, or delete the mission")
        if len(thresholds) > max_heads:
            raise TooLarge(f"heads of the mission are {len(thresholds)}, the limit is {max_heads} (max_heads)")
        loaded = self._versions.load_heads(thresholds, self._detector.backbone)
        heads = {name: head.overridden(thresholds[name]) for name, head in loaded.items()}
        with self._workspace.db.transaction():
            self._workspace.loaded.replace({name: head.version for name, head in heads.items()}, thresholds, who)
            detail = {"mission_name": mission_name, "heads": len(heads)}
            self._workspace.audit.record("mission.load", None, detail, who)
        self._detector.replace(self._detector.backbone, heads)

    def set_threshold(self, signal_name: str, threshold: float | None, who: str) -> None:
        """Set the threshold of a loaded head; None for its own.

        Raises:
            NotFound: it is not loaded.
            StorageFull: there is no room on the disk.
        """
        if signal_name not in self.names():
            raise NotFound(f"the head of {signal_name!r} is not loaded: load it first")
        self._workspace.loaded.set_threshold(signal_name, threshold, who)
        self._detector.set_threshold(signal_name, threshold)

    def unload(self, signal_names: Iterable[str] | None, who: str) -> None:
        """Unload ``signal_names`` (None: all), also those that could not be loaded at the start.

        Raises:
            StorageFull: there is no room on the disk.
        """
        names = None if signal_names is None else set(signal_names)
        self._workspace.loaded.unload(names, who)
        self._detector.unload_heads(names)

    def rename(self, former: str, latest: str, who: str) -> None:
        """Rename a signal, and its head if it is loaded; logged tracks are left to :meth:`DetectionStore.rename_slice`.

        Raises:
            NotFound, Conflict, StorageFull: as :meth:`SignalStore.rename`.
        """
        self._workspace.signals.rename(former, latest, who, finish=False)
        self._detector.rename_head(former, latest)

    def delete(self, signal_name: str, who: str) -> DeletedSignal:
        """Move a signal to the trash, and unload its head.

        Raises:
            NotFound, Conflict, StorageFull: as :meth:`SignalStore.delete`.
        """
        deleted = self._workspace.signals.delete(signal_name, who)
        self._detector.unload_heads([signal_name])
        return deleted

    def replace_backbone(self, backbone: Backbone, change: Callable[[], T]) -> T:
        """Make a ``change`` of the workspace that leads to ``backbone``, and load what it says is loaded, at once.

        All or, on an error, nothing: the change is committed when every head is read. Loaded heads that do not run
        on it are left out, as :meth:`restore` does. A window is detected with the former heads or the new ones.

        Raises:
            Incompatible: a head does not fit the contract, or has drifted; or the backbone does not fit the contract.
            NotFound, Damaged: the artifact of a head is missing or damaged.
            and what ``change`` raises.
        """
        with self._workspace.db.transaction():
            result = change()
            loaded = self._workspace.loaded.versions().items()
            fitting = [pair for pair in loaded if self._workspace.versions.get(*pair).runs_on(backbone.backbone_id)]
            heads = {name: self._versions.load_head(name, version, backbone) for name, version in fitting}
            heads = self._with_thresholds(heads)
        self._detector.replace(backbone, heads)
        return result

    def _with_thresholds(self, heads: Mapping[str, LoadedHead]) -> dict[str, LoadedHead]:
        """The heads with the thresholds that are stored for them."""
        thresholds = self._workspace.loaded.thresholds()
        return {name: head.overridden(thresholds.get(name)) for name, head in heads.items()}
