"""Trainings: a queue that is flooded, a stopped training process, and one whose server is killed."""

import os
import select
import shutil
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Final

from rfhydra.server.jobs.process import CANCEL_GRACE_SEC
from tests.abuse.attack import Attack, Target
from tests.server.json_peer import children, peer, training_paused
from tests.server.server_process import serving
from tests.training.given import SIGNAL

_QUEUED: Final = 500
_AT_ONCE_SEC: Final = 2.0


def _queue(target: Target) -> str:
    codes = Counter[str]()
    with target.peer() as client:
        for number in range(_QUEUED):
            codes[target.code(client, "train_signal", signal_name=f"ghost{number}", id=number)] += 1
    return ", ".join(f"{code} {count}" for code, count in codes.items())


def _stopped(target: Target) -> str:
    with target.peer(wait_sec=60) as client:
        job = client.ask("train_signal", signal_name=SIGNAL, id=1, epochs=1000)["job_id"]
        client.until("training_progress")
        with suppress(ProcessLookupError), training_paused(target.server.pid):  # the server may have killed it
            began = time.monotonic()
            client.send("cancel_training", job_id=job, id=2)
            client.until("result", "error")
            answered = time.monotonic() - began
            ends = client.until("training_failed")
            ended = time.monotonic() - began
    if answered > _AT_ONCE_SEC or ended > CANCEL_GRACE_SEC + _AT_ONCE_SEC:
        target.late.append(f"a cancel was answered after {answered:.1f} s, done after {ended:.1f} s")
    return f"answered after {answered:.1f} s, {ends[-1]['code']} after {ended:.1f} s"


def _orphan(target: Target) -> str:
    """Another server is killed while its training process imports; this one is not touched."""
    with tempfile.TemporaryDirectory() as directory:
        site = shutil.copytree(target.workspace, Path(directory) / "site", ignore=shutil.ignore_patterns("*.lock"))
        with serving(site, "--backbone", target.body) as server:
            with peer(server.port) as client:
                client.ask("train_signal", signal_name=SIGNAL, id=1)
                while not (found := children(server.pid)):
                    pass
            process = os.pidfd_open(int(found[0]))
            server.kill()
            began = time.monotonic()
            ended = select.select([process], [], [], 60)[0]
            waited = time.monotonic() - began
            os.close(process)
    if not ended or waited > _AT_ONCE_SEC:
        target.late.append(f"the training process lived for {waited:.1f} s after its server")
    return f"ended {waited:.1f} s after its server"


ATTACKS: Final = (
    Attack("flooded-queue", _queue, alone=True),
    Attack("cancel-of-a-stopped-training", _stopped),
    Attack("killed-server", _orphan),
)
