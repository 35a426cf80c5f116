"""Duty cycle and repetition interval."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfhydra.live.recurrence import MAX_STARTS, Recurrence


def test_nothing_is_said_before_the_third_track() -> None:
    recurrence = Recurrence()
    for start in (0.0, 10.0):
        recurrence.add(start, start + 1)
        assert recurrence.duty_cycle is recurrence.repetition_sec is None
    recurrence.add(20.0, 21.0)
    assert recurrence.duty_cycle == pytest.approx(3 / 21)
    assert recurrence.repetition_sec == 10.0


@given(st.floats(0.1, 100), st.floats(0.01, 1), st.integers(3, 500))
def test_a_regular_signal(interval: float, share: float, count: int) -> None:
    recurrence = Recurrence()
    for number in range(count):
        recurrence.add(number * interval, (number + share) * interval)
    assert recurrence.repetition_sec == pytest.approx(interval)
    assert recurrence.duty_cycle == pytest.approx(count * share / (count - 1 + share))
    assert len(recurrence._starts) <= MAX_STARTS


def test_time_that_tracks_share_counts_once() -> None:
    recurrence = Recurrence()
    for start, end in ((0.0, 4.0), (1.0, 5.0), (2.0, 10.0)):
        recurrence.add(start, end)
    assert recurrence.duty_cycle == 1.0
