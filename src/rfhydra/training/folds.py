"""Scores of heads that never saw what they look at: what calibration, thresholds and comparisons are made of."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch

from rfhydra.hydra.backbone import Reference
from rfhydra.hydra.head import EmbeddingHead, HeadInfo, HeadStack
from rfhydra.training.calibration import Calibration
from rfhydra.training.evaluation import LEAST_SCORE
from rfhydra.training.lessons import Material
from rfhydra.training.logistic import EmbeddingLearner, detect_lessons, detect_regions
from rfhydra.training.metrics import Scored

FOLDS: Final = 5
OTHERS_PER_SIGNAL: Final = 20


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Detections, down to a low score, by heads that never saw what they look at.

    ``scenes`` are the samples, those of other signals among them: what a head finds there is a false alarm.
    ``reference`` are the reference scenes, weighted as if up to :data:`OTHERS_PER_SIGNAL` emissions that nobody
    labelled were heard for each of the signal's. ``origins`` are the fold and the sample id of each of ``scenes``,
    ``reference_folds`` the fold of each of ``reference``.
    """

    scenes: list[Scored]
    reference: list[Scored]
    origins: list[tuple[int, str]]
    reference_folds: list[int]

    @classmethod
    def of(cls, material: Material, info: HeadInfo, epochs: int) -> "OutOfFold":
        """Train on all but one fold, detect on that fold, for each fold.

        A recording is held out whole. Where the signal has a single one, a window is, with every label in it. An image
        that is labelled for several signals is one scene.
        """
        folds = _folds(material)
        lessons = {lesson.sample.image_digest: lesson for lesson in [*material.others, *material.own]}.values()
        scenes: list[Scored] = []
        general: list[Scored] = []
        origins: list[tuple[int, str]] = []
        general_folds: list[int] = []
        strangers = OTHERS_PER_SIGNAL * material.strangers * sum(len(lesson.truth) for lesson in lessons)
        for fold in range(FOLDS):
            own = [lesson for lesson in material.own if folds[lesson.sample.sample_id] != fold]
            others = [lesson for lesson in material.others if folds[lesson.sample.sample_id] != fold]
            held_out = [lesson for lesson in lessons if folds[lesson.sample.sample_id] == fold]
            if not own or not held_out:
                continue
            away = material.reference.scenes % FOLDS == fold
            views = [lesson for lesson in material.views if folds[lesson.sample.sample_id] != fold]
            learner = EmbeddingLearner(Material(own, others, material.reference.part(~away), views), [], info)
            for _ in range(epochs):
                learner.train_epoch()
            head = learner.head()
            scenes += detect_lessons(head, held_out, LEAST_SCORE)
            general += _detect_reference(head, material.reference.part(away), strangers)
            origins += [(fold, lesson.sample.sample_id) for lesson in held_out]
            general_folds += [fold] * (len(general) - len(general_folds))
        return cls(scenes, general, origins, general_folds)

    def reported(self, sample_ids: Collection[str]) -> dict[str, Scored]:
        """What a calibrated head reports in ``sample_ids`` that knows neither the sample nor its scores.

        Calibration and threshold of each fold come from the other folds.
        """
        found: dict[str, Scored] = {}
        for fold in {fold for fold, sample_id in self.origins if sample_id in sample_ids}:
            rest = [scene for scene, (other, _) in zip(self.scenes, self.origins, strict=True) if other != fold]
            rest += [scene for scene, other in zip(self.reference, self.reference_folds, strict=True) if other != fold]
            calibration = Calibration.fit(rest)
            for scene, (own, sample_id) in zip(self.scenes, self.origins, strict=True):
                if own == fold and sample_id in sample_ids:
                    (scaled,) = calibration.apply_to([scene])
                    found[sample_id] = scaled.at(calibration.threshold)
        return found


def _detect_reference(head: EmbeddingHead, reference: Reference, strangers: float) -> list[Scored]:
    """What ``head`` finds in each reference scene, all of it false, as if there were so many ``strangers`` in all."""
    weight = strangers / max(int(reference.emissions), 1)
    stack, nothing = HeadStack([head]), np.zeros((0, 4), np.float32)
    side = int(reference.boxes.max().ceil()) if len(reference) else 1
    scenes = []
    for number in torch.unique(reference.scenes):
        seen = reference.part(reference.scenes == number)
        found = detect_regions(stack, seen.boxes, seen.embeddings, LEAST_SCORE, (side, side))
        scenes.append(Scored(found.boxes.numpy(), found.scores.numpy(), nothing, weight=weight))
    return scenes


def _folds(material: Material) -> dict[str, int]:
    """Which fold each sample is held out in, by sample id: what has one origin is held out together."""
    by_recording = len({lesson.sample.recording or lesson.sample.image_digest for lesson in material.own}) > 1
    numbers: dict[str, int] = {}  # of origins; the signal's own come first, so that every fold has its share of them
    folds = {}
    for lesson in [*material.own, *material.others]:
        sample = lesson.sample
        origin = sample.recording if by_recording and sample.recording else sample.image_digest
        folds[sample.sample_id] = numbers.setdefault(origin, len(numbers)) % FOLDS
    return folds
