"""``rfhydra watch``."""

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Annotated, Final

import typer

from rfhydra.cli.arguments import AsJson, BackboneFile, RuntimeName, Workspace
from rfhydra.cli.detection import load_detector
from rfhydra.cli.output import console, note, reported, say
from rfhydra.cli.outputs import (
    Exec,
    Log,
    LogAge,
    LogTracks,
    MqttUrl,
    Novel,
    Post,
    Pre,
    Quota,
    Record,
    Shell,
    Sigmf,
    WebhookUrl,
)
from rfhydra.cli.track_table import TrackLines, TrackTable, status_line
from rfhydra.config import DEFAULT_QUOTA, DEFAULT_ROLL, LOG_MAX_TRACKS
from rfhydra.quantities import parse_seconds

if TYPE_CHECKING:
    from rfhydra.live.output import Output
    from rfhydra.live.pipeline import LivePipeline
    from rfhydra.protocol.streams import StreamStatus

STREAM_ID: Final = "1"
"""Of the one stream of a run."""
_REFRESH_SEC: Final = 0.25


def watch(
    directory: Workspace,
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A recording, or an address such as rtl_tcp://HOST:PORT?….")
    ],
    heads: Annotated[str | None, typer.Option(metavar="A,B", help="Signals to look for; default all.")] = None,
    duration: Annotated[
        str | None, typer.Option("--for", metavar="TIME", help="Stop after this time, as 10s or 2h; default never.")
    ] = None,
    log: Log = True,
    log_age: LogAge = None,
    log_tracks: LogTracks = LOG_MAX_TRACKS,
    mqtt: MqttUrl = None,
    webhook: WebhookUrl = None,
    command: Exec = None,
    shell: Shell = False,
    record: Record = None,
    pre: Pre = DEFAULT_ROLL,
    post: Post = DEFAULT_ROLL,
    quota: Quota = DEFAULT_QUOTA,
    sigmf: Sigmf = None,
    novel: Novel = False,
    backbone: BackboneFile = None,
    runtime: RuntimeName = "auto",
    as_json: AsJson = False,
) -> None:
    """Detect trained signals in a live source until it ends, or until Ctrl+C.

    With --json every event of a track is a line on standard output, and the last line on standard error is the state.
    """
    with reported(as_json=as_json):
        from rfhydra.live.detection_log import first_track_id
        from rfhydra.live.outputs import OutputOptions, Outputs
        from rfhydra.live.pipeline import LivePipeline
        from rfhydra.streams.address import open_source

        options = OutputOptions.parse(
            log=log,
            log_age=log_age,
            log_tracks=log_tracks,
            mqtt=mqtt,
            webhook=webhook,
            command=command,
            shell=shell,
            record=record,
            pre=pre,
            post=post,
            quota=quota,
            sigmf=sigmf,
            novel=novel,
        )
        seconds = None if duration is None else parse_seconds(duration, "--for")
        opened = open_source(source)
        with options.open_workspace(directory) as store:
            names = None if heads is None else [name.strip() for name in heads.split(",")]
            detector = load_detector(store, names, backbone, runtime, needs_heads=not novel)
            table = TrackTable() if console.is_terminal and not as_json else None
            with Outputs(options, store, detector.backbone, opened.name) as outputs:
                outputs.add(_screen(table, as_json=as_json))
                pipeline = LivePipeline(
                    opened,
                    detector,
                    stream_id=STREAM_ID,
                    outputs=outputs.outputs,
                    on_window=outputs.on_window,
                    first_track_id=first_track_id(store.detections, STREAM_ID),
                )
                try:
                    _run(pipeline, seconds, table)
                finally:
                    _show_status(pipeline.status(), as_json=as_json)
            for loss in outputs.losses():
                note(loss)


def _show_status(status: "StreamStatus", *, as_json: bool) -> None:
    """Print the counters: as a line of JSON on standard error, since standard output has nothing but events then."""
    if as_json:
        from rfhydra.protocol.live import StreamState

        with suppress(OSError):
            sys.stderr.write(f"{StreamState(stream=status).model_dump_json()}\n")
    else:
        say(status_line(status))


def _screen(table: TrackTable | None, *, as_json: bool) -> "Output":
    """What shows the tracks on standard output."""
    from rfhydra.live.json_lines import JsonLines

    if as_json:
        return JsonLines(sys.stdout)
    return TrackLines() if table is None else table


def _run(pipeline: "LivePipeline", seconds: float | None, table: TrackTable | None) -> None:
    """Run ``pipeline`` in a thread of its own, for ``seconds`` at most. Ctrl+C ends it after the window it is at.

    Raises:
        Exception: what ended the pipeline.
    """
    failed, ended = list[BaseException](), threading.Event()

    def run() -> None:
        try:
            pipeline.run()
        except BaseException as error:
            failed.append(error)
        finally:
            ended.set()

    threading.Thread(target=run, name="watch").start()
    try:
        # not joined: Python 3.11 takes a thread for ended when Ctrl+C interrupts a join
        _follow(pipeline, ended, None if seconds is None else time.monotonic() + seconds, table)
    finally:
        with _uninterrupted():
            pipeline.stop()
            ended.wait()
    if failed:
        raise failed[0]


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """No Ctrl+C meanwhile: what is left to do takes no longer than a window."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _follow(pipeline: "LivePipeline", ended: threading.Event, until: float | None, table: TrackTable | None) -> None:
    """Show tracks and state until it ended, or until the time comes."""
    from rich.live import Live

    problem: str | None = None
    live = Live(console=console, auto_refresh=False, transient=True) if table is not None else None
    with live or nullcontext():
        while not ended.is_set() and (until is None or time.monotonic() < until):
            ended.wait(_REFRESH_SEC if until is None else min(_REFRESH_SEC, max(until - time.monotonic(), 0)))
            status = pipeline.status()
            if live is not None and table is not None:
                live.update(table.render(status), refresh=True)
            elif status.error not in (None, problem) and status.state == "connecting":
                note(f"not connected, trying again: {status.error}")
            problem = status.error
