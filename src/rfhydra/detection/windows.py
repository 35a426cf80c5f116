"""The windows of a recording."""

from collections.abc import Iterator

from rfhydra.detection.plan import CONTEXT, WindowPlan
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
