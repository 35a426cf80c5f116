"""Training of an embedding head: fitted, then calibrated by what heads say out of fold, the folds cut by recording."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

import torch

from rfhydra.hydra.head import EmbeddingHead, Golden, HeadInfo
from rfhydra.training.assignment import Rois
from rfhydra.training.calibration import Calibration
from rfhydra.training.cross_validation import OutOfFold
from rfhydra.training.logistic import EmbeddingLearner, detect_examples
from rfhydra.training.report import Trained, escalation, report, validation_report
from rfhydra.training.trainer import Control, run_epochs
from rfhydra.training.training_set import TrainingExample, TrainingSet, proposal_recall

TINY_SET: Final = 20
GOLDEN_VECTORS: Final = 16


def train_embedding_head(
    training_set: TrainingSet,
    val: Sequence[TrainingExample],
    info: HeadInfo,
    epochs: int,
    control: Control,
    compared: Collection[str] = (),
) -> Trained:
    """A calibrated head trained on ``material`` and scored on ``val``.

    ``compared`` are the ids of training samples that another head is to be compared on.

    Raises:
        Cancelled: ``control`` said so.
    """
    learner = EmbeddingLearner(training_set, val, info)
    outcome = run_epochs(learner, epochs, control)
    folds = OutOfFold.of(training_set, info, outcome.best_epoch)
    calibration = Calibration.fit([*folds.scenes, *folds.background])
    head = calibrated_head(learner.head(), calibration)
    found = detect_examples(head, val, calibration.threshold)
    metrics = validation_report(found, calibration.threshold, outcome)
    compare_on = dict(zip((example.sample.sample_id for example in val), found, strict=True)) | folds.reported(compared)
    every = [*training_set.own, *val]
    if len(every) < TINY_SET:
        folds = OutOfFold.of(replace(training_set, own=every), info, outcome.best_epoch)
        found = calibration.apply_to(folds.scenes)
        metrics["cross_validation"] = report(found, calibration.threshold)
    metrics["proposal_recall"] = recall = proposal_recall(every)
    if advice := escalation(recall):
        metrics["advice"] = advice
    head = replace(head, info=replace(head.info, metrics=metrics))
    proposals = Rois.join((example.assigned.positive for example in every), training_set.dim)
    chosen = torch.linspace(0, len(proposals) - 1, min(GOLDEN_VECTORS, len(proposals))).long()
    head = replace(head, golden=Golden.record(head, proposals.boxes[chosen], proposals.embeddings[chosen]))
    return Trained(head, outcome, metrics, compare_on)


def calibrated_head(head: EmbeddingHead, calibration: Calibration) -> EmbeddingHead:
    """``head`` with calibrated scores and the threshold that goes with them."""
    return replace(
        head,
        weight=head.weight * calibration.slope,
        bias=head.bias * calibration.slope + calibration.offset,
        info=replace(head.info, threshold=calibration.threshold),
    )
