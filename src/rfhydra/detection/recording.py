"""The windows of a recording, and the detections in them."""

from collections.abc import Callable, Iterator
from typing import Final

from rfhydra.detection.detector import Detection, HydraDetector
from rfhydra.detection.tracker import Tracker
from rfhydra.recordings.recording import Recording
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.spectrogram import make_window
from rfhydra.spectrum.window import Window

OVERLAP: Final = 0.5


def read_window(recording: Recording, start: int, count: int, spec: SpectrogramSpec) -> Window:
    """The window of ``count`` samples from sample ``start``, which lie in one capture."""
    iq, center_hz = recording.read(start, count), recording.capture_at(start).center_freq_hz
    return make_window(iq, spec, recording.sample_rate_hz, center_hz, start)


def window_spans(recording: Recording, spec: SpectrogramSpec, overlap: float = OVERLAP) -> Iterator[tuple[int, int]]:
    """First sample and sample count of successive windows; none spans two captures.

    The last window of a capture ends with it, so only a tail shorter than a column is left out.

    Raises:
        InvalidRecording: the recording is shorter than a column.
    """
    full = spec.window_samples
    step = int(full * (1 - overlap)) // spec.hop * spec.hop
    for start, end, _ in recording.segments(spec.hop):
        last = max(end - full, start)
        for begin in (*range(start, last, step), last):
            yield begin, min(full, end - begin)


def recording_windows(recording: Recording, spec: SpectrogramSpec) -> Iterator[Window]:
    """The windows of :func:`window_spans`, read one at a time."""
    return (read_window(recording, start, count, spec) for start, count in window_spans(recording, spec))


def detect_recording(
    recording: Recording,
    detector: HydraDetector,
    threshold: float | None = None,
    progress: Callable[[int], None] = lambda samples_done: None,
) -> list[Detection]:
    """Detections of the loaded heads, one per emission, sorted by time, in seconds from the start of the recording.

    Args:
        recording: of any length.
        detector: with heads loaded.
        threshold: minimum score; default is each head's stored one.
        progress: called after each window with the sample that it ended at.
    """
    tracker, tracks = Tracker(), []
    for window in recording_windows(recording, detector.spec):
        tracks += tracker.update(window, detector.detect(window, threshold).detections)
        progress((window.start_sample or 0) + window.frame.cols * detector.spec.hop)
    tracks += tracker.close()
    return sorted((track.detection for track in tracks), key=lambda detection: detection.box)
