"""What a head learns from: samples of its signal and of others, with their features, and the reference."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from rfhydra.hydra.backbone import Reference
from rfhydra.store.samples import Sample
from rfhydra.training.features import SampleFeatures
from rfhydra.training.metrics import iou_matrix
from rfhydra.training.vectors import Labelled, label_other, label_own

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


def proposal_recall(lessons: Sequence[Lesson], iou: float = 0.5) -> float:
    """Share of the user's boxes that a proposal covers with at least ``iou``.

    Below 0.95 an ``rcnn`` head, which proposes for itself, may do better.
    """
    best = [iou_matrix(lesson.features.positives.numpy(), lesson.features.regions.numpy()) for lesson in lessons]
    found = np.concatenate([overlap.max(1, initial=0.0) >= iou for overlap in best])
    return float(found.mean())
