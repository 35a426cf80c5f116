"""VersionManager: create, promote, roll back, retire and load head versions.

Only loading a head imports torch: listing and promoting versions does without.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self, Unpack

from rfhydra.config import (
    AUTO_PROMOTE_EXCELLENT_F1,
    AUTO_PROMOTE_MIN_GAIN,
    BACKBONE_VERSION,
    MAX_VERSIONS_KEPT,
    MIN_SAMPLES_FOR_TRAINING,
    check_name,
)
from rfhydra.errors import NotFound
from rfhydra.protocol.versions import Registry, VersionHistory
from rfhydra.store.versions import PROVISIONAL, VersionFields
from rfhydra.store.workspace import Workspace

if TYPE_CHECKING:
    from rfhydra.hydra.backbone import Backbone
    from rfhydra.hydra.head import EmbeddingHead
    from rfhydra.hydra.loading import LoadedHead

PROVISIONAL_REASON: Final = (
    f"provisional: nothing validates it; {MIN_SAMPLES_FOR_TRAINING} samples make a version that is validated"
)
PROVISIONAL_KEPT: Final = (
    f"it is validated, and a provisional version cannot replace it; add samples up to {MIN_SAMPLES_FOR_TRAINING} and"
    " train again"
)
_MAX_LISTED: Final = 10
_ROUNDING: Final = 1e-9  # 0.82 - 0.80 is a gain of 0.02


@dataclass(frozen=True)
class Artifact:
    """A serialised head with its kind, contract and backbone."""

    kind: str
    spec_id: str
    backbone_id: str
    data: bytes

    @classmethod
    def of(cls, head: "EmbeddingHead") -> Self:
        return cls(head.kind, head.info.spec_id, head.info.backbone_id, head.to_bytes())


def meets_floor(before: float | None, after: float) -> tuple[bool, str]:
    """The floor of the promotion rule: whether an F1 of ``before`` may be replaced by one of ``after``, and why.

    A gain of 2 points, or from F1 0.95 on no loss. Without a former version (``before`` is None) any F1 above 0.
    """
    if before is None and after > 0:
        return True, "first version of this signal"
    if before is None:
        return False, "it finds none of its validation boxes (F1 0)"
    gain = after - before
    if gain >= AUTO_PROMOTE_MIN_GAIN - _ROUNDING:
        return True, f"F1 improved {100 * gain:.1f} points"
    if after >= AUTO_PROMOTE_EXCELLENT_F1 and gain >= 0:
        return True, f"F1 is at least {AUTO_PROMOTE_EXCELLENT_F1} and did not regress"
    return False, f"less than {100 * AUTO_PROMOTE_MIN_GAIN:.0f} points gained"


class VersionManager:
    """Versions of every signal's head in one workspace. Each change is one transaction with its audit entry."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace, self.spec = workspace, workspace.spec
        self._versions = workspace.versions

    def create_version(
        self, signal_name: str, artifact: Artifact, *, notes: str | None = None, **fields: Unpack[VersionFields]
    ) -> int:
        """Store ``artifact`` as the signal's next version, not yet active; returns its number."""
        stored = self._versions.add(
            signal_name=signal_name,
            kind=artifact.kind,
            artifact=artifact.data,
            spec_id=artifact.spec_id,
            backbone_id=artifact.backbone_id,
            notes=notes or "",
            **fields,
        )
        return stored.version

    def should_auto_promote(
        self, signal_name: str, metrics: dict[str, Any], active_metrics: dict[str, Any] | None = None
    ) -> tuple[bool, str]:
        """Whether a candidate with ``metrics`` meets the floor of the promotion rule, and why.

        See :func:`meets_floor`. Trainings also ask for evidence (:func:`rfhydra.training.promotion.judge`).

        Args:
            signal_name: the signal.
            metrics: of the candidate.
            active_metrics: of the active version **on the same validation boxes**; default are its stored ones, which
                compare only if the validation set is the same.
        """
        active = self._versions.active(signal_name)
        head = None if active is None else self._versions.get(signal_name, active)
        is_open = head is None or head.is_provisional or not head.is_runnable
        if metrics.get(PROVISIONAL):
            return is_open, PROVISIONAL_REASON if is_open else f"kept version {active}: {PROVISIONAL_KEPT}"
        after = float(metrics["f1_score"])
        if head is None or is_open:
            return meets_floor(None, after)
        where = "as stored" if active_metrics is None else "on the same validation boxes"
        before = float((active_metrics or head.metrics)["f1_score"])
        promotes, reason = meets_floor(before, after)
        kept = "" if promotes else f"kept version {active}: "
        return promotes, f"{kept}{reason} (F1 {before:.3f} → {after:.3f} against version {active} {where})"

    def promote_version(self, signal_name: str, version: int, reason: str = "", who: str | None = None) -> None:
        """Make ``version`` the active one.

        Raises:
            InvalidName: not a legal signal name.
            NotFound: there is no such signal or version.
            Conflict: it is provisional, and the active version is not.
            Incompatible: it is of a kind that is no longer run.
        """
        self._versions.activate(check_name(signal_name), version, reason, who)

    def rollback(self, signal_name: str, reason: str = "", who: str | None = None) -> int:
        """Return to the version that was active before the current one; returns its number.

        Raises:
            InvalidName: not a legal signal name.
            NotFound: the signal has no version.
            Conflict: no other version was active before.
            Incompatible: that version is of a kind that is no longer run.
        """
        self._require_signal(signal_name)
        return self._versions.rollback(signal_name, reason, who)

    def cleanup_old_versions(self, signal_name: str, keep: int = MAX_VERSIONS_KEPT) -> list[int]:
        """Retire all but the newest ``keep`` versions, never the active, the previous or a loaded one.

        Returns what went.
        """
        return self._versions.retire(signal_name, keep)

    def require_active(self, signal_name: str) -> int:
        """The signal's active version.

        Raises:
            InvalidName: not a legal signal name.
            NotFound: it has none.
        """
        version = self._versions.active(check_name(signal_name))
        if version is None:
            names = [head.signal_name for head in self._versions.active_heads()]
            known = f"; there are heads of {_listed(names)}" if names else ""
            raise NotFound(f"signal {signal_name!r} has no active head: train it, or promote a version{known}")
        return version

    def fitting(self, backbone_id: str) -> list[str]:
        """The signals whose active head runs on the backbone."""
        return [head.signal_name for head in self._versions.active_heads() if head.runs_on(backbone_id)]

    def load_head(self, signal_name: str, version: int | None, backbone: "Backbone") -> "LoadedHead":
        """A stored head, bound to the workspace's contract and to ``backbone``; ``version`` None is the active one.

        Its name is ``signal_name``, also where it was trained before the signal was renamed.

        Raises:
            InvalidName: not a legal signal name.
            NotFound: there is no such version, or no active one.
            Incompatible: it was made for another contract or backbone, is of a kind that is no longer run, or its
                golden vectors fail.
            Damaged: its artifact does not match its digest.
        """
        from rfhydra.hydra.loading import LoadedHead

        number = self.require_active(signal_name) if version is None else version
        row = self._versions.get(signal_name, number)
        row.require_runnable()
        loaded = LoadedHead.read(self._versions.artifact(row), number, self.spec, backbone)
        return loaded.named(signal_name)

    def load_heads(self, signal_names: Iterable[str], backbone: "Backbone") -> "dict[str, LoadedHead]":
        """The active heads of ``signal_names`` by name, for :meth:`HydraDetector.load_heads`; see :meth:`load_head`."""
        return {name: self.load_head(name, None, backbone) for name in signal_names}

    def get_version_history(self, signal_name: str) -> VersionHistory:
        """The live versions of a signal, oldest first.

        Raises:
            InvalidName: not a legal signal name.
            NotFound: the signal has no version.
        """
        self._require_signal(signal_name)
        active = self._versions.active(signal_name)
        versions = [row.info(active) for row in self._versions.list(signal_name)]
        previous = self._versions.previous(signal_name)
        return VersionHistory(
            signal_name=signal_name, active_version=active, versions=versions, previous_version=previous
        )

    def get_registry(self) -> Registry:
        """Every signal with its active version; none is marked as loaded, see :meth:`Registry.with_loaded`."""
        return Registry(backbone_version=BACKBONE_VERSION, signals=self._versions.registry())

    def _require_signal(self, signal_name: str) -> None:
        if not self._versions.list(check_name(signal_name)):
            raise NotFound(f"signal {signal_name!r} has no versions: train it first")


def _listed(names: list[str]) -> str:
    """The first of ``names``, as many as fit a line."""
    shown = sorted(names)[:_MAX_LISTED]
    return ", ".join(shown) + (" …" if len(names) > len(shown) else "")
