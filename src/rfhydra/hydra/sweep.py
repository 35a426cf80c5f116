"""A whole recording through a detector: overlapping windows in, one list of detections out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from rfhydra.hydra.detector import Detection, HydraDetector
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.iq import Recording
from rfhydra.spectrum.spec import SpectrogramSpec

OVERLAP: Final = 0.5
DUPLICATE_NESTING: Final = 0.5


def windows(recording: Recording, spec: SpectrogramSpec) -> Iterator[tuple[int, int, float]]:
    """(start, count, centre frequency in Hz) of overlapping windows; none straddles a retune.

    The last window of a stretch ends with it, so that nothing but a tail shorter than a column is left out.
    """
    full = spec.window_samples
    for start, end, capture in recording.segments():
        whole = (end - start) // spec.hop * spec.hop
        if whole <= full:
            if whole:
                yield start, whole, capture.center_freq_hz
            continue
        step = int(full * (1 - OVERLAP)) // spec.hop * spec.hop
        count = -(-(whole - full) // step) + 1
        for index in range(count):
            yield start + min(index * step, whole - full), full, capture.center_freq_hz


@dataclass(frozen=True)
class Sighting:
    """A detection, in seconds from the recording's start, and whether an edge of its window cut it."""

    detection: Detection
    cut: bool


def sweep(
    recording: Recording, detector: HydraDetector, threshold: float | None = None
) -> Iterator[tuple[int, list[Sighting]]]:
    """Yield, after each window, the sample it ended at and what was seen in it."""
    for start, count, center_hz in windows(recording, detector.spec):
        found = detector.detect_iq(recording.read(start, count), recording.sample_rate_hz, center_hz, threshold)
        column_sec = detector.spec.hop / recording.sample_rate_hz
        offset_sec, length_sec = start / recording.sample_rate_hz, count / recording.sample_rate_hz
        sightings = []
        for each in found:
            cut = each.box.time_start_sec < column_sec or each.box.time_end_sec > length_sec - column_sec
            sightings.append(Sighting(replace(each, box=each.box.shifted(offset_sec)), cut))
        yield start + count, sightings


def detect_recording(recording: Recording, detector: HydraDetector, threshold: float | None = None) -> list[Detection]:
    """Every emission of the loaded signals in ``recording``, once, in order of time."""
    return merge([sighting for _, part in sweep(recording, detector, threshold) for sighting in part])


def merge(sightings: Iterable[Sighting]) -> list[Detection]:
    """One detection for an emission that several windows saw: whole before cut, then the best score; in order of time."""
    kept: list[Detection] = []
    for sighting in sorted(sightings, key=lambda each: (each.cut, -each.detection.score)):
        seen = sighting.detection
        rivals = [other.box for other in kept if other.signal_name == seen.signal_name]
        if not any(_nesting(seen.box, other) > DUPLICATE_NESTING for other in rivals):
            kept.append(seen)
    return sorted(kept, key=lambda each: each.box)


def _nesting(first: Box, second: Box) -> float:
    """Shared area as a part of the smaller box."""
    a, b = np.array(first.as_tuple()), np.array(second.as_tuple())
    sides = np.minimum(a[[1, 3]], b[[1, 3]]) - np.maximum(a[[0, 2]], b[[0, 2]])
    areas = ((a[1] - a[0]) * (a[3] - a[2]), (b[1] - b[0]) * (b[3] - b[2]))
    return float(sides.clip(0).prod() / min(areas))
