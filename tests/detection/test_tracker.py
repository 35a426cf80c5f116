from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfhydra.detection.detector import Detection
from rfhydra.detection.tracker import Sighting, merge, windows
from rfhydra.errors import InvalidRecording
from rfhydra.recordings.recording import Capture, Recording
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.spec import SpectrogramSpec

SPEC = SpectrogramSpec(fft_size=64, hop=16, rows=32, cols=32)
WINDOW = SPEC.window_samples
RATE_HZ = 1000.0


def recording(samples: int, retunes: tuple[int, ...] = ()) -> Recording:
    path = Path("given.sigmf-meta")
    captures = tuple(Capture(start, 1e6 * number) for number, start in enumerate((0, *retunes)))
    stored = np.zeros((samples, 2), np.int8)
    return Recording(path, path, 0, "ci8", RATE_HZ, captures, (), {}, None, stored)


def sighting(
    start: float, end: float, window: tuple[float, float], *, score: float = 0.9, **changes: object
) -> Sighting:
    fields = {"signal_name": "lora", "low": 10.0, "high": 20.0, **changes}
    box = Box(start, end, float(str(fields["low"])), float(str(fields["high"])))
    return Sighting(Detection(str(fields["signal_name"]), 1, score, box), *window)


@given(st.integers(SPEC.hop, 12 * WINDOW), st.lists(st.integers(1, 12 * WINDOW), max_size=3, unique=True))
def test_windows_cover_everything_and_straddle_nothing(samples: int, retunes: list[int]) -> None:
    given_recording = recording(samples, tuple(sorted(each for each in retunes if SPEC.hop <= each < samples)))
    seen = np.zeros(samples, bool)
    last_start = -1
    for start, count, center_hz in windows(given_recording, SPEC):
        assert 0 < count <= WINDOW
        assert count % SPEC.hop == 0
        assert start > last_start
        last_start = start
        capture = given_recording.capture_at(start)
        assert capture == given_recording.capture_at(start + count - 1)
        assert center_hz == capture.center_freq_hz
        seen[start : start + count] = True
    for start, end, _ in given_recording.segments():
        missed = np.flatnonzero(~seen[start:end])
        assert len(missed) < SPEC.hop
        assert (missed >= (end - start) - len(missed)).all()


def test_what_is_shorter_than_a_column_cannot_be_swept() -> None:
    with pytest.raises(InvalidRecording, match="too short"):
        list(windows(recording(SPEC.hop - 1), SPEC))


@given(st.integers(SPEC.hop, 12 * WINDOW), st.integers(0, 12 * WINDOW), st.integers(1, WINDOW // 2 - SPEC.hop))
def test_what_lasts_half_a_window_is_whole_in_one(samples: int, start: int, length: int) -> None:
    if start + length > samples - samples % SPEC.hop:
        return
    spans = [(begin, begin + count) for begin, count, _ in windows(recording(samples), SPEC)]
    assert any(begin <= start and start + length <= end for begin, end in spans)


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
def test_every_burst_is_reported_once_and_whole(scene: tuple[int, list[tuple[int, int]]], seed: int) -> None:
    """Each window sees what is in it of every burst, a little wrong and with any score."""
    samples, spans = scene
    rng = np.random.default_rng(seed)
    error_sec = 0.06 * 40 / RATE_HZ
    sightings = []
    for begin, count, _ in windows(recording(samples), SPEC):
        for start, end in spans:
            first, last = max(start, begin), min(end, begin + count)
            if last - first < SPEC.hop:
                continue
            edges = np.array([first, last]) / RATE_HZ
            inside = np.clip(edges + error_sec * rng.uniform(-1, 1, 2), begin / RATE_HZ, (begin + count) / RATE_HZ)
            cut = np.array([start < begin, end > begin + count])
            start_sec, end_sec = np.where(cut, edges, inside).tolist()
            window = (begin / RATE_HZ, (begin + count) / RATE_HZ)
            sightings.append(sighting(start_sec, end_sec, window, score=float(rng.uniform(0.1, 1))))
    found = merge(sightings)
    assert len(found) == len(spans)
    whole = samples - samples % SPEC.hop
    for detection, (start, end) in zip(found, spans, strict=True):
        assert detection.box.time_start_sec == pytest.approx(start / RATE_HZ, abs=2 * SPEC.hop / RATE_HZ)
        assert detection.box.time_end_sec == pytest.approx(min(end, whole) / RATE_HZ, abs=2 * SPEC.hop / RATE_HZ)


def test_the_strongest_sighting_tells_score_and_frequency() -> None:
    weak = sighting(5.0, 7.0, (0, 8), score=0.3, low=9.0, high=22.0)
    strong = sighting(5.1, 7.1, (4, 12), score=0.8)
    for seen in ([weak, strong], [replaced(strong, (0, 8)), replaced(weak, (4, 12))]):
        (found,) = merge(seen)
        assert found == strong.detection


def replaced(each: Sighting, window: tuple[float, float]) -> Sighting:
    return Sighting(each.detection, *window)


def test_a_weak_fragment_does_not_replace_a_cut_burst() -> None:
    (found,) = merge([sighting(5.0, 8.0, (0, 8)), sighting(5.0, 5.5, (4, 12), score=0.1)])
    assert (found.box.time_start_sec, found.box.time_end_sec) == (5.0, 8.0)


def test_other_signals_frequencies_and_times_are_other_emissions() -> None:
    sightings = [
        sighting(5.0, 7.0, (0, 8)),
        sighting(5.0, 7.0, (4, 12), signal_name="wifi"),
        sighting(5.0, 7.0, (4, 12), low=100.0, high=110.0),
        sighting(9.0, 11.0, (4, 12)),
    ]
    assert len(merge(sightings)) == 4


def test_detections_come_in_the_order_of_time() -> None:
    found = merge([sighting(3.0, 4.0, (0, 8), score=0.5), sighting(1.0, 2.0, (0, 8), score=0.4)])
    assert [each.box.time_start_sec for each in found] == [1.0, 3.0]
    assert merge([]) == []
