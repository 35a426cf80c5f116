"""CrossValidation: out-of-fold detections, from which calibration, thresholds and comparisons are made."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch

from rfhydra.hydra.backbone import BackgroundSet
from rfhydra.hydra.head import EmbeddingHead, HeadInfo, HeadStack
from rfhydra.training.data.training_set import TrainingSet
from rfhydra.training.evaluation.grouping import RecordingGroups
from rfhydra.training.evaluation.metrics import MIN_SCORE, ScoredScene
from rfhydra.training.heads.calibration import Calibration
from rfhydra.training.heads.logistic import EmbeddingLearner, detect_examples, detect_proposals

FOLDS: Final = 5
UNKNOWN_PER_SIGNAL: Final = 20


@dataclass(frozen=True, eq=False)
class Fold:
    """Detections of the head of one fold, down to a low score, in data that it was not trained on.

    Attributes:
        scenes: the held-out images, by sample id; where the signal is not labelled, every detection is a false alarm.
        background: the held-out scenes of the background set, weighted as if there were up to
            :data:`UNKNOWN_PER_SIGNAL` unlabelled emissions for each one of the signal.
    """

    scenes: dict[str, ScoredScene]
    background: list[ScoredScene]


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """Detections of all folds. Windows of one recording are held out together."""

    folds: Sequence[Fold]

    @classmethod
    def of(cls, training_set: TrainingSet, info: HeadInfo, epochs: int) -> "CrossValidation":
        """For each fold, train a head without it and run the head on it. The validation split has no part in it."""
        fold_of = _fold_numbers(training_set)
        examples = [*training_set.others, *training_set.own]
        truths = sum(len(example.truth) for example in examples)
        unknown_emissions = UNKNOWN_PER_SIGNAL * training_set.unknown_weight * truths
        folds = []
        for number in range(FOLDS):
            held_out = [example for example in examples if fold_of[example.sample.sample_id] == number]
            rest = training_set.without({example.sample.sample_id for example in held_out})
            if not held_out or not any(len(example.truth) for example in rest.own):
                continue
            background, in_fold = training_set.background, training_set.background.scenes % FOLDS == number
            learner = EmbeddingLearner(replace(rest, background=background.part(~in_fold)), info)
            for _ in range(epochs):
                learner.train_epoch()
            head = learner.head()
            found = detect_examples(head, held_out, MIN_SCORE)
            scenes = {example.sample.sample_id: scene for example, scene in zip(held_out, found, strict=True)}
            folds.append(Fold(scenes, _detect_background(head, background.part(in_fold), unknown_emissions)))
        return cls(folds)

    @property
    def scenes(self) -> list[ScoredScene]:
        """Detections in all images, each by the head of its fold."""
        return [scene for fold in self.folds for scene in fold.scenes.values()]

    def calibrate(self) -> Calibration:
        """The calibration of all folds together."""
        return Calibration.fit([*self.scenes, *(scene for fold in self.folds for scene in fold.background)])

    def reported(self, sample_ids: Collection[str]) -> dict[str, ScoredScene]:
        """Calibrated detections in ``sample_ids``, cut at the threshold, both from the other folds."""
        found: dict[str, ScoredScene] = {}
        for fold in self.folds:
            wanted = {sample_id: scene for sample_id, scene in fold.scenes.items() if sample_id in sample_ids}
            if wanted:
                calibration = CrossValidation([other for other in self.folds if other is not fold]).calibrate()
                calibrated = calibration.apply_to([*wanted.values()])
                at_threshold = (scene.at(calibration.threshold) for scene in calibrated)
                found |= zip(wanted, at_threshold, strict=True)
        return found


def _detect_background(head: EmbeddingHead, background: BackgroundSet, unknown_emissions: float) -> list[ScoredScene]:
    """Detections of ``head``, all false, in each scene of ``background``, weighted as if it had that many emissions."""
    weight = unknown_emissions / max(int(background.emissions), 1)
    stack, no_boxes = HeadStack([head]), np.zeros((0, 4), np.float32)
    side = int(background.boxes.max().ceil()) if len(background) else 1
    scenes = []
    for number in torch.unique(background.scenes):
        part = background.part(background.scenes == number)
        found = detect_proposals(stack, part.boxes, part.embeddings, MIN_SCORE, (side, side))
        scenes.append(ScoredScene(found.boxes.numpy(), found.scores.numpy(), no_boxes, weight=weight))
    return scenes


def _fold_numbers(training_set: TrainingSet) -> dict[str, int]:
    """Fold of each example, by sample id. Recordings with the signal come first, so that every fold has its share."""
    labelled = [example for example in training_set.own if len(example.truth)]
    groups = RecordingGroups.of([example.sample for example in labelled])
    numbers: dict[str, int] = {}
    return {
        example.sample.sample_id: numbers.setdefault(groups.key_of(example.sample), len(numbers)) % FOLDS
        for example in [*labelled, *training_set.own, *training_set.others]
    }
