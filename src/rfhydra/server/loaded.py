"""The loaded heads of a server: in the detector, and on disk for the server after it."""

import logging
from collections.abc import Iterable

from rfhydra.detection.detector import HydraDetector
from rfhydra.errors import RfhydraError
from rfhydra.hydra.registry import VersionManager
from rfhydra.store.workspace import Workspace

_log = logging.getLogger(__name__)


class LoadedHeads:
    """Changes the loaded set on disk first, then in the detector. Used in the store executor."""

    def __init__(self, workspace: Workspace, versions: VersionManager, detector: HydraDetector) -> None:
        self._workspace, self._versions, self._detector = workspace, versions, detector

    def restore(self) -> None:
        """Load what the server before this one had loaded, in the same versions.

        A head that cannot be loaded is left out and logged. It stays in the set on disk: under the body that it was
        made for it is loaded again.
        """
        heads = {}
        for name, version in self._workspace.loaded.versions().items():
            try:
                heads[name] = self._versions.load_head(name, version, self._detector.backbone)
            except (RfhydraError, OSError) as error:
                reason = error.strerror if isinstance(error, OSError) else error  # an OSError's own text names a path
                _log.warning("version %d of the head of %s is not loaded again: %s", version, name, reason)
        self._detector.load_heads(heads)

    def load(self, signal_names: Iterable[str], who: str) -> None:
        """Add the active heads of ``signal_names``; all of them or, on an error, none.

        Raises:
            NotFound: a signal has no active version.
            Incompatible: a head does not fit the contract or the backbone, or has drifted.
            StorageFull: there is no room on the disk.
        """
        heads = self._versions.load_heads(signal_names, self._detector.backbone)
        self._workspace.loaded.load({name: head.version for name, head in heads.items()}, who)
        self._detector.load_heads(heads)

    def unload(self, signal_names: Iterable[str] | None, who: str) -> None:
        """Take ``signal_names`` (None: all) out, also those that could not be loaded again.

        Raises:
            StorageFull: there is no room on the disk.
        """
        names = None if signal_names is None else set(signal_names)
        self._workspace.loaded.unload(names, who)
        self._detector.unload_heads(names)
