"""What a training has made, before and after it is stored. Storing it is the only change that a training makes.

A :class:`Fitted` is plain values, so that it can come from another process.
"""

from dataclasses import dataclass
from typing import Any

from rfhydra.hydra.registry import Artifact, VersionManager
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.splits import SplitDraft, SplitManager
from rfhydra.training.evaluation.promotion import Evidence, Verdict, judge


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A trained head that is not stored yet.

    ``metrics`` and ``previous_metrics`` are as in :class:`TrainingResult`. ``split`` is the split that the head was
    trained on, ``previous_version`` the one that was active then, ``evidence`` how the two compare, None where there is
    none to compare with.
    """

    signal_name: str
    artifact: Artifact
    metrics: dict[str, Any]
    split: SplitDraft
    epochs_trained: int
    early_stopped: bool
    training_time_sec: float
    notes: str | None
    previous_version: int | None
    previous_metrics: dict[str, Any] | None
    evidence: Evidence | None


@dataclass(frozen=True, kw_only=True)
class TrainingResult:
    """What a training made.

    ``metrics`` hold ``f1_score``, ``precision`` and ``recall`` on the validation split, and more beside them;
    ``previous_metrics`` are the formerly active version's on the same boxes, None where it cannot be run here.
    ``verdict`` says whether the new version was promoted and on what evidence, ``promotion_reason`` says it in words.
    """

    signal_name: str
    version: int
    sample_count: int
    epochs_trained: int
    early_stopped: bool
    metrics: dict[str, Any]
    training_time_sec: float
    notes: str | None = None
    previous_version: int | None = None
    previous_metrics: dict[str, Any] | None = None
    auto_promoted: bool = False
    promotion_reason: str | None = None
    verdict: dict[str, Any] | None = None


def store(workspace: Workspace, fitted: Fitted) -> TrainingResult:
    """Make ``fitted`` the signal's next version, promote it if it earned it, and retire old ones: all or nothing.

    It joins a transaction that is open. What it leaves without an owner goes with the next
    :meth:`Workspace.collect_garbage`.

    Raises:
        NotFound: a sample of the split has been deleted meanwhile.
        Conflict: another split was made meanwhile.
        StorageFull: there is no room on the disk; nothing was changed.
    """
    name, versions = fitted.signal_name, VersionManager(workspace)
    with workspace.db.transaction():
        verdict = _verdict(versions, fitted, workspace.versions.active(name))
        metrics = {**fitted.metrics, "verdict": verdict.to_dict()}
        version = versions.create_version(
            name,
            fitted.artifact,
            metrics=metrics,
            sample_count=fitted.split.sample_count,
            split_version=SplitManager(workspace).commit(name, fitted.split),
            epochs_trained=fitted.epochs_trained,
            early_stopped=fitted.early_stopped,
            training_time_sec=fitted.training_time_sec,
            notes=fitted.notes,
        )
        if verdict.promotes:
            versions.promote_version(name, version, verdict.reason)
        versions.cleanup_old_versions(name)
    return TrainingResult(
        signal_name=name,
        version=version,
        sample_count=fitted.split.sample_count,
        epochs_trained=fitted.epochs_trained,
        early_stopped=fitted.early_stopped,
        metrics=fitted.metrics,
        training_time_sec=fitted.training_time_sec,
        notes=fitted.notes,
        previous_version=fitted.previous_version,
        previous_metrics=fitted.previous_metrics,
        auto_promoted=verdict.promotes,
        promotion_reason=verdict.reason,
        verdict=verdict.to_dict(),
    )


def _verdict(versions: VersionManager, fitted: Fitted, active: int | None) -> Verdict:
    """Whether ``fitted`` should replace the version that is ``active`` now."""
    if active != fitted.previous_version:
        reason = f"kept version {active}, which was made active during the training: compare and promote by hand"
        return Verdict(decision="keep", reason=reason)
    if active is None:
        _, reason = versions.should_auto_promote(fitted.signal_name, fitted.metrics)
        return Verdict(decision="promote", reason=reason)
    evidence = fitted.evidence
    if evidence is None:
        return Verdict(decision="promote", reason=f"version {active} cannot be run here any more")
    least = versions.should_auto_promote(
        fitted.signal_name, {"f1_score": evidence.f1_score}, {"f1_score": evidence.active_f1_score}
    )
    return judge(evidence, active, promotable=least[0])
