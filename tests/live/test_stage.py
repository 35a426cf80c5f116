"""Stages of a pipeline: order, bound, errors and ends."""

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfhydra.live.stage import MAX_WAITING, Stage
from tests.streams.given import DEADLINE_SEC


@given(st.lists(st.integers()))
def test_items_come_in_their_order_through_two_stages(items: list[int]) -> None:
    with Stage("first", items) as first, Stage("second", (each for each in first)) as second:
        assert [*second] == items


def test_a_stage_is_ahead_by_what_may_wait() -> None:
    made, may_go_on = list[int](), threading.Semaphore(0)

    def numbers() -> Iterator[int]:
        for number in range(10):
            made.append(number)
            may_go_on.release()
            yield number

    with Stage("numbers", numbers()) as stage:
        for taken, _ in enumerate(stage, start=1):
            assert may_go_on.acquire(timeout=DEADLINE_SEC)
            assert len(made) <= taken + MAX_WAITING + 1  # one waits for room


def test_an_error_comes_after_the_items_before_it() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise KeyError("two")

    taken = list[int]()
    with pytest.raises(KeyError, match="two"), Stage("first", failing()) as first, Stage("second", first) as second:
        taken.extend(second)
    assert taken == [1]


def test_an_endless_stage_ends_with_whoever_iterates_it() -> None:
    def endless() -> Iterator[int]:
        while True:
            yield 0

    before = threading.active_count()
    with Stage("endless", endless()) as stage:
        assert next(iter(stage)) == 0
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
