"""Tracks of emissions over overlapping windows."""

from dataclasses import replace
from itertools import count, groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfhydra.detection import tracker as tracker_module
from rfhydra.detection.detection import Detection
from rfhydra.detection.tracker import Track, Tracker, _extended_back, _extended_forward, _is_same, _OpenTrack
from rfhydra.detection.windows import window_spans
from rfhydra.spectrum.boxes import Box, Frame
from rfhydra.spectrum.window import Window
from tests.detection.given import RATE_HZ, SPEC, WINDOW, recording

Observation = tuple[tuple[float, float], Detection]
"""A window's start and end in seconds, and a detection in seconds from the start of the source."""


def observed(
    start: float, end: float, window: tuple[float, float], *, score: float = 0.9, **changes: object
) -> Observation:
    fields = {"signal_name": "lora", "low": 10.0, "high": 20.0, **changes}
    box = Box(start, end, float(str(fields["low"])), float(str(fields["high"])))
    return window, Detection(str(fields["signal_name"]), 1, score, box)


def window(start_sec: float, end_sec: float) -> Window:
    cols = round((end_sec - start_sec) * RATE_HZ / SPEC.hop)
    frame = Frame(SPEC, RATE_HZ, 0.0, cols)
    return Window(np.zeros((SPEC.rows, cols), np.uint8), frame, round(start_sec * RATE_HZ))


def track(*detections: Observation) -> list[Detection]:
    """All tracks of ``detections``, which are in the order of their windows, sorted by time."""
    tracker, tracks = Tracker(), []
    for (start, end), part in groupby(detections, key=lambda each: each[0]):
        in_window = [Detection(d.signal_name, 1, d.score, d.box.shifted(-start)) for _, d in part]
        tracks += tracker.update(window(start, end), in_window)
    tracks += tracker.close()
    assert len({each.track_id for each in tracks}) == len(tracks)
    return sorted((each.detection for each in tracks), key=lambda each: each.box)


@st.composite
def bursts(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    """Samples in all, and bursts (first sample, one past the last) on one frequency, some many windows long."""
    length = st.one_of(st.integers(40, WINDOW // 2), st.integers(WINDOW // 2, 5 * WINDOW))
    spans, at = [], 0
    for _ in range(draw(st.integers(1, 6))):
        start = at + draw(st.integers(20, WINDOW))
        at = start + draw(length)
        spans.append((start, at))
    return at + draw(st.integers(SPEC.hop, WINDOW)), spans


@given(bursts(), st.integers(0, 1000))
def test_every_burst_is_one_track_of_its_whole_length(scene: tuple[int, list[tuple[int, int]]], seed: int) -> None:
    """Every window has a detection of its part of every burst, slightly off and of any score."""
    samples, spans = scene
    rng = np.random.default_rng(seed)
    error_sec = 0.06 * 40 / RATE_HZ
    detections = []
    for begin, length in window_spans(recording(samples), SPEC):
        for start, end in spans:
            first, last = max(start, begin), min(end, begin + length)
            if last - first < SPEC.hop:
                continue
            edges = np.array([first, last]) / RATE_HZ
            inside = np.clip(edges + error_sec * rng.uniform(-1, 1, 2), begin / RATE_HZ, (begin + length) / RATE_HZ)
            cut = np.array([start < begin, end > begin + length])
            start_sec, end_sec = np.where(cut, edges, inside).tolist()
            bounds = (begin / RATE_HZ, (begin + length) / RATE_HZ)
            detections.append(observed(start_sec, end_sec, bounds, score=float(rng.uniform(0.1, 1))))
    found = track(*detections)
    assert len(found) == len(spans)
    whole = samples - samples % SPEC.hop
    for detection, (start, end) in zip(found, spans, strict=True):
        assert detection.box.time_start_sec == pytest.approx(start / RATE_HZ, abs=2 * SPEC.hop / RATE_HZ)
        assert detection.box.time_end_sec == pytest.approx(min(end, whole) / RATE_HZ, abs=2 * SPEC.hop / RATE_HZ)


def test_the_strongest_detection_gives_score_and_frequency() -> None:
    weak, strong = {"score": 0.3, "low": 9.0, "high": 22.0}, {"score": 0.8}
    for first, second in ((weak, strong), (strong, weak)):
        (found,) = track(observed(5.0, 7.0, (0, 8), **first), observed(5.0, 7.0, (4, 12), **second))
        assert (found.score, found.box) == (0.8, Box(5.0, 7.0, 10.0, 20.0))


def test_a_weak_fragment_does_not_replace_a_cut_burst() -> None:
    (found,) = track(observed(5.0, 8.0, (0, 8)), observed(5.0, 5.5, (4, 12), score=0.1))
    assert (found.box.time_start_sec, found.box.time_end_sec) == (5.0, 8.0)


def test_different_signals_frequencies_or_times_are_separate_tracks() -> None:
    found = track(
        observed(5.0, 7.0, (0, 8)),
        observed(5.0, 7.0, (4, 12), signal_name="wifi"),
        observed(5.0, 7.0, (4, 12), low=100.0, high=110.0),
        observed(9.0, 11.0, (4, 12)),
    )
    assert len(found) == 4


def test_detections_of_one_window_are_separate_tracks() -> None:
    found = track(observed(3.0, 4.0, (0, 8), score=0.5), observed(1.0, 2.0, (0, 8), score=0.4))
    assert [each.box.time_start_sec for each in found] == [1.0, 3.0]
    assert track() == []


def test_track_is_closed_by_the_first_window_after_it() -> None:
    tracker = Tracker()
    (_, burst), (_, other) = observed(1.0, 2.0, (0, 8)), observed(6.5, 7.0, (4, 12))
    assert tracker.update(window(0, 8), [burst]) == []
    (closed,) = tracker.update(window(4, 12), [Detection("lora", 1, 0.9, other.box.shifted(-4))])
    assert closed.detection == burst
    (last,) = tracker.close()
    assert (last.track_id, last.detection.box.time_end_sec) == (closed.track_id + 1, 7.0)
    assert tracker.close() == []


def test_settling_closes_what_no_later_window_can_continue() -> None:
    tracker = Tracker()
    first, second = observed(1.0, 2.0, (0, 8))[1], observed(3.0, 8.0, (0, 8))[1]
    assert tracker.update(window(0, 8), [first, second]) == []
    assert [track.detection for track in tracker.settle(6.0)] == [first]
    assert [track.detection for track in tracker.open_tracks] == [second]
    assert tracker.settle(6.0) == []


def test_parts_that_turn_out_to_be_one_emission_are_merged_into_the_first() -> None:
    tracker = Tracker()
    parts = [observed(start, start + 1.0, (0, 8), score=0.4)[1] for start in (4.5, 6.0)]
    tracker.update(window(0, 8), parts)
    assert tracker.merged == {}
    whole = observed(4.4, 7.1, (4, 12))[1]
    tracker.update(window(4, 12), [replace(whole, box=whole.box.shifted(-4))])
    assert tracker.merged == {2: 1}
    assert [track.track_id for track in tracker.open_tracks] == [1]


def test_open_tracks_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracker_module, "MAX_OPEN_TRACKS", 3)
    tracker = Tracker()
    boxes = [Box(float(number), number + 0.5, 10.0, 20.0) for number in range(5)]
    closed = tracker.update(window(0, 8), [Detection("lora", 1, 0.9, box) for box in boxes])
    assert [each.detection.box for each in closed] == boxes[:2]
    assert len(tracker.close()) == 3


class ScanningTracker:
    """The tracker without an index: every detection is compared with every open track."""

    def __init__(self) -> None:
        self.open: list[_OpenTrack] = []
        self.ids = count(1)

    def update(self, window: Window, detections: list[Detection]) -> list[Track]:
        closed = [track for track in self.open if track.settled_at_sec <= window.start_sec]
        self.open = [track for track in self.open if track.settled_at_sec > window.start_sec]
        for each in detections:
            self.add(replace(each, box=each.box.shifted(window.start_sec)), window)
        if (excess := len(self.open) - tracker_module.MAX_OPEN_TRACKS) > 0:
            by_end = sorted(self.open, key=lambda track: track.detection.box.time_end_sec)
            closed += by_end[:excess]
            self.open = by_end[excess:]
        return [Track(track.track_id, track.detection) for track in closed]

    def close(self) -> list[Track]:
        return [Track(track.track_id, track.detection) for track in self.open]

    def add(self, detection: Detection, window: Window) -> None:
        same = [track for track in self.open if _is_same(track, detection, window.start_sec)]
        strongest = max(same, key=lambda track: track.detection.score, default=None)
        if strongest is not None and strongest.detection.score >= detection.score:
            self.open[self.open.index(strongest)] = _extended_forward(strongest, detection, window)
            return
        self.open = [track for track in self.open if track not in same]
        track_id = min((track.track_id for track in same), default=None) or next(self.ids)
        begun = _extended_back(detection, window, [track.detection.box.time_start_sec for track in same])
        self.open.append(_OpenTrack(track_id, begun, window.end_sec, 0))


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.sampled_from((3, 20, 10_000)))
def test_tracks_are_those_of_a_scan_of_all_open_tracks(seed: int, per_window: int, most_open: int) -> None:
    """Windows of any overlap and centre, boxes of any size that may lie outside them, scores with ties."""
    rng, step = np.random.default_rng(seed), WINDOW / RATE_HZ / 4
    indexed, scanning = Tracker(), ScanningTracker()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tracker_module, "MAX_OPEN_TRACKS", most_open)
        at = 0.0
        for _ in range(8):
            frame = Frame(SPEC, RATE_HZ, float(rng.choice([0.0, 150.0])), int(rng.integers(1, SPEC.cols + 1)))
            image = np.zeros((SPEC.rows, frame.cols), np.uint8)
            here = Window(image, frame, round(at * RATE_HZ))
            found = [_any_detection(rng, frame) for _ in range(rng.integers(0, per_window + 1))]
            found.sort(key=lambda each: -each.score)
            assert indexed.update(here, found) == scanning.update(here, found)
            at += step * int(rng.integers(1, 6))
        assert indexed.close() == scanning.close()


def _any_detection(rng: np.random.Generator, frame: Frame) -> Detection:
    start, low = rng.uniform(-0.1, 1.0) * frame.duration_sec, rng.uniform(-0.6, 0.6) * RATE_HZ
    length = frame.duration_sec * 10 ** rng.uniform(-2, 0.2)
    width = RATE_HZ * 10 ** rng.uniform(-2, 0.2)
    score = round(float(rng.uniform(0.1, 1)), 1)
    return Detection(str(rng.choice(["lora", "wifi"])), 1, score, Box(start, start + length, low, low + width))


def test_comparisons_grow_with_the_detections_of_a_window_not_with_their_square(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    comparisons = count()

    def counted(*arguments: object) -> bool:
        next(comparisons)
        return bool(_is_same(*arguments))  # type: ignore[arg-type]

    monkeypatch.setattr(tracker_module, "_is_same", counted)
    side, duration_sec = 64, WINDOW / RATE_HZ
    seconds, hertz = duration_sec / side, RATE_HZ / side
    boxes = [
        Box(x * seconds, (x + 0.9) * seconds, y * hertz - RATE_HZ / 2, (y + 0.9) * hertz - RATE_HZ / 2)
        for x in range(side)
        for y in range(side)
    ]
    tracker = Tracker()
    for start_sec in (0.0, duration_sec / 2):
        tracker.update(window(start_sec, start_sec + duration_sec), [Detection("lora", 1, 0.9, box) for box in boxes])
    assert len(boxes) < next(comparisons) < 40 * len(boxes)
