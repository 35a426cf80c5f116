"""Source, server and client of a live stream are killed and started again, in any order, each a process of its own."""

import json
import queue
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import permutations
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from rfhydra.recordings import write_recording
from rfhydra.store.workspace import Workspace
from tests.server.forked import Child, ForkedCommand, forked
from tests.server.json_peer import peer
from tests.server.server_process import serving
from tests.server.stream_scenes import SEED, WINDOWS
from tests.streams.vrt_senders import VrtSenders
from tests.training import given
from tests.training.given import CENTER_HZ, SIGNAL, SMALL_SPEC

PARTS: Final = ("source", "server", "client")
STREAM: Final = "roof"
RATE_HZ: Final = 100e3
WAIT_SEC: Final = 120.0
TRACKS: Final = 3
"""After so many new tracks a stream is said to be detected in."""


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of cu8 with emissions now and then."""
    scene = given.scene(SEED, beacons=2, samples=WINDOWS * SMALL_SPEC.window_samples)
    stem = tmp_path_factory.mktemp("air") / "night"
    return write_recording(stem, given.heard(scene, SEED), RATE_HZ, CENTER_HZ, datatype="cu8").with_suffix(
        ".sigmf-data"
    )


class Chain:
    """Source, server and client: what the client is told comes to :attr:`events` and :attr:`status`."""

    def __init__(self, serve: Callable[[int, int], ForkedCommand], samples: Path) -> None:
        """``serve`` starts a server for the port of a source, on a port."""
        self._serve, self._samples = serve, samples
        self._source_port, self.server_port = free_port(), free_port()
        self._processes: dict[str, Child] = {}
        self._reader: threading.Thread | None = None
        self._pushes = queue.Queue[dict[str, Any]]()
        self.events: list[dict[str, Any]] = []
        self.status: dict[str, Any] = {}

    def start(self, part: str) -> None:
        """Start it; the server and the source listen when this returns."""
        if part == "server":
            self._processes["server"] = self._serve(self._source_port, self.server_port)
            assert self._stdout("server").readline()
        elif part == "source":
            self._run("source", "tests.streams.rtl_tcp_server", self._source_port, self._samples, RATE_HZ)
            assert self._stdout("source").readline()
        else:
            self._run("client", "tests.server.track_reader", f"ws://127.0.0.1:{self.server_port}/ws")
            self._reader = threading.Thread(target=self._read, args=[self._stdout("client")])
            self._reader.start()

    def kill(self, part: str) -> None:
        """As ``kill -9`` does; gone when this returns, and what the client was told is taken."""
        if part in self._processes:
            with self._processes.pop(part) as process:
                process.kill()
                if part == "client" and self._reader is not None:
                    self._reader.join()
        while part == "client" and not self._pushes.empty():
            self._take()

    def until(self, condition: Callable[[], bool]) -> None:
        """Take what the client is told until the condition holds."""
        while not condition():
            self._take()

    def until_detecting(self) -> None:
        """Wait for new tracks."""
        wanted = len(self.ids("begin")) + TRACKS
        self.until(lambda: len(self.ids("begin")) >= wanted)

    def ids(self, event: str) -> list[int]:
        """Numbers of the tracks of which the client was told that event, in order."""
        return [each["track_id"] for each in self.events if each["event"] == event]

    def open_ids(self) -> set[int]:
        """Numbers of the tracks that began and did not end."""
        return set(self.ids("begin")) - set(self.ids("end"))

    def _run(self, part: str, module: str, *arguments: object) -> None:
        command = [sys.executable, "-m", module, *map(str, arguments)]
        self._processes[part] = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def _stdout(self, part: str) -> Any:
        return self._processes[part].stdout

    def _read(self, lines: Any) -> None:
        for line in lines:
            if line.endswith("\n"):  # not one that a kill has cut
                self._pushes.put(json.loads(line))

    def _take(self) -> None:
        push = self._pushes.get(timeout=WAIT_SEC)
        if push["type"] == "tracks":
            assert push["dropped"] == 0
            self.events += push["events"]
        elif push["type"] == "streams":
            self.status = next((each for each in push["streams"] if each["stream_id"] == STREAM), {})


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def chain(site: Path, body_file: Path, samples: Path) -> Iterator[Chain]:
    """All three run, and the stream is detected in."""

    def serve(source_port: int, port: int) -> ForkedCommand:
        source = f"{STREAM}=rtl_tcp://127.0.0.1:{source_port}?rate={RATE_HZ:.0f}&freq={CENTER_HZ:.0f}"
        return forked("serve", site, "--port", port, "--backbone", body_file, "--source", source, stderr=None)

    made = Chain(serve, samples)
    try:
        for part in PARTS:
            made.start(part)
        with peer(made.server_port) as operator:
            operator.ask("load_heads", signal_names=[SIGNAL])
            operator.ask("start_stream", source={"name": STREAM})
        made.until_detecting()
        yield made
    finally:
        for part in PARTS:
            made.kill(part)


def test_a_source_that_was_away_is_detected_in_again_and_what_was_lost_is_told(
    site: Path, body_file: Path, samples: Path
) -> None:
    with chain(site, body_file, samples) as parts:
        parts.kill("source")
        parts.until(lambda: parts.status["state"] == "connecting" and not parts.open_ids())
        assert parts.status["lost_samples"] == 0
        parts.start("source")
        parts.until(lambda: bool(parts.status["lost_samples"]))
        parts.until_detecting()
        assert (parts.status["reconnects"], parts.status["error"]) == (1, None)


def test_every_lost_sample_is_told(site: Path, body_file: Path, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(-9000, 9000, 1 << 16, np.int16)
    noise.astype("<i2").tofile(tmp_path / "noise.ci16")
    senders = VrtSenders(tmp_path / "noise.ci16", int(RATE_HZ))
    source = f"{STREAM}=vrt://127.0.0.1:{senders.port}"
    with ExitStack() as running:
        running.callback(senders.kill)
        server = running.enter_context(serving(site, "--backbone", body_file, "--source", source))
        with peer(server.port) as client:

            def until(condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
                while True:
                    status: dict[str, Any] = client.ask("get_streams")["streams"][0]
                    assert status["error"] is None
                    if condition(status):
                        return status

            client.ask("start_stream", source={"name": STREAM})
            senders.start()
            until(lambda status: status["windows"] > 2)
            senders.replace()
            until(lambda status: status["lost_samples"] > 0)
            due = senders.stop() - senders.first_sample
            status = until(lambda status: status["samples"] + status["lost_samples"] >= due)
    assert (status["samples"] + status["lost_samples"], status["reconnects"]) == (due, 0)


@pytest.mark.parametrize("order", [*permutations(PARTS)], ids="-".join)
def test_source_server_and_client_come_back_in_any_order(
    order: tuple[str, ...], site: Path, body_file: Path, samples: Path
) -> None:
    with chain(site, body_file, samples) as parts:
        for part in order:
            parts.kill(part)
        told = set(parts.ids("begin"))
        for part in order:
            parts.start(part)
        parts.until_detecting()
        assert told.isdisjoint(parts.ids("begin")[-TRACKS:])
    assert max(Counter(parts.ids("begin")).values()) == 1
    assert max(Counter(parts.ids("end")).values()) == 1
    with Workspace.open(site) as workspace:
        logged = list(workspace.detections.tracks())
    assert {each.state for each in logged} <= {"ended", "interrupted"}
    assert max(Counter(each.track_id for each in logged).values()) == 1
