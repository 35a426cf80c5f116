"""Windows of a stream, whatever chunks it comes in."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rfhydra.detection.plan import WindowPlan
from rfhydra.live.cutter import CutWindow, WindowCutter
from rfhydra.streams.source import Chunk, Tuning
from tests.live.stream import BEGAN_UTC_SEC, SPEC, TUNING, WINDOW, chunks_of, received

IQ = received(3.4)
RATE_HZ = TUNING.sample_rate_hz
SIZES = st.lists(st.integers(100, 2 * WINDOW), min_size=1, max_size=5)


def cut(chunks: list[Chunk], max_wait_sec: float | None = None) -> list[CutWindow]:
    cutter, found = WindowCutter(SPEC, max_wait_sec), list[CutWindow]()
    for chunk in chunks:
        found += cutter.add(chunk)
    return [*found, *cutter.finish()]


@settings(max_examples=40)
@given(SIZES, st.sampled_from((None, 0.002)))
def test_windows_do_not_depend_on_the_chunks(sizes: list[int], max_wait_sec: float | None) -> None:
    plan = WindowPlan.of(SPEC, RATE_HZ, max_wait_sec)
    found = cut([*chunks_of(IQ, sizes)], max_wait_sec)
    assert [(each.window.start_sample, each.window.frame.cols * SPEC.hop) for each in found] == [*plan.spans(len(IQ))]
    whole = cut([*chunks_of(IQ, [len(IQ)])], max_wait_sec)
    for one, other in zip(found, whole, strict=True):
        start = one.window.start_sample or 0
        assert np.array_equal(one.window.image, other.window.image)
        assert one.window.iq is not None
        assert np.array_equal(one.window.iq, IQ[start : start + len(one.window.iq)])
        assert one.start_utc_sec == other.start_utc_sec or abs(one.start_utc_sec - other.start_utc_sec) < 1e-5
    assert sum(each.new_samples for each in found) == len(IQ) - len(IQ) % SPEC.hop


@settings(max_examples=40)
@given(st.integers(1, 3 * WINDOW), st.integers(1, WINDOW), SIZES)
def test_no_window_spans_a_gap(before: int, lost: int, sizes: list[int]) -> None:
    chunks = [*chunks_of(IQ[:before], sizes), *chunks_of(IQ[before:], sizes, start=before + lost)]
    found, plan = cut(chunks), WindowPlan.of(SPEC, RATE_HZ)
    after = [(before + lost + start, count) for start, count in plan.spans(len(IQ) - before)]
    spans = [*plan.spans(before), *after]
    assert [(each.window.start_sample, len(each.window.iq or ())) for each in found if each.window.iq is None] == []
    assert [(each.window.start_sample, each.window.frame.cols * SPEC.hop) for each in found] == spans
    begins = [number for number, each in enumerate(found) if each.begins]
    assert begins == [number for number, (start, _) in enumerate(spans) if start in (0, before + lost)]
    for each in found:
        assert abs(each.start_utc_sec - BEGAN_UTC_SEC - each.window.start_sec) < 1e-5


def test_no_window_has_two_tunings() -> None:
    retuned = replace(TUNING, center_freq_hz=868e6)
    chunks = [*chunks_of(IQ[:WINDOW], [700]), *chunks_of(IQ[WINDOW:], [700], WINDOW, retuned)]
    found = cut(chunks)
    assert [each.window.start_sample for each in found if each.begins] == [0, WINDOW]
    assert {each.window.frame.center_freq_hz for each in found[:2]} == {TUNING.center_freq_hz, 868e6}


def test_seconds_go_on_where_the_rate_changes() -> None:
    twice = Tuning(2 * RATE_HZ, TUNING.center_freq_hz)
    found = cut([*chunks_of(IQ[:WINDOW], [700]), *chunks_of(IQ[WINDOW : 2 * WINDOW], [700], WINDOW, twice)])
    assert [each.window.start_sec for each in found] == [0.0, WINDOW / RATE_HZ]
    assert found[1].window.end_sec == WINDOW / RATE_HZ + WINDOW / (2 * RATE_HZ)


@settings(max_examples=40)
@given(SIZES)
def test_the_next_window_begins_no_earlier_than_foretold(sizes: list[int]) -> None:
    found = cut([*chunks_of(IQ, sizes)])
    for one, following in pairwise(found):
        assert following.window.start_sec >= one.next_start_sec - 1e-12
