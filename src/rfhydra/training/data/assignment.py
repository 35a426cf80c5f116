"""RoI assignment: which proposals are positives and which negatives of a head, and the design matrix they make."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import Tensor

from rfhydra.hydra.head import deltas_between, head_features
from rfhydra.hydra.vision import box_iou

POSITIVE_IOU: Final = 0.6
BEST_POSITIVE_IOU: Final = 0.3
NEGATIVE_IOU: Final = 0.5
CORE_SKIRT_IOU: Final = 0.1
CORE_SKIRT_TIME_IOU: Final = 0.6
CORE_SKIRT_BAND: Final = 0.8
VERIFIED_IOU: Final = 0.5
UNLABELLED_WEIGHT: Final = 0.3
MAX_ROIS: Final = 45_000  # of each class and kind; more than 400 images of 100 proposals have
BACKGROUND_SHARE: Final = 3.0  # weight of the background set, at most, relative to the workspace's own negatives


@dataclass(frozen=True, eq=False)
class Rois:
    """Boxes (n, 4) with their embeddings (n, d)."""

    boxes: Tensor
    embeddings: Tensor

    @classmethod
    def cat(cls, parts: Sequence["Rois"]) -> "Rois":
        return cls(torch.cat([part.boxes for part in parts]), torch.cat([part.embeddings for part in parts]))

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, index: Tensor | slice) -> "Rois":
        """The RoIs of a mask, indices or a slice."""
        return Rois(self.boxes[index], self.embeddings[index])

    def __add__(self, other: "Rois") -> "Rois":
        return Rois.cat([self, other])


@dataclass(frozen=True, eq=False)
class AssignedRois:
    """RoIs of one image, assigned to the classes of a head.

    Attributes:
        positive: proposals on the signal's boxes.
        verified: proposals on boxes labelled as something else.
        unlabelled: the other proposals, weak negatives: they may hide the signal.
        matched: proposals near enough to a box of the signal to be refined to it; ``matched_gt_boxes`` (n, 4) are
            these boxes.
    """

    positive: Rois
    verified: Rois
    unlabelled: Rois
    matched: Rois
    matched_gt_boxes: Tensor

    def with_boxes(self, positive: Rois, verified: Rois) -> "AssignedRois":
        """The same, and labelled boxes among the RoIs."""
        return replace(self, positive=self.positive + positive, verified=self.verified + verified)


def assign_proposals(proposals: Rois, positives: Tensor, signal_boxes: Tensor, other_boxes: Tensor) -> AssignedRois:
    """Assign the ``proposals`` of one image.

    Args:
        proposals: of the image.
        positives: boxes of the signal that are trained on (m, 4).
        signal_boxes: all boxes labelled as the signal (k, 4): no proposal on them is a negative.
        other_boxes: boxes labelled as something else (l, 4): proposals on them are verified negatives.
    """
    matched, gt_index, is_positive = _match_to_boxes(proposals.boxes, positives)
    is_clear = (_max_iou(proposals.boxes, signal_boxes) < NEGATIVE_IOU) & ~is_positive
    is_clear &= ~_is_core_or_skirt(proposals.boxes, signal_boxes).any(1)
    is_verified = is_clear & (_max_iou(proposals.boxes, other_boxes) > VERIFIED_IOU)
    return AssignedRois(
        positive=proposals[is_positive],
        verified=proposals[is_verified],
        unlabelled=proposals[is_clear & ~is_verified],
        matched=proposals[matched],
        matched_gt_boxes=positives[gt_index[matched]],
    )


def _match_to_boxes(proposals: Tensor, positives: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Match ``proposals`` (n, 4) to boxes of the signal (m, 4).

    Returns:
        Which proposals are matched, bool (n,); the index of the box that each would be matched to (n,); which proposals
        are positive, bool (n,).
    """
    if not len(positives):
        nothing = torch.zeros(len(proposals), dtype=torch.bool)
        return nothing, nothing.long(), nothing
    overlap = box_iou(proposals, positives)
    best, gt_index = overlap.max(1)
    is_positive, matched = best > POSITIVE_IOU, best >= BEST_POSITIVE_IOU
    if len(overlap):
        top, proposal = overlap.max(0)
        is_positive[proposal[top >= BEST_POSITIVE_IOU]] = True
        # Users who box the skirts of a burst do so every time: the refinement can be trained on the core.
        closest, core = (overlap * _is_core_or_skirt(proposals, positives)).max(0)
        uncovered = (top < BEST_POSITIVE_IOU) & (closest >= CORE_SKIRT_IOU)
        is_positive[core[uncovered]] = True
        matched[core[uncovered]] = True
        gt_index[core[uncovered]] = torch.nonzero(uncovered)[:, 0]
    return matched, gt_index, is_positive


def _is_core_or_skirt(proposals: Tensor, boxes: Tensor) -> Tensor:
    """Which ``proposals`` (n, 4) last as long as one of ``boxes`` (m, 4) and lie in its band, or around it; (n, m).

    A strong burst has skirts far beyond its core: both are the same emission.
    """
    low = torch.maximum(proposals[:, None, :2], boxes[None, :, :2])
    high = torch.minimum(proposals[:, None, 2:], boxes[None, :, 2:])
    shared = (high - low).clamp_min(0)
    proposal_sides, box_sides = (proposals[:, 2:] - proposals[:, :2])[:, None], (boxes[:, 2:] - boxes[:, :2])[None]
    time_iou = shared[..., 0] / (proposal_sides[..., 0] + box_sides[..., 0] - shared[..., 0])
    band_overlap = shared[..., 1] / torch.minimum(proposal_sides[..., 1], box_sides[..., 1])
    return (time_iou >= CORE_SKIRT_TIME_IOU) & (band_overlap >= CORE_SKIRT_BAND)


@dataclass(frozen=True, eq=False)
class DesignMatrix:
    """Inputs of a head (n, d + 4), labels (n,) and weights (n,). The weights of each class add up to one half."""

    inputs: Tensor
    labels: Tensor
    weights: Tensor

    @classmethod
    def of(
        cls,
        assigned: Sequence[AssignedRois],
        size_mean: Tensor,
        background: Rois | None = None,
        background_share: float = BACKGROUND_SHARE,
    ) -> "DesignMatrix":
        """From the RoIs of at least one image, and proposals of the ``background`` set as negatives.

        Of the positives, the verified and the unlabelled negatives at most :data:`MAX_ROIS` each are drawn at random,
        with a fixed seed. Those of the negatives that are drawn weigh as much as all of them.
        The background set weighs ``background_share`` times what the images' own negatives do.
        """
        positive, _ = _drawn([each.positive for each in assigned])
        verified, verified_weight = _drawn([each.verified for each in assigned])
        unlabelled, unlabelled_weight = _drawn([each.unlabelled for each in assigned])
        general = background or positive[:0]
        every = Rois.cat([positive, verified, unlabelled, general])
        inputs = head_features(every.boxes, every.embeddings, size_mean)
        labels = torch.zeros(len(every))
        labels[: len(positive)] = 1
        weights = torch.ones(len(every))
        weights[len(positive) : len(positive) + len(verified)] = verified_weight
        weights[len(positive) + len(verified) :] = UNLABELLED_WEIGHT * unlabelled_weight
        if len(general):
            known = len(every) - len(general)
            weights[known:] = background_share * weights[len(positive) : known].sum() / len(general)
        for label in (0, 1):
            mask = labels == label
            weights[mask] *= 0.5 / weights[mask].sum().clamp_min(1e-6)
        return cls(inputs, labels, weights)


def _drawn(parts: Sequence[Rois]) -> tuple[Rois, float]:
    """At most :data:`MAX_ROIS` of the RoIs of all ``parts``, in their order, and the weight of each."""
    total = sum(map(len, parts))
    if total <= MAX_ROIS:
        return Rois.cat(parts), 1.0
    chosen = torch.randperm(total, generator=torch.Generator().manual_seed(0))[:MAX_ROIS].sort().values
    ends = torch.tensor([len(part) for part in parts]).cumsum(0)
    owners, starts = torch.searchsorted(ends, chosen, right=True), [0, *ends.tolist()]
    kept = [part[chosen[owners == index] - starts[index]] for index, part in enumerate(parts)]
    return Rois.cat(kept), total / MAX_ROIS


def mean_log_size(assigned: Sequence[AssignedRois]) -> Tensor:
    """Mean log width and log height (2,) of the positives, in pixels."""
    boxes = torch.cat([each.positive.boxes for each in assigned])
    return (boxes[:, 2:] - boxes[:, :2]).clamp_min(0.5).log().mean(0)


def refinement_pairs(assigned: Sequence[AssignedRois], size_mean: Tensor) -> tuple[Tensor, Tensor]:
    """Features (n, d + 4) of matched proposals and the deltas (n, 4) that refine them to their ground-truth boxes."""
    matched = Rois.cat([each.matched for each in assigned])
    gt_boxes = torch.cat([each.matched_gt_boxes for each in assigned])
    return head_features(matched.boxes, matched.embeddings, size_mean), deltas_between(matched.boxes, gt_boxes)


def _max_iou(boxes: Tensor, others: Tensor) -> Tensor:
    return box_iou(boxes, others).max(1).values if len(others) else torch.zeros(len(boxes))
