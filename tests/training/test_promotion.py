import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfhydra.training.evaluation.metrics import ScoredScene
from rfhydra.training.evaluation.promotion import CONFIDENCE, Evidence, Verdict, judge

BOX = np.array([[0.0, 0.0, 10.0, 10.0]])
ELSEWHERE = BOX + 50


def scenes(found: str, recordings: int | None = None) -> list[ScoredScene]:
    """A scene with one box for each letter: ``x`` is found, ``.`` missed, ``!`` missed with a false alarm elsewhere."""
    boxes = {"x": BOX, ".": BOX[:0], "!": ELSEWHERE}
    return [
        ScoredScene(
            boxes[each], np.full(len(boxes[each]), 0.9), BOX, None if recordings is None else index % recordings
        )
        for index, each in enumerate(found)
    ]


def compare(active: str, candidate: str, recordings: int | None = None) -> Evidence:
    return Evidence.of(scenes(active, recordings), scenes(candidate, recordings))


def verdict(evidence: Evidence) -> Verdict:
    return judge(evidence.f1_score, 3, evidence)


COUNTS = st.lists(st.lists(st.integers(0, 5), min_size=3, max_size=3), min_size=1, max_size=12)


@given(COUNTS)
def test_numbers_are_what_they_say(rows: list[list[int]]) -> None:
    active = np.array(rows, np.float64)
    candidate = active[:, [2, 1, 0]]  # as many boxes, hits and misses the other way round
    evidence = Evidence.of_counts(np.concatenate([active, candidate], axis=1), len(rows))
    assert evidence.boxes == active[:, [0, 2]].sum()
    assert 0 <= evidence.p_gain <= evidence.p_better <= 1
    assert 0 <= evidence.p_worse <= 1 - evidence.p_better + 1e-9
    low, high = evidence.gain_interval
    assert -1 <= low <= high <= 1
    assert evidence.gain == pytest.approx(evidence.f1_score - evidence.active_f1_score)


@given(COUNTS)
def test_a_head_is_as_likely_better_as_worse_than_itself(rows: list[list[int]]) -> None:
    counts = np.array(rows, np.float64)
    evidence = Evidence.of_counts(np.concatenate([counts, counts], axis=1), len(rows))
    assert evidence.gain == 0
    assert evidence.p_better == pytest.approx(0.5, abs=0.05)


def test_a_clear_gain_promotes() -> None:
    evidence = compare("xx...." * 8, "xxxxx." * 8, recordings=12)
    assert (evidence.boxes, evidence.recordings) == (48, 12)
    assert evidence.active_f1_score == pytest.approx(0.5)
    assert evidence.f1_score == pytest.approx(10 / 11)
    assert evidence.p_better > 0.99
    found = verdict(evidence)
    assert found.promotes
    assert found.more_boxes is None
    expected = "F1 0.500 → 0.909 against version 3 on the same 48 boxes of 12 recordings: over 99 % likely better,"
    assert found.reason == f"{expected} under 1 % likely worse by more than 2 points"


def test_a_clear_loss_keeps() -> None:
    found = verdict(compare("xxxxx." * 8, "xx...." * 8))
    assert (found.decision, found.promotes) == ("keep", False)
    assert found.reason.startswith(
        "kept version 3: a gain of 2 points or more is unlikely (under 1 %); F1 0.909 → 0.500"
    )


def test_a_certain_gain_below_the_floor_does_not_promote() -> None:
    evidence = compare("." + "xxxxx." * 40, "x" + "xxxxx." * 40, recordings=1)
    assert not evidence.meets_floor
    assert not verdict(evidence).promotes


@pytest.mark.parametrize(("f1_score", "decision"), [(0.1, "promote"), (0.0, "keep")])
def test_a_first_version_that_finds_nothing_is_not_promoted(f1_score: float, decision: str) -> None:
    found = judge(f1_score, None, None, command="rfhydra promote DIR beacon 1")
    assert found.decision == decision
    assert ("`rfhydra promote DIR beacon 1`" in found.reason) == (decision == "keep")


def test_no_evidence_does_not_promote() -> None:
    found = judge(1.0, 3, None, obstacle="version 3 cannot run here", command="rfhydra promote DIR beacon 4")
    assert found.decision == "cannot tell"
    assert "version 3 cannot run here" in found.reason
    assert "`rfhydra promote DIR beacon 4`" in found.reason


def test_two_boxes_tell_nothing() -> None:
    for active, candidate in (("x.", "xx"), ("xx", "xx"), ("..", ".x")):
        found = verdict(compare(active, candidate))
        assert found.decision == "cannot tell"
        assert found.more_boxes is not None
        assert found.more_boxes >= 1
        assert f"label about {found.more_boxes} more box" in found.reason


def test_excellent_heads_that_agree_on_enough_boxes_promote() -> None:
    assert verdict(compare("x" * 60, "x" * 60)).promotes
    assert not verdict(compare("x" * 12, "x" * 12)).promotes


def test_false_alarms_count() -> None:
    evidence = compare("x!" * 20, "x." * 20)
    assert evidence.gain > 0
    assert evidence.p_better >= CONFIDENCE


def test_one_lucky_recording_is_less_evidence_than_many() -> None:
    unlike, alike = [10, 0, 10, 20, 0, 0], [10, 0, 10, 10, 0, 10]
    lucky = Evidence.of_counts(np.array([unlike, alike, alike, alike, alike], np.float64), 5)
    everywhere = Evidence.of_counts(np.array([[10, 0, 10, 12, 0, 8]] * 5, np.float64), 5)
    assert everywhere.gain == pytest.approx(lucky.gain)
    assert everywhere.deviation < lucky.deviation
    assert everywhere.p_better > lucky.p_better


def test_a_single_recording_is_drawn_window_by_window() -> None:
    evidence = compare("x..." * 5, "xx.." * 5, recordings=1)
    assert evidence.recordings == 1
    assert evidence.deviation > 0.02
    assert "20 boxes of one recording" in verdict(evidence).reason


def test_the_boxes_that_are_asked_for_would_tell() -> None:
    """Six times as many boxes of the same kind settle what one time leaves open, as the advice says."""
    active, candidate = "xxx...x..." + "x.", "xxx..xx..." + "x."
    few = compare(active, candidate)
    found = verdict(few)
    assert found.decision == "cannot tell"
    assert found.more_boxes is not None
    times = int(np.ceil((found.more_boxes + few.boxes) / few.boxes)) + 1
    assert verdict(compare(active * times, candidate * times)).promotes


def test_a_verdict_is_plain_data() -> None:
    found = verdict(compare("x.", "xx"))
    fields = json.loads(json.dumps(found.to_dict()))
    assert fields["decision"] == "cannot tell"
    assert fields["more_boxes"] == found.more_boxes
    assert found.evidence is not None
    assert fields["evidence"]["p_better"] == found.evidence.p_better
    assert fields["evidence"]["gain_interval"] == list(found.evidence.gain_interval)
    first = Verdict(decision="promote", reason="first version of this signal")
    assert first.to_dict() == {
        "decision": "promote",
        "reason": "first version of this signal",
        "more_boxes": None,
        "evidence": None,
    }
