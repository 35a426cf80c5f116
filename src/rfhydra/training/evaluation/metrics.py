"""F1, precision, recall and average precision of detections at one IoU, with intervals.

Matching follows COCO: detections of a scene in order of falling score, each taking the free truth box that it overlaps
most, each truth box matched at most once. Boxes may be in pixels or in seconds and Hz; IoU is the same in both.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from faster_coco_eval import COCO, COCOeval_faster
from numpy.typing import NDArray

from rfhydra.config import IOU_THRESHOLD
from rfhydra.training.evaluation.grouping import RecordingGroups

Boxes = NDArray[np.floating[Any]]
BOOTSTRAP_DRAWS: Final = 1000
MIN_SCORE: Final = 0.02  # of detections that are compared at several thresholds


@dataclass(frozen=True, eq=False)
class ScoredScene:
    """Detected ``boxes`` (n, 4) with ``scores`` (n,) and ``truth`` boxes (m, 4) of one window or recording.

    ``recording`` is None if unknown; ``weight`` is that of each detection when scores are calibrated.
    """

    boxes: Boxes
    scores: NDArray[np.floating[Any]]
    truth: Boxes
    recording: Hashable = None
    weight: float = 1.0

    def at(self, threshold: float) -> "ScoredScene":
        """The scene with only those detections that score at least ``threshold``."""
        kept = self.scores >= threshold
        return replace(self, boxes=self.boxes[kept], scores=self.scores[kept])


@dataclass(frozen=True)
class MatchCounts:
    """Counts and the rates that follow from them. A rate with nothing to count is 0."""

    tp: int
    fp: int
    fn: int

    @property
    def precision(self) -> float:
        return self.tp / max(self.tp + self.fp, 1)

    @property
    def recall(self) -> float:
        return self.tp / max(self.tp + self.fn, 1)

    @property
    def f1_score(self) -> float:
        return 2 * self.tp / max(2 * self.tp + self.fp + self.fn, 1)

    def to_dict(self) -> dict[str, float]:
        return {"f1_score": self.f1_score, "precision": self.precision, "recall": self.recall}


def iou_matrix(first: Boxes, second: Boxes) -> NDArray[np.float64]:
    """IoU of every box of ``first`` (n, 4) with every box of ``second`` (m, 4), shape (n, m).

    A box is its lower corner and its upper corner: x_min, y_min, x_max, y_max.
    """
    a, b = np.asarray(first, np.float64).reshape(-1, 1, 4), np.asarray(second, np.float64).reshape(1, -1, 4)
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = sides.clip(0).prod(-1)
    union = (a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1) - shared
    overlap: NDArray[np.float64] = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return overlap


def match(scene: ScoredScene, iou: float = IOU_THRESHOLD) -> NDArray[np.bool_]:
    """Which detections of the scene are true, in the order of ``scene.scores``; shape (n,)."""
    hit: NDArray[np.bool_] = assign(scene, iou) >= 0
    return hit


def assign(scene: ScoredScene, iou: float = IOU_THRESHOLD) -> NDArray[np.int64]:
    """The truth box that each detection matches, -1 without one; shape (n,).

    Of the detections from any threshold on, it is the same: a detection takes no box from a stronger one.
    """
    owner = np.full(len(scene.scores), -1)
    if not len(scene.truth):
        return owner
    overlap = iou_matrix(scene.boxes, scene.truth)
    for index in np.argsort(-scene.scores, kind="stable"):
        best = overlap[index].argmax()
        if overlap[index, best] >= iou:
            owner[index] = best
            overlap[:, best] = -1  # matched: no longer free
    return owner


def evaluate(scenes: Sequence[ScoredScene], threshold: float, iou: float = IOU_THRESHOLD) -> MatchCounts:
    """Counts over all ``scenes`` of the detections with a score of at least ``threshold``."""
    tp, fp, fn = count(scenes, threshold, iou).sum(0).tolist()
    return MatchCounts(tp, fp, fn)


def count(scenes: Sequence[ScoredScene], threshold: float, iou: float = IOU_THRESHOLD) -> NDArray[np.int64]:
    """True positives, false positives and misses of each scene, shape (scenes, 3)."""
    rows = []
    for scene in scenes:
        found = scene.at(threshold)
        hits = int(match(found, iou).sum())
        rows.append((hits, len(found.scores) - hits, len(scene.truth) - hits))
    return np.array(rows, np.int64).reshape(-1, 3)


def rate_intervals(
    scenes: Sequence[ScoredScene], threshold: float, iou: float = IOU_THRESHOLD
) -> dict[str, tuple[float, float]]:
    """The 90 % bootstrap interval of ``f1_score``, ``precision`` and ``recall``, percentile method.

    Scenes of one recording are resampled together.
    """
    totals, _ = by_recording(scenes, count(scenes, threshold, iou))
    draws = np.random.default_rng(0).integers(0, len(totals), (BOOTSTRAP_DRAWS, len(totals)))
    tp, fp, fn = totals[draws].sum(1).T
    rates = {
        "f1_score": 2 * tp / np.maximum(2 * tp + fp + fn, 1),
        "precision": tp / np.maximum(tp + fp, 1),
        "recall": tp / np.maximum(tp + fn, 1),
    }
    ends = {name: np.quantile(drawn, [0.05, 0.95]) for name, drawn in rates.items()}
    return {name: (float(low), float(high)) for name, (low, high) in ends.items()}


def by_recording(scenes: Sequence[ScoredScene], counts: NDArray[np.integer[Any]]) -> tuple[NDArray[np.float64], int]:
    """Sums of ``counts`` (scenes, k) in each recording (groups, k), and how many recordings there are.

    Scenes of a single recording are groups of their own.
    """
    windows = [(scene.recording, ("scene", index)) for index, scene in enumerate(scenes)]
    recordings, groups = RecordingGroups(windows), dict[Hashable, int]()
    owner = [groups.setdefault(recordings.key(*window), len(groups)) for window in windows]
    totals = np.zeros((len(groups), counts.shape[1]))
    np.add.at(totals, owner, counts)
    return totals, recordings.recordings


def best_threshold(scenes: Sequence[ScoredScene], iou: float = IOU_THRESHOLD) -> float:
    """The lowest threshold with the best F1, halfway between two scores; 0.5 where nothing matches."""
    scores = np.concatenate([np.zeros(0), *(scene.scores for scene in scenes)])
    hits = np.concatenate([np.zeros(0, bool), *(match(scene, iou) for scene in scenes)])
    if not hits.any():
        return 0.5
    order = np.argsort(-scores, kind="stable")
    f1 = 2 * np.cumsum(hits[order]) / (np.arange(1, len(hits) + 1) + sum(len(scene.truth) for scene in scenes))
    return float(thresholds_near_best(scores[order], f1, 1e-12)[-1])


def thresholds_near_best(
    ranked: NDArray[np.floating[Any]], f1: NDArray[np.float64], tolerance: float
) -> NDArray[np.float64]:
    """Thresholds whose F1 is within ``tolerance`` of the best one, in falling order, each halfway between two scores.

    ``f1`` (n,) is that of the detections up to each of the ``ranked`` scores (n,), which fall. No threshold separates
    equal scores.
    """
    below = np.append(ranked[1:], 0.0)
    reachable = np.where(ranked == below, 0.0, f1)
    near_best = reachable >= reachable.max() - tolerance
    thresholds: NDArray[np.float64] = (ranked[near_best] + below[near_best]) / 2
    return thresholds


def report(scenes: Sequence[ScoredScene], threshold: float, iou: float = IOU_THRESHOLD) -> dict[str, Any]:
    """All metrics of ``scenes`` at ``threshold`` as JSON: rates, counts, AP, and the 90 % interval of F1.

    ``interval_recordings`` is how many recordings the interval is from; from a single one, it is from its windows.
    """
    counts, intervals = evaluate(scenes, threshold, iou), rate_intervals(scenes, threshold, iou)
    return {
        **counts.to_dict(),
        "f1_interval": list(intervals["f1_score"]),
        "interval_recordings": RecordingGroups((each.recording, index) for index, each in enumerate(scenes)).recordings,
        "ap": average_precision(scenes, iou),
        **vars(counts),
        "threshold": threshold,
        "iou": iou,
    }


def average_precision(scenes: Sequence[ScoredScene], iou: float = IOU_THRESHOLD) -> float:
    """COCO average precision (101 recall points) at one IoU, 0 when there is no truth box."""
    if not any(len(scene.truth) for scene in scenes) or not any(len(scene.scores) for scene in scenes):
        return 0.0
    images = [{"id": index} for index in range(len(scenes))]
    truth = [{**_annotation(index, box), "iscrowd": 0} for index, scene in enumerate(scenes) for box in scene.truth]
    found = [
        {**_annotation(index, box), "score": float(score)}
        for index, scene in enumerate(scenes)
        for box, score in zip(scene.boxes, scene.scores, strict=True)
    ]
    for number, annotation in enumerate(truth, start=1):
        annotation["id"] = number
    categories = [{"id": 1, "name": "signal"}]
    coco = COCO({"images": images, "annotations": truth, "categories": categories}, use_deepcopy=False)
    run = COCOeval_faster(coco, coco.loadRes(found), iouType="bbox", print_function=_quiet)
    run.params.iouThrs = np.array([iou])
    run.params.maxDets = [max(len(scene.scores) for scene in scenes)]
    run.params.areaRng, run.params.areaRngLbl = [[0, 1e18]], ["all"]
    run.evaluate()
    run.accumulate()
    return float(run.eval["precision"].mean())


def _annotation(image: int, box: Boxes) -> dict[str, Any]:
    x, y, width, height = (float(edge) for edge in (box[0], box[1], box[2] - box[0], box[3] - box[1]))
    return {"image_id": image, "category_id": 1, "bbox": [x, y, width, height], "area": width * height}


def _quiet(*words: object) -> None:
    """Print function that discards the report of the library."""
