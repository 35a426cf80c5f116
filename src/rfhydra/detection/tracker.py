"""A whole recording through a detector: overlapping windows in, one list of detections out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from rfhydra.detection.detector import Detection, HydraDetector
from rfhydra.recordings import Recording
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.spec import SpectrogramSpec

OVERLAP: Final = 0.5
DUPLICATE_IOM: Final = 0.5
EDGE: Final = 1 / 64  # of a window: a box that ends nearer to its edge than that may go on beyond it


def windows(recording: Recording, spec: SpectrogramSpec) -> Iterator[tuple[int, int, float]]:
    """(start, count, centre frequency in Hz) of overlapping windows, in order; none straddles a retune.

    The last window of a stretch ends with it, so that nothing but a tail shorter than a column is left out.

    Raises:
        InvalidRecording: the recording is shorter than a column.
    """
    full = spec.window_samples
    for start, end, capture in recording.segments(spec.hop):
        whole = end - start
        if whole <= full:
            yield start, whole, capture.center_freq_hz
            continue
        step = int(full * (1 - OVERLAP)) // spec.hop * spec.hop
        count = -(-(whole - full) // step) + 1
        for index in range(count):
            yield start + min(index * step, whole - full), full, capture.center_freq_hz


@dataclass(frozen=True)
class Sighting:
    """A detection, in seconds from the recording's start, and the window that it was seen in."""

    detection: Detection
    window_start_sec: float
    window_end_sec: float


def sweep(
    recording: Recording, detector: HydraDetector, threshold: float | None = None
) -> Iterator[tuple[int, list[Sighting]]]:
    """Yield, after each window, the sample it ended at and what was seen in it."""
    for start, count, center_hz in windows(recording, detector.spec):
        found = detector.detect_iq(recording.read(start, count), recording.sample_rate_hz, center_hz, threshold)
        start_sec, end_sec = start / recording.sample_rate_hz, (start + count) / recording.sample_rate_hz
        yield (
            start + count,
            [Sighting(replace(each, box=each.box.shifted(start_sec)), start_sec, end_sec) for each in found],
        )


def detect_recording(recording: Recording, detector: HydraDetector, threshold: float | None = None) -> list[Detection]:
    """Every emission of the loaded signals in ``recording``, once, in order of time."""
    return merge(sighting for _, part in sweep(recording, detector, threshold) for sighting in part)


@dataclass(frozen=True)
class _Track:
    """An emission so far: its detection, and until when it has been watched."""

    detection: Detection
    watched_until_sec: float


def merge(sightings: Iterable[Sighting]) -> list[Detection]:
    """One detection per emission, in order of time.

    ``sightings`` come in the order of their windows, as from :func:`sweep`. Two are of one emission if they agree where
    both windows looked. The stronger one tells its score and box; where the window cut that box, the other one tells
    how far it goes on. An emission may so be longer than a window.
    """
    tracks: list[_Track] = []
    for sighting in sightings:
        same = [track for track in tracks if _is_same(track, sighting)]
        strongest = max(same, key=lambda track: track.detection.score, default=None)
        if strongest is not None and strongest.detection.score >= sighting.detection.score:
            tracks[tracks.index(strongest)] = _continued(strongest, sighting)
        else:
            tracks = [track for track in tracks if track not in same]
            tracks.append(_begun_earlier(sighting, same))
    return sorted((track.detection for track in tracks), key=lambda each: each.box)


def _is_same(track: _Track, sighting: Sighting) -> bool:
    start, end = sighting.window_start_sec, track.watched_until_sec
    first, second = track.detection, sighting.detection
    if start >= end or first.signal_name != second.signal_name:
        return False
    return _intersection_over_minimum(first.box, second.box, start, end) > DUPLICATE_IOM


def _intersection_over_minimum(first: Box, second: Box, start_sec: float, end_sec: float) -> float:
    """Shared area between two times as a part of the smaller box's there."""

    def seconds(*boxes: Box) -> float:
        begin = max(start_sec, *(box.time_start_sec for box in boxes))
        return max(0.0, min(end_sec, *(box.time_end_sec for box in boxes)) - begin)

    low, high = max(first.freq_low_hz, second.freq_low_hz), min(first.freq_high_hz, second.freq_high_hz)
    smaller = min(seconds(box) * (box.freq_high_hz - box.freq_low_hz) for box in (first, second))
    return seconds(first, second) * max(0.0, high - low) / smaller if smaller else 0.0


def _continued(track: _Track, sighting: Sighting) -> _Track:
    """The stronger ``track``, as long as ``sighting`` shows that it is."""
    box, until = track.detection.box, track.watched_until_sec
    if box.time_end_sec > until - _edge(sighting):
        end_sec = max(box.time_end_sec, sighting.detection.box.time_end_sec)
        box = replace(box, time_end_sec=end_sec)
    return _Track(replace(track.detection, box=box), max(until, sighting.window_end_sec))


def _begun_earlier(sighting: Sighting, weaker: list[_Track]) -> _Track:
    """The stronger ``sighting``, begun as early as ``weaker`` tracks of the same emission show."""
    detection, box = sighting.detection, sighting.detection.box
    if box.time_start_sec < sighting.window_start_sec + _edge(sighting):
        start_sec = min([box.time_start_sec, *(track.detection.box.time_start_sec for track in weaker)])
        box = replace(box, time_start_sec=start_sec)
    return _Track(replace(detection, box=box), sighting.window_end_sec)


def _edge(sighting: Sighting) -> float:
    return EDGE * (sighting.window_end_sec - sighting.window_start_sec)
