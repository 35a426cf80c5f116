"""Streams that take turns."""

import threading

import pytest

from rfhydra.live.turns import Turns
from tests.streams.given import DEADLINE_SEC


def test_a_stream_waits_for_one_turn_of_each_other() -> None:
    """Each asks again at once; whoever holds the turn waits until all others have asked."""
    turns, order, streams, rounds = Turns(), list[int](), 4, 20
    holding = threading.Barrier(streams)

    def stream(number: int) -> None:
        holding.wait(DEADLINE_SEC)
        for _ in range(rounds):
            with turns.turn():
                order.append(number)
                while len(turns._waiting) < streams - 1 and len(order) <= streams * (rounds - 1):
                    pass

    threads = [threading.Thread(target=stream, args=(number,)) for number in range(streams)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(DEADLINE_SEC)
    assert len(order) == streams * rounds
    for at in range(0, streams * (rounds - 1), streams):
        assert len({*order[at : at + streams]}) == streams


def test_the_turn_is_passed_on_after_an_error() -> None:
    turns = Turns()
    with pytest.raises(KeyError), turns.turn():
        raise KeyError
    with turns.turn():
        assert not turns._free
