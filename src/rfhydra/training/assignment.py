"""From samples to labelled vectors: which proposals are the signal, which are not, and how much each one counts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torchvision.ops import box_iou

from rfhydra.hydra.head import deltas_between, head_features
from rfhydra.training.features import JITTERS, SampleFeatures

POSITIVE_IOU: Final = 0.6
BEST_POSITIVE_IOU: Final = 0.3
NEGATIVE_IOU: Final = 0.3
CORE_SKIRT_IOU: Final = 0.1
CORE_SKIRT_TIME_IOU: Final = 0.6
CORE_SKIRT_BAND: Final = 0.8
VERIFIED_IOU: Final = 0.5
UNLABELLED_WEIGHT: Final = 0.3  # an unlabelled proposal may hide the signal
BACKGROUND_SHARE: Final = 3.0  # what the background set weighs beside the workspace's own negatives, at most


@dataclass(frozen=True, eq=False)
class Rois:
    """Boxes (n, 4) with their embeddings (n, d)."""

    boxes: Tensor
    embeddings: Tensor

    @classmethod
    def join(cls, parts: Iterable["Rois"], dim: int) -> "Rois":
        parts = list(parts)
        if not parts:
            return cls(torch.zeros((0, 4)), torch.zeros((0, dim)))
        return cls(torch.cat([part.boxes for part in parts]), torch.cat([part.embeddings for part in parts]))

    def __len__(self) -> int:
        return len(self.boxes)


@dataclass(frozen=True, eq=False)
class AssignedRois:
    """What one sample teaches about a signal.

    ``positive`` proposals show it, ``verified`` ones show something else for certain, ``unlabelled`` ones probably do.
    ``drawn`` is the user's box for each of the ``proposed`` proposals: what the box refinement learns from.
    """

    positive: Rois
    verified: Rois
    unlabelled: Rois
    proposed: Rois
    drawn: Tensor


def assign_own(features: SampleFeatures) -> AssignedRois:
    """What a sample of the signal itself teaches."""
    overlap = box_iou(features.proposals, features.positives)
    best, nearest = overlap.max(1)
    is_positive = best > POSITIVE_IOU
    core_skirt = _core_or_skirt(features.proposals, features.positives)
    loose = best >= BEST_POSITIVE_IOU
    if len(overlap):
        top, region = overlap.max(0)
        is_positive[region[top >= BEST_POSITIVE_IOU]] = True
        # A user who draws the skirt of what the backbone takes for the core has a habit that the refinement can learn.
        closest, core = (overlap * core_skirt).max(0)
        uncovered = (top < BEST_POSITIVE_IOU) & (closest >= CORE_SKIRT_IOU)
        habitual = core[uncovered]
        is_positive[habitual] = True
        loose[habitual] = True
        nearest[habitual] = torch.nonzero(uncovered)[:, 0]
    clear = (best < NEGATIVE_IOU) & ~is_positive & ~core_skirt.any(1)
    verified = clear & (_max_iou(features.proposals, features.negatives) > VERIFIED_IOU)
    own = Rois(features.proposals, features.embeddings)
    return AssignedRois(
        positive=_join(_pick(own, is_positive), Rois(features.jittered, features.jittered_embeddings)),
        verified=_join(_pick(own, verified), Rois(features.negatives, features.negative_embeddings)),
        unlabelled=_pick(own, clear & ~verified),
        proposed=_pick(own, loose),
        drawn=features.positives[nearest[loose]],
    )


def _core_or_skirt(proposals: Tensor, drawn: Tensor) -> Tensor:
    """Which ``proposals`` (n, 4) last as long as a ``drawn`` box (m, 4) and are a part of its band, or it of theirs.

    Bool (n, m). A strong burst has skirts far beyond its core: both are the same emission.
    """
    low = torch.maximum(proposals[:, None, :2], drawn[None, :, :2])
    high = torch.minimum(proposals[:, None, 2:], drawn[None, :, 2:])
    shared = (high - low).clamp_min(0)
    sides, wanted = (proposals[:, 2:] - proposals[:, :2])[:, None], (drawn[:, 2:] - drawn[:, :2])[None]
    together = shared[..., 0] / (sides[..., 0] + wanted[..., 0] - shared[..., 0])
    inside = shared[..., 1] / torch.minimum(sides[..., 1], wanted[..., 1])
    return (together >= CORE_SKIRT_TIME_IOU) & (inside >= CORE_SKIRT_BAND)


def assign_other(features: SampleFeatures, named: Tensor, *, same_image: bool) -> AssignedRois:
    """What a sample of another signal teaches: its boxes are verified negatives.

    Args:
        features: of that sample.
        named: bool (k,), which of its ``negatives`` are labelled as the signal that learns.
        same_image: the signal has a sample of the same image, which says more about the unlabelled proposals.
    """
    nothing = Rois.join([], features.embeddings.shape[1])
    mine = features.negatives[named]
    taught = torch.cat([features.positives, features.negatives[~named]])
    own = Rois(features.proposals, features.embeddings)
    clear = _max_iou(features.proposals, mine) < NEGATIVE_IOU
    verified = (_max_iou(features.proposals, taught) > VERIFIED_IOU) & clear
    other_signal = Rois(features.positives, features.jittered_embeddings[:: 1 + JITTERS])
    return AssignedRois(
        positive=nothing,
        verified=_join(_pick(own, verified), other_signal),
        unlabelled=nothing if same_image else _pick(own, clear & ~verified),
        proposed=nothing,
        drawn=torch.zeros((0, 4)),
    )


@dataclass(frozen=True, eq=False)
class DesignMatrix:
    """Inputs of a head (n, d + 4), labels (n,) and weights (n,). Each class weighs one half in all."""

    inputs: Tensor
    labels: Tensor
    weights: Tensor

    @classmethod
    def of(
        cls,
        assigned: Sequence[AssignedRois],
        size_mean: Tensor,
        dim: int,
        background: Rois | None = None,
        share: float = BACKGROUND_SHARE,
    ) -> "DesignMatrix":
        """From what samples teach, and the ``background`` proposals, which are none of the signal's.

        The background set weighs ``share`` times what the samples' own negatives do.
        """
        positive = Rois.join((each.positive for each in assigned), dim)
        verified = Rois.join((each.verified for each in assigned), dim)
        unlabelled = Rois.join((each.unlabelled for each in assigned), dim)
        general = background or Rois.join([], dim)
        every = Rois.join([positive, verified, unlabelled, general], dim)
        inputs = head_features(every.boxes, every.embeddings, size_mean)
        labels = torch.zeros(len(every))
        labels[: len(positive)] = 1
        weights = torch.ones(len(every))
        weights[len(positive) + len(verified) :] = UNLABELLED_WEIGHT
        if len(general):
            known = len(every) - len(general)
            weights[known:] = share * weights[len(positive) : known].sum() / len(general)
        for label in (0, 1):
            mask = labels == label
            weights[mask] *= 0.5 / weights[mask].sum().clamp_min(1e-6)
        return cls(inputs, labels, weights)


def mean_log_size(assigned: Sequence[AssignedRois]) -> Tensor:
    """Mean log width and log height (2,) of the signal's proposals, in pixels."""
    boxes = torch.cat([each.positive.boxes for each in assigned])
    return (boxes[:, 2:] - boxes[:, :2]).clamp_min(0.5).log().mean(0)


def refinement_pairs(assigned: Sequence[AssignedRois], size_mean: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """Features (n, d + 4) of proposals and the deltas (n, 4) that would make them the user's boxes."""
    proposed = Rois.join((each.proposed for each in assigned), dim)
    drawn = torch.cat([each.drawn for each in assigned])
    return head_features(proposed.boxes, proposed.embeddings, size_mean), deltas_between(proposed.boxes, drawn)


def _pick(proposals: Rois, mask: Tensor) -> Rois:
    return Rois(proposals.boxes[mask], proposals.embeddings[mask])


def _join(*parts: Rois) -> Rois:
    return Rois.join(parts, parts[0].embeddings.shape[1])


def _max_iou(boxes: Tensor, others: Tensor) -> Tensor:
    return box_iou(boxes, others).max(1).values if len(others) else torch.zeros(len(boxes))
