"""Response times of a busy server, and what clients that never read cost the others.

    python -m benchmarks.service

*Latency*: one client asks ``get_loaded_heads`` again and again, first of an idle server, then of the same server while
it trains and detects without a pause. *Slow clients*: most clients read, some never do; all are subscribed, and the
registry changes all the time while trainings run. Measured: the delay of progress messages at the clients that read,
how many of the others are closed with 1013, and the server's memory.
"""

import asyncio
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import numpy as np
import typer
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from benchmarks.cold_start import SIGNAL, SPEC, make_scene
from benchmarks.results import Row, write_result
from benchmarks.tables import figures, show, table
from benchmarks.trial import add_samples, train
from rfhydra.client import Client
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.registry import VersionManager
from rfhydra.protocol.commands import Subscribe
from rfhydra.protocol.messages import read_message
from rfhydra.protocol.trainings import TrainingProgress
from rfhydra.store.arrays import encode_array
from rfhydra.store.workspace import Workspace
from rfhydra.synth import Rng
from rfhydra.training.service import TrainingService

BYSTANDERS: Final = 100
"""Signals in the registry beside the trained one: a push of the registry takes some 20 kB."""
PAUSE_SEC: Final = 0.005
RECEIVE_BUFFER_BYTES: Final = 4096
"""Of a client that never reads, so that the kernel does not buffer much for it."""


@dataclass(frozen=True)
class Server:
    """A server in a process of its own."""

    url: str
    pid: int

    def memory_bytes(self, field: str) -> int:
        """Resident memory: ``VmRSS`` now, ``VmHWM`` at most so far."""
        text = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(rf"^{field}:\s+(\d+) kB", text, re.MULTILINE)
        assert found is not None
        return int(found[1]) * 1024

    def metric(self, name: str) -> float:
        """Value of one Prometheus metric."""
        address = urlsplit(self.url)._replace(scheme="http", path="/metrics").geturl()
        with urllib.request.urlopen(address) as answer:
            lines = dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if line[:1] != "#")
        return float(lines[name])


def measure(
    seconds: Annotated[float, typer.Option(help="Duration of each of the three measurements.")] = 30.0,
    clients: Annotated[int, typer.Option(help="Clients connected at the same time.")] = 200,
    silent: Annotated[int, typer.Option(help="Clients among them that never read.")] = 50,
    samples: Annotated[int, typer.Option(help="Training samples.")] = 20,
    seed: Annotated[int, typer.Option(help="Random seed of the scenes.")] = 7,
) -> None:
    """Serve, measure, report."""
    backbone = load_backbone()
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "w"
        window = _create_workspace(path, backbone, samples, np.random.default_rng(seed))
        with _serving(path, clients + 10) as server:
            rows = asyncio.run(_latency(server, window, seconds))
        with _serving(path, clients + 10) as server:
            crowd = asyncio.run(_crowd(server, seconds, clients, silent))
    shown = [(row["state"], row["answers"], *figures(row, ("p50_ms", "p99_ms", "max_ms"), 1)) for row in rows]
    show(table(("get_loaded_heads of a server", "answers", "median, ms", "p99, ms", "longest, ms"), *shown))
    show(table(("slow clients", ""), *((name, round(value, 1)) for name, value in crowd.items())))
    ratio = rows[1]["p99_ms"] / rows[0]["p99_ms"]
    write_result("service", {"seconds": seconds, "latency": rows, "p99_ratio": ratio, "slow_clients": crowd}, backbone)


def _create_workspace(path: Path, backbone: Backbone, samples: int, rng: Rng) -> bytes:
    """Create the workspace, with one version of each head. Returns a window to detect in, as a ``.npy`` file."""
    with Workspace.create(path, SPEC) as workspace:
        add_samples(workspace, SIGNAL, [make_scene(rng, targets=1) for _ in range(samples)])
        head = train(TrainingService(workspace, backbone), SIGNAL)
        row = workspace.versions.get(SIGNAL, head.loaded.version)
        for number in range(BYSTANDERS):
            other = workspace.versions.add(
                signal_name=f"bystander-{number:03d}",
                kind=row.kind,
                artifact=workspace.versions.artifact(row),
                spec_id=row.spec_id,
                backbone_id=row.backbone_id,
                metrics=row.metrics,
                sample_count=row.sample_count,
                split_version=None,
                epochs_trained=row.epochs_trained,
                early_stopped=row.early_stopped,
                training_time_sec=row.training_time_sec,
            )
            VersionManager(workspace).promote_version(other.signal_name, other.version, "to fill the registry")
    return encode_array(make_scene(rng, targets=2).image)


@contextmanager
def _serving(path: Path, clients: int) -> Iterator[Server]:
    command = [str(Path(sys.executable).with_name("rfhydra")), "serve", str(path), "--port", "0"]
    with subprocess.Popen(
        [*command, "--limit", f"max_clients={clients}"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"ws://\S+", process.stdout.readline())
            assert found is not None
            yield Server(found[0], process.pid)
        finally:
            process.terminate()


async def _latency(server: Server, window: bytes, seconds: float) -> list[Row]:
    async with Client(server.url) as asking, Client(server.url) as training, Client(server.url) as looking:
        await looking.load_heads([SIGNAL])
        rows = [await _ask("idle", asking, seconds)]
        async with _working(training, lambda: looking.detect(spectrogram=window)):
            rows.append(await _ask("training and detection", asking, seconds))
    return rows


async def _ask(state: str, client: Client, seconds: float) -> Row:
    """Time one request after the other, with short pauses."""
    took_ms, end = [], time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        await client.get_loaded_heads()
        took_ms.append(1e3 * (time.perf_counter() - began))
        await asyncio.sleep(PAUSE_SEC)
    return {"state": state, "answers": len(took_ms), **_spread(took_ms, "ms")}


@asynccontextmanager
async def _working(training: Client, work: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
    """Train and do ``work`` without a pause; the block starts with the first progress of a training."""
    busy = asyncio.Event()

    async def train_always() -> None:
        while True:
            run = await training.train_signal(SIGNAL)
            async for _ in run:
                busy.set()
            await run.result()

    async def work_always() -> None:
        while True:
            await work()

    tasks = [asyncio.create_task(train_always()), asyncio.create_task(work_always())]
    await busy.wait()
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass
class _Received:
    """What all readers received: delay of each progress message, messages, and connections that were lost."""

    late_ms: list[float] = field(default_factory=list)
    messages: int = 0
    lost: int = 0


async def _crowd(server: Server, seconds: float, clients: int, silent: int) -> Row:
    received = _Received()
    before = server.memory_bytes("VmRSS")
    async with AsyncExitStack() as stack:
        for _ in range(silent):
            await _join(server, stack, _small_socket(server))
        readers = [await _join(server, stack, None) for _ in range(clients - silent)]
        reading = [asyncio.create_task(_read(each, received)) for each in readers]
        training, changing = [await stack.enter_async_context(Client(server.url)) for _ in range(2)]
        async with _working(training, lambda: _change(changing)):
            await asyncio.sleep(seconds)
            for task in reading:
                task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
        closed = await asyncio.to_thread(server.metric, "rfhydra_slow_clients_total")
        connected = await asyncio.to_thread(server.metric, "rfhydra_clients")
    return {
        "clients": clients,
        "silent": silent,
        "closed_1013": int(closed),
        "readers_lost": received.lost,
        "still_connected": int(connected),
        "messages_read": received.messages,
        "progress_read": len(received.late_ms),
        **{f"progress_late_{name}": value for name, value in _spread(received.late_ms, "ms").items()},
        "memory_before_mib": before / 2**20,
        "memory_most_mib": server.memory_bytes("VmHWM") / 2**20,
    }


def _small_socket(server: Server) -> socket.socket:
    """A connected socket with a small receive buffer."""
    address = urlsplit(server.url)
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    sock.connect((address.hostname, address.port))
    return sock


async def _join(server: Server, stack: AsyncExitStack, sock: socket.socket | None) -> ClientConnection:
    """Connect and subscribe. The library stops reading from the socket when nobody takes its messages."""
    client = await stack.enter_async_context(
        connect(server.url, sock=sock, max_queue=1, ping_interval=None, close_timeout=0.1)
    )
    await client.send(Subscribe(topics=["jobs", "registry", "samples", "detections", "metrics"]).encode())
    return client


async def _read(client: ClientConnection, received: _Received) -> None:
    with suppress(ConnectionClosed):
        async for text in client:
            received.messages += 1
            if '"training_progress"' in text:  # decoding every message would make this process the bottleneck
                message = read_message(text)
                if isinstance(message, TrainingProgress):
                    late = datetime.now(UTC) - datetime.fromisoformat(message.ts)
                    received.late_ms.append(1e3 * late.total_seconds())
    received.lost += 1


async def _change(client: Client) -> None:
    """Change the registry, which is pushed to all subscribers."""
    await client.load_heads([SIGNAL])
    await client.unload_heads()


def _spread(values: list[float], unit: str) -> dict[str, float]:
    p50, p99 = np.percentile(values, [50, 99])
    return {f"p50_{unit}": float(p50), f"p99_{unit}": float(p99), f"max_{unit}": max(values)}


if __name__ == "__main__":
    typer.run(measure)
