"""Stages of a pipeline: order, bound, errors and ends."""

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfhydra.live.stage import MAX_WAITING, Stage
from tests.streams.given import DEADLINE_SEC


@given(st.lists(st.integers()), st.integers(1, 4))
def test_items_come_in_their_order_through_two_stages(items: list[int], threads: int) -> None:
    with Stage.of("first", items) as first, Stage("second", first, str, threads=threads) as second:
        assert [*second] == [*map(str, items)]


def test_a_stage_is_ahead_by_what_may_wait() -> None:
    made, may_go_on = list[int](), threading.Semaphore(0)

    def numbers() -> Iterator[int]:
        for number in range(10):
            made.append(number)
            may_go_on.release()
            yield number

    with Stage.of("numbers", numbers()) as stage:
        for taken, _ in enumerate(stage, start=1):
            assert may_go_on.acquire(timeout=DEADLINE_SEC)
            assert len(made) <= taken + MAX_WAITING + 1  # one waits for room


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_comes_after_the_items_before_it(threads: int) -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise KeyError("two")

    taken = list[int]()
    with (
        pytest.raises(KeyError, match="two"),
        Stage.of("first", failing()) as first,
        Stage("second", first, int, threads=threads) as second,
    ):
        taken.extend(second)
    assert taken == [1]


def test_an_endless_stage_ends_with_whoever_iterates_it() -> None:
    def endless() -> Iterator[int]:
        while True:
            yield 0

    before = threading.active_count()
    with Stage.of("endless", endless()) as stage:
        assert next(iter(stage)) == 0
        assert threading.active_count() == before + 1
    assert threading.active_count() == before


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_in_the_work_comes_in_the_place_of_its_result(threads: int) -> None:
    taken = list[float]()
    with pytest.raises(ZeroDivisionError), Stage("work", [1, 2, 0, 4, 5], lambda n: 1 / n, threads=threads) as stage:
        taken.extend(stage)
    assert taken == [1, 0.5]


def test_as_many_items_as_threads_are_worked_on_at_once() -> None:
    together = threading.Barrier(3)
    with Stage("work", range(9), lambda _: together.wait(DEADLINE_SEC), threads=3) as stage:
        assert sorted(stage) == sorted([*range(3)] * 3)


def test_every_thread_begins_once() -> None:
    begun = list[str]()
    with Stage("work", range(9), str, threads=3, begin=lambda: begun.append(threading.current_thread().name)) as stage:
        assert len([*stage]) == 9
    assert begun == ["work"] * 3
