"""What is shown of the results of a version, and of two versions on the same boxes."""

from contextlib import nullcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfhydra.hydra.loading import LoadedHead
from rfhydra.protocol.types import TrainingRequest
from rfhydra.spectrum.boxes import Box
from rfhydra.store.results import Edges, Evaluation, SampleResult
from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace
from rfhydra.training.evaluation.metrics import ScoredScene, evaluate, report
from rfhydra.training.evaluation.paired import Contestant, compare
from rfhydra.training.evaluation.validation import (
    best_scores,
    detect_validation,
    scene_of,
    threshold_curve,
    validation_result,
)
from rfhydra.training.service import TrainingService
from tests.training.given import CENTER_HZ, RATE_HZ, SIGNAL, SMALL_SPEC, add_noise, frame

LEFT: Edges = (0.0, 0.0, 10.0, 10.0)
RIGHT: Edges = (50.0, 0.0, 60.0, 10.0)
ELSEWHERE: Edges = (0.0, 60.0, 10.0, 70.0)
NOW = "2026-11-27T12:00:00.000000Z"

CELLS = st.tuples(st.integers(0, 5), st.integers(0, 5)).map(
    lambda place: (place[0] * 10.0, place[1] * 10.0, place[0] * 10.0 + 10, place[1] * 10.0 + 10)
)
SCENES = st.lists(
    st.tuples(st.lists(CELLS, max_size=4, unique=True), st.lists(st.tuples(CELLS, st.integers(2, 99)), max_size=6)).map(
        lambda drawn: scene_of(result("s", drawn[0], [(box, score / 100) for box, score in drawn[1]]))
    ),
    min_size=1,
    max_size=4,
)


def result(sample_id: str, truth: list[Edges], found: list[tuple[Edges, float]]) -> SampleResult:
    boxes, scores = tuple(box for box, _ in found), tuple(score for _, score in found)
    return SampleResult(sample_id=sample_id, recording=sample_id, truth=tuple(truth), boxes=boxes, scores=scores)


def labelled(workspace: Workspace, seed: int, *boxes: Edges) -> Sample:
    """A sample of noise with these boxes."""
    (sample,) = add_noise(workspace, [seed], recording=f"take {seed}")
    physical: list[Box] = frame(SMALL_SPEC.cols, SMALL_SPEC).to_boxes(boxes)
    return workspace.samples.update(sample.sample_id, boxes=physical)


@given(SCENES)
def test_the_curve_is_the_evaluation_at_each_threshold(scenes: list[ScoredScene]) -> None:
    for point in threshold_curve(scenes):
        counts = evaluate(scenes, point.threshold)
        assert (point.found, point.detected) == (counts.tp, counts.tp + counts.fp)
        assert point.f1_score == pytest.approx(counts.f1_score)
        assert point.recall == pytest.approx(counts.recall)
        assert (point.precision is None) == (point.detected == 0)
        assert point.precision is None or point.precision == pytest.approx(counts.precision)


@given(SCENES, st.integers(2, 99))
def test_a_box_is_found_from_the_score_of_its_detection_on(scenes: list[ScoredScene], percent: int) -> None:
    found = sum(int((best_scores(scene) >= percent / 100).sum()) for scene in scenes)
    assert found == evaluate(scenes, percent / 100).tp


def test_examples_come_strongest_first_and_only_of_samples_that_exist(small: Workspace) -> None:
    sample = labelled(small, 1, LEFT, RIGHT)
    evaluation = Evaluation(
        NOW,
        [
            result("gone", [LEFT], [(ELSEWHERE, 0.99)]),
            result(sample.sample_id, [LEFT, RIGHT], [(ELSEWHERE, 0.9), (LEFT, 0.4), (ELSEWHERE, 0.2)]),
        ],
    )
    told = validation_result(evaluation, 0.5, {sample.sample_id: sample}, small.spec, 9)
    assert (told.samples, told.boxes, told.missed_count, told.false_count) == (2, 3, 3, 2)
    assert [(each.score, each.box.x_min) for each in told.missed] == [(0.4, 0.0), (None, 50.0)]
    (false,) = told.false_detections
    assert (false.sample_id, false.score, false.box.y_min) == (sample.sample_id, 0.9, 60.0)
    assert false.box.time_end_sec == pytest.approx(10 * SMALL_SPEC.hop / RATE_HZ)
    assert CENTER_HZ - RATE_HZ / 2 <= false.box.freq_low_hz < CENTER_HZ
    assert len(validation_result(evaluation, 0.5, {sample.sample_id: sample}, small.spec, 1).missed) == 1


def test_two_versions_are_compared_box_by_box_and_those_that_one_finds_come_first(small: Workspace) -> None:
    samples = [labelled(small, 1, LEFT, RIGHT), labelled(small, 2, LEFT)]
    first, second = (each.sample_id for each in samples)
    a = Contestant(1, 0.5, [result(first, [], [(LEFT, 0.9)]), result(second, [], [(ELSEWHERE, 0.8)])])
    b = Contestant(4, 0.3, [result(first, [], [(LEFT, 0.8), (RIGHT, 0.35)]), result(second, [], [])])
    told = compare(SIGNAL, samples, small.spec, a, b, first=0, count=2)
    assert [(each.found_by_a, each.found_by_b, each.score_a, each.score_b) for each in told.found] == [
        (False, True, None, 0.35),
        (False, False, None, None),
    ]
    assert (told.boxes, told.samples, told.recordings, told.next_cursor) == (3, 2, 2, "2")
    assert [told.a.recall, told.b.recall] == pytest.approx([1 / 3, 2 / 3])
    assert (told.a.precision, told.a.false_count, told.b.precision, told.b.version) == (0.5, 1, 1.0, 4)
    assert told.gain.f1_gain == pytest.approx(0.8 - 0.4)
    assert "against version 1 on the same 3 boxes of 2 recordings" in told.summary
    last = compare(SIGNAL, samples, small.spec, a, b, first=2, count=2)
    assert [(each.sample_id, each.found_by_a, each.found_by_b) for each in last.found] == [(first, True, True)]
    assert last.next_cursor is None


def test_a_training_stores_what_its_metrics_are_of(small_service: TrainingService) -> None:
    workspace = small_service.workspace
    trained = small_service.train(TrainingRequest(signal_name=SIGNAL, epochs=3))
    evaluation = workspace.results.get(SIGNAL, trained.version)
    assert evaluation is not None
    split = workspace.versions.get(SIGNAL, trained.version).split_version
    assert split is not None
    assert [each.sample_id for each in evaluation.samples] == workspace.splits.members(SIGNAL, split)[1]
    stored = report([scene_of(each) for each in evaluation.samples], trained.metrics["threshold"])
    for name in ("f1_score", "precision", "recall", "tp", "fp", "fn"):
        assert stored[name] == pytest.approx(trained.metrics[name]), name


def test_a_version_is_evaluated_again_as_a_server_detects(small_service: TrainingService) -> None:
    workspace, backbone = small_service.workspace, small_service.backbone
    trained = small_service.train(TrainingRequest(signal_name=SIGNAL, epochs=3))
    known = workspace.results.get(SIGNAL, trained.version)
    assert known is not None
    head: LoadedHead = small_service.version_manager.load_head(SIGNAL, trained.version, backbone)
    samples = [workspace.samples.get(each.sample_id) for each in known.samples]
    again = detect_validation(workspace, head, backbone, samples, nullcontext)
    for before, now in zip(known.samples, again, strict=True):
        assert (now.sample_id, now.recording) == (before.sample_id, before.recording)
        assert np.allclose(now.truth, before.truth, atol=0.01)
        assert np.allclose(now.scores, before.scores, atol=1e-4)
        assert np.allclose(now.boxes, before.boxes, atol=0.1)
