"""Reconnection: which errors are answered with another try, and what is counted."""

import threading

import pytest

from rfhydra.errors import InvalidMessage, Unreachable
from rfhydra.streams.reconnect import ReconnectingSource
from rfhydra.streams.source import Chunk, EndOfStream, Tuning
from tests.streams.given import DEADLINE_SEC, TUNING, ScriptedSource, chunk

LOST = Unreachable("gone")


def reconnecting(
    openings: list[Exception | None], reads: list[Chunk | Exception | None], *, silence_sec: float | None = None
) -> tuple[ReconnectingSource, ScriptedSource]:
    source = ScriptedSource(openings, reads, may_wait=False)
    return ReconnectingSource(source, first_delay_sec=1e-4, max_delay_sec=1e-3, max_silence_sec=silence_sec), source


def read_all(source: ReconnectingSource) -> list[Chunk]:
    found: list[Chunk] = []
    try:
        while True:
            found += [each] if (each := source.read(DEADLINE_SEC)) else []
    except EndOfStream:
        return found


def test_a_source_that_is_not_there_yet_is_tried_until_it_is() -> None:
    source, script = reconnecting([LOST, LOST, LOST], [])
    assert source.open() == TUNING
    assert (script.opened, source.reconnects, source.error) == (4, 0, None)


def test_a_lost_source_is_connected_again() -> None:
    source, script = reconnecting([None, LOST], [chunk(0, 10), LOST, chunk(50, 10), LOST, chunk(60, 5)])
    source.open()
    assert [each.start_sample for each in read_all(source)] == [0, 50, 60]
    assert (script.opened, source.reconnects, source.lost_samples) == (4, 2, 40)


def test_a_read_ends_in_time_while_there_is_no_connection() -> None:
    script = ScriptedSource([None], [LOST], may_wait=False)
    source = ReconnectingSource(script, first_delay_sec=3600, max_delay_sec=3600)
    source.open()
    assert source.read(0.0) is None
    assert source.read(0.0) is None
    assert (script.opened, source.error) == (1, "gone")


@pytest.mark.parametrize(("tries", "delay_sec"), [(0, 1e-4), (1, 2e-4), (3, 8e-4), (4, 1e-3), (6, 1e-3)])
def test_delays_double_up_to_the_bound(tries: int, delay_sec: float) -> None:
    source, _ = reconnecting([*[LOST] * tries, InvalidMessage("rate")], [])
    with pytest.raises(InvalidMessage):
        source.open()
    assert source.delay_sec == pytest.approx(delay_sec)


def test_only_a_sample_resets_the_delay() -> None:
    source, _ = reconnecting([], [LOST, LOST, chunk(0, 1)])
    source.open()
    assert source.read(DEADLINE_SEC) is None
    assert source.read(DEADLINE_SEC) is None
    assert source.delay_sec == pytest.approx(4e-4), "it was connected, but nothing came"
    assert source.read(DEADLINE_SEC) is not None
    assert source.delay_sec == pytest.approx(1e-4)


def test_a_permanent_error_is_passed_on_at_once() -> None:
    source, script = reconnecting([InvalidMessage("rate")], [])
    with pytest.raises(InvalidMessage, match="rate"):
        source.open()
    assert script.opened == 1
    source, script = reconnecting([], [InvalidMessage("datatype")])
    source.open()
    with pytest.raises(InvalidMessage, match="datatype"):
        source.read(DEADLINE_SEC)
    assert script.opened == 1


def test_a_silent_source_is_lost() -> None:
    source, _ = reconnecting([], [None, chunk(0, 5)], silence_sec=0.0)
    source.open()
    assert source.read(0.001) is None
    assert source.error == "script sent nothing for 0 s"
    assert [each.start_sample for each in read_all(source)] == [0]
    assert source.reconnects == 1


def test_a_source_that_may_wait_may_be_silent() -> None:
    script = ScriptedSource([], [None, chunk(0, 5)], may_wait=True)
    source = ReconnectingSource(script, max_silence_sec=0.0)
    source.open()
    assert source.read(0.001) is None
    assert (script.opened, source.error) == (1, None)


def test_closing_ends_the_tries() -> None:
    script = ScriptedSource([LOST], [], may_wait=False)
    source = ReconnectingSource(script, first_delay_sec=3600, max_delay_sec=3600)
    closer = threading.Thread(target=source.close)
    closer.start()
    with pytest.raises(EndOfStream):
        source.open()
    closer.join()
    with pytest.raises(EndOfStream):
        source.read(DEADLINE_SEC)


def test_closing_ends_a_read_that_waits() -> None:
    source, _ = reconnecting([], [None, None])
    source.open()
    closer = threading.Thread(target=source.close)
    closer.start()
    with pytest.raises(EndOfStream):
        source.read(DEADLINE_SEC)
    closer.join()


def test_tuning_and_names_are_those_of_the_source() -> None:
    source, script = reconnecting([], [])
    assert (source.name, source.may_wait) == ("script", False)
    assert source.tune(Tuning(1.0, 2.0)) == Tuning(1.0, 2.0)
    assert script.tuned == [Tuning(1.0, 2.0)]
