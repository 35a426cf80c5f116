"""Commands in any order over one connection after another, compared with a model of samples, versions, heads and jobs.

``RFHYDRA_SESSION_EXAMPLES`` is the number of sequences, ``RFHYDRA_SESSION_STEPS`` their length.
"""

import asyncio
import gc
import itertools
import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from rfhydra.protocol.examples import TOKEN
from rfhydra.server.net.security import Gate
from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from tests.server.json_peer import Peer, npy_b64, peer, running
from tests.training.given import OTHER, SIGNAL, SMALL_SPEC

EXAMPLES: Final = int(os.environ.get("RFHYDRA_SESSION_EXAMPLES", "5"))
STEPS: Final = int(os.environ.get("RFHYDRA_SESSION_STEPS", "25"))
TOPICS: Final = ("jobs", "registry", "samples", "detections", "metrics")
UNFINISHED: Final = ("queued", "running")
ENDS: Final = ("training_complete", "training_failed")
GHOST: Final = "ghost"
"""A signal without samples."""
SETTLE_SEC: Final = 60.0
"""How long what a server is still ending (a connection, the tail of a job) may count; a leak counts for ever."""
BOX: Final = {"x_min": 10, "y_min": 10, "x_max": 40, "y_max": 30}

signals = st.sampled_from((SIGNAL, OTHER))
names = st.sampled_from((SIGNAL, OTHER, GHOST))
seeds = st.integers(100, 105)


class Sessions(RuleBasedStateMachine):
    """The server is older than a sequence: what it holds is read first, then predicted."""

    port: ClassVar[int]

    def __init__(self) -> None:
        super().__init__()
        self._numbers, self._open = itertools.count(), ExitStack()
        self.topics: set[str] = set()
        self.jobs: dict[str, str] = {}  # of signals, not known to have ended
        self.ended: dict[str, dict[str, Any]] = {}  # last messages of jobs
        self.added: dict[str, str] = {}  # signals by sample

    @initialize()
    def begin(self) -> None:
        self._connect()
        self.loaded: dict[str, int] = self.ask("get_loaded_heads")["versions"]
        self.active: dict[str, int | None] = {
            name: entry["active_version"] for name, entry in self.ask("get_registry")["signals"].items()
        }
        self.totals = {name: self._total(name) for name in (SIGNAL, OTHER)}

    def _connect(self) -> None:
        self.client: Peer = self._open.enter_context(peer(self.port))
        self.topics = set()
        assert self.ask("auth", token=TOKEN)["type"] == "result"

    def ask(self, command: str, **fields: Any) -> dict[str, Any]:
        """The answer; pushes before it are only checked."""
        number = next(self._numbers)
        self.client.send(command, id=number, **fields)
        while (message := self.hear()).get("id") != number:
            pass
        return message

    def hear(self) -> dict[str, Any]:
        message = self.client.receive()
        assert message.get("code") != "internal", message
        if message["type"] in ENDS:
            self.ended[message["job_id"]] = message
        return message

    def _total(self, name: str) -> int:
        total: int = self.ask("get_training_samples", signal_name=name, limit=1)["total_samples"]
        return total

    @rule()
    def reconnect(self) -> None:
        self._open.close()
        self._connect()

    @rule(topics=st.sets(st.sampled_from(TOPICS)))
    def subscribe(self, topics: set[str]) -> None:
        self.topics |= topics
        assert self.ask("subscribe", topics=sorted(topics))["topics"] == sorted(self.topics)

    @rule(topics=st.none() | st.sets(st.sampled_from(TOPICS)))
    def unsubscribe(self, topics: set[str] | None) -> None:
        self.topics -= self.topics if topics is None else topics
        fields = {} if topics is None else {"topics": sorted(topics)}
        assert self.ask("unsubscribe", **fields)["topics"] == sorted(self.topics)

    @rule(name=signals, seed=seeds)
    def add_sample(self, name: str, seed: int) -> None:
        shape = (SMALL_SPEC.rows, SMALL_SPEC.cols)
        image = npy_b64(np.random.default_rng(seed).integers(0, 256, shape, np.uint8))
        answer = self.ask("add_training_sample", signal_name=name, spectrogram_b64=image, boxes=[BOX])
        self.totals[name] += answer["is_new"]
        assert not (answer["is_new"] and answer["sample_id"] in self.added)
        assert answer["total_samples"] == self.totals[name]
        self.added[answer["sample_id"]] = name

    @rule(choose=st.randoms(use_true_random=False))
    def delete_sample(self, choose: Any) -> None:
        sample = choose.choice([*sorted(self.added), "0" * 64])
        answer, name = self.ask("delete_training_sample", sample_id=sample), self.added.pop(sample, None)
        if name is None:
            assert answer["code"] == "not_found"
        else:
            self.totals[name] -= 1
            assert (answer["signal_name"], answer["total_samples"]) == (name, self.totals[name])

    @rule(name=names, command=st.sampled_from(("train_signal", "extend_signal")))
    def train(self, name: str, command: str) -> None:
        answer = self.ask(command, signal_name=name, epochs=2)
        if answer["type"] == "error":
            assert (answer["code"], name in self.jobs) == ("conflict", True)
            return
        if name in self.jobs:  # it has ended, unheard
            assert self.ask("get_job", job_id=self.jobs[name])["job"]["state"] not in UNFINISHED
            self.settle(name)
        self.jobs[name] = answer["job_id"]

    @rule(name=names)
    def cancel(self, name: str) -> None:
        if name in self.jobs:
            assert self.ask("cancel_training", job_id=self.jobs[name])["job_id"] == self.jobs[name]
        elif not self.jobs:
            assert self.ask("cancel_training")["code"] == "not_found"

    @rule()
    def wait(self) -> None:
        self.subscribe({"jobs"})
        for name in tuple(self.jobs):
            self.settle(name)

    def settle(self, name: str) -> None:
        """Wait for the end of a signal's training, of which this connection hears."""
        job_id = self.jobs[name]
        if "jobs" not in self.topics:
            self.subscribe({"jobs"})
        job = self.ask("get_job", job_id=job_id)
        if job["job"]["state"] not in UNFINISHED:
            self.ended[job_id] = job["events"][-1]
        while job_id not in self.ended:
            self.hear()
        end = self.ended[job_id]
        del self.jobs[name]
        if end["type"] == "training_failed":
            expected = (
                ("cancelled", "not_found") if name == SIGNAL else ("cancelled", "not_found", "not_enough_samples")
            )
            assert end["code"] in expected, end
        elif end["auto_promoted"]:  # before or after promotions meanwhile
            self.active[name] = self.ask("get_version_history", signal_name=name)["active_version"]

    @rule(name=names, back=st.integers(0, 6))
    def promote(self, name: str, back: int) -> None:
        live = [each["version"] for each in self._history(name)["versions"]]
        version = max(1, max(live, default=1) + 1 - back)
        answer = self.ask("promote_version", signal_name=name, version=version)
        if version in live and name not in self.jobs:  # a training may retire it
            assert answer["type"] == "version_promoted"
        if answer["type"] == "version_promoted":
            self.active[name] = version
        else:
            assert answer["code"] == "not_found"

    @rule(name=names)
    def roll_back(self, name: str) -> None:
        answer = self.ask("rollback_signal", signal_name=name)
        if answer["type"] == "error":
            assert answer["code"] in ("conflict", "not_found")
        else:
            assert answer["active_version"] != self.active.get(name) or name in self.jobs
            self.active[name] = answer["active_version"]

    def _history(self, name: str) -> dict[str, Any]:
        answer = self.ask("get_version_history", signal_name=name)
        return {"versions": []} if answer["type"] == "error" else answer

    @rule(chosen=st.sets(names))
    def load(self, chosen: set[str]) -> None:
        self._settle_all(chosen)
        answer, active = self.ask("load_heads", signal_names=sorted(chosen)), self.active
        if all(active.get(name) for name in chosen):
            self.loaded |= {name: version for name in chosen if (version := active[name])}
            assert answer["versions"] == self.loaded
        else:
            assert answer["code"] == "not_found"

    @rule(chosen=st.none() | st.sets(names))
    def unload(self, chosen: set[str] | None) -> None:
        fields = {} if chosen is None else {"signal_names": sorted(chosen)}
        self.loaded = {
            name: version for name, version in self.loaded.items() if chosen is not None and name not in chosen
        }
        assert self.ask("unload_heads", **fields)["versions"] == self.loaded

    def _settle_all(self, chosen: set[str]) -> None:
        for name in chosen & self.jobs.keys():
            self.settle(name)

    @invariant()
    def the_server_holds_what_the_model_says(self) -> None:
        assert self.ask("get_loaded_heads")["versions"] == self.loaded
        unfinished = {job["job_id"] for job in self.ask("list_jobs")["jobs"] if job["state"] in UNFINISHED}
        assert unfinished <= set(self.jobs.values())
        entries = self.ask("get_registry")["signals"]
        assert {name for name, entry in entries.items() if entry["is_loaded"]} == self.loaded.keys()
        for name in entries.keys() - self.jobs.keys():
            assert entries[name]["active_version"] == self.active.get(name), name

    def teardown(self) -> None:
        if hasattr(self, "client"):
            for name in tuple(self.jobs):
                self.cancel(name)
            self.wait()
            self.unload(None)
            for sample in tuple(self.added):
                self.ask("delete_training_sample", sample_id=sample)
        self._open.close()


@pytest.fixture
def port(site: Path, body_file: Path) -> Iterator[int]:
    options = Settings(gate=Gate(token=TOKEN), backbone_path=body_file)
    with Workspace.open(site) as workspace, running(workspace, options) as number:
        yield number


def held(port: int) -> dict[str, int]:
    """Descriptors, threads and unfinished tasks of this process when one client is connected."""
    with peer(port) as client:
        client.ask("auth", token=TOKEN, id=0)
        client.ask("subscribe", topics=["metrics"])
        while client.receive().get("clients") != 1:
            pass
        gc.collect()
        tasks = sum(issubclass(type(each), asyncio.Task) and not each.done() for each in gc.get_objects())
        return {
            "descriptors": len([*Path("/proc/self/fd").iterdir()]),
            "threads": threading.active_count(),
            "tasks": tasks,
        }


def test_a_server_holds_what_was_acknowledged_and_nothing_else(port: int) -> None:
    sessions = type("LiveSessions", (Sessions,), {"port": port})

    def run(examples: int) -> None:
        run_state_machine_as_test(
            sessions,
            settings=settings(
                max_examples=examples,
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                phases=[Phase.generate],  # a server has a past: a sequence alone need not fail again
                suppress_health_check=list(HealthCheck),
            ),
        )

    with peer(port) as client:  # the first training starts the process for all
        client.ask("auth", token=TOKEN, id=0)
        client.send("train_signal", signal_name=SIGNAL, epochs=2)
        client.until(*ENDS)
    run(1)
    before = held(port)
    run(EXAMPLES)
    deadline = time.monotonic() + SETTLE_SEC
    while exceeded := {name: (before[name], now) for name, now in held(port).items() if now > before[name]}:
        assert time.monotonic() < deadline, exceeded
