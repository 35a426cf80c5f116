"""ScanPlan: what a scan runs on every recording, as plain data that goes to any process or machine."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from rfhydra.hydra.registry import VersionManager
from rfhydra.recordings.known import KnownFields
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.store.workspace import Workspace

if TYPE_CHECKING:
    from rfhydra.archive.emissions import EmissionDetector

_DIGITS: Final = 16


@dataclass(frozen=True)
class PlannedHead:
    """One version of a head, as it is stored in its workspace."""

    signal_name: str
    version: int
    artifact: bytes

    @property
    def digest(self) -> str:
        """First hex digits of the SHA-256 of the artifact: two workspaces may have the same signal and version."""
        return hashlib.sha256(self.artifact).hexdigest()[:_DIGITS]


@dataclass(frozen=True)
class ScanPlan:
    """The contract, the backbone and the head versions of a scan, fixed when it begins.

    Attributes:
        spec: the contract.
        backbone_id: id of the backbone.
        backbone_file: its file, on every machine of the scan; None for the one that ships.
        heads: sorted by signal; without any, only emissions are stored.
        threshold: minimum score; None for each head's own.
        min_objectness: of the proposals that are stored as emissions; 0 for all that the backbone makes.
        known: fields of recordings that do not state them.
    """

    spec: SpectrogramSpec
    backbone_id: str
    backbone_file: Path | None = None
    heads: tuple[PlannedHead, ...] = ()
    threshold: float | None = None
    min_objectness: float = 0.0
    known: KnownFields = field(default_factory=KnownFields)

    @classmethod
    def of(
        cls,
        workspace: Workspace,
        signal_names: Iterable[str],
        backbone_id: str,
        backbone_file: Path | None = None,
        **options: Any,
    ) -> Self:
        """A plan with the active heads of ``signal_names``; ``options`` are further attributes.

        Raises:
            InvalidName: not a legal signal name.
            NotFound: a signal has no active head.
            Incompatible: a head is of a kind that is no longer run.
            Damaged: an artifact does not match its digest.
        """
        manager, heads = VersionManager(workspace), []
        for name in sorted(set(signal_names)):
            row = workspace.versions.get(name, manager.require_active(name))
            row.require_runnable()
            heads.append(PlannedHead(name, row.version, workspace.versions.artifact(row)))
        return cls(workspace.spec, backbone_id, backbone_file, tuple(heads), **options)

    @property
    def versions(self) -> dict[str, int]:
        """The version of each head, by signal name."""
        return {head.signal_name: head.version for head in self.heads}

    def identity(self) -> dict[str, Any]:
        """All that the results depend on, as JSON: results of two plans may be mixed if and only if it is equal."""
        return {
            "contract": self.spec.spec_id,
            "backbone": self.backbone_id,
            "heads": {head.signal_name: {"version": head.version, "digest": head.digest} for head in self.heads},
            "threshold": self.threshold,
            "min_objectness": self.min_objectness,
            "known_fields": vars(self.known).copy(),
        }


@lru_cache(maxsize=1)
def detector_of(plan: ScanPlan) -> "EmissionDetector":
    """The detector of ``plan`` in this process, made once.

    Raises:
        Incompatible: the backbone file is another one than when the plan was made, or a head was made for another
            contract or backbone, or its golden vectors fail.
    """
    from rfhydra.archive.emissions import EmissionDetector
    from rfhydra.hydra.backbone_file import load_backbone
    from rfhydra.hydra.loading import LoadedHead
    from rfhydra.hydra.torch_backbone import best_device

    backbone = load_backbone(plan.backbone_file, best_device())
    backbone.require(plan.backbone_id, "this scan")
    detector = EmissionDetector(plan.spec, backbone, plan.min_objectness)
    detector.load_heads(
        {head.signal_name: LoadedHead.read(head.artifact, head.version, plan.spec, backbone) for head in plan.heads}
    )
    return detector
