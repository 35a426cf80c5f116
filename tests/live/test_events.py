"""Events of tracks that begin, change, merge and end."""

from collections.abc import Sequence

import numpy as np

from rfhydra.detection.detection import Detection
from rfhydra.detection.tracker import Tracker
from rfhydra.live.cutter import CutWindow
from rfhydra.live.events import TrackEvents, WindowTracks
from rfhydra.protocol.streams import TrackEvent
from rfhydra.spectrum.boxes import Box, Frame
from rfhydra.spectrum.window import Window
from tests.live.stream import BEGAN_UTC_SEC, SPEC, TUNING

RATE_HZ, CENTER_HZ = TUNING.sample_rate_hz, TUNING.center_freq_hz
WINDOW_SEC = SPEC.window_samples / RATE_HZ


class Stream:
    """Windows that overlap by half, with given detections, and the events after each."""

    def __init__(self) -> None:
        self._tracker, self._events, self._number = Tracker(), TrackEvents("7"), 0

    def window(self, *found: tuple[float, float, float]) -> list[TrackEvent]:
        """The next window, with detections (start, end, score) in windows from the start of the stream."""
        start_sec = self._number * WINDOW_SEC / 2
        boxes = [(start * WINDOW_SEC - start_sec, end * WINDOW_SEC - start_sec, score) for start, end, score in found]
        detections = [
            Detection("lora", 2, score, Box(start, end, CENTER_HZ - 50e3, CENTER_HZ + 50e3))
            for start, end, score in boxes
        ]
        first = self._number * SPEC.window_samples // 2
        frame = Frame(SPEC, RATE_HZ, CENTER_HZ, SPEC.cols)
        iq = np.random.default_rng(self._number).standard_normal((SPEC.window_samples, 2), np.float32)
        image = np.zeros((SPEC.rows, SPEC.cols), np.uint8)
        window = Window(image, frame, first, iq.view(np.complex64)[:, 0])
        cut = CutWindow(window, BEGAN_UTC_SEC + start_sec, self._number == 0, 1, start_sec + WINDOW_SEC / 2)
        self._number += 1
        closed = self._tracker.update(window, detections)
        closed += self._tracker.settle(cut.next_start_sec)
        tracks = WindowTracks(self._tracker.open_tracks, closed, self._tracker.merged)
        return [*self._events.after(cut, tracks)]


def kinds(events: Sequence[TrackEvent]) -> list[tuple[str, int]]:
    return [(each.event, each.track_id) for each in events]


def test_a_track_that_no_later_window_can_continue_begins_and_ends_at_once() -> None:
    (begin, end) = Stream().window((0.1, 0.3, 0.9))
    assert (begin.event, end.event) == ("begin", "end")
    assert begin.measured is None
    assert end.measured is not None
    assert (end.stream_id, end.version, end.score) == ("7", 2, 0.9)
    assert end.start_time == "2026-09-21T14:13:20.000819Z"


def test_a_track_is_updated_when_its_box_changes_and_only_then() -> None:
    stream = Stream()
    assert kinds(stream.window((0.6, 1.0, 0.8))) == [("begin", 1)]
    assert kinds(stream.window((0.6, 1.5, 0.7))) == [("update", 1)]
    assert kinds(stream.window((1.0, 1.5, 0.6))) == [("end", 1)]
    assert stream.window() == []


def test_parts_of_one_emission_merge_and_each_track_still_ends_once() -> None:
    stream = Stream()
    assert kinds(stream.window((0.55, 0.65, 0.4), (0.8, 0.9, 0.3))) == [("begin", 1), ("begin", 2)]
    merged, *rest = stream.window((0.54, 0.92, 0.9))
    assert (merged.event, merged.track_id, merged.merged_into) == ("end", 2, 1)
    assert kinds(rest) == [("update", 1), ("end", 1)]


def test_a_signal_that_recurs_has_an_interval_from_the_third_track_on() -> None:
    stream, ends = Stream(), list[TrackEvent]()
    for number in range(6):
        start = number / 2 + 0.1
        ends += [each for each in stream.window((start, start + 0.1, 0.9)) if each.event == "end"]
    assert [each.repetition_sec is None for each in ends] == [True, True, False, False, False, False]
    assert ends[-1].repetition_sec is not None
    assert abs(ends[-1].repetition_sec - WINDOW_SEC / 2) < 1e-9
