"""Embedding heads: linear classifiers of one signal each on the embeddings of the frozen backbone.

Features are the RoI embedding and the box size. A head has calibrated scores, a threshold, and a box refinement that
is fitted to its user's boxes. It takes kilobytes; a :class:`HeadStack` runs any number of heads in one matrix product.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rfhydra.errors import Incompatible
from rfhydra.hydra.backbone import Proposals, Seen
from rfhydra.hydra.candidates import CandidateRule, GoldenCandidates, find_candidates
from rfhydra.hydra.vision import batched_nms
from rfhydra.hydra.weights import Weights, read_weights, write_weights

GEOMETRY_FEATURES: Final = 4
NMS_IOU: Final = 0.4
MAX_IOM: Final = 0.7
GOLDEN_TOLERANCE: Final = 1e-3
_MAX_LOG_SCALE: Final = 2.0


@dataclass(frozen=True, kw_only=True)
class HeadInfo:
    """Metadata of a head: its signal, the contract, backbone and samples of its training, and its threshold.

    ``candidates`` is the rule of its own candidates; None if it chooses among the backbone's proposals only.
    ``provisional`` says that it was trained on too few samples to be validated.
    """

    kind: str
    signal_name: str
    spec_id: str
    backbone_id: str
    threshold: float = 0.5
    split_version: int | None = None
    sample_ids: tuple[str, ...] = ()
    metrics: dict[str, Any] = field(default_factory=dict)
    notes: str | None = None
    candidates: CandidateRule | None = None
    provisional: bool = False

    def to_metadata(self) -> dict[str, Any]:
        """All fields as JSON."""
        rule = self.candidates.to_metadata() if self.candidates else None
        return {**vars(self), "sample_ids": list(self.sample_ids), "candidates": rule}

    @classmethod
    def from_metadata(cls, fields: dict[str, Any]) -> Self:
        """The inverse of :meth:`to_metadata`.

        Raises:
            Incompatible: a field is missing or unknown. Heads made before there were own candidates have no rule,
                and those made before there were provisional heads are not provisional.
        """
        rule = fields.get("candidates")
        try:
            candidates = None if rule is None else CandidateRule.from_metadata(rule)
            return cls(**{**fields, "sample_ids": tuple(fields["sample_ids"]), "candidates": candidates})
        except (KeyError, TypeError):
            raise Incompatible("this head artifact lacks metadata: train it again") from None


@dataclass(frozen=True, eq=False)
class ScoredBoxes:
    """Pixel detections of one head: ``boxes`` float32 (n, 4), ``scores`` float32 (n,) in 0..1, strongest first."""

    boxes: Tensor
    scores: Tensor

    @classmethod
    def none(cls) -> Self:
        return cls(torch.zeros((0, 4)), torch.zeros(0))


@dataclass(frozen=True, eq=False)
class EmbeddingHead:
    """``score = sigmoid(features @ weight + bias)`` on features of :func:`head_features`, d + 4 of them.

    Attributes:
        info: metadata.
        weight: float32 (d + 4,), calibrated.
        bias: float32 scalar.
        size_mean: float32 (2,), mean log width and log height of the signal's boxes in pixels.
        refine_mean: float32 (d + 4,), refine_weight: float32 (d + 4, 4), refine_offset: float32 (4,): ridge regression
            from features to box deltas.
        golden: golden vectors; None during training, required for storing.
        golden_candidates: those of the rule of its own candidates; None if it has none.
    """

    kind: ClassVar[str] = "embedding"

    info: HeadInfo
    weight: Tensor
    bias: Tensor
    size_mean: Tensor
    refine_mean: Tensor
    refine_weight: Tensor
    refine_offset: Tensor
    golden: "Golden | None" = None
    golden_candidates: GoldenCandidates | None = None

    def score(self, features: Tensor) -> Tensor:
        """Calibrated scores (n,) of features (n, d + 4)."""
        return torch.sigmoid(features @ self.weight + self.bias)

    def to_bytes(self) -> bytes:
        """The artifact: safetensors with metadata and golden vectors."""
        assert self.golden is not None, "a head is stored with its golden vectors"
        tensors = {name: getattr(self, name) for name in _HEAD_TENSORS}
        tensors |= {f"golden_{name}": tensor for name, tensor in vars(self.golden).items()}
        if self.golden_candidates is not None:
            tensors |= {f"candidates_{name}": tensor for name, tensor in vars(self.golden_candidates).items()}
        return write_weights(Weights(_ARTIFACT, tensors, {"info": self.info.to_metadata()}))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The inverse of :meth:`to_bytes`; replays the golden vectors.

        Raises:
            Incompatible: not an artifact of an embedding head, or its golden vectors fail.
        """
        weights = read_weights(data, _ARTIFACT)
        info = HeadInfo.from_metadata(weights.metadata.get("info", {}))
        try:
            tensors = {name: weights.tensors[name] for name in _HEAD_TENSORS}
            golden = Golden(**{name: weights.tensors[f"golden_{name}"] for name in _GOLDEN_TENSORS})
            candidates = None
            if info.candidates:
                names = GoldenCandidates.__annotations__
                candidates = GoldenCandidates(**{name: weights.tensors[f"candidates_{name}"] for name in names})
        except KeyError:
            raise Incompatible(f"the head of {info.signal_name} lacks a tensor: train it again") from None
        head = cls(info, **tensors, golden=golden, golden_candidates=candidates)
        golden.replay(head)
        if info.candidates and candidates and not candidates.hold(info.candidates):
            raise Incompatible(_failed_golden(info.signal_name))
        return head


_ARTIFACT: Final = "embedding-head"
_HEAD_TENSORS: Final = ("weight", "bias", "size_mean", "refine_mean", "refine_weight", "refine_offset")
_GOLDEN_TENSORS: Final = ("boxes", "embeddings", "scores", "refined")


@dataclass(frozen=True, eq=False)
class Golden:
    """Golden vectors: a few proposals, with the scores and refined boxes of the head when it was trained."""

    boxes: Tensor
    embeddings: Tensor
    scores: Tensor
    refined: Tensor

    @classmethod
    def record(cls, head: EmbeddingHead, boxes: Tensor, embeddings: Tensor) -> Self:
        scores, refined = _outputs(head, boxes, embeddings)
        return cls(boxes, embeddings, scores, refined)

    def replay(self, head: EmbeddingHead) -> None:
        """Raise :class:`Incompatible` if ``head`` gives other scores or boxes."""
        scores, refined = _outputs(head, self.boxes, self.embeddings)
        same = torch.allclose(scores, self.scores, atol=GOLDEN_TOLERANCE) and torch.allclose(
            refined, self.refined, rtol=GOLDEN_TOLERANCE, atol=0.05
        )
        if not same:
            raise Incompatible(_failed_golden(head.info.signal_name))


def _failed_golden(signal_name: str) -> str:
    return f"the head of {signal_name} fails its golden vectors: roll back or train it again"


def _outputs(head: EmbeddingHead, boxes: Tensor, embeddings: Tensor) -> tuple[Tensor, Tensor]:
    features = head_features(boxes, embeddings, head.size_mean)
    return head.score(features), refine(head, boxes, features)


def size_features(boxes: Tensor, size_mean: Tensor) -> Tensor:
    """Size features of ``boxes`` (n, 4) for each ``size_mean`` (..., 2), float32 (..., n, 4).

    Log width and log height relative to the signal's mean, and their squares: real emitters keep their bandwidth and
    burst length, so a box may be too small or too large. The position is no feature.
    """
    sides = (boxes[:, 2:] - boxes[:, :2]).clamp_min(0.5).log() - size_mean.unsqueeze(-2)
    return torch.cat([0.3 * sides.clamp(-3, 3), 0.3 * sides.square().clamp_max(4)], dim=-1)


def head_features(boxes: Tensor, embeddings: Tensor, size_mean: Tensor) -> Tensor:
    """Features of a head, float32 (n, d + 4): ``embeddings`` (n, d) and :func:`size_features`."""
    return torch.cat([embeddings, size_features(boxes, size_mean)], dim=1)


def refine(head: EmbeddingHead, boxes: Tensor, features: Tensor) -> Tensor:
    """``boxes`` (n, 4) with ``features`` (n, d + 4) after the box refinement of ``head``."""
    return apply_deltas(boxes, (features - head.refine_mean) @ head.refine_weight + head.refine_offset)


def deltas_between(boxes: Tensor, wanted: Tensor) -> Tensor:
    """Box deltas (n, 4) from ``boxes`` (n, 4) to ``wanted`` (n, 4).

    The first two are the shift of the centre in box sides, the others the log scale of the sides.
    """
    sides, wanted_sides = boxes[:, 2:] - boxes[:, :2], wanted[:, 2:] - wanted[:, :2]
    shift = ((wanted[:, 2:] + wanted[:, :2]) - (boxes[:, 2:] + boxes[:, :2])) / 2 / sides
    return torch.cat([shift, (wanted_sides / sides).log()], dim=1)


def apply_deltas(boxes: Tensor, deltas: Tensor) -> Tensor:
    """The inverse of :func:`deltas_between`, (n, 4); sides change by a factor of e² at most."""
    sides = boxes[:, 2:] - boxes[:, :2]
    centre = (boxes[:, 2:] + boxes[:, :2]) / 2 + deltas[:, :2] * sides
    half = sides * deltas[:, 2:].clamp(-_MAX_LOG_SCALE, _MAX_LOG_SCALE).exp() / 2
    return torch.cat([centre - half, centre + half], dim=1)


class HeadStack:
    """Embedding heads stacked into one matrix product. Immutable, so that a window never mixes versions."""

    def __init__(self, heads: Sequence[EmbeddingHead]) -> None:
        self.heads = tuple(heads)
        if not heads:
            return
        self._dim = len(heads[0].weight) - GEOMETRY_FEATURES
        self._weight = torch.stack([head.weight for head in heads])
        self._bias = torch.stack([head.bias for head in heads])
        self._size_mean = torch.stack([head.size_mean for head in heads])
        rules = [head.info.candidates for head in heads]
        self._rules = list(dict.fromkeys(rule for rule in rules if rule))
        self._with_rule = torch.tensor([[own == rule for rule in self._rules] for own in rules], dtype=torch.bool)

    @torch.inference_mode()
    def detect_in(self, image: NDArray[np.uint8], seen: Seen, thresholds: Sequence[float]) -> list[ScoredBoxes]:
        """Detections of each head in ``image``, uint8 (rows, cols), ``seen`` by the backbone, at its threshold.

        A head chooses among the proposals and its own candidates, never those of other heads: what it detects does not
        depend on which others run. Candidates that several heads have in common are embedded once.
        """
        proposals = seen.propose()
        found = find_candidates(image, proposals.boxes, self._rules)
        boxes, index = torch.unique(torch.cat([proposals.boxes[:0], *found]), dim=0, return_inverse=True)
        own = torch.zeros((len(self.heads), len(boxes)), dtype=torch.bool)
        for number, part in enumerate(index.split([len(each) for each in found]) if found else ()):
            of_rule = torch.zeros(len(boxes), dtype=torch.bool)
            of_rule[part] = True
            own |= self._with_rule[:, number, None] & of_rule
        offered = torch.cat([torch.ones((len(self.heads), len(proposals)), dtype=torch.bool), own], dim=1)
        return self.detect(proposals.with_candidates(boxes, seen.embed(boxes)), thresholds, seen.size, offered)

    @torch.inference_mode()
    def detect(
        self,
        proposals: Proposals,
        thresholds: Sequence[float],
        size: tuple[int, int],
        offered: Tensor | None = None,
    ) -> list[ScoredBoxes]:
        """Detections of each head in one image of ``size`` (rows, cols), at its threshold.

        ``offered``, bool (heads, n), says which of the ``proposals`` a head chooses among; None for all.
        """
        if not self.heads or not len(proposals):
            return [ScoredBoxes.none() for _ in self.heads]
        boxes, embeddings = proposals.boxes, proposals.embeddings
        scores = torch.sigmoid(self._logits(boxes, embeddings))
        chosen = scores >= torch.tensor(thresholds)[:, None]
        owner, proposal = torch.nonzero(chosen if offered is None else chosen & offered, as_tuple=True)
        if not len(owner):
            return [ScoredBoxes.none() for _ in self.heads]
        counts = torch.bincount(owner, minlength=len(self.heads)).tolist()
        refined = [
            refine(head, boxes[own], head_features(boxes[own], embeddings[own], head.size_mean))
            for head, own in zip(self.heads, torch.split(proposal, counts), strict=True)
            if len(own)
        ]
        return _suppress(torch.cat(refined), scores[owner, proposal], owner, len(self.heads), size)

    def _logits(self, boxes: Tensor, embeddings: Tensor) -> Tensor:
        """Scores before the sigmoid, (heads, proposals), without a feature matrix per head."""
        by_size = (size_features(boxes, self._size_mean) * self._weight[:, None, self._dim :]).sum(2)
        return self._weight[:, : self._dim] @ embeddings.T + by_size + self._bias[:, None]


def _suppress(boxes: Tensor, scores: Tensor, owner: Tensor, heads: int, size: tuple[int, int]) -> list[ScoredBoxes]:
    """Clip ``boxes`` to the image, then drop overlapping and nested ones of each head."""
    limit = torch.tensor([size[1], size[0], size[1], size[0]], dtype=boxes.dtype)
    boxes = torch.minimum(boxes.clamp_min(0), limit)
    visible = ((boxes[:, 2:] - boxes[:, :2]) >= 0.5).all(1)
    boxes, scores, owner = boxes[visible], scores[visible], owner[visible]
    kept = batched_nms(boxes, scores, owner, NMS_IOU)
    kept = kept[owner[kept].argsort(stable=True)]
    counts = torch.bincount(owner[kept], minlength=heads).tolist()
    return [
        ScoredBoxes(*_not_nested(own_boxes, own_scores))
        for own_boxes, own_scores in zip(
            torch.split(boxes[kept], counts), torch.split(scores[kept], counts), strict=True
        )
    ]


def _not_nested(boxes: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
    """Those of ``boxes`` (n, 4), strongest first, whose intersection over minimum with kept ones is at most MAX_IOM."""
    if len(boxes) < 2:
        return boxes, scores
    low = torch.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = torch.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = (high - low).clamp_min(0).prod(2)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    nested = (shared > MAX_IOM * torch.minimum(area[:, None], area[None])).numpy()
    keep = np.ones(len(boxes), dtype=bool)
    for index in range(1, len(boxes)):
        keep[index] = not (nested[index, :index] & keep[:index]).any()
    kept = torch.from_numpy(keep)
    return boxes[kept], scores[kept]
