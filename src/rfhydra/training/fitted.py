"""Trained heads before they are stored, and the transaction that stores one: the only change that a training makes."""

from dataclasses import dataclass, replace
from typing import Any

from rfhydra.hydra.registry import Artifact, VersionManager
from rfhydra.protocol.types import Metrics, TrainingResult
from rfhydra.store.results import SampleResult
from rfhydra.store.versions import PROVISIONAL, HeadVersion
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.splits import SplitDraft, SplitManager
from rfhydra.training.evaluation.promotion import Evidence, Verdict, judge, judge_against_provisional, judge_provisional


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A trained head that is not stored yet: plain values, so that it can come from another process.

    ``metrics`` and ``previous_metrics`` are as in :class:`TrainingResult`, without the verdict. ``split`` is the split
    that the head was trained on, ``previous_version`` the version that was active then, ``evidence`` their comparison,
    None where the active version is missing or cannot run, or where there is no box that neither was trained on;
    ``validation`` are the results in the validation samples, none of a provisional head.
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
    validation: tuple[SampleResult, ...] = ()


def store(workspace: Workspace, fitted: Fitted) -> TrainingResult:
    """Store ``fitted`` as the signal's next version, promote it if the rule says so, retire old versions.

    All or nothing; joins an open transaction. Blobs that are no longer referenced go with the next
    :meth:`Workspace.collect_garbage`.

    Raises:
        NotFound: a sample of the split was deleted during the training.
        Conflict: another split was made during the training.
        StorageFull: there is no room on the disk; nothing was changed.
    """
    name, versions = fitted.signal_name, VersionManager(workspace)
    with workspace.db.transaction():
        verdict = _verdict(workspace, fitted)
        metrics = {**fitted.metrics, "verdict": verdict.to_dict()}
        version = _create_version(workspace, fitted, metrics)
        if verdict.promotes:
            versions.promote_version(name, version, verdict.reason)
        versions.cleanup_old_versions(name)
    previous = fitted.previous_metrics
    return TrainingResult(
        signal_name=name,
        version=version,
        sample_count=fitted.split.sample_count,
        epochs_trained=fitted.epochs_trained,
        early_stopped=fitted.early_stopped,
        metrics=Metrics.model_validate(metrics),
        previous_version=fitted.previous_version,
        previous_metrics=None if previous is None else Metrics.model_validate(previous),
        auto_promoted=verdict.promotes,
        promotion_reason=verdict.reason,
        training_time_sec=fitted.training_time_sec,
    )


def store_inactive(workspace: Workspace, fitted: Fitted, further_metrics: dict[str, Any]) -> int:
    """Store ``fitted`` as the signal's next version without a verdict, retire old versions; returns its number.

    ``further_metrics`` are stored with its metrics. All or nothing, and errors, as :func:`store`.
    """
    with workspace.db.transaction():
        version = _create_version(workspace, fitted, {**fitted.metrics, **further_metrics})
        VersionManager(workspace).cleanup_old_versions(fitted.signal_name)
    return version


def _create_version(workspace: Workspace, fitted: Fitted, metrics: dict[str, Any]) -> int:
    """The number of ``fitted``, now a version with ``metrics``, not active; commits its split, stores its results."""
    version = VersionManager(workspace).create_version(
        fitted.signal_name,
        fitted.artifact,
        metrics=metrics,
        sample_count=fitted.split.sample_count,
        split_version=SplitManager(workspace).commit(fitted.signal_name, fitted.split),
        epochs_trained=fitted.epochs_trained,
        early_stopped=fitted.early_stopped,
        training_time_sec=fitted.training_time_sec,
        notes=fitted.notes,
    )
    if fitted.validation:
        workspace.results.put(fitted.signal_name, version, fitted.validation)
    return version


def _verdict(workspace: Workspace, fitted: Fitted) -> Verdict:
    """Whether ``fitted`` replaces the version that is active now."""
    active = workspace.versions.active(fitted.signal_name)
    if active is None:
        return _verdict_on(workspace, fitted, None)
    former = workspace.versions.get(fitted.signal_name, active)
    if former.is_runnable:
        return _verdict_on(workspace, fitted, former)
    verdict = _verdict_on(workspace, fitted, None)  # no head can be worse than one that does not run
    reason = f"replaces version {active}, which is of kind {former.kind} and no longer run"
    return replace(verdict, reason=reason) if verdict.promotes else verdict


def _verdict_on(workspace: Workspace, fitted: Fitted, former: HeadVersion | None) -> Verdict:
    """Whether ``fitted`` replaces ``former``, which is active and runs on some backbone; None where nothing is that."""
    name, evidence, obstacle = fitted.signal_name, fitted.evidence, ""
    active, is_provisional = (None, False) if former is None else (former.version, former.is_provisional)
    if fitted.metrics.get(PROVISIONAL):
        return judge_provisional(fitted.metrics["own_boxes_found"], active, active_is_provisional=is_provisional)
    if active is not None and is_provisional:
        proof = evidence if active == fitted.previous_version else None
        return judge_against_provisional(fitted.metrics["f1_score"], active, proof)
    if active != fitted.previous_version:
        evidence, obstacle = None, f"version {active} was made active during the training"
    elif former is not None:
        is_foreign = former.backbone_id != fitted.artifact.backbone_id
        trained_on = f"was trained on backbone {former.backbone_id}"
        reason = trained_on if is_foreign else "no longer gives its stored detections"
        obstacle = f"version {active} {reason} and cannot run here"
    command = f"rfhydra promote DIR {name} {workspace.versions.next_version(name)}"
    return judge(fitted.metrics["f1_score"], active, evidence, obstacle=obstacle, command=command)
