"""Scores of heads that never saw what they look at: what calibration, thresholds and comparisons are made of."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch

from rfhydra.hydra.backbone import BackgroundSet
from rfhydra.hydra.head import EmbeddingHead, HeadInfo, HeadStack
from rfhydra.training.calibration import Calibration
from rfhydra.training.evaluation import MIN_SCORE
from rfhydra.training.logistic import EmbeddingLearner, detect_examples, detect_proposals
from rfhydra.training.metrics import ScoredScene
from rfhydra.training.training_set import TrainingSet

FOLDS: Final = 5
UNKNOWN_PER_SIGNAL: Final = 20


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Detections, down to a low score, by heads that never saw what they look at.

    ``scenes`` are the samples, those of other signals among them: what a head finds there is a false alarm.
    ``background`` are the background scenes, weighted as if up to :data:`UNKNOWN_PER_SIGNAL` emissions that nobody
    labelled were heard for each of the signal's. ``origins`` are the fold and the sample id of each of ``scenes``,
    ``reference_folds`` the fold of each of ``background``.
    """

    scenes: list[ScoredScene]
    background: list[ScoredScene]
    origins: list[tuple[int, str]]
    reference_folds: list[int]

    @classmethod
    def of(cls, training_set: TrainingSet, info: HeadInfo, epochs: int) -> "OutOfFold":
        """Train on all but one fold, detect on that fold, for each fold.

        A recording is held out whole. Where the signal has a single one, a window is, with every label in it. An image
        that is labelled for several signals is one scene.
        """
        folds = _folds(training_set)
        examples = {
            example.sample.image_digest: example for example in [*training_set.others, *training_set.own]
        }.values()
        scenes: list[ScoredScene] = []
        general: list[ScoredScene] = []
        origins: list[tuple[int, str]] = []
        general_folds: list[int] = []
        unknown_weight = (
            UNKNOWN_PER_SIGNAL * training_set.unknown_weight * sum(len(example.truth) for example in examples)
        )
        for fold in range(FOLDS):
            own = [example for example in training_set.own if folds[example.sample.sample_id] != fold]
            others = [example for example in training_set.others if folds[example.sample.sample_id] != fold]
            held_out = [example for example in examples if folds[example.sample.sample_id] == fold]
            if not own or not held_out:
                continue
            away = training_set.background.scenes % FOLDS == fold
            views = [example for example in training_set.views if folds[example.sample.sample_id] != fold]
            learner = EmbeddingLearner(TrainingSet(own, others, training_set.background.part(~away), views), [], info)
            for _ in range(epochs):
                learner.train_epoch()
            head = learner.head()
            scenes += detect_examples(head, held_out, MIN_SCORE)
            general += _detect_reference(head, training_set.background.part(away), unknown_weight)
            origins += [(fold, example.sample.sample_id) for example in held_out]
            general_folds += [fold] * (len(general) - len(general_folds))
        return cls(scenes, general, origins, general_folds)

    def reported(self, sample_ids: Collection[str]) -> dict[str, ScoredScene]:
        """What a calibrated head reports in ``sample_ids`` that knows neither the sample nor its scores.

        Calibration and threshold of each fold come from the other folds.
        """
        found: dict[str, ScoredScene] = {}
        for fold in {fold for fold, sample_id in self.origins if sample_id in sample_ids}:
            rest = [scene for scene, (other, _) in zip(self.scenes, self.origins, strict=True) if other != fold]
            rest += [scene for scene, other in zip(self.background, self.reference_folds, strict=True) if other != fold]
            calibration = Calibration.fit(rest)
            for scene, (own, sample_id) in zip(self.scenes, self.origins, strict=True):
                if own == fold and sample_id in sample_ids:
                    (scaled,) = calibration.apply_to([scene])
                    found[sample_id] = scaled.at(calibration.threshold)
        return found


def _detect_reference(head: EmbeddingHead, background: BackgroundSet, unknown_weight: float) -> list[ScoredScene]:
    """What ``head`` finds in each background set scene, all of it false, as if there were so many ``strangers`` in all."""
    weight = unknown_weight / max(int(background.emissions), 1)
    stack, nothing = HeadStack([head]), np.zeros((0, 4), np.float32)
    side = int(background.boxes.max().ceil()) if len(background) else 1
    scenes = []
    for number in torch.unique(background.scenes):
        seen = background.part(background.scenes == number)
        found = detect_proposals(stack, seen.boxes, seen.embeddings, MIN_SCORE, (side, side))
        scenes.append(ScoredScene(found.boxes.numpy(), found.scores.numpy(), nothing, weight=weight))
    return scenes


def _folds(training_set: TrainingSet) -> dict[str, int]:
    """Which fold each sample is held out in, by sample id: what has one origin is held out together."""
    by_recording = len({example.sample.recording or example.sample.image_digest for example in training_set.own}) > 1
    numbers: dict[str, int] = {}  # of origins; the signal's own come first, so that every fold has its share of them
    folds = {}
    for example in [*training_set.own, *training_set.others]:
        sample = example.sample
        origin = sample.recording if by_recording and sample.recording else sample.image_digest
        folds[sample.sample_id] = numbers.setdefault(origin, len(numbers)) % FOLDS
    return folds
