"""The service under load: how long an answer takes while it works, and what clients that never read cost the others.

    python -m benchmarks.service

*Latency*: one client asks ``get_loaded_heads`` again and again, of a server that is idle, and then of the same server
while it trains without a pause and looks at one window after the other. *Slow clients*: most clients read, some never
do; all are subscribed to what changes, and the registry changes all the time while trainings run. How late is the
progress of a training at those who read, how many of the others are closed with 1013, and how much memory does the
server take?
"""

import asyncio
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from benchmarks.cold_start import SIGNAL, SPEC, scene
from benchmarks.results_file import write_result
from rfhydra.client import Client
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.registry import VersionManager
from rfhydra.protocol.commands import Subscribe
from rfhydra.protocol.messages import TrainingProgress, read_message
from rfhydra.store.arrays import encode_array
from rfhydra.store.workspace import Workspace
from rfhydra.training.service import TrainingService

BYSTANDERS: Final = 100
"""Signals in the registry beside the one that is trained: a push of it takes some 20 kB."""
PAUSE_SEC: Final = 0.005
RECEIVE_BUFFER_BYTES: Final = 4096
"""Of a client that never reads: what the kernel takes for it must not hide that."""
console = Console()


@dataclass(frozen=True)
class Server:
    """A server in a process of its own."""

    url: str
    pid: int

    def memory_bytes(self, field: str) -> int:
        """``VmRSS``, what it takes now, or ``VmHWM``, the most that it took."""
        text = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(rf"^{field}:\s+(\d+) kB", text, re.MULTILINE)
        assert found is not None
        return int(found[1]) * 1024

    def metric(self, name: str) -> float:
        """One of its figures for Prometheus."""
        address = urlsplit(self.url)._replace(scheme="http", path="/metrics").geturl()
        with urllib.request.urlopen(address) as answer:
            lines = dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if line[:1] != "#")
        return float(lines[name])


def measure(
    seconds: Annotated[float, typer.Option(help="Of each of the three measurements.")] = 30.0,
    clients: Annotated[int, typer.Option(help="Connected at one time.")] = 200,
    silent: Annotated[int, typer.Option(help="Of these never read.")] = 50,
    samples: Annotated[int, typer.Option(help="To train on.")] = 20,
    seed: Annotated[int, typer.Option(help="Of the scenes.")] = 7,
) -> None:
    """Serve, measure, report."""
    backbone = load_backbone()
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "w"
        window = _stock(path, backbone, samples, np.random.default_rng(seed))
        with _serving(path, clients + 10) as server:
            rows = asyncio.run(_latency(server, window, seconds))
        with _serving(path, clients + 10) as server:
            crowd = asyncio.run(_crowd(server, seconds, clients, silent))
    console.print(_latency_table(rows))
    console.print(_crowd_table(crowd))
    ratio = rows[1]["p99_ms"] / rows[0]["p99_ms"]
    write_result("service", {"seconds": seconds, "latency": rows, "p99_ratio": ratio, "slow_clients": crowd}, backbone)


def _stock(path: Path, backbone: Backbone, samples: int, rng: np.random.Generator) -> bytes:
    """Make the workspace, with one version of the head. Returns a window to look at, as a ``.npy`` file."""
    with Workspace.create(path, SPEC) as workspace:
        for _ in range(samples):
            window, boxes = scene(rng, targets=1)
            workspace.samples.add(
                signal_name=SIGNAL,
                window=window,
                boxes=boxes,
            )
        result = TrainingService(workspace, backbone).train_new_signal(SIGNAL)
        head = workspace.versions.get(SIGNAL, result.version)
        manager = VersionManager(workspace)
        for number in range(BYSTANDERS):
            other = workspace.versions.add(
                signal_name=f"bystander-{number:03d}",
                kind=head.kind,
                artifact=workspace.versions.artifact(head),
                spec_id=head.spec_id,
                backbone_id=head.backbone_id,
                metrics=head.metrics,
                sample_count=head.sample_count,
                split_version=None,
                epochs_trained=head.epochs_trained,
                early_stopped=head.early_stopped,
                training_time_sec=head.training_time_sec,
            )
            manager.promote_version(other.signal_name, other.version, "to fill the registry")
    return encode_array(scene(rng, targets=2)[0].image)


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


async def _latency(server: Server, window: bytes, seconds: float) -> list[dict[str, Any]]:
    async with Client(server.url) as asking, Client(server.url) as training, Client(server.url) as looking:
        await looking.load_heads([SIGNAL])
        rows = [await _ask("idle", asking, seconds)]
        busy = asyncio.Event()
        work = [
            asyncio.create_task(_train(training, busy.set)),
            asyncio.create_task(_repeat(lambda: looking.detect(spectrogram=window))),
        ]
        await busy.wait()
        rows.append(await _ask("training and detection", asking, seconds))
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
    return rows


async def _ask(state: str, client: Client, seconds: float) -> dict[str, Any]:
    """Ask again and again, with short pauses, and time every answer."""
    took_ms, end = [], time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        await client.get_loaded_heads()
        took_ms.append(1e3 * (time.perf_counter() - began))
        await asyncio.sleep(PAUSE_SEC)
    return {"state": state, "answers": len(took_ms), **_spread(took_ms, "ms")}


async def _train(client: Client, on_progress: Callable[[], None]) -> None:
    while True:
        run = await client.train_signal(SIGNAL)
        async for _ in run:
            on_progress()
        await run.result()


async def _repeat(work: Callable[[], Awaitable[object]]) -> None:
    while True:
        await work()


@dataclass
class _Heard:
    """What all readers heard together: how late each progress message was, and how many messages there were."""

    late_ms: list[float] = field(default_factory=list)
    messages: int = 0
    lost: int = 0


async def _crowd(server: Server, seconds: float, clients: int, silent: int) -> dict[str, Any]:
    heard = _Heard()
    before = server.memory_bytes("VmRSS")
    async with AsyncExitStack() as stack:
        for _ in range(silent):
            await _join(server, stack, _stubborn_socket(server))
        readers = [await _join(server, stack, None) for _ in range(clients - silent)]
        reading = [asyncio.create_task(_read(each, heard)) for each in readers]
        training, changing = [await stack.enter_async_context(Client(server.url)) for _ in range(2)]
        busy = asyncio.Event()
        work = [
            asyncio.create_task(_train(training, busy.set)),
            asyncio.create_task(_repeat(lambda: _change(changing))),
        ]
        await busy.wait()
        await asyncio.sleep(seconds)
        for task in (*work, *reading):
            task.cancel()
        await asyncio.gather(*work, *reading, return_exceptions=True)
        closed = await asyncio.to_thread(server.metric, "rfhydra_slow_clients_total")
        connected = await asyncio.to_thread(server.metric, "rfhydra_clients")
    return {
        "clients": clients,
        "silent": silent,
        "closed_1013": int(closed),
        "readers_lost": heard.lost,
        "still_connected": int(connected),
        "messages_read": heard.messages,
        "progress_read": len(heard.late_ms),
        **{f"progress_late_{name}": value for name, value in _spread(heard.late_ms, "ms").items()},
        "memory_before_mib": before / 2**20,
        "memory_most_mib": server.memory_bytes("VmHWM") / 2**20,
    }


def _stubborn_socket(server: Server) -> socket.socket:
    """A connection with hardly any room for what is not read."""
    address = urlsplit(server.url)
    stubborn = socket.socket()
    stubborn.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    stubborn.connect((address.hostname, address.port))
    return stubborn


async def _join(server: Server, stack: AsyncExitStack, sock: socket.socket | None) -> ClientConnection:
    """Connect and subscribe; without anybody who reads, the library stops taking from the socket."""
    client = await stack.enter_async_context(
        connect(server.url, sock=sock, max_queue=1, ping_interval=None, close_timeout=0.1)
    )
    await client.send(Subscribe(topics=["jobs", "registry", "samples", "detections", "metrics"]).encode())
    return client


async def _read(client: ClientConnection, heard: _Heard) -> None:
    with suppress(ConnectionClosed):
        async for text in client:
            heard.messages += 1
            if '"training_progress"' in text:  # not everything is decoded: this process is no faster than others
                message = read_message(text)
                if isinstance(message, TrainingProgress):
                    late = datetime.now(UTC) - datetime.fromisoformat(message.ts)
                    heard.late_ms.append(1e3 * late.total_seconds())
    heard.lost += 1


async def _change(client: Client) -> None:
    """Change the registry, which everybody is told."""
    await client.load_heads([SIGNAL])
    await client.unload_heads()


def _spread(values: list[float], unit: str) -> dict[str, float]:
    p50, p99 = np.percentile(values, [50, 99])
    return {f"p50_{unit}": float(p50), f"p99_{unit}": float(p99), f"max_{unit}": max(values)}


def _latency_table(rows: list[dict[str, Any]]) -> Table:
    table = Table("server", "answers", "median, ms", "p99, ms", "longest, ms", title="get_loaded_heads")
    for row in rows:
        figures = (f"{row[key]:.1f}" for key in ("p50_ms", "p99_ms", "max_ms"))
        table.add_row(row["state"], str(row["answers"]), *figures)
    return table


def _crowd_table(crowd: dict[str, Any]) -> Table:
    table = Table("figure", "value", title=f"{crowd['clients']} clients, {crowd['silent']} of which never read")
    for name, value in crowd.items():
        table.add_row(name, f"{value:.1f}" if isinstance(value, float) else str(value))
    return table


if __name__ == "__main__":
    typer.run(measure)
