"""Training of an embedding head: logistic regression on cached features, ridge regression of the boxes, calibration.

Convex, so L-BFGS gets there in milliseconds from wherever it begins, and a head that is extended begins at zero too; an
epoch is a few of its iterations. Threshold and calibration come from out-of-fold scores, the folds cut by recording.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from rfhydra.hydra.backbone import Reference, Regions
from rfhydra.hydra.head import Detections, EmbeddingHead, Golden, HeadInfo, HeadStack
from rfhydra.store.samples import Sample
from rfhydra.training.calibration import Calibration
from rfhydra.training.evaluation import LEAST_SCORE
from rfhydra.training.features import SampleFeatures
from rfhydra.training.metrics import Metrics, Scored, evaluate, iou_matrix
from rfhydra.training.report import Trained, escalation, report, validation_report
from rfhydra.training.trainer import Control, run_epochs
from rfhydra.training.vectors import (
    REFERENCE_SHARE,
    Labelled,
    RegionSet,
    Vectors,
    label_other,
    label_own,
    mean_log_size,
    refinement_pairs,
)

INPUT_SCALE: Final = 20.0
L2: Final = 1e-4
RIDGE: Final = 1.0
ITERATIONS_PER_EPOCH: Final = 4
FOLDS: Final = 5
TINY_SET: Final = 20
GOLDEN_VECTORS: Final = 16
OTHERS_PER_SIGNAL: Final = 20
SIGNALS_AMONG_STRANGERS: Final = 3  # a workspace with so few of them knows little of what is on the air


@dataclass(frozen=True, eq=False)
class Lesson:
    """A sample with its features and what they teach about the signal, whose boxes in it are ``truth`` (n, 4)."""

    sample: Sample
    features: SampleFeatures
    labelled: Labelled
    truth: Tensor

    @classmethod
    def own(cls, sample: Sample, features: SampleFeatures) -> "Lesson":
        """From a sample of the signal itself."""
        return cls(sample, features, label_own(features), features.positives)

    @classmethod
    def other(cls, sample: Sample, features: SampleFeatures, signal_name: str, *, same_image: bool) -> "Lesson":
        """From a sample of another signal; see :func:`label_other`."""
        named = torch.tensor([label == signal_name for label, _ in sample.negatives], dtype=torch.bool)
        labelled = label_other(features, named, same_image=same_image)
        return cls(sample, features, labelled, features.negatives[named])


@dataclass(frozen=True, eq=False)
class Material:
    """What a head of one signal is trained on: ``own`` samples, ``others``, of other signals, and the ``reference``.

    ``views`` are own samples as they would look elsewhere: to learn from, not to be judged on.
    """

    own: list[Lesson]
    others: list[Lesson]
    reference: Reference
    views: Sequence[Lesson] = ()

    @property
    def dim(self) -> int:
        return self.reference.embeddings.shape[1]

    @property
    def strangers(self) -> float:
        """How much the reference counts, 0..1: it stands for signals that nobody labelled (docs/decisions/0017)."""
        known = 1 + len({lesson.sample.signal_name for lesson in self.others})
        return min(1.0, (SIGNALS_AMONG_STRANGERS / known) ** 2)


def train_embedding_head(
    material: Material,
    val: Sequence[Lesson],
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
    learner = EmbeddingLearner(material, val, info)
    outcome = run_epochs(learner, epochs, control)
    folds = OutOfFold.of(material, info, outcome.best_epoch)
    calibration = Calibration.fit([*folds.scenes, *folds.reference])
    head = calibrated_head(learner.head(), calibration)
    found = detect_lessons(head, val, calibration.threshold)
    metrics = validation_report(found, calibration.threshold, outcome)
    compare_on = dict(zip((lesson.sample.sample_id for lesson in val), found, strict=True)) | folds.reported(compared)
    every = [*material.own, *val]
    if len(every) < TINY_SET:
        folds = OutOfFold.of(replace(material, own=every), info, outcome.best_epoch)
        found = calibration.apply_to(folds.scenes)
        metrics["cross_validation"] = report(found, calibration.threshold)
    metrics["proposal_recall"] = recall = proposal_recall(every)
    if advice := escalation(recall):
        metrics["advice"] = advice
    head = replace(head, info=replace(head.info, metrics=metrics))
    regions = RegionSet.join((lesson.labelled.positive for lesson in every), material.dim)
    chosen = torch.linspace(0, len(regions) - 1, min(GOLDEN_VECTORS, len(regions))).long()
    head = replace(head, golden=Golden.record(head, regions.boxes[chosen], regions.embeddings[chosen]))
    return Trained(head, outcome, metrics, compare_on)


def calibrated_head(head: EmbeddingHead, calibration: Calibration) -> EmbeddingHead:
    """``head`` with calibrated scores and the threshold that goes with them."""
    return replace(
        head,
        weight=head.weight * calibration.slope,
        bias=head.bias * calibration.slope + calibration.offset,
        info=replace(head.info, threshold=calibration.threshold),
    )


def proposal_recall(lessons: Sequence[Lesson], iou: float = 0.5) -> float:
    """Share of the user's boxes that a proposal covers with at least ``iou``.

    Below 0.95 an ``rcnn`` head, which proposes for itself, may do better.
    """
    best = [iou_matrix(lesson.features.positives.numpy(), lesson.features.regions.numpy()) for lesson in lessons]
    found = np.concatenate([overlap.max(1, initial=0.0) >= iou for overlap in best])
    return float(found.mean())


class EmbeddingLearner:
    """Learns one head in epochs (see :class:`.trainer.Learner`)."""

    def __init__(self, material: Material, val: Sequence[Lesson], info: HeadInfo) -> None:
        """``val`` may be empty where nobody calls :meth:`validate`."""
        labelled = [lesson.labelled for lesson in (*material.own, *material.views)]
        others = [lesson.labelled for lesson in material.others]
        self._info, self._val = info, val
        self._size_mean = mean_log_size(labelled)
        reference = RegionSet(material.reference.boxes, material.reference.embeddings)
        share = REFERENCE_SHARE * material.strangers
        self._train_set = Vectors.of([*labelled, *others], self._size_mean, material.dim, reference, share)
        self._val_set = Vectors.of([lesson.labelled for lesson in val], self._size_mean, material.dim)
        self._refinement = _ridge(*refinement_pairs(labelled, self._size_mean, material.dim))
        self._weight = torch.zeros(self._train_set.inputs.shape[1], requires_grad=True)
        self._bias = torch.zeros((), requires_grad=True)
        self._optimiser = torch.optim.LBFGS(
            [self._weight, self._bias], max_iter=ITERATIONS_PER_EPOCH, history_size=20, line_search_fn="strong_wolfe"
        )

    def train_epoch(self) -> float:
        return float(self._optimiser.step(self._closure))  # type: ignore[no-untyped-call]

    def _closure(self) -> Tensor:
        self._optimiser.zero_grad()
        loss = self._loss(self._train_set) + L2 * self._weight.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def _loss(self, vectors: Vectors) -> Tensor:
        logits = vectors.inputs @ self._weight * INPUT_SCALE + self._bias
        return (vectors.weights * binary_cross_entropy_with_logits(logits, vectors.labels, reduction="none")).sum()

    @torch.no_grad()
    def validate(self) -> tuple[float, Metrics]:
        scenes = detect_lessons(self.head(), self._val, threshold=0.5)
        return float(self._loss(self._val_set)), evaluate(scenes, 0.5)

    def state(self) -> tuple[Tensor, Tensor]:
        return self._weight.detach().clone(), self._bias.detach().clone()

    @torch.no_grad()
    def restore(self, state: tuple[Tensor, Tensor]) -> None:
        self._weight.copy_(state[0])
        self._bias.copy_(state[1])

    def head(self) -> EmbeddingHead:
        """The head as it is now, not calibrated."""
        mean, weight, offset = self._refinement
        return EmbeddingHead(
            info=self._info,
            weight=self._weight.detach() * INPUT_SCALE,
            bias=self._bias.detach().clone(),
            size_mean=self._size_mean,
            refine_mean=mean,
            refine_weight=weight,
            refine_offset=offset,
        )


def detect_lessons(head: EmbeddingHead, lessons: Sequence[Lesson], threshold: float) -> list[Scored]:
    """What ``head`` finds in each lesson, as the detector would, against the user's boxes."""
    stack = HeadStack([head])
    scenes = []
    for lesson in lessons:
        features = lesson.features
        found = _detect(stack, features.regions, features.embeddings, threshold, features.size)
        truth = lesson.truth.numpy()
        scenes.append(Scored(found.boxes.numpy(), found.scores.numpy(), truth, lesson.sample.recording))
    return scenes


def _detect(stack: HeadStack, boxes: Tensor, embeddings: Tensor, threshold: float, size: tuple[int, int]) -> Detections:
    """What the one head of ``stack`` finds; objectness plays no part in it."""
    (found,) = stack.detect(Regions(boxes, torch.ones(len(boxes)), embeddings), [threshold], size)
    return found


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
        found = _detect(stack, seen.boxes, seen.embeddings, LEAST_SCORE, (side, side))
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


def _ridge(inputs: Tensor, deltas: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean of the inputs (d,), weights (d, 4) and offset (4,) of a ridge regression; all zero without pairs.

    With few pairs the weights vanish and the mean habit of the user is left.
    """
    dim = inputs.shape[1]
    if not len(inputs):
        return torch.zeros(dim), torch.zeros((dim, 4)), torch.zeros(4)
    mean, offset = inputs.mean(0), deltas.mean(0)
    centred = inputs - mean
    # The dual form: as many equations as pairs, not as inputs.
    gram = centred @ centred.T + RIDGE * torch.eye(len(inputs))
    return mean, centred.T @ torch.linalg.solve(gram, deltas - offset), offset
