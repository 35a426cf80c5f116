"""Times of chunks from sources that state none."""

from dataclasses import replace

import pytest

from rfhydra.live.tap import Tap
from rfhydra.streams.source import Chunk
from tests.streams.given import RATE_HZ, TUNING, ScriptedSource, chunk


def read_all(chunks: list[Chunk], clock: list[float]) -> list[float | None]:
    seen: list[Chunk] = []
    tap = Tap(ScriptedSource([], [*chunks], may_wait=True), seen.append, lambda: clock.pop(0))
    for _ in chunks:
        tap.read(1.0)
    return [each.start_utc_sec for each in seen]


def test_times_follow_the_rate_from_the_first_arrival() -> None:
    chunks = [chunk(start, 1000) for start in range(0, 4000, 1000)]
    expected = [50.0 + (number - 1) * 1000 / RATE_HZ for number in range(4)]
    assert read_all(chunks, [50.0]) == pytest.approx(expected)


def test_after_a_gap_or_a_retuning_the_arrival_counts_again() -> None:
    retuned = replace(TUNING, center_freq_hz=1e6)
    chunks = [chunk(0, 1000), chunk(5000, 1000), chunk(6000, 1000, retuned)]
    assert read_all(chunks, [10.0, 20.0, 30.0]) == [each - 1000 / RATE_HZ for each in (10.0, 20.0, 30.0)]


def test_stated_times_are_kept() -> None:
    assert read_all([chunk(0, 1000, start_utc_sec=7.0)], []) == [7.0]
