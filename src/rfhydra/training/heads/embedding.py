"""Training of an embedding head: fit it, calibrate it on out-of-fold scores, report on it."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import torch

from rfhydra.config import MIN_PROPOSAL_RECALL
from rfhydra.hydra.head import EmbeddingHead, Golden, HeadInfo
from rfhydra.training.data.assignment import Rois
from rfhydra.training.data.training_set import TrainingExample, TrainingSet
from rfhydra.training.evaluation.metrics import MIN_SCORE, iou_matrix, report
from rfhydra.training.evaluation.validation import result_of
from rfhydra.training.heads.calibration import Calibration
from rfhydra.training.heads.cross_validation import CrossValidation
from rfhydra.training.heads.logistic import EmbeddingLearner, detect_examples
from rfhydra.training.heads.trained import Trained, validation_report
from rfhydra.training.trainer import Control, run_epochs

TINY_SET: Final = 20
GOLDEN_VECTORS: Final = 16


def train_embedding_head(
    training_set: TrainingSet, info: HeadInfo, epochs: int, control: Control, compared: Collection[str] = ()
) -> Trained:
    """Train a calibrated head.

    ``compared`` are the ids of training samples on which it is to be compared with another head.

    Raises:
        Cancelled: ``control`` is cancelled.
    """
    info = replace(info, candidates=training_set.rule)
    learner = EmbeddingLearner(training_set, info)
    outcome = run_epochs(learner, epochs, control)
    control.on_stage("calibrating")
    out_of_fold = CrossValidation.of(training_set, info, outcome.best_epoch)
    calibration = out_of_fold.calibrate()
    head = calibrated_head(learner.head(), calibration)
    scenes = detect_examples(head, training_set.val, MIN_SCORE)
    validation = (result_of(each.sample, scene) for each, scene in zip(training_set.val, scenes, strict=True))
    found = [scene.at(calibration.threshold) for scene in scenes]
    metrics = validation_report(found, calibration.threshold, outcome)
    val_ids = (example.sample.sample_id for example in training_set.val)
    compare_on = dict(zip(val_ids, found, strict=True)) | out_of_fold.reported(compared)
    every = [*training_set.own, *training_set.val]
    if len(every) < TINY_SET:
        out_of_fold = CrossValidation.of(replace(training_set, own=every), info, outcome.best_epoch)
        metrics["cross_validation"] = report(calibration.apply_to(out_of_fold.scenes), calibration.threshold)
    metrics["proposal_recall"] = recall = proposal_recall(every)
    if recall < MIN_PROPOSAL_RECALL:
        metrics["advice"] = (
            f"only {recall:.0%} of your boxes have a candidate at IoU 0.5, and what has none is not found: check that"
            " the boxes end where the emissions do, and whether another contract shows them larger (rfhydra suggest)"
        )
    head = replace(head, info=replace(head.info, metrics=metrics))
    return Trained(with_golden(head, training_set), outcome, metrics, compare_on, tuple(validation))


def with_golden(head: EmbeddingHead, training_set: TrainingSet) -> EmbeddingHead:
    """``head`` with golden vectors from the signal's boxes in ``training_set``, validation among them."""
    positives = Rois.cat([example.assigned.positive for example in (*training_set.own, *training_set.val)])
    chosen = torch.linspace(0, len(positives) - 1, min(GOLDEN_VECTORS, len(positives))).long()
    golden = positives[chosen]
    return replace(
        head,
        golden=Golden.record(head, golden.boxes, golden.embeddings),
        golden_candidates=training_set.golden_candidates,
    )


def proposal_recall(examples: Sequence[TrainingExample], iou: float = 0.5) -> float:
    """Share of the signal's boxes that a proposal or a candidate of the head's own covers with at least ``iou``."""
    best = [iou_matrix(example.truth.numpy(), example.features.proposals.numpy()) for example in examples]
    found = np.concatenate([overlap.max(1, initial=0.0) >= iou for overlap in best])
    return float(found.mean())


def calibrated_head(head: EmbeddingHead, calibration: Calibration) -> EmbeddingHead:
    """``head`` with calibrated scores and the threshold that goes with them."""
    return replace(
        head,
        weight=head.weight * calibration.slope,
        bias=head.bias * calibration.slope + calibration.offset,
        info=replace(head.info, threshold=calibration.threshold),
    )
