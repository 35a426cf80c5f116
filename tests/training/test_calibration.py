"""Calibration: scores become probabilities, and the threshold follows from them."""

import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from rfhydra.training.evaluation.metrics import ScoredScene, evaluate
from rfhydra.training.heads.calibration import F1_TOLERANCE, MAX_THRESHOLD, MIN_SLOPE, MIN_THRESHOLD, Calibration

HERE, THERE = (0.0, 0.0, 10.0, 10.0), (50.0, 50.0, 60.0, 60.0)


def scored(hits: list[float], false_alarms: list[float]) -> list[ScoredScene]:
    """A scene for each score, of a detection that is right or wrong."""
    truth = np.array([HERE])
    right = [ScoredScene(np.array([HERE]), np.array([score]), truth) for score in hits]
    return right + [ScoredScene(np.array([THERE]), np.array([score]), np.zeros((0, 4))) for score in false_alarms]


@for_all(
    st.lists(st.floats(0.02, 0.999), min_size=1, max_size=20), st.lists(st.floats(0.02, 0.999), min_size=1, max_size=20)
)
def test_calibration_keeps_the_order_and_bounds_the_threshold(hits: list[float], false_alarms: list[float]) -> None:
    scenes = scored(hits, false_alarms)
    calibration = Calibration.fit(scenes)
    assert calibration.slope >= MIN_SLOPE
    assert MIN_THRESHOLD <= calibration.threshold <= MAX_THRESHOLD
    before = np.concatenate([scene.scores for scene in scenes])
    after = np.concatenate([scene.scores for scene in calibration.apply_to(scenes)])
    assert (np.diff(after[np.argsort(before, kind="stable")]) >= 0).all()
    assert ((after > 0) & (after < 1)).all()


def test_calibration_parts_hits_from_false_alarms() -> None:
    scenes = scored([0.97, 0.98, 0.99, 0.995] * 5, [0.6, 0.7, 0.8, 0.9] * 5)
    calibration = Calibration.fit(scenes)
    calibrated = calibration.apply_to(scenes)
    assert evaluate(calibrated, calibration.threshold).f1_score == 1
    assert all(scene.scores[0] < 0.5 for scene in calibrated[20:])


@pytest.mark.parametrize(("hits", "false_alarms"), [([0.9, 0.8], []), ([], [0.9, 0.8])])
def test_there_is_no_calibration_without_both_outcomes(hits: list[float], false_alarms: list[float]) -> None:
    assert Calibration.fit(scored(hits, false_alarms)) == Calibration()


def test_more_other_emissions_make_a_head_more_careful() -> None:
    hits, false_alarms = [0.7, 0.9, 0.95, 0.99] * 5, [0.3, 0.6, 0.8, 0.97] * 5
    rare, common = (
        Calibration.fit(
            [
                ScoredScene(each.boxes, each.scores, each.truth, weight=1.0 if len(each.truth) else weight)
                for each in scenes
            ]
        )
        for weight, scenes in ((0.1, scored(hits, false_alarms)), (10.0, scored(hits, false_alarms)))
    )
    score = [ScoredScene(np.array([HERE]), np.array([0.9]), np.array([HERE]))]
    assert common.apply_to(score)[0].scores < rare.apply_to(score)[0].scores


def test_the_threshold_is_the_highest_of_those_that_are_about_as_good_as_the_best() -> None:
    rng = np.random.default_rng(0)
    chances = rng.uniform(0.02, 0.7, 4000)
    right = rng.random(4000) < chances
    found = Calibration.fit(scored(chances[right].tolist(), chances[~right].tolist()))
    assert found.slope == pytest.approx(1, abs=0.15)
    scenes = found.apply_to(scored(chances[right].tolist(), chances[~right].tolist()))
    f1 = {threshold: evaluate(scenes, threshold).f1_score for threshold in np.linspace(0.1, MAX_THRESHOLD, 41)}
    best = max(f1.values())
    assert evaluate(scenes, found.threshold).f1_score > best - F1_TOLERANCE - 0.005
    higher = [each for threshold, each in f1.items() if threshold > found.threshold]
    assert higher, "this head's F1 falls before the limit"
    assert max(higher) < best - F1_TOLERANCE + 0.005


def test_a_head_without_doubt_reports_from_a_half_on() -> None:
    found = Calibration.fit(scored([0.9, 0.95, 0.99] * 10, [0.01, 0.05, 0.1] * 10))
    assert found.threshold == MAX_THRESHOLD
