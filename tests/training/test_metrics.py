import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rfhydra.training.evaluation.metrics import (
    MatchCounts,
    ScoredScene,
    average_precision,
    best_threshold,
    evaluate,
    iou_matrix,
    match,
    rate_intervals,
)

BOX = st.tuples(*[st.integers(0, 20)] * 2, *[st.integers(1, 8)] * 2).map(
    lambda parts: (parts[0], parts[1], parts[0] + parts[2], parts[1] + parts[3])
)
BOXES = st.lists(BOX, max_size=6)


def corners(boxes: list[tuple[int, int, int, int]]) -> NDArray[np.float64]:
    return np.array(boxes, np.float64).reshape(-1, 4)


@st.composite
def scenes(draw: st.DrawFn, *, ties: bool = True) -> ScoredScene:
    boxes = draw(BOXES)
    score = st.integers(1, 10).map(lambda value: value / 10)
    scores = draw(st.lists(score, min_size=len(boxes), max_size=len(boxes), unique=not ties))
    return ScoredScene(corners(boxes), np.array(scores, np.float64), corners(draw(BOXES)))


MANY = st.lists(scenes(), min_size=1, max_size=4)


def one_scene(
    detections: list[tuple[float, tuple[int, int, int, int]]], truth: list[tuple[int, int, int, int]]
) -> ScoredScene:
    scores = np.array([score for score, _ in detections])
    return ScoredScene(corners([box for _, box in detections]), scores, corners(truth))


@given(scenes())
def test_every_truth_box_is_matched_at_most_once(scene: ScoredScene) -> None:
    hits = match(scene)
    assert hits.shape == scene.scores.shape
    assert hits.sum() <= len(scene.truth)


@given(scenes(ties=False), st.integers(0, 1000))
def test_the_order_of_detections_does_not_matter(scene: ScoredScene, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(scene.scores))
    shuffled = ScoredScene(scene.boxes[order], scene.scores[order], scene.truth)
    assert (match(shuffled) == match(scene)[order]).all()
    assert average_precision([shuffled]) == pytest.approx(average_precision([scene]))


@given(MANY, st.floats(0, 1))
def test_rates_are_parts_and_counts_add_up(many: list[ScoredScene], threshold: float) -> None:
    metrics = evaluate(many, threshold)
    rates = (metrics.f1_score, metrics.precision, metrics.recall)
    assert all(0 <= rate <= 1 for rate in rates)
    assert min(metrics.precision, metrics.recall) <= metrics.f1_score <= max(metrics.precision, metrics.recall)
    assert metrics.tp + metrics.fn == sum(len(scene.truth) for scene in many)
    assert metrics.tp + metrics.fp == sum(int((scene.scores >= threshold).sum()) for scene in many)


@given(st.lists(BOX, min_size=1, max_size=6, unique=True))
def test_perfect_detections_score_one(boxes: list[tuple[int, int, int, int]]) -> None:
    scores = np.linspace(0.9, 0.6, len(boxes))
    scene = ScoredScene(corners(boxes), scores, corners(boxes))
    assert evaluate([scene], 0.5) == MatchCounts(len(boxes), 0, 0)
    assert evaluate([scene], 0.5).f1_score == 1
    assert average_precision([scene]) == pytest.approx(1)
    assert rate_intervals([scene], 0.5)["f1_score"] == (1, 1)


def test_the_second_best_match_is_taken_where_the_best_is_gone() -> None:
    truth = [(0, 0, 10, 10), (0, 3, 10, 13)]
    both_prefer_the_first = [(0.9, (0, 0, 10, 10)), (0.8, (0, 1, 10, 11))]
    assert match(one_scene(both_prefer_the_first, truth)).tolist() == [True, True]


def test_the_stronger_detection_chooses_first() -> None:
    exact, shifted = (0, 0, 10, 10), (0, 2, 10, 12)
    assert match(one_scene([(0.4, exact), (0.9, shifted)], [exact])).tolist() == [False, True]


def test_an_overlap_of_exactly_the_limit_counts() -> None:
    half = one_scene([(0.9, (0, 0, 10, 5))], [(0, 0, 10, 10)])
    assert iou_matrix(half.boxes, half.truth).tolist() == [[0.5]]
    assert evaluate([half], 0.5, iou=0.5).tp == 1
    assert evaluate([half], 0.5, iou=0.51).tp == 0


def test_nothing_to_find_and_nothing_found() -> None:
    empty = one_scene([], [])
    assert evaluate([empty], 0.5).f1_score == 0
    assert average_precision([empty]) == 0
    assert average_precision([one_scene([(0.9, (0, 0, 1, 1))], [])]) == 0
    assert best_threshold([]) == best_threshold([empty]) == 0.5


def test_average_precision_of_an_example_by_hand() -> None:
    truth = [(0, 0, 10, 10), (20, 0, 30, 10)]
    ranked = [(0.9, truth[0]), (0.8, (50, 50, 60, 60)), (0.7, truth[1])]
    # Precision 1 at the 51 recalls up to 0.5, 2/3 at the 50 above.
    assert average_precision([one_scene(ranked, truth)]) == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_average_precision_ranks_over_all_scenes() -> None:
    truth = [(0, 0, 10, 10)]
    right, wrong = one_scene([(0.9, truth[0])], truth), one_scene([(0.95, (50, 50, 60, 60))], [])
    assert average_precision([right, wrong]) == pytest.approx(0.5)


@given(MANY)
def test_no_threshold_beats_the_best_one(many: list[ScoredScene]) -> None:
    best = best_threshold(many)
    scores = {0.0, *(float(score) for scene in many for score in scene.scores)}
    highest = max(evaluate(many, score).f1_score for score in scores)
    assert evaluate(many, best).f1_score == pytest.approx(highest)


def test_the_best_threshold_does_not_part_equal_scores() -> None:
    truth = [(0, 0, 10, 10)]
    tied = one_scene([(0.9, truth[0]), (0.5, (40, 40, 50, 50)), (0.5, (60, 60, 70, 70))], truth)
    assert best_threshold([tied]) == pytest.approx(0.7)


@given(MANY)
def test_the_interval_holds_the_score_of_equal_recordings(many: list[ScoredScene]) -> None:
    low, high = rate_intervals(many, 0.5)["f1_score"]
    assert 0 <= low <= high <= 1
    copies = [
        ScoredScene(scene.boxes, scene.scores, scene.truth, recording)
        for recording in ("first", "second")
        for scene in many
    ]
    score = evaluate(copies, 0.5).f1_score
    assert rate_intervals(copies, 0.5)["f1_score"] == pytest.approx((score, score))


def test_windows_of_a_single_recording_are_drawn_one_by_one() -> None:
    truth = [(0, 0, 10, 10)]
    found, missed = one_scene([(0.9, truth[0])], truth), one_scene([], truth)
    alone, single = (
        [ScoredScene(scene.boxes, scene.scores, scene.truth, name) for scene in (found, missed) * 3]
        for name in (None, "only")
    )
    low, high = rate_intervals(single, 0.5)["f1_score"]
    assert (low, high) == rate_intervals(alone, 0.5)["f1_score"]
    assert low < evaluate(single, 0.5).f1_score < high
