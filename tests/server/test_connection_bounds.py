"""The parts that bound connections: pending ones, received bytes, reads, wrong tokens, descriptors, repeated lines."""

import asyncio
import logging
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter

from rfhydra.errors import InvalidMessage
from rfhydra.protocol.limits import Limits
from rfhydra.server.log_filter import MAX_PER_PERIOD, PERIOD_SEC, RepeatFilter
from rfhydra.server.net.budget import FREE_BYTES, ReceiveBudget
from rfhydra.server.net.descriptors import MIN_CONNECTIONS, RESERVED, fit
from rfhydra.server.net.guesses import (
    FORGET_SEC,
    FREE_GUESSES,
    MAX_ADDRESSES,
    MAX_DELAY_SEC,
    TokenGuesses,
)
from rfhydra.server.net.pending import PendingConnections
from rfhydra.server.net.reading import MAX_READ_BYTES, MIN_READ_BYTES, ReadShare

MIB = 1 << 20


class Receiver:
    """A connection that notes whether it was refused."""

    def __init__(self) -> None:
        self.refused = False

    def refuse_message(self) -> None:
        self.refused = True

    def abort(self) -> None:
        self.refused = True


class Clock:
    """A time that stands still."""

    def __init__(self) -> None:
        self.sec = 0.0

    def __call__(self) -> float:
        return self.sec


def test_the_oldest_waiting_message_gives_way() -> None:
    budget, slow, other = ReceiveBudget(MIB), Receiver(), Receiver()
    budget.wait(slow, MIB // 2)
    budget.wait(other, MIB // 2)
    assert budget.refused == 0
    budget.wait(other, MIB)
    assert (slow.refused, other.refused, budget.refused) == (True, False, 1)


def test_handled_messages_are_counted_and_not_refused() -> None:
    budget, receiver = ReceiveBudget(MIB), Receiver()
    with budget.handling(MIB):
        budget.wait(receiver, FREE_BYTES)
        assert budget.refused == 0
        budget.wait(receiver, MIB)
        assert receiver.refused
    assert budget.used_bytes == 0


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2 * MIB))))
def test_the_budget_is_never_exceeded(steps: list[tuple[int, int]]) -> None:
    budget, receivers = ReceiveBudget(MIB), [Receiver() for _ in range(6)]
    for number, size in steps:
        budget.wait(receivers[number], size)
        assert budget.used_bytes <= MIB


def test_the_oldest_of_the_busiest_address_gives_way() -> None:
    pending = PendingConnections(3)
    other, first, second, third = (cast(Any, Receiver()) for _ in range(4))
    pending.add(other, "10.0.0.1")
    for each in (first, second, third):
        pending.add(each, "10.0.0.2")
    assert [each.refused for each in (other, first, second, third)] == [False, True, False, False]
    assert (len(pending), pending.dropped) == (3, 1)


def test_one_turn_reads_a_bounded_amount() -> None:
    async def turns() -> None:
        share, clients = ReadShare(), 100

        def read() -> int:
            size = len(share.buffer(MAX_READ_BYTES))
            share.take(size)
            return size

        assert read() == MAX_READ_BYTES
        assert sum(read() for _ in range(clients)) == clients * MIN_READ_BYTES
        await asyncio.sleep(0)
        sizes = [read() for _ in range(10)]
        assert sizes == [max(MIN_READ_BYTES, MAX_READ_BYTES // (clients + 1))] * 10

    asyncio.run(turns())


def guesses(clock: Clock) -> TokenGuesses:
    return TokenGuesses(Counter("failures", "", registry=CollectorRegistry()), clock)


def test_the_delay_begins_after_ten_guesses_and_grows_to_its_bound() -> None:
    clock = Clock()
    table, delays = guesses(clock), []
    for _ in range(FREE_GUESSES + 10):
        delays.append(table.delay_sec("127.0.0.1"))
        table.count("127.0.0.1")
    assert set(delays[:FREE_GUESSES]) == {0}
    assert delays[FREE_GUESSES:] == sorted(delays[FREE_GUESSES:])
    assert 0 < delays[FREE_GUESSES] < delays[-1] == MAX_DELAY_SEC
    assert table.delay_sec("127.0.0.2") == 0
    clock.sec += FORGET_SEC + 1
    assert table.delay_sec("127.0.0.1") == 0


def test_addresses_of_one_network_guess_together() -> None:
    table = guesses(Clock())
    for number in range(FREE_GUESSES):
        table.count(f"2001:db8::{number:x}")
    assert table.delay_sec("2001:db8::ffff") > 0
    assert table.delay_sec("2001:db9::1") == 0
    for _ in range(FREE_GUESSES):
        table.count("::ffff:10.0.0.1")
    assert table.delay_sec("10.0.0.1") > 0


def test_the_table_of_addresses_forgets_who_guessed_least_recently() -> None:
    table = guesses(Clock())
    for _ in range(FREE_GUESSES):
        table.count("10.1.1.1")
    for number in range(MAX_ADDRESSES):
        table.count(f"10.2.{number // 256}.{number % 256}")
    assert table.delay_sec("10.1.1.1") == 0


def test_connections_fit_the_descriptors() -> None:
    limits = Limits()
    assert fit(limits, RESERVED + limits.max_clients + limits.max_pending_connections) == limits
    fitted = fit(limits, 200)
    assert (fitted.max_clients, fitted.max_pending_connections) == (36, 36)
    with pytest.raises(InvalidMessage, match="ulimit"):
        fit(limits, RESERVED + MIN_CONNECTIONS - 1)


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(RESERVED + MIN_CONNECTIONS, 4096))
def test_there_is_always_room_for_clients_and_handshakes(clients: int, pending: int, descriptors: int) -> None:
    fitted = fit(Limits(max_clients=clients, max_pending_connections=pending), descriptors)
    assert fitted.max_clients + fitted.max_pending_connections <= descriptors - RESERVED
    assert 1 <= fitted.max_clients <= clients
    assert 1 <= fitted.max_pending_connections <= pending


def test_a_log_does_not_repeat_itself() -> None:
    clock = Clock()
    lines = RepeatFilter(clock)

    def record(text: str, *values: object) -> logging.LogRecord:
        return logging.LogRecord("name", logging.WARNING, "path", 1, text, values, None)

    assert sum(lines.filter(record("failed %d", number)) for number in range(1000)) == MAX_PER_PERIOD
    assert lines.filter(record("another"))
    clock.sec += PERIOD_SEC + 1
    later = record("failed %d", 7)
    assert lines.filter(later)
    assert later.getMessage() == f"failed 7 ({1000 - MAX_PER_PERIOD} such lines were left out before)"
