"""The queue of outputs: order, bound, failures, and the end."""

import threading
from collections.abc import Sequence

import pytest

from rfhydra.errors import Unreachable
from rfhydra.live import work_queue
from rfhydra.live.queued_output import QueuedOutput
from rfhydra.protocol.streams import TrackEvent
from tests.live.tracks import event


class Gate(QueuedOutput):
    """Delivers when the gate is open, and fails events of the track 13."""

    def __init__(self, *, max_queued: int = 100, batch: int = 1) -> None:
        self.open, self.entered = threading.Event(), threading.Event()
        self.delivered: list[int] = []
        super().__init__("gate", max_queued=max_queued, batch=batch)

    def deliver(self, events: Sequence[TrackEvent]) -> None:
        self.entered.set()
        while not self.open.is_set():
            if not self.pause(0.01):
                raise Unreachable("the gate is closed")
        if any(each.track_id == 13 for each in events):
            raise Unreachable("unlucky")
        self.delivered += [each.track_id for each in events]


def write(gate: Gate, *track_ids: int) -> None:
    for track_id in track_ids:
        gate.write(event(track_id=track_id))


def test_events_are_delivered_in_their_order_and_all_before_the_end() -> None:
    gate = Gate(batch=7)
    gate.open.set()
    write(gate, *range(100, 200))
    gate.close()
    gate.close()
    assert gate.delivered == [*range(100, 200)]
    assert (gate.dropped, gate.failed) == (0, 0)


def test_a_full_queue_drops_the_oldest_and_counts_them() -> None:
    gate = Gate(max_queued=3)
    write(gate, 1)
    gate.entered.wait()
    write(gate, 2, 3, 4, 5, 6)
    gate.open.set()
    assert gate.flush(10)
    gate.close()
    assert (gate.delivered, gate.dropped) == ([1, 4, 5, 6], 2)


def test_a_failure_is_counted_and_the_next_event_is_delivered() -> None:
    gate = Gate()
    gate.open.set()
    write(gate, 12, 13, 14)
    gate.close()
    assert (gate.delivered, gate.failed, gate.dropped) == ([12, 14], 1, 0)


def test_the_end_does_not_wait_for_what_cannot_be_delivered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_queue, "CLOSE_SEC", 0.05)
    gate = Gate()
    write(gate, 1, 2, 3)
    gate.entered.wait()
    gate.close()
    assert gate.flush(30)
    assert (gate.delivered, gate.failed, gate.dropped) == ([], 1, 2)
    write(gate, 4)
    assert gate.dropped == 3
