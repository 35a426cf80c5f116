"""The windows of a recording, and the detections in them."""

from collections.abc import Callable, Iterator

from rfhydra.detection.detector import Detection, HydraDetector
from rfhydra.detection.plan import CONTEXT, WindowPlan
from rfhydra.detection.sequence import SequenceDetector
from rfhydra.detection.tracker import Track
from rfhydra.recordings.recording import Recording
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.spectrogram import WindowSeries, make_window
from rfhydra.spectrum.window import Window


def read_window(recording: Recording, start: int, count: int, spec: SpectrogramSpec) -> Window:
    """The window of ``count`` samples from sample ``start``, which lie in one capture."""
    iq, center_hz = recording.read(start, count), recording.capture_at(start).center_freq_hz
    return make_window(iq, spec, recording.sample_rate_hz, center_hz, start)


def window_spans(recording: Recording, spec: SpectrogramSpec, context: float = CONTEXT) -> Iterator[tuple[int, int]]:
    """First sample and sample count of successive windows; none spans two captures. See :class:`WindowPlan`.

    Raises:
        InvalidRecording: the recording is shorter than a column.
    """
    plan = WindowPlan.of(spec, context=context)
    for first, end, _ in recording.segments(spec.hop):
        yield from ((first + start, count) for start, count in plan.spans(end - first))


def recording_windows(recording: Recording, spec: SpectrogramSpec) -> Iterator[Window]:
    """The windows of :func:`window_spans`, read one at a time."""
    for windows in stretches(recording, spec):
        yield from windows


def stretches(
    recording: Recording, spec: SpectrogramSpec, start_sample: int = 0, end_sample: int | None = None
) -> Iterator[Iterator[Window]]:
    """The windows of each capture, of those that share a sample with ``[start_sample, end_sample)``.

    Where windows begin does not depend on it. Raises as :func:`window_spans` does.
    """
    plan, rate = WindowPlan.of(spec), recording.sample_rate_hz
    last = recording.sample_count if end_sample is None else end_sample
    for first, end, capture in recording.segments(spec.hop):
        series = WindowSeries(spec, rate, capture.center_freq_hz)
        spans = [
            (first + start, count)
            for start, count in plan.spans(end - first)
            if first + start < last and first + start + count > start_sample
        ]
        yield (series.window(recording.read(start, count), start) for start, count in spans)


def detect_recording(
    recording: Recording,
    detector: HydraDetector,
    threshold: float | None = None,
    progress: Callable[[int], None] = lambda samples_done: None,
    *,
    gated: bool = True,
) -> list[Detection]:
    """Detections of the loaded heads, one per emission, sorted by time, in seconds from the start of the recording.

    Args:
        recording: of any length.
        detector: with heads loaded.
        threshold: minimum score; default is each head's stored one.
        progress: called after each window with the sample that it ended at.
        gated: whether the backbone looks only where there is energy above the noise.
    """
    sequence, tracks = SequenceDetector(detector, threshold, gated=gated), list[Track]()
    for windows in stretches(recording, detector.spec):
        sequence.begin()
        for window in windows:
            tracks += sequence.update(window)[1]
            progress((window.start_sample or 0) + window.frame.cols * detector.spec.hop)
    tracks += sequence.tracker.close()
    return sorted((track.detection for track in tracks), key=lambda detection: detection.box)
