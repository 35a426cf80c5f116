"""``kill -9`` of a live server at any moment: what it acknowledged is there, and no change is there in part.

``RFHYDRA_SERVER_KILLS`` says how often. ``-rP`` shows what the kills hit, ``-s`` while they do.
"""

import os
import random
import select
import signal
import threading
import time
from collections import Counter
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from websockets.exceptions import ConnectionClosed, InvalidMessage
from websockets.sync.client import connect

from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.protocol.trainings import TrainingComplete, TrainingEvent, TrainingFailed, TrainingProgress
from tests.server.change_sequence import ChangeSequence
from tests.server.inventory import take_inventory
from tests.server.server_process import serving

KILLS: Final = int(os.environ.get("RFHYDRA_SERVER_KILLS", "8"))
LONGEST_LIFE_SEC: Final = 0.4
"""Of a server once it listens: time for some dozens of changes."""
REPORT_EVERY: Final = 10
TRAINS_EVERY: Final = 10
"""Every so many lives there is a training. The kill comes after its end or, every other time, after its first epoch."""
_TRAINS_FIRST: Final = 5


class Killer:
    """Kills a process after a while, once."""

    def __init__(self, pid: int) -> None:
        self._process = os.pidfd_open(pid)
        self._timer: threading.Timer | None = None

    def arm(self, seconds: float) -> None:
        """From now on it has that long to live, unless that is settled already."""
        if self._timer is None:
            self._timer = threading.Timer(seconds, signal.pidfd_send_signal, (self._process, signal.SIGKILL))
            self._timer.start()

    def wait(self) -> None:
        """Until the process is gone, with all that it held."""
        assert self._timer is not None
        self._timer.join()
        select.select([self._process], [], [])
        os.close(self._process)


def test_no_acknowledged_change_is_lost(site: Path, body_file: Path) -> None:
    changes, instants, backbone = ChangeSequence(seed=11), random.Random(12), load_backbone(body_file)
    outcomes, began = Counter[str](), time.monotonic()
    for number in range(KILLS):
        train = number % TRAINS_EVERY == _TRAINS_FIRST
        with serving(site, "--backbone", body_file) as server:
            killer = Killer(server.pid)
            delay_sec = instants.uniform(0, LONGEST_LIFE_SEC)
            if not train:
                killer.arm(delay_sec)
            arm_on = TrainingComplete if number % (2 * TRAINS_EVERY) == _TRAINS_FIRST else TrainingProgress
            on_training = partial(_arm, killer, delay_sec, arm_on)
            cut_off = suppress(ConnectionClosed, ConnectionError, InvalidMessage)
            with cut_off, connect(server.url, ping_interval=None) as socket:
                changes.run(socket, train=train, on_training=on_training)
            killer.wait()
        outcomes[changes.judge(take_inventory(site, backbone))] += 1
        if (number + 1) % REPORT_EVERY == 0 or number + 1 == KILLS:
            _report(number + 1, time.monotonic() - began, changes, outcomes)
    assert changes.imports
    assert KILLS <= _TRAINS_FIRST or any(changes.expected.ended.values())


def _arm(killer: Killer, delay_sec: float, wanted: type[TrainingEvent], event: TrainingEvent) -> None:
    """Kill soon after such a message of a training, or after its failure."""
    if isinstance(event, wanted | TrainingFailed):
        killer.arm(delay_sec)


def _report(kills: int, seconds: float, changes: ChangeSequence, outcomes: Counter[str]) -> None:
    ended = Counter("failed" if version is None else "completed" for version in changes.expected.ended.values())
    print(
        f"{kills} kills in {seconds / 60:.1f} minutes, {changes.acknowledged} changes acknowledged,"
        f" {changes.imports} imports among them;"
        f" the change under way was {dict(outcomes)}; {len(changes.expected.jobs)} trainings, ended: {dict(ended)}",
        flush=True,
    )
