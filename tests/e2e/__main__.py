"""Transmit a scene with known truth over each kind of link to ``rfhydra watch``, and say what was found, when and lost.

    python -m tests.e2e [--only zmq] [--seconds 30]

``zmq`` is a GNU Radio flowgraph and needs Debian's package gnuradio; ``soapy`` needs python3-soapysdr and
soapysdr-module-redpitaya. The exit status is 1 where a loss is not told, or a tenth of the emissions is missed.
"""

import json
import math
import signal
import tempfile
import threading
import time
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import typer

from benchmarks.results import Row, write_result
from benchmarks.tables import figures, show, table
from rfhydra.protocol.streams import StreamStatus, TrackEvent
from rfhydra.spectrum.boxes import Box
from tests.cli.command_runner import RATE_HZ, process
from tests.e2e.links import LINKS, Sent
from tests.e2e.scene import Transmission, compose, make_workspace

LEAST_FOUND: Final = 0.9
SETTLE_SEC: Final = 2.0
"""For the last samples to be received: nobody is told when."""
REST_SAMPLES: Final = 4096
"""The driver of a Red Pitaya hands samples over in steps: fewer than this wait in it at the end."""
LATE_SEC: Final = 60.0
"""How long after the last sample a track may begin, on a busy machine."""


class Watch:
    """``rfhydra watch --json`` in a process of its own, and when its events came."""

    def __init__(self, workspace: Path, address: str) -> None:
        self._child = process("watch", workspace, address, "--json", "--no-log")
        self._changed = threading.Condition()
        self.events: list[tuple[float, TrackEvent]] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def wait_for_begin(self, after_sec: float, timeout_sec: float) -> bool:
        """Wait for the begin of a track that ends after a time of the stream; returns whether it came."""
        with self._changed:
            return self._changed.wait_for(
                lambda: any(event.event == "begin" and event.time_end_sec > after_sec for _, event in self.events),
                timeout_sec,
            )

    def stop(self) -> StreamStatus:
        """As Ctrl+C does; the last status."""
        with self._child as child:
            child.send_signal(signal.SIGINT)
            assert child.stderr is not None
            lines = child.stderr.read().splitlines()
        self._reader.join()
        told = [json.loads(line) for line in lines if line.startswith('{"type":"stream"')]
        assert told, f"watch failed: {lines}"
        return StreamStatus.model_validate(told[-1]["stream"])

    def kill(self) -> None:
        """End it in any case."""
        if self._child.poll() is None:
            self._child.kill()
            self._child.communicate()

    def _read(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            with self._changed:
                self.events.append((time.monotonic(), TrackEvent.model_validate_json(line)))
                self._changed.notify_all()


def main(
    only: Annotated[list[str] | None, typer.Option(help="Links, by name. Repeatable; default all.")] = None,
    seconds: Annotated[float, typer.Option(help="Length of the scene.")] = 30.0,
    seed: Annotated[int, typer.Option(help="Random seed of the scene.")] = 7,
) -> None:
    """Transmit, watch, compare."""
    scene = compose(seconds, seed)
    with tempfile.TemporaryDirectory() as name:
        workspace = make_workspace(Path(name))
        rows = [_measure(kind, scene, workspace, Path(name)) for kind in only or LINKS]
    show(
        table(
            ("link", "emissions", "found", "false", "p50 s", "p99 s", "sent", "received", "told lost", "told dropped"),
            *(
                (
                    *(row[each] for each in ("link", "emissions", "found", "false")),
                    *figures(row, ("p50_s", "p99_s")),
                    *(row[each] for each in ("sent", "received", "told_lost", "told_dropped")),
                )
                for row in rows
            ),
        )
    )
    write_result("e2e", {"sample_rate_hz": RATE_HZ, "seconds": seconds, "rows": rows}, None)
    raise typer.Exit(int(not all(_is_good(row) for row in rows)))


def _measure(kind: str, scene: Transmission, workspace: Path, directory: Path) -> Row:
    """Transmit ``scene`` over one link."""
    with LINKS[kind](scene.iq, directory) as link:
        watch = Watch(workspace, link.address)
        try:
            link.wait_for_receiver()
            sent = link.play()
            watch.wait_for_begin(scene.truth[-1].time_start_sec, LATE_SEC)
            time.sleep(SETTLE_SEC)
            status = watch.stop()
        finally:
            watch.kill()
    return {"link": kind, **_judge(scene, sent, watch.events), **_lost(scene, status)}


def _judge(scene: Transmission, sent: Sent, events: list[tuple[float, TrackEvent]]) -> Row:
    """How many emissions were found, how late, and how many tracks are of none."""
    begins = [(at, event) for at, event in events if event.event == "begin"]
    late = []
    for box in scene.truth:
        of_it = [at for at, event in begins if _is_of(event, box)]
        if of_it:
            late.append(min(of_it) - sent.at(box.time_end_sec * RATE_HZ))
    ended = [event for _, event in events if event.event == "end" and event.merged_into is None]
    return {
        "emissions": len(scene.truth),
        "found": len(late),
        "false": sum(not any(_is_of(event, box) for box in scene.truth) for event in ended),
        "p50_s": float(np.quantile(late, 0.5)) if late else math.nan,
        "p99_s": float(np.quantile(late, 0.99)) if late else math.nan,
    }


def _is_of(event: TrackEvent, box: Box) -> bool:
    middle = (box.time_start_sec + box.time_end_sec) / 2
    inside = event.time_start_sec <= middle <= event.time_end_sec
    return inside and event.freq_low_hz < box.freq_high_hz and event.freq_high_hz > box.freq_low_hz


def _lost(scene: Transmission, status: StreamStatus) -> dict[str, Any]:
    return {
        "sent": len(scene.iq),
        "received": status.samples,
        "told_lost": status.lost_samples,
        "told_dropped": status.dropped_samples,
        "reconnects": status.reconnects,
    }


def _is_good(row: Row) -> bool:
    """After a reconnection what was lost is an estimate."""
    is_whole = row["reconnects"] or 0 <= row["sent"] - row["received"] - row["told_lost"] < REST_SAMPLES
    return bool(row["found"] >= LEAST_FOUND * row["emissions"] and is_whole)


if __name__ == "__main__":
    typer.run(main)
