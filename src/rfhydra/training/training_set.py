"""What a head learns from: samples of its signal and of others, with their features, and the background set."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from rfhydra.hydra.backbone import BackgroundSet
from rfhydra.store.samples import Sample
from rfhydra.training.assignment import AssignedRois, assign_other, assign_own
from rfhydra.training.features import SampleFeatures
from rfhydra.training.metrics import iou_matrix

SIGNALS_AMONG_UNKNOWN: Final = 3  # a workspace with so few of them knows little of what is on the air


@dataclass(frozen=True, eq=False)
class TrainingExample:
    """A sample with its features and what they teach about the signal, whose boxes in it are ``truth`` (n, 4)."""

    sample: Sample
    features: SampleFeatures
    assigned: AssignedRois
    truth: Tensor

    @classmethod
    def own(cls, sample: Sample, features: SampleFeatures) -> "TrainingExample":
        """From a sample of the signal itself."""
        return cls(sample, features, assign_own(features), features.positives)

    @classmethod
    def other(
        cls, sample: Sample, features: SampleFeatures, signal_name: str, *, same_image: bool
    ) -> "TrainingExample":
        """From a sample of another signal; see :func:`assign_other`."""
        named = torch.tensor([label == signal_name for label, _ in sample.negatives], dtype=torch.bool)
        assigned = assign_other(features, named, same_image=same_image)
        return cls(sample, features, assigned, features.negatives[named])


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """What a head of one signal is trained on: ``own`` samples, ``others``, of other signals, and the ``background``.

    ``views`` are own samples as they would look elsewhere: to learn from, not to be judged on.
    """

    own: list[TrainingExample]
    others: list[TrainingExample]
    background: BackgroundSet
    views: Sequence[TrainingExample] = ()

    @property
    def dim(self) -> int:
        return self.background.embeddings.shape[1]

    @property
    def unknown_weight(self) -> float:
        """How much the background set counts, 0..1: it stands for signals that nobody labelled (docs/decisions/0017)."""
        known = 1 + len({example.sample.signal_name for example in self.others})
        return min(1.0, (SIGNALS_AMONG_UNKNOWN / known) ** 2)


def proposal_recall(examples: Sequence[TrainingExample], iou: float = 0.5) -> float:
    """Share of the user's boxes that a proposal covers with at least ``iou``.

    Below 0.95 an ``rcnn`` head, which proposes for itself, may do better.
    """
    best = [iou_matrix(example.features.positives.numpy(), example.features.proposals.numpy()) for example in examples]
    found = np.concatenate([overlap.max(1, initial=0.0) >= iou for overlap in best])
    return float(found.mean())
