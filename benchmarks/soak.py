"""Does a server that streams for hours keep its memory, and tell of every lost sample, once of every track?

    python -m benchmarks.soak --minutes 60

Two streams run: a recording in a loop, in real time, and VITA 49 from a sender in a process of its own, which is killed
every five minutes and replaced. Every minute the loaded head is swapped for its other version; clients come, read
tracks, detections and waterfalls, and go without a word. Two accounts must come out even: the samples that the sender's
clock has passed are those received and those told as lost; and to a client that stays, each track begins once and ends
once.
"""

import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer

from benchmarks.results import Row, write_result
from benchmarks.tables import show, table
from rfhydra.client import Client
from rfhydra.errors import RfhydraError
from rfhydra.protocol.live import NamedSource, Streams, Tracks
from rfhydra.protocol.streams import StreamStatus
from rfhydra.recordings import write_recording
from tests.cli.command_runner import RATE_HZ, SIGNAL, run
from tests.e2e.scene import CENTER_HZ, compose, make_workspace
from tests.server.server_process import Server, serving
from tests.streams.vrt_senders import VrtSenders

LOOP, AIR = "loop", "air"
VERSIONS: Final = (1, 2)
SAMPLE_SEC: Final = 10.0
"""Between two looks at the memory."""
WARM_UP_SEC: Final = 120.0
"""After which memory must not grow."""
VISIT_SEC: Final = (2.0, 30.0)
VISITORS: Final = 4
SETTLE_SEC: Final = 60.0
_MIB: Final = 1 << 20


@dataclass
class Record:
    """What a client that stays was told, and what was done meanwhile."""

    began: Counter[tuple[str, int]] = field(default_factory=Counter)
    ended: Counter[tuple[str, int]] = field(default_factory=Counter)
    dropped_events: int = 0
    swaps: int = 0
    visits: int = 0
    memory: list[tuple[float, int]] = field(default_factory=list)
    status: dict[str, StreamStatus] = field(default_factory=dict)

    def take(self, push: object) -> None:
        if isinstance(push, Tracks):
            self.dropped_events += push.dropped
            for event in push.events:
                counter = {"begin": self.began, "end": self.ended}.get(event.event)
                if counter is not None:
                    counter[event.stream_id, event.track_id] += 1
        elif isinstance(push, Streams):
            self.status = {each.stream_id: each for each in push.streams}


def measure(
    minutes: Annotated[float, typer.Option(help="Duration.")] = 60.0,
    swap_sec: Annotated[float, typer.Option(help="Time between two swaps of the head.")] = 60.0,
    kill_sec: Annotated[float, typer.Option(help="Time between two kills of the sender.")] = 300.0,
    name: Annotated[str, typer.Option(help="Name of the result file.")] = "soak",
) -> None:
    """Train, serve, disturb, report."""
    with tempfile.TemporaryDirectory() as directory:
        site = make_workspace(Path(directory))
        assert run("train", site, SIGNAL).status == 0
        scene = write_recording(
            Path(directory) / "scene", compose(20.0, seed=7).iq, RATE_HZ, CENTER_HZ, datatype="ci16_le"
        )
        sender = VrtSenders(scene.with_suffix(".sigmf-data"), int(RATE_HZ))
        options = ("--source", f"{LOOP}={scene}?loop=1&pace=1", "--source", f"{AIR}=vrt://127.0.0.1:{sender.port}")
        with serving(site, *options) as server:
            row = asyncio.run(_soak(server, sender, 60 * minutes, swap_sec, kill_sec))
    show(table(("", ""), *((key, value) for key, value in row.items() if key not in ("memory_mib", "streams"))))
    write_result(name, row, None)
    raise typer.Exit(int(bool(row["problems"])))


async def _soak(server: Server, sender: VrtSenders, seconds: float, swap_sec: float, kill_sec: float) -> Row:
    record = Record()
    async with Client(server.url) as operator:
        following = asyncio.create_task(_follow(server.url, record))
        await operator.promote_version(SIGNAL, VERSIONS[0])
        await operator.load_heads([SIGNAL])
        for name in (LOOP, AIR):
            await operator.start_stream(NamedSource(name=name))
        sender.start()
        began = time.monotonic()

        async def swap() -> None:
            record.swaps += 1
            await operator.promote_version(SIGNAL, VERSIONS[record.swaps % len(VERSIONS)])
            await operator.load_heads([SIGNAL])

        async def kill() -> None:
            await asyncio.to_thread(sender.replace)

        async def look() -> None:
            record.memory.append((time.monotonic() - began, server.resident_bytes))

        disturbances = [
            asyncio.create_task(_repeat(swap, swap_sec)),
            asyncio.create_task(_repeat(kill, kill_sec)),
            asyncio.create_task(_repeat(look, SAMPLE_SEC)),
            *(asyncio.create_task(_visit(server.url, record, number)) for number in range(VISITORS)),
        ]
        await asyncio.wait(disturbances, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        failed = [repr(each.exception()) for each in disturbances if each.done() and each.exception()]
        for each in disturbances:
            each.cancel()
        await asyncio.gather(*disturbances, return_exceptions=True)
        span = await asyncio.to_thread(sender.stop) - sender.first_sample
        await _settle(operator, record, span)
        following.cancel()
    return _row(record, sender, span, failed)


async def _repeat(do: Callable[[], Awaitable[None]], period_sec: float) -> None:
    while True:
        await asyncio.sleep(period_sec)
        await do()


async def _follow(url: str, record: Record) -> None:
    """The client that stays."""
    async with Client(url) as client, client.subscribe("tracks", "streams") as pushes:
        async for push in pushes:
            record.take(push)
            assert not pushes.dropped


async def _visit(url: str, record: Record, seed: int) -> None:
    """Clients that come, read for a while, some of them nothing, and go."""
    choice = random.Random(seed)
    while True:
        with suppress(RfhydraError, TimeoutError):
            async with (
                asyncio.timeout(choice.uniform(*VISIT_SEC)),
                Client(url, binary=True) as client,
                client.subscribe("tracks", "detections", "waterfall", "streams") as pushes,
            ):
                record.visits += 1
                if choice.random() < 0.25:
                    await asyncio.Event().wait()
                async for _ in pushes:
                    pass


async def _settle(operator: Client, record: Record, span: int) -> None:
    """Wait until what was sent is received, then stop the streams, which ends their tracks."""
    deadline = time.monotonic() + SETTLE_SEC
    while time.monotonic() < deadline:
        status = {each.stream_id: each for each in await operator.get_streams()}
        if status[AIR].samples + status[AIR].lost_samples >= span:
            break
        await asyncio.sleep(0.5)
    for name in (LOOP, AIR):
        record.status[name] = await operator.stop_stream(name)
    final = dict(record.status)
    while time.monotonic() < deadline and set(record.began) != set(record.ended):
        await asyncio.sleep(0.5)
    record.status = final


def _row(record: Record, sender: VrtSenders, span: int, failed: list[str]) -> Row:
    air = record.status[AIR]
    twice = sorted(key for counter in (record.began, record.ended) for key, number in counter.items() if number > 1)
    unended = len(set(record.began) - set(record.ended))
    accounted = air.samples + air.lost_samples
    problems = [
        *failed,
        *([f"{len(twice)} tracks twice"] if twice else []),
        *([f"{unended} tracks without an end"] if unended else []),
        *([f"{span} samples were due, {accounted} are accounted for"] if accounted != span else []),
        *([f"{record.dropped_events} events dropped"] if record.dropped_events else []),
    ]
    memory = np.array(record.memory)
    late = memory[memory[:, 0] >= min(WARM_UP_SEC, memory[-1, 0] / 2)]
    slope = np.polyfit(late[:, 0] / 3600, late[:, 1] / _MIB, 1)[0] if len(late) > 1 else 0.0
    return {
        "minutes": memory[-1, 0] / 60,
        "kills": sender.kills,
        "swaps": record.swaps,
        "visits": record.visits,
        "tracks": len(record.began),
        "due_samples": span,
        "received_samples": air.samples,
        "told_lost_samples": air.lost_samples,
        "told_dropped_samples": {name: each.dropped_samples for name, each in record.status.items()},
        "start_mib": memory[0, 1] / _MIB,
        "warm_mib": late[0, 1] / _MIB,
        "end_mib": memory[-1, 1] / _MIB,
        "peak_mib": memory[:, 1].max() / _MIB,
        "mib_per_hour": slope,
        "problems": problems,
        "streams": {name: each.model_dump() for name, each in record.status.items()},
        "memory_mib": [(round(at), round(size / _MIB)) for at, size in record.memory],
    }


if __name__ == "__main__":
    typer.run(measure)
