"""The numbers of a card that need no head: minimum SNRs, and the interval of false alarms."""

import pytest
from hypothesis import given as with_examples
from hypothesis import strategies as st

from rfhydra.training.evaluation.background import poisson_interval
from rfhydra.training.evaluation.card import RecallAt
from rfhydra.training.evaluation.trials import crossing, crossing_interval


def points(*recalls: float, trials: int = 20) -> list[RecallAt]:
    return [
        RecallAt(value=3.0 * index, trials=trials, hits=round(recall * trials)) for index, recall in enumerate(recalls)
    ]


def test_the_minimum_is_interpolated_between_two_steps() -> None:
    assert crossing(points(0.0, 0.25, 0.75, 1.0), 0.5) == pytest.approx(4.5)
    assert crossing(points(0.0, 0.5, 1.0), 0.5) == pytest.approx(3.0)
    assert crossing(points(0.0, 0.25, 0.75, 1.0), 0.9) == pytest.approx(7.8)


def test_a_recall_that_falls_is_made_to_rise() -> None:
    """0.8 at 3 and 0.6 at 6 count as 0.7 at both."""
    assert crossing(points(0.0, 0.8, 0.6, 1.0), 0.7) == pytest.approx(3.0)


def test_there_is_no_minimum_outside_of_the_range() -> None:
    assert crossing(points(0.6, 1.0), 0.5) is None
    assert crossing(points(0.0, 0.4), 0.5) is None
    assert crossing(points(0.7), 0.5) is None


def test_the_interval_holds_the_minimum_and_narrows_with_more_trials() -> None:
    widths = []
    for trials in (8, 80, 800):
        curve = points(0.0, 0.25, 0.75, 1.0, trials=trials)
        low, high = crossing_interval(curve, 0.5)
        assert low is not None
        assert high is not None
        assert low < 4.5 < high
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True)


def test_the_interval_is_open_where_the_curve_stays_near_the_recall() -> None:
    low, high = crossing_interval(points(0.0, 0.9, 0.9, 0.9), 0.9)
    assert low is not None
    assert high is None


@with_examples(st.lists(st.integers(0, 20), min_size=2, max_size=10))
def test_a_higher_recall_takes_no_less_snr(hits: list[int]) -> None:
    curve = points(*(each / 20 for each in hits))
    half, most = crossing(curve, 0.5), crossing(curve, 0.9)
    assert half is None or most is None or half <= most


@pytest.mark.parametrize(("count", "low", "high"), [(0, 0.0, 2.996), (1, 0.0513, 4.744), (3, 0.818, 7.754)])
def test_the_interval_of_false_alarms_is_exact(count: int, low: float, high: float) -> None:
    """Against the table of Garwood."""
    assert poisson_interval(count) == pytest.approx((low, high), rel=1e-3)
