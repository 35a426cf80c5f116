"""The windows of a recording."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfhydra.detection.plan import CONTEXT
from rfhydra.detection.windows import read_window, window_spans
from rfhydra.errors import InvalidRecording
from tests.detection.given import RATE_HZ, SPEC, WINDOW, recording

SHARED = int(CONTEXT * WINDOW)


@given(
    st.integers(SPEC.hop, 12 * WINDOW),
    st.lists(st.integers(1, 12 * WINDOW), max_size=3, unique=True),
    st.sampled_from((0.0, CONTEXT, 0.5)),
)
def test_windows_cover_every_column_and_span_no_two_captures(samples: int, retunes: list[int], context: float) -> None:
    given_recording = recording(samples, tuple(sorted(each for each in retunes if SPEC.hop <= each < samples)))
    covered = np.zeros(samples, bool)
    last_start = -1
    for start, count in window_spans(given_recording, SPEC, context):
        assert 0 < count <= WINDOW
        assert count % SPEC.hop == 0
        assert start > last_start
        last_start = start
        assert given_recording.capture_at(start) == given_recording.capture_at(start + count - 1)
        covered[start : start + count] = True
    for start, end, _ in given_recording.segments():
        missed = np.flatnonzero(~covered[start:end])
        assert len(missed) < SPEC.hop
        assert (missed >= (end - start) - len(missed)).all()


def test_a_recording_shorter_than_a_column_has_no_windows() -> None:
    with pytest.raises(InvalidRecording, match="too short"):
        list(window_spans(recording(SPEC.hop - 1), SPEC))


@given(
    st.integers(SPEC.hop, 12 * WINDOW), st.integers(0, 12 * WINDOW), st.integers(1, int(CONTEXT * WINDOW) - SPEC.hop)
)
def test_a_burst_of_the_length_of_the_context_lies_in_one_window(samples: int, start: int, length: int) -> None:
    if start + length > samples - samples % SPEC.hop:
        return
    spans = [(begin, begin + count) for begin, count in window_spans(recording(samples), SPEC)]
    assert any(begin <= start and start + length <= end for begin, end in spans)


def test_window_times_and_frequency() -> None:
    window = read_window(recording(4 * WINDOW, retunes=(WINDOW,)), WINDOW, SPEC.hop * 5, SPEC)
    assert (window.start_sec, window.end_sec) == (WINDOW / RATE_HZ, (WINDOW + 5 * SPEC.hop) / RATE_HZ)
    assert (window.frame.center_freq_hz, window.frame.cols) == (1e6, 5)
    assert window.iq is not None
    assert len(window.iq) == 5 * SPEC.hop
