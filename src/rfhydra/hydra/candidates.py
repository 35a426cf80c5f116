"""Candidates of a head's own: boxes of its user's sizes, found in the image itself, beside the backbone's proposals.

A backbone proposes what its pretraining took for one emission. Where that differs from what a user boxes (packets that
the user separates, bursts that fill the band, thin lines), no proposal fits, and a classifier of proposals cannot
find the signal. A :class:`CandidateRule` is learnt from the user's boxes: their sizes, and the pause at which they
separate two packets. See docs/decisions/0027.

1. A matched box filter over the integral image gives *seeds*: boxes of a learnt size that stand out of their flanks
   (F. C. Crow, "Summed-area tables for texture mapping", 1984). The proposals are seeds, too.
2. In the band of each seed, the mean level over time is cut into *segments* half-way between its floor and the level
   in the seed. Pauses up to the learnt one are closed. The segments near the seed are the candidates.
3. Where the user's boxes overlap in time, segments hold several of them: then intervals of the typical widths that
   begin or end at an edge of the level are candidates, too.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rfhydra.errors import Incompatible
from rfhydra.hydra.bands import MIN_CONTRAST, Bands, runs
from rfhydra.hydra.vision import box_iou, nms
from rfhydra.spectrum.pixels import PixelBoxes

MAX_CANDIDATES: Final = 100
"""Of each rule in one image, the ones that stand out most."""
MAX_SIZES: Final = 4
SIZES_PER_OCTAVE: Final = 2
STEPS_PER_OCTAVE: Final = 8
SIZE_MARGIN: Final = 1.6  # a candidate may be so much smaller than the smallest box, or larger than the largest
MAX_SEEDS: Final = 48  # of the box filters of one rule, the same number of each size
STEPS_PER_SIDE: Final = 4
MAX_RANKED: Final = 400  # intervals of one rule that are compared with each other
GOLDEN_SIDE: Final = 192
MAX_TESTED: Final = 12  # images in which it is tested whether segments cover the user's boxes
MIN_RECALL: Final = 0.9  # below which there are intervals at edges
RECALL_IOU: Final = 0.6
CANDIDATE_NMS_IOU: Final = 0.8
TYPICAL: Final = 0.9  # quantile of the pauses in the user's boxes; its complement of those between them
_FORMAT: Final = 3  # of cached candidates: another one for another search
_MAX_GREY: Final = 255
_LOCAL_MAXIMUM: Final = 2 * (STEPS_PER_SIDE // 2) + 1


@dataclass(frozen=True)
class CandidateRule:
    """What a head's own candidates look like.

    Attributes:
        sizes: (width, height) of the matched box filters in pixels, most frequent first.
        gap_cols: the longest pause that does not separate two candidates, in columns.
        widths: smallest and largest width of a candidate, in pixels; ``heights`` likewise.
        with_edges: whether intervals of a typical width at edges of the level are candidates, too. They are where
            segments do not cover the user's boxes: emissions overlap.
    """

    sizes: tuple[tuple[float, float], ...]
    gap_cols: float
    widths: tuple[float, float]
    heights: tuple[float, float]
    with_edges: bool = False

    @classmethod
    def learn(cls, labelled: Iterable[tuple[NDArray[np.uint8], PixelBoxes]]) -> "CandidateRule | None":
        """The rule of the boxes (n, 4) that a user drew in images (rows, cols); None without boxes.

        All values are rounded to steps of an octave's part, so that a few boxes more seldom change the rule, and
        cached features of the samples stay valid.
        """
        labelled = [(image, boxes) for image, boxes in labelled if len(boxes)]
        sides, inner, outer = list[NDArray[np.floating[Any]]](), list[float](), list[float]()
        for image, boxes in labelled:
            sides.append(boxes[:, 2:] - boxes[:, :2])
            pauses = _pauses(torch.from_numpy(image), torch.from_numpy(boxes).float())
            inner += pauses[0]
            outer += pauses[1]
        if not sides:
            return None
        drawn = np.concatenate(sides)
        low, high = _rounded(drawn.min(0) / SIZE_MARGIN), _rounded(drawn.max(0) * SIZE_MARGIN)
        rule = cls(_typical_sizes(drawn), _separating_gap(inner, outer), (low[0], high[0]), (low[1], high[1]))
        return replace(rule, with_edges=rule._recall(labelled[-MAX_TESTED:]) < MIN_RECALL)

    @property
    def rule_id(self) -> str:
        """First 16 hex digits of the SHA-256 of the rule and of how it is applied."""
        return hashlib.sha256(f"{_FORMAT} {self}".encode()).hexdigest()[:16]

    def to_metadata(self) -> dict[str, Any]:
        """All fields as JSON."""
        return dict(vars(self))

    @classmethod
    def from_metadata(cls, fields: dict[str, Any]) -> Self:
        """The inverse of :meth:`to_metadata`.

        Raises:
            Incompatible: a field is missing, unknown or no number.
        """
        try:
            sizes = tuple((float(width), float(height)) for width, height in fields["sizes"])
            low, high = ((float(side[0]), float(side[1])) for side in (fields["widths"], fields["heights"]))
            return cls(sizes, float(fields["gap_cols"]), low, high, bool(fields["with_edges"]))
        except (KeyError, TypeError, ValueError, IndexError):
            raise Incompatible("the candidate rule of this head cannot be read: train it again") from None

    def find(self, image: NDArray[np.uint8] | Tensor, proposals: Tensor) -> Tensor:
        """Candidates in ``image``, uint8 (rows, cols), beside ``proposals`` (n, 4): float32 (m, 4), at most
        :data:`MAX_CANDIDATES`.
        """
        return find_candidates(image, proposals, [self])[0]

    def _recall(self, labelled: Sequence[tuple[NDArray[np.uint8], PixelBoxes]]) -> float:
        """Share of the labelled boxes that a candidate covers with an IoU of at least :data:`RECALL_IOU`."""
        hits = list[bool]()
        for image, boxes in labelled:
            found = self.find(image, torch.zeros((0, 4)))
            overlap = box_iou(torch.from_numpy(boxes).float(), found)
            hits += (torch.cat([overlap, torch.zeros((len(boxes), 1))], dim=1).amax(1) >= RECALL_IOU).tolist()
        return float(np.mean(hits))

    def _select(self, bands: Bands, own: Tensor) -> Tensor:
        """The best candidates in those of ``bands`` that the mask ``own`` (n,) selects: segments and intervals."""
        owner, start, end, rank = (torch.cat(parts) for parts in zip(*self._intervals(bands, own), strict=True))
        low, high = self.widths
        fits = torch.nonzero((end - start >= low) & (end - start <= high))[:, 0]
        best = fits[rank[fits].argsort(descending=True, stable=True)[:MAX_RANKED]]
        seeds = bands.seeds[owner[best]]
        boxes = torch.stack([start[best], seeds[:, 1], end[best], seeds[:, 3]], dim=1)
        return boxes[nms(boxes, rank[best], CANDIDATE_NMS_IOU)[:MAX_CANDIDATES]]

    def _intervals(self, bands: Bands, own: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
        """Segments of the ``own`` bands, and intervals of each typical width that begin or end at a level edge.

        Yields:
            Index of the band, start and end in columns, and rank of each (n,).
        """
        owner, start, end = bands.segments(own, self.gap_cols)
        yield owner, start, end, bands.contrast[owner] + _MAX_GREY
        if not self.with_edges:
            return
        for width in dict.fromkeys(width for width, _ in self.sizes):
            for (owner, col), shift in ((bands.rising, 0.0), (bands.falling, -width)):
                band, col = owner[own[owner]], col[own[owner]]
                start, end = ((col + shift + length).clamp(0, bands.cols) for length in (0.0, width))
                yield band, start, end, bands.rise(band, start) - bands.rise(band, end)


@dataclass(frozen=True, eq=False)
class GoldenCandidates:
    """Golden vectors of a rule: a part of a training image, a user's box in it, and the candidates that were found.

    ``image`` uint8 (rows, cols), ``seed`` float32 (1, 4), ``boxes`` float32 (n, 4).
    """

    image: Tensor
    seed: Tensor
    boxes: Tensor

    @classmethod
    def record(cls, rule: CandidateRule, image: NDArray[np.uint8], box: NDArray[np.float32]) -> Self:
        """From the surroundings of ``box`` (4,) in ``image``, at most :data:`GOLDEN_SIDE` pixels on each side."""
        origin, end = np.zeros(2, int), np.zeros(2, int)
        for axis, length in ((0, image.shape[1]), (1, image.shape[0])):
            middle, side = (box[axis] + box[axis + 2]) / 2, box[axis + 2] - box[axis]
            reach = min(int(1.5 * side) + 8, GOLDEN_SIDE // 2)
            origin[axis], end[axis] = max(0, int(middle) - reach), min(length, int(middle) + reach)
        part = torch.from_numpy(image[origin[1] : end[1], origin[0] : end[0]].copy())
        seed = torch.from_numpy(np.asarray(box, np.float32) - np.tile(origin, 2).astype(np.float32))[None]
        return cls(part, seed, rule.find(part, seed))

    def hold(self, rule: CandidateRule) -> bool:
        """Whether ``rule`` finds the same candidates again."""
        boxes = rule.find(self.image, self.seed)
        return boxes.shape == self.boxes.shape and torch.allclose(boxes, self.boxes, atol=0.05)


@torch.inference_mode()
def find_candidates(
    image: NDArray[np.uint8] | Tensor, proposals: Tensor, rules: Sequence[CandidateRule]
) -> list[Tensor]:
    """Candidates of each rule, as :meth:`CandidateRule.find` gives them: none that is nearly a proposal.

    Rules share the filters and the bands that they have in common.
    """
    if not rules:
        return []
    grey = torch.as_tensor(image)
    down = torch.nn.functional.pad(grey.int().cumsum(0, dtype=torch.int32), (0, 0, 1, 0))
    area = torch.nn.functional.pad(down.cumsum(1, dtype=torch.int32), (1, 0))
    sizes = list(dict.fromkeys(size for rule in rules for size in rule.sizes))
    seeds = [proposals, *(matched_boxes(area, size) for size in sizes)]
    every = torch.cat(seeds)
    height = every[:, 3] - every[:, 1]
    chosen = []
    for rule in rules:
        most = MAX_SEEDS // len(rule.sizes)
        ours = [
            torch.arange(len(part)) < (most if size in rule.sizes else 0)
            for size, part in zip(sizes, seeds[1:], strict=True)
        ]
        of_rule = torch.cat([torch.ones(len(proposals), dtype=torch.bool), *ours])
        chosen.append(of_rule & (height >= rule.heights[0]) & (height <= rule.heights[1]))
    used = torch.stack(chosen).any(0)
    bands = Bands.of(down, every[used])
    found = []
    for rule, own in zip(rules, chosen, strict=True):
        boxes = rule._select(bands, own[used]) if own.any() else proposals[:0]
        if len(proposals):
            boxes = boxes[box_iou(boxes, proposals).amax(1) <= CANDIDATE_NMS_IOU]
        found.append(boxes)
    return found


def matched_boxes(area: Tensor, size: tuple[float, float]) -> Tensor:
    """Boxes of ``size`` (width, height) whose mean level stands out of their flanks most, best first: float32 (n, 4).

    ``area`` is the integral image, int32 (rows + 1, cols + 1). A flank is a quarter of the width, or half of the
    height; flanks outside of the image do not count.
    """
    rows, cols = area.shape[0] - 1, area.shape[1] - 1
    width, height = min(max(1, round(size[0])), cols), min(max(1, round(size[1])), rows)
    across, along = max(1, width // 4), max(1, height // 2)
    x = torch.arange(0, cols - width + 1, max(1, width // STEPS_PER_SIDE))
    y = torch.arange(0, rows - height + 1, max(1, height // STEPS_PER_SIDE))
    # The integral image at all corners of the boxes and of their flanks: (4, boxes down, 4, boxes across).
    left = torch.stack([x - across, x, x + width, x + width + across]).clamp(0, cols)
    top = torch.stack([y - along, y, y + height, y + height + along]).clamp(0, rows)
    corners = area.index_select(0, top.reshape(-1)).index_select(1, left.reshape(-1))
    corners = corners.reshape(4, len(y), 4, len(x))

    def mean(band: int, part: int) -> Tensor:
        """Mean level between two successive corners in both directions; -1 where there is nothing."""
        upper, lower = corners[band], corners[band + 1]
        total = lower[:, part + 1] - lower[:, part] - upper[:, part + 1] + upper[:, part]
        pixels = (left[part + 1] - left[part]) * (top[band + 1] - top[band])[:, None]
        return torch.where(pixels > 0, total / pixels.clamp_min(1), -1.0)

    inside, before, after, above, below = mean(1, 1), mean(1, 0), mean(1, 2), mean(0, 1), mean(2, 1)
    # Of the flanks the second brightest counts: an emission may touch another one.
    brighter = torch.maximum(before, after), torch.maximum(above, below)
    darker = torch.maximum(torch.minimum(before, after), torch.minimum(above, below))
    contrast = inside - torch.maximum(torch.minimum(*brighter), darker).clamp_min(0)
    near = torch.nn.functional.max_pool2d(contrast[None, None], _LOCAL_MAXIMUM, 1, _LOCAL_MAXIMUM // 2)[0, 0]
    row, col = torch.nonzero((contrast >= near) & (contrast >= MIN_CONTRAST), as_tuple=True)
    best = contrast[row, col].argsort(descending=True, stable=True)[:MAX_SEEDS]
    left, top = x[col[best]].float(), y[row[best]].float()
    return torch.stack([left, top, left + width, top + height], dim=1)


def _pauses(image: Tensor, boxes: Tensor) -> tuple[list[float], list[float]]:
    """The longest pause in each of ``boxes`` (n, 4), and the pause before the next one in the same band, in columns."""
    down = torch.nn.functional.pad(image.int().cumsum(0, dtype=torch.int32), (0, 0, 1, 0))
    owner, start, end = (part.numpy() for part in runs(~Bands.of(down, boxes).is_on))
    inner, outer = list[float](), list[float]()
    drawn = boxes.numpy()
    for index, (left, top, right, bottom) in enumerate(drawn):
        own = owner == index
        first, last = start[own], end[own]
        within = (first > left + 1) & (last < right - 1)
        inner.append(float((last - first)[within].max(initial=0)))
        shared = np.minimum(drawn[:, 3], bottom) - np.maximum(drawn[:, 1], top)
        after = drawn[(drawn[:, 0] >= right - 2) & (shared > 0.5 * (bottom - top)), 0]
        if len(after):
            between = (last > right - 2) & (first < after.min() + 2)
            outer.append(float((last - first)[between].max(initial=0)))
    return inner, outer


def _separating_gap(inner: Sequence[float], outer: Sequence[float]) -> float:
    """The longest pause, in columns, that is closed: between those in the user's boxes and those between them."""
    longest = float(np.quantile(inner, TYPICAL))
    shortest = float(np.quantile(outer, 1 - TYPICAL)) if outer else 1.5 * longest + 1
    gap = (longest + max(shortest, longest)) / 2
    return _rounded(np.array([gap]))[0] if gap >= 1 else 0.0


def _typical_sizes(drawn: NDArray[np.floating[Any]]) -> tuple[tuple[float, float], ...]:
    """The median (width, height) of the most frequent classes of the sizes ``drawn`` (n, 2)."""
    steps = np.round(SIZES_PER_OCTAVE * np.log2(np.maximum(drawn, 1.0)))
    _, members, counts = np.unique(steps, axis=0, return_inverse=True, return_counts=True)
    frequent = np.argsort(-counts, kind="stable")[:MAX_SIZES]
    medians = (_rounded(np.median(drawn[members.reshape(-1) == each], axis=0)) for each in frequent)
    return tuple((width, height) for width, height in medians)


def _rounded(values: NDArray[np.floating[Any]]) -> list[float]:
    """``values`` (n,), at least 1, on a logarithmic scale of :data:`STEPS_PER_OCTAVE`."""
    steps = np.round(STEPS_PER_OCTAVE * np.log2(np.maximum(values, 1.0)))
    return [round(float(value), 3) for value in 2.0 ** (steps / STEPS_PER_OCTAVE)]
