"""Training of a provisional head, from fewer samples than can be split, validated or cross-validated.

What the samples cannot tell comes from elsewhere (docs/decisions/0028):

- Who draws one box seldom boxes the other emissions of the signal in that window. Proposals there that are like the box
  are therefore no negatives. What is alike is told by a linear discriminant of the box against the background set
  (Hariharan, Malik and Ramanan, "Discriminative decorrelation for clustering and classification", 2012), which needs
  no other negative.
- The threshold lies between the scores of the user's boxes and those of the background set, which are known, at a
  place that was measured on heads of known signals.
"""

from dataclasses import dataclass, replace
from typing import Any, Final, Self

import torch
from torch import Tensor

from rfhydra.config import IOU_THRESHOLD
from rfhydra.hydra.head import EmbeddingHead, HeadInfo, head_features
from rfhydra.hydra.vision import box_iou
from rfhydra.store.versions import PROVISIONAL
from rfhydra.training.data.assignment import Rois, mean_log_size
from rfhydra.training.data.training_set import TrainingExample, TrainingSet
from rfhydra.training.evaluation.metrics import evaluate
from rfhydra.training.heads.calibration import Calibration
from rfhydra.training.heads.embedding import calibrated_head, proposal_recall, with_golden
from rfhydra.training.heads.logistic import EmbeddingLearner, detect_examples
from rfhydra.training.heads.trained import Trained
from rfhydra.training.trainer import Control, run_unvalidated

MAX_EPOCHS: Final = 15
"""The loss is convex and has converged by then."""
MAX_LIKENESS: Final = 0.6
"""Of a negative: 0 is the mean of the background set, 1 the mean of the user's boxes."""
SHRINKAGE: Final = 1.0
"""Of the covariance of the background set, in parts of the mean variance."""
BACKGROUND_QUANTILE: Final = 0.999
BACKGROUND_FOLDS: Final = 2
MIN_DISTANCE: Final = 1.0
"""Of the boxes' logit from the background set's; a smaller one is a signal that cannot be told from others."""
SLOPE: Final = 1.3
"""Of the calibrated logit: its value at the mean of the user's boxes."""
PROVISIONAL_THRESHOLD: Final = 0.5


def train_provisional_head(training_set: TrainingSet, info: HeadInfo, epochs: int, control: Control) -> Trained:
    """Train a head on the images of ``training_set``, which has no validation, for at most :data:`MAX_EPOCHS`.

    Its metrics have no rates: ``own_boxes_found`` of ``own_boxes``, which it was trained on, are no validation.

    Raises:
        Cancelled: ``control`` is cancelled.
    """
    training_set = without_alike(training_set)
    learner = EmbeddingLearner(training_set, replace(info, candidates=training_set.rule))
    outcome = run_unvalidated(learner, min(epochs, MAX_EPOCHS), control)
    control.on_stage("calibrating")
    calibration = calibrate(learner.head(), training_set, outcome.epochs_trained)
    head = calibrated_head(learner.head(), calibration)
    found = evaluate(detect_examples(head, training_set.own, calibration.threshold), calibration.threshold)
    metrics: dict[str, Any] = {
        PROVISIONAL: True,
        "f1_score": None,
        "precision": None,
        "recall": None,
        "val_loss": None,
        "best_epoch": outcome.best_epoch,
        "threshold": calibration.threshold,
        "iou": IOU_THRESHOLD,
        "own_boxes": found.tp + found.fn,
        "own_boxes_found": found.tp,
        "proposal_recall": proposal_recall(training_set.own),
    }
    head = replace(head, info=replace(head.info, metrics=metrics))
    return Trained(with_golden(head, training_set), outcome, metrics, {})


def without_alike(training_set: TrainingSet) -> TrainingSet:
    """``training_set`` less those unlabelled proposals in its own images that are like the user's boxes.

    Proposals that touch a box remain negatives: they are parts of what the user boxed, or hold more than it.
    """
    direction = _Direction.of(training_set)

    def cleaned(example: TrainingExample) -> TrainingExample:
        unlabelled = example.assigned.unlabelled
        touches = (box_iou(unlabelled.boxes, example.truth) > 0).any(1)
        kept = touches | (direction.likeness(unlabelled) < MAX_LIKENESS)
        return replace(example, assigned=replace(example.assigned, unlabelled=unlabelled[kept]))

    own, augmented = ([cleaned(each) for each in part] for part in (training_set.own, training_set.augmented))
    return replace(training_set, own=own, augmented=augmented)


@dataclass(frozen=True, eq=False)
class _Direction:
    """The linear discriminant of a user's boxes against the background set.

    Attributes:
        weight: float32 (d + 4,).
        size_mean: float32 (2,), as in :class:`EmbeddingHead`.
        zero: projection of the background set's mean; ``one`` is that of the user's boxes.
    """

    weight: Tensor
    size_mean: Tensor
    zero: Tensor
    one: Tensor

    @classmethod
    def of(cls, training_set: TrainingSet) -> Self:
        size_mean = mean_log_size([example.assigned for example in training_set.own])
        positive = Rois.cat([example.assigned.positive for example in training_set.own])
        background = Rois(training_set.background.boxes, training_set.background.embeddings)
        wanted = head_features(positive.boxes, positive.embeddings, size_mean).mean(0)
        if not len(background):  # nothing is known about other signals: what is near the boxes is alike
            return cls(wanted, size_mean, torch.zeros(()), wanted @ wanted)
        others = head_features(background.boxes, background.embeddings, size_mean)
        centred = others - others.mean(0)
        covariance = centred.T @ centred / len(others)
        shrunk = covariance + SHRINKAGE * covariance.diagonal().mean() * torch.eye(len(wanted))
        weight = torch.linalg.solve(shrunk, wanted - others.mean(0))
        return cls(weight, size_mean, others.mean(0) @ weight, wanted @ weight)

    def likeness(self, rois: Rois) -> Tensor:
        """0 at the mean of the background set, 1 at that of the user's boxes; (n,)."""
        projected = head_features(rois.boxes, rois.embeddings, self.size_mean) @ self.weight
        return (projected - self.zero) / (self.one - self.zero).clamp_min(1e-6)


def calibrate(head: EmbeddingHead, training_set: TrainingSet, epochs: int) -> Calibration:
    """The prior calibration of ``head``: a threshold halfway between the background set and the user's boxes.

    One end is the logit that :data:`BACKGROUND_QUANTILE` of the background set stays below, out of fold; the other is
    the mean logit of the user's boxes and their jittered copies.
    """
    jittered = [Rois(each.features.jittered, each.features.jittered_embeddings) for each in training_set.own]
    own = float(_logits(head, Rois.cat(jittered)).mean())
    background = _background_logits(training_set, head.info, epochs)
    low = float(torch.quantile(background, BACKGROUND_QUANTILE)) if len(background) else 0.0
    half = max(own - low, MIN_DISTANCE) / 2
    slope = SLOPE / half
    return Calibration(slope, -slope * (own - half), PROVISIONAL_THRESHOLD)


def _background_logits(training_set: TrainingSet, info: HeadInfo, epochs: int) -> Tensor:
    """Logits (n,) of the background set, each by a head that was trained without its half of the scenes."""
    found = []
    for number in range(BACKGROUND_FOLDS):
        background, in_fold = training_set.background, training_set.background.scenes % BACKGROUND_FOLDS == number
        held_out = background.part(in_fold)
        learner = EmbeddingLearner(replace(training_set, background=background.part(~in_fold)), info)
        for _ in range(epochs):
            learner.train_epoch()
        found.append(_logits(learner.head(), Rois(held_out.boxes, held_out.embeddings)))
    return torch.cat(found)


def _logits(head: EmbeddingHead, rois: Rois) -> Tensor:
    return head_features(rois.boxes, rois.embeddings, head.size_mean) @ head.weight + head.bias
