"""What a version makes of its validation samples: detections down to a low score, and what follows from them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rfhydra.detection.detector import HydraDetector
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.loading import LoadedHead
from rfhydra.protocol.results import (
    CurvePoint,
    FalseDetection,
    Interval,
    MissedBox,
    RateIntervals,
    ValidationResult,
)
from rfhydra.protocol.types import SampleBox
from rfhydra.spectrum.pixels import PixelBoxes
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.window import Window
from rfhydra.store.results import Evaluation, SampleResult
from rfhydra.store.sample_info import box_fields
from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace
from rfhydra.training.evaluation.metrics import MIN_SCORE, ScoredScene, assign, rate_intervals

CURVE_THRESHOLDS: Final = tuple(round(0.01 * step, 2) for step in range(2, 100))
"""Thresholds of a curve, from :data:`MIN_SCORE` on."""

Turn = Callable[[], AbstractContextManager[None]]


def result_of(sample: Sample, scene: ScoredScene) -> SampleResult:
    """``scene`` as the result in ``sample``, strongest detection first."""
    order = np.argsort(-scene.scores, kind="stable")
    return SampleResult(
        sample_id=sample.sample_id,
        recording=sample.recording,
        truth=_edges(scene.truth),
        boxes=_edges(scene.boxes[order]),
        scores=tuple(float(score) for score in scene.scores[order]),
    )


def scene_of(result: SampleResult, truth: PixelBoxes | None = None) -> ScoredScene:
    """The inverse of :func:`result_of`, with other ``truth`` (m, 4) where that is given."""
    boxes = np.array(result.boxes, np.float32).reshape(-1, 4)
    labelled = np.array(result.truth, np.float32).reshape(-1, 4) if truth is None else truth
    return ScoredScene(boxes, np.array(result.scores, np.float64), labelled, result.recording)


def detect_validation(
    workspace: Workspace,
    head: LoadedHead,
    backbone: Backbone,
    samples: Sequence[Sample],
    turn: Turn,
    check: Callable[[], None] = lambda: None,
) -> list[SampleResult]:
    """Detections of ``head`` in each of ``samples``, as a server would give them, one pass of ``backbone`` for each.

    ``turn`` is entered for each pass; ``check`` is called before it, and may raise.

    Raises:
        NotFound, Damaged: an image is missing, or does not match its digest.
    """
    name, detector = head.head.info.signal_name, HydraDetector(workspace.spec, backbone)
    detector.load_heads({name: head})
    results = []
    for sample in samples:
        check()
        window = Window(workspace.samples.image(sample), sample.frame(workspace.spec))
        with turn():
            found = detector.detect(window, MIN_SCORE).detections
        boxes = window.frame.to_pixels(each.box for each in found)
        scores = np.array([each.score for each in found], np.float64)
        truth = window.frame.to_pixels(sample.boxes)
        results.append(result_of(sample, ScoredScene(boxes, scores, truth, sample.recording)))
    return results


def threshold_curve(scenes: Sequence[ScoredScene]) -> list[CurvePoint]:
    """The rates of ``scenes`` at each of :data:`CURVE_THRESHOLDS`."""
    scores = np.concatenate([np.zeros(0), *(scene.scores for scene in scenes)])
    hits = np.concatenate([np.zeros(0, bool), *(assign(scene) >= 0 for scene in scenes)])
    truths = sum(len(scene.truth) for scene in scenes)
    points = []
    for threshold in CURVE_THRESHOLDS:
        reported = scores >= threshold
        detected, found = int(reported.sum()), int((reported & hits).sum())
        points.append(
            CurvePoint(
                threshold=threshold,
                f1_score=2 * found / max(detected + truths, 1),
                precision=found / detected if detected else None,
                recall=found / max(truths, 1),
                detected=detected,
                found=found,
            )
        )
    return points


def intervals_of(scenes: Sequence[ScoredScene], threshold: float) -> RateIntervals:
    """The intervals of the rates of ``scenes``, of which there is at least one, at ``threshold``."""
    ends = rate_intervals(scenes, threshold)
    return RateIntervals(**{name: Interval(low=low, high=high) for name, (low, high) in ends.items()})


def best_scores(scene: ScoredScene) -> NDArray[np.float64]:
    """The score of the detection that matches each truth box, NaN without one; shape (m,)."""
    scores = np.full(len(scene.truth), np.nan)
    owner = assign(scene)
    scores[owner[owner >= 0]] = scene.scores[owner >= 0]
    return scores


def validation_result(
    evaluation: Evaluation, threshold: float, samples: Mapping[str, Sample], spec: SpectrogramSpec, examples: int
) -> ValidationResult:
    """The results of a version at its ``threshold``, with at most so many ``examples`` of each kind of error.

    ``samples`` are those that still exist, by id: only they can be shown.
    """
    scenes = [scene_of(each) for each in evaluation.samples]
    missed, false = list[tuple[float, int, int]](), list[tuple[float, int, int]]()
    for number, scene in enumerate(scenes):
        scores, owner = best_scores(scene), assign(scene)
        missed += [
            (-score if score == score else 1.0, number, index)  # without a score last
            for index, score in enumerate(scores.tolist())
            if not score >= threshold
        ]
        wrong = (owner < 0) & (scene.scores >= threshold)
        false += [(-float(scene.scores[index]), number, int(index)) for index in np.flatnonzero(wrong)]
    shown = {number for number, each in enumerate(evaluation.samples) if each.sample_id in samples}

    def box(number: int, edges: PixelBoxes) -> tuple[str, SampleBox]:
        sample = samples[evaluation.samples[number].sample_id]
        return sample.sample_id, shown_box(sample, spec, edges)

    first_missed = [each for each in sorted(missed) if each[1] in shown][:examples]
    first_false = [each for each in sorted(false) if each[1] in shown][:examples]
    told_missed = [(score, *box(number, scenes[number].truth[index])) for score, number, index in first_missed]
    told_false = [(score, *box(number, scenes[number].boxes[index])) for score, number, index in first_false]
    return ValidationResult(
        evaluated_at=evaluation.evaluated_at,
        samples=len(scenes),
        boxes=sum(len(scene.truth) for scene in scenes),
        intervals=intervals_of(scenes, threshold),
        curve=threshold_curve(scenes),
        missed_count=len(missed),
        missed=[
            MissedBox(sample_id=sample_id, box=found, score=None if score > 0 else -score)
            for score, sample_id, found in told_missed
        ],
        false_count=len(false),
        false_detections=[
            FalseDetection(sample_id=sample_id, box=found, score=-score) for score, sample_id, found in told_false
        ],
    )


def shown_box(sample: Sample, spec: SpectrogramSpec, edges: PixelBoxes) -> SampleBox:
    """One box (4,) in pixels of ``sample`` as it is sent."""
    frame = sample.frame(spec)
    return SampleBox(**box_fields(frame.to_boxes(edges.reshape(1, 4)), frame)[0])


def _edges(boxes: PixelBoxes) -> tuple[tuple[float, float, float, float], ...]:
    return tuple((float(box[0]), float(box[1]), float(box[2]), float(box[3])) for box in boxes)
