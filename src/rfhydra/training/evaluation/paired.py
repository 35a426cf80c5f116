"""Paired comparison of two versions on the same boxes, as it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rfhydra.protocol.results import ComparedBox, ComparedVersion, Gain, Interval, VersionComparison
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.store.results import SampleResult
from rfhydra.store.samples import Sample
from rfhydra.training.evaluation.metrics import ScoredScene, evaluate
from rfhydra.training.evaluation.promotion import Evidence
from rfhydra.training.evaluation.validation import best_scores, intervals_of, scene_of, shown_box, threshold_curve


@dataclass(frozen=True, eq=False)
class Contestant:
    """A version, its score threshold, and its results in samples that it was not trained on."""

    version: int
    threshold: float
    results: Sequence[SampleResult]


def compare(
    signal_name: str,
    samples: Sequence[Sample],
    spec: SpectrogramSpec,
    a: Contestant,
    b: Contestant,
    *,
    first: int,
    count: int,
) -> VersionComparison:
    """The comparison of ``a`` and ``b`` in ``samples``, of which there is at least one and whose order is theirs.

    The boxes are those that the samples have now. ``found`` are ``count`` of them, from number ``first`` on.
    """
    truths = [sample.frame(spec).to_pixels(sample.boxes) for sample in samples]
    scenes_a, scenes_b = (
        [scene_of(result, truth) for result, truth in zip(each.results, truths, strict=True)] for each in (a, b)
    )
    evidence = Evidence.of([scene.at(a.threshold) for scene in scenes_a], [scene.at(b.threshold) for scene in scenes_b])
    places = [(number, index) for number, truth in enumerate(truths) for index in range(len(truth))]
    scores_a, scores_b = _all_scores(scenes_a), _all_scores(scenes_b)
    found_a, found_b = scores_a >= a.threshold, scores_b >= b.threshold
    order = np.lexsort((np.arange(len(places)), found_a | found_b, found_a == found_b))
    page = order[first : first + count].tolist()
    return VersionComparison(
        signal_name=signal_name,
        a=_compared(a, scenes_a),
        b=_compared(b, scenes_b),
        samples=len(samples),
        recordings=evidence.recordings,
        boxes=evidence.boxes,
        gain=Gain(
            f1_gain=evidence.gain,
            interval=Interval(low=evidence.gain_interval[0], high=evidence.gain_interval[1]),
            p_better=evidence.p_better,
            p_gain=evidence.p_gain,
            p_worse=evidence.p_worse,
        ),
        summary=evidence.in_words(a.version),
        found=[
            ComparedBox(
                sample_id=samples[places[at][0]].sample_id,
                box=shown_box(samples[places[at][0]], spec, truths[places[at][0]][places[at][1]]),
                found_by_a=bool(found_a[at]),
                found_by_b=bool(found_b[at]),
                score_a=_or_none(scores_a[at]),
                score_b=_or_none(scores_b[at]),
            )
            for at in page
        ],
        next_cursor=str(first + len(page)) if first + len(page) < len(places) else None,
    )


def _all_scores(scenes: Sequence[ScoredScene]) -> NDArray[np.float64]:
    """The score of the detection that matches each box of all ``scenes``, NaN without one."""
    return np.concatenate([np.zeros(0), *(best_scores(scene) for scene in scenes)])


def _compared(each: Contestant, scenes: Sequence[ScoredScene]) -> ComparedVersion:
    counts = evaluate(scenes, each.threshold)
    return ComparedVersion(
        version=each.version,
        threshold=each.threshold,
        f1_score=counts.f1_score,
        precision=counts.precision if counts.tp + counts.fp else None,
        recall=counts.recall,
        false_count=counts.fp,
        intervals=intervals_of(scenes, each.threshold),
        curve=threshold_curve(scenes),
    )


def _or_none(score: np.float64) -> float | None:
    return None if np.isnan(score) else float(score)
