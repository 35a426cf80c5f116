"""Recordings around detections: which samples, which annotations, gaps, bounds."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sigmf

from rfhydra.errors import InvalidMessage
from rfhydra.live import recorder as recorder_module
from rfhydra.live.recorder import Recorder, RecordingWriter
from rfhydra.live.recording_directory import RecordingDirectory
from rfhydra.live.window import LiveWindow
from rfhydra.protocol.streams import TrackEvent
from rfhydra.recordings import Recording, open_recording
from tests.live.tracks import MEASURED, SIGNAL, event, utc
from tests.live.windows import RATE_HZ, numbers, window, windows

LIMITS = {"pre_sec": 0.05, "post_sec": 0.1, "max_sec": 1.0}


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[RecordingWriter]:
    with RecordingDirectory(tmp_path / "recordings", 10**9) as directory:
        writer = RecordingWriter(directory)
        yield writer
        writer.close()


def play(writer: RecordingWriter, stream: Iterable[LiveWindow], events: Iterable[TrackEvent]) -> None:
    """The windows in their order; each event before the first window that ends after it, as a pipeline does."""
    recorder = Recorder(writer, **LIMITS)
    waiting = sorted(events, key=due)
    for live in stream:
        while waiting and due(waiting[0]) <= live.window.end_sec:
            recorder.write(waiting.pop(0))
        recorder.on_window(live)
    for each in waiting:
        recorder.write(each)
    recorder.close()
    assert writer.flush(30)


def due(event: TrackEvent) -> float:
    return event.time_end_sec + 0.05 if event.event == "end" else event.time_start_sec


def track(number: int, start_sec: float, end_sec: float, **fields: Any) -> list[TrackEvent]:
    return [
        event("begin", number, start_sec, **{**fields, "end_sec": start_sec + 0.01}),
        event("update", number, start_sec, **{**fields, "end_sec": (start_sec + end_sec) / 2}),
        event("end", number, start_sec, **{**fields, "end_sec": end_sec}),
    ]


def recordings(tmp_path: Path) -> list[Recording]:
    return [open_recording(path, verify=True) for path in sorted((tmp_path / "recordings").glob("*.sigmf-meta"))]


def span(recording: Recording) -> tuple[float, float]:
    """Stream time of a recording, whose samples must follow each other."""
    found = numbers(recording.read(0, recording.sample_count))
    assert found == [*range(found[0], found[0] + len(found))]
    return found[0] / RATE_HZ, (found[-1] + 1) / RATE_HZ


def test_a_detection_is_recorded_with_what_is_around_it(writer: RecordingWriter, tmp_path: Path) -> None:
    play(writer, windows(0, 3), track(1, 1.0, 1.2, duty_cycle=0.5))
    (recording,) = recordings(tmp_path)
    assert span(recording) == pytest.approx((0.95, 1.3), abs=1 / RATE_HZ)
    assert recording.captures[0].datetime == utc(0.95)
    (annotation,) = recording.annotations
    box = annotation.box(recording.sample_rate_hz)
    assert (box.time_start_sec, box.time_end_sec) == pytest.approx((0.05, 0.25), abs=1 / RATE_HZ)
    assert annotation.label == SIGNAL
    (fields,) = sigmf.fromfile(str(recording.path)).get_annotations()
    assert (fields["rfhydra:score"], fields["rfhydra:version"], fields["rfhydra:track_id"]) == (0.97, 2, 1)
    assert (fields["rfhydra:snr_db"], fields["rfhydra:duty_cycle"]) == (MEASURED.snr_db, 0.5)


def test_overlapping_recordings_are_one(writer: RecordingWriter, tmp_path: Path) -> None:
    events = [*track(1, 1.0, 1.1), *track(2, 1.2, 1.3, signal_name="pager"), *track(3, 2.0, 2.1)]
    play(writer, windows(0, 3), events)
    first, second = recordings(tmp_path)
    assert span(first) == pytest.approx((0.95, 1.4), abs=1 / RATE_HZ)
    assert [each.label for each in first.annotations] == [SIGNAL, "pager"]
    assert span(second) == pytest.approx((1.95, 2.2), abs=1 / RATE_HZ)


def test_of_a_long_emission_the_beginning_is_recorded_once(writer: RecordingWriter, tmp_path: Path) -> None:
    events = [*track(1, 1.0, 5.0), *track(2, 3.0, 3.1)]
    play(writer, windows(0, 6), events)
    first, second = recordings(tmp_path)
    assert span(first) == pytest.approx((0.95, 1.95), abs=1 / RATE_HZ)
    assert span(second) == pytest.approx((2.95, 3.2), abs=1 / RATE_HZ)
    assert [each.box(RATE_HZ).time_end_sec for each in first.annotations] == pytest.approx([1.0], abs=1 / RATE_HZ)


def test_no_recording_spans_a_gap(writer: RecordingWriter, tmp_path: Path) -> None:
    stream = [*windows(0, 1.3), *windows(2, 3)]
    events = [*track(1, 1.1, 1.25), *track(2, 2.01, 2.1)]
    play(writer, stream, events)
    first, second = recordings(tmp_path)
    assert span(first) == pytest.approx((1.05, stream[len([*windows(0, 1.3)]) - 1].window.end_sec), abs=1 / RATE_HZ)
    assert span(second) == pytest.approx((2.0, 2.2), abs=1 / RATE_HZ)


def test_no_recording_spans_a_change_of_the_tuning(writer: RecordingWriter, tmp_path: Path) -> None:
    recorder = Recorder(writer, **LIMITS)
    recorder.write(event("begin", 1, 0.01, end_sec=0.03))
    recorder.on_window(window(0))
    recorder.write(event("end", 1, 0.01, end_sec=0.03))
    recorder.on_window(window(1024, center_hz=100e6))
    recorder.close()
    assert writer.flush(30)
    (recording,) = recordings(tmp_path)
    assert recording.sample_count == 1024


def test_a_stream_that_ends_is_recorded_to_its_end(writer: RecordingWriter, tmp_path: Path) -> None:
    play(writer, windows(0, 1.0), track(1, 0.9, 0.95))
    (recording,) = recordings(tmp_path)
    assert span(recording)[0] == pytest.approx(0.85, abs=1 / RATE_HZ)
    assert [each.label for each in recording.annotations] == [SIGNAL]


def test_a_track_that_was_merged_is_no_annotation(writer: RecordingWriter, tmp_path: Path) -> None:
    events = [*track(1, 1.0, 1.2), event("begin", 2, 1.05), event("end", 2, 1.05, end_sec=1.1, merged_into=1)]
    play(writer, windows(0, 2), events)
    (recording,) = recordings(tmp_path)
    assert len(recording.annotations) == 1


def test_a_high_rate_shortens_recordings(
    writer: RecordingWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "MAX_BYTES", 8 * round(0.5 * RATE_HZ))
    play(writer, windows(0, 6), track(1, 1.0, 5.0))
    (recording,) = recordings(tmp_path)
    assert span(recording) == pytest.approx((0.95, 1.45), abs=1 / RATE_HZ)


def test_memory_is_bounded_by_what_may_be_recorded(writer: RecordingWriter) -> None:
    recorder, held = Recorder(writer, **LIMITS), []
    for number, live in enumerate(windows(0, 30)):
        if number % 5 == 0:  # always something to record
            recorder.write(event("begin", number + 1, live.window.start_sec))
        if number % 5 == 3:
            recorder.write(event("end", number - 2, live.window.start_sec - 0.03))
        recorder.on_window(live)
        assert recorder._stretch is not None
        held.append(sum(map(len, recorder._stretch.parts)))
    recorder.close()
    assert max(held) <= (LIMITS["max_sec"] + LIMITS["pre_sec"]) * RATE_HZ + 4 * 1024


@pytest.mark.parametrize("limits", [{"pre_sec": -1.0}, {"post_sec": 0.5, "pre_sec": 0.5}])
def test_limits_that_leave_no_room_are_refused(writer: RecordingWriter, limits: dict[str, float]) -> None:
    with pytest.raises(InvalidMessage, match="pre-roll"):
        Recorder(writer, **{**LIMITS, **limits})
