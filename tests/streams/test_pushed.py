"""Samples that a client pushes."""

import threading

import numpy as np
import pytest

from rfhydra.errors import InvalidMessage
from rfhydra.streams.pushed import PushedSource
from rfhydra.streams.source import EndOfStream, Tuning
from tests.streams.given import DEADLINE_SEC, TUNING, numbered, read_chunk


def pushed(samples: int = 1000) -> PushedSource:
    return PushedSource("a client", TUNING, max_bytes=8 * samples)


def test_pushes_come_out_in_order_with_their_gaps_and_times() -> None:
    source = pushed()
    assert (source.open(), source.may_wait) == (TUNING, False)
    source.push(numbered(0, 10))
    source.push(numbered(10, 5), start_utc_sec=7.0)
    source.push(numbered(40, 5), 40, tuning=Tuning(1e6, 1e8))
    source.push(numbered(45, 5))
    source.end()
    chunks = [read_chunk(source) for _ in range(3)]
    with pytest.raises(EndOfStream):
        source.read(0.0)
    assert [(each.start_sample, each.end_sample, each.start_utc_sec) for each in chunks] == [
        (0, 10, None),
        (10, 15, 7.0),
        (40, 50, None),
    ]
    assert [each.tuning.center_freq_hz for each in chunks] == [TUNING.center_freq_hz, TUNING.center_freq_hz, 1e8]


def test_the_oldest_are_dropped_and_counted() -> None:
    source = pushed(20)
    for start in range(0, 100, 10):
        source.push(numbered(start, 10))
    found = read_chunk(source)
    assert (found.start_sample, found.end_sample, source.dropped_samples) == (80, 100, 80)


def test_what_is_pushed_may_change_afterwards() -> None:
    source = pushed()
    mine = numbered(0, 10)
    source.push(mine)
    mine[:] = 0
    assert np.array_equal(read_chunk(source).iq, numbered(0, 10))


def test_numbers_do_not_go_back_and_samples_are_finite() -> None:
    source = pushed()
    source.push(numbered(0, 10))
    with pytest.raises(InvalidMessage, match="start_sample 9 was pushed already: the next one is 10"):
        source.push(numbered(9, 1), 9)
    with pytest.raises(InvalidMessage, match="not a finite number"):
        source.push(np.full(3, np.inf, dtype=np.complex64))
    source.push(numbered(0, 0))
    source.push(numbered(10, 10))
    assert len(read_chunk(source).iq) == 20


def test_closing_ends_a_read_that_waits() -> None:
    source = pushed()
    closer = threading.Thread(target=source.close)
    closer.start()
    with pytest.raises(EndOfStream):
        source.read(DEADLINE_SEC)
    closer.join()


def test_it_is_tuned_by_its_client_only() -> None:
    source = pushed()
    source.push(numbered(0, 1), tuning=Tuning(1e6, 1e8))
    assert source.tune(Tuning(1e6, 1e8)) == Tuning(1e6, 1e8)
    with pytest.raises(InvalidMessage, match=r"center_freq_hz cannot be changed .* the client that pushes the samples"):
        source.tune(Tuning(1e6, 2e8))
