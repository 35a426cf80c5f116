"""TrainingSet: the images that a head is trained and validated on, each with all its labels.

This file owns the rule that one image is one example, however many signals it is labelled for.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rfhydra.config import NEGATION, negated
from rfhydra.hydra.backbone import BackgroundSet
from rfhydra.hydra.candidates import CandidateRule, GoldenCandidates
from rfhydra.hydra.vision import box_iou
from rfhydra.spectrum.pixels import PixelBoxes
from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.assignment import POSITIVE_IOU, AssignedRois, Rois, assign_proposals
from rfhydra.training.data.features import JITTERS, FeatureCache, SampleFeatures
from rfhydra.training.data.selection import newest
from rfhydra.training.data.splits import SplitPlan
from rfhydra.training.trainer import Control

MAX_AUGMENTED_SAMPLES: Final = 12  # with more, SNR augmentation costs time and brings nothing (docs/decisions/0011)
FEATURE_THREADS: Final = 2  # a pass through the backbone leaves a core idle between its layers (docs/decisions/0023)
PROPOSALS_SUFFICE: Final = 0.97
"""Share of the training boxes; where proposals cover so many, more candidates cost precision and bring nothing."""
MAX_LEARNT_SAMPLES: Final = 50  # whose boxes the candidate rule is learnt from
MAX_SEARCHED_OTHERS: Final = 100  # samples of other signals that are searched for candidates of the head's own
FULL_WEIGHT_SIGNALS: Final = 3  # up to so many known signals, the background set has its full weight

Labelled = tuple[Sample, SampleFeatures]


@dataclass(frozen=True, eq=False)
class TrainingExample:
    """One image with its proposals, as training data of one signal.

    Attributes:
        sample: the signal's own sample of the image, else the first of another signal.
        signals: names of the signals that have a sample of the image.
        features: the proposals and their embeddings.
        assigned: the RoIs.
        truth: boxes labelled as the signal (n, 4), in pixels.
    """

    sample: Sample
    signals: frozenset[str]
    features: SampleFeatures
    assigned: AssignedRois
    truth: Tensor

    @classmethod
    def of(cls, signal_name: str, labelled: Sequence[Labelled]) -> "TrainingExample":
        """From all samples of one image, a sample of the signal itself first.

        Positives are the boxes of the signal's own sample. Where there is none, boxes that samples of other signals
        label as the signal are ground truth, but not trained on. Proposals on any other box are verified negatives,
        unless it is only known not to be a third signal. So are the boxes themselves, each once, except the negatives
        of other signals' samples: their labels may be catch-alls, such as "other", and taken for RoIs they lower F1.
        """
        sample, features = labelled[0]
        names, is_roi = list[str](), list[bool]()
        for each, _ in labelled:
            names += [each.signal_name] * len(each.boxes) + [name for name, _ in each.negatives]
            is_roi += [True] * len(each.boxes) + [each.signal_name == signal_name] * len(each.negatives)
        says = torch.tensor([not name.startswith(NEGATION) or name == negated(signal_name) for name in names])
        labels = Rois.cat([_labels(each) for _, each in labelled])[says]
        is_signal = torch.tensor([name == signal_name for name in names])[says]
        signal_boxes, verified = labels.boxes[is_signal], _unique(labels[~is_signal & torch.tensor(is_roi)[says]])
        if sample.signal_name == signal_name:
            positives, jittered = features.positives, Rois(features.jittered, features.jittered_embeddings)
            truth = positives
        else:
            positives, jittered = signal_boxes[:0], labels[:0]
            truth = signal_boxes
        proposals = Rois(features.proposals, features.embeddings)
        assigned = assign_proposals(proposals, positives, signal_boxes, labels.boxes[~is_signal])
        signals = frozenset(each.signal_name for each, _ in labelled)
        return cls(sample, signals, features, assigned.with_boxes(jittered, verified), truth)


def _labels(features: SampleFeatures) -> Rois:
    """The labelled boxes of a sample, positives first."""
    positives = Rois(features.positives, features.jittered_embeddings[:: 1 + JITTERS])
    return positives + Rois(features.negatives, features.negative_embeddings)


def _unique(rois: Rois) -> Rois:
    """``rois`` in their order, without repeated boxes."""
    first = dict[tuple[float, ...], int]()
    for index, box in enumerate(rois.boxes.tolist()):
        first.setdefault(tuple(box), index)
    return rois[torch.tensor([*first.values()], dtype=torch.long)]


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Training data of one signal's head.

    Attributes:
        own: images with a sample of the signal in the training split; where that has no box, without ground truth.
        others: images that only other signals have samples of.
        background: the background set of the backbone.
        augmented: SNR-augmented copies of ``own`` images, for training only.
        val: images of the validation split.
        rule: of the head's own candidates, learnt from the training split, and its ``golden_candidates``.
    """

    own: Sequence[TrainingExample]
    others: Sequence[TrainingExample]
    background: BackgroundSet
    augmented: Sequence[TrainingExample] = ()
    val: Sequence[TrainingExample] = ()
    rule: CandidateRule | None = None
    golden_candidates: GoldenCandidates | None = None

    @classmethod
    def of(
        cls, signal_name: str, workspace: Workspace, split: SplitPlan, cache: FeatureCache, control: Control
    ) -> "TrainingSet":
        """From the samples of ``split`` that count and the newest samples of other signals that are unrelated to its
        validation.

        An image with a sample of the signal that does not count is left out for the other signals, too: its proposals
        on the signal would be taken for negatives.

        Raises:
            Cancelled: ``control`` is cancelled.
        """
        whole, split = split, split.used
        counting = {sample.sample_id for sample in (*split.train, *split.val)}
        left_out = {each.image_digest for each in (*whole.train, *whole.val) if each.sample_id not in counting}
        unrelated = whole.trainable(workspace.samples.newest_negative_samples(signal_name))
        others = newest(sample for sample in unrelated if sample.image_digest not in left_out)
        labelled = [sample for sample in split.train if sample.boxes]
        augmented = labelled if len(labelled) <= MAX_AUGMENTED_SAMPLES else []
        images = _labelled_images(workspace, labelled[-MAX_LEARNT_SAMPLES:])
        rule = CandidateRule.learn(images)
        pending = _Features(cache, control, len(split.train) + len(split.val) + len(others) + len(augmented))
        own = pending.compute([*split.train, *split.val], rule)
        if _covered(own[: len(split.train)]) >= PROPOSALS_SUFFICE:
            rule, own = None, [(sample, each.without_candidates()) for sample, each in own]
        originals = [*own, *pending.of_others(others, rule)]
        lowered = pending.compute(augmented, rule, snr_augmented=True)
        by_image = dict[str, list[Labelled]]()
        for sample, features in originals:
            by_image.setdefault(sample.image_digest, []).append((sample, features))
        examples = [TrainingExample.of(signal_name, labelled) for labelled in by_image.values()]
        val_start, val_end = len(split.train), len(split.train) + len(split.val)
        return cls(
            own=examples[:val_start],
            others=examples[val_end:],
            background=cache.backbone.background,
            augmented=[TrainingExample.of(signal_name, [labelled]) for labelled in lowered],
            val=examples[val_start:val_end],
            rule=rule,
            golden_candidates=GoldenCandidates.record(rule, images[-1][0], images[-1][1][0]) if rule else None,
        )

    @property
    def unknown_weight(self) -> float:
        """Weight of the background set, 0..1: it stands for the signals that nobody labelled (docs/decisions/0017)."""
        known = frozenset[str]().union(*(example.signals for example in (*self.own, *self.others)))
        return min(1.0, (FULL_WEIGHT_SIGNALS / len(known)) ** 2)

    def without(self, sample_ids: Collection[str]) -> "TrainingSet":
        """The training set less the examples with these ids; the validation split is left as it is."""
        own, others, augmented = (
            [example for example in part if example.sample.sample_id not in sample_ids]
            for part in (self.own, self.others, self.augmented)
        )
        return replace(self, own=own, others=others, augmented=augmented)


def _labelled_images(workspace: Workspace, samples: Sequence[Sample]) -> list[tuple[NDArray[np.uint8], PixelBoxes]]:
    """The image of each sample, and its boxes in pixels (n, 4)."""
    return [
        (workspace.samples.image(sample), sample.frame(workspace.spec).to_pixels(sample.boxes)) for sample in samples
    ]


def _spread(samples: Sequence[Sample], most: int) -> set[str]:
    """Ids of ``most`` of ``samples``, the newest of each signal first, then the second newest of each, and so on."""
    order, seen = list[tuple[int, int, str]](), Counter[str]()
    for age, sample in enumerate(reversed(samples)):
        order.append((seen[sample.signal_name], age, sample.sample_id))
        seen[sample.signal_name] += 1
    return {sample_id for _, _, sample_id in sorted(order)[:most]}


def _covered(labelled: Sequence[Labelled]) -> float:
    """Share of the signal's boxes that one of the backbone's proposals is a positive for."""
    hits = [
        box_iou(features.positives, features.proposals[: features.proposed]).amax(1) > POSITIVE_IOU
        if features.proposed
        else torch.zeros(len(features.positives), dtype=torch.bool)
        for _, features in labelled
    ]
    return float(torch.cat(hits).float().mean())


class _Features:
    """Features of the samples of a training, and how many of ``total`` there are already."""

    def __init__(self, cache: FeatureCache, control: Control, total: int) -> None:
        self._cache, self._control, self._total = cache, control, total
        self._done = 0

    def of_others(self, samples: Sequence[Sample], rule: CandidateRule | None) -> list[Labelled]:
        """Features of ``samples`` of other signals, some of them with candidates of ``rule``.

        Their images have passed through the backbone, and do so again for candidates of another rule.
        """
        searched = _spread(samples, MAX_SEARCHED_OTHERS)
        groups = {True: rule, False: None}
        found = {
            sample.sample_id: features
            for is_searched, own_rule in groups.items()
            for sample, features in self.compute(
                [sample for sample in samples if (sample.sample_id in searched) == is_searched], own_rule
            )
        }
        return [(sample, found[sample.sample_id]) for sample in samples]

    def compute(
        self, samples: Sequence[Sample], rule: CandidateRule | None, *, snr_augmented: bool = False
    ) -> list[Labelled]:
        """Features of ``samples``, or SNR-augmented ones of those that have the SNR for it.

        Raises:
            Cancelled: the training is cancelled.
        """
        get = self._cache.get_snr_augmented if snr_augmented else self._cache.get

        def compute(sample: Sample) -> SampleFeatures | None:
            self._control.check()
            return get(sample, rule)

        found = list[Labelled]()
        with ThreadPoolExecutor(FEATURE_THREADS) as pool:
            for sample, features in zip(samples, pool.map(compute, samples), strict=True):
                self._control.check()
                self._done += 1
                self._control.on_features(self._done, self._total)
                if features is not None:
                    found.append((sample, features))
        return found
