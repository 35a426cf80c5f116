"""``rfhydra watch``."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from rfhydra.cli.arguments import AsJson, BackboneFile, Heads, RuntimeName, ServerUrl, Token, Workspace
from rfhydra.cli.detection import load_detector
from rfhydra.cli.output import note, reported
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
from rfhydra.cli.screen import Screen
from rfhydra.config import DEFAULT_QUOTA, DEFAULT_ROLL, LOG_MAX_TRACKS
from rfhydra.errors import InvalidMessage
from rfhydra.quantities import parse_seconds

if TYPE_CHECKING:
    from rfhydra.hydra.runtimes import Runtime
    from rfhydra.live.output_options import OutputOptions
    from rfhydra.live.pipeline import LivePipeline

STREAM_ID: Final = "1"
"""Of the one stream of a run."""
_REFRESH_SEC: Final = 0.25
_SERVER_OPTIONS: Final = ("directory", "source", "heads", "duration", "server", "token", "as_json")


def watch(
    context: typer.Context,
    directory: Workspace,
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A recording, or an address such as rtl_tcp://HOST:PORT?….")
    ],
    heads: Heads = None,
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
    server: ServerUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Detect trained signals in a live source until it ends, or until Ctrl+C.

    With --json every event of a track is a line on standard output, and the last line on standard error is the state.
    With --server, SOURCE is a source of the server, or an address that it can reach, and the stream ends with this
    command.
    """
    with reported(as_json=as_json):
        from rfhydra.live.output_options import OutputOptions

        names = None if heads is None else [name.strip() for name in heads.split(",")]
        seconds = None if duration is None else parse_seconds(duration, "--for")
        if server is not None:
            from rfhydra.cli.remote_watch import watch_on_server

            _require_server_options(context)
            screen = Screen(as_json=as_json)
            with closing(screen.output):
                watch_on_server(server, token, source, names, seconds, screen)
            return
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
        screen = Screen(as_json=as_json)
        with closing(screen.output):
            _watch(directory, source, names, seconds, options, backbone, runtime, screen)


def _require_server_options(context: typer.Context) -> None:
    """Refuse options of which a server knows nothing."""
    for parameter in context.command.params:
        name = parameter.name or ""
        given = context.get_parameter_source(name)
        if name not in _SERVER_OPTIONS and given is not None and given.name == "COMMANDLINE":
            option = parameter.opts[0]
            raise InvalidMessage(
                f"{option} does not go with --server: outputs and backbone are options of rfhydra serve"
            )


def _watch(
    directory: Path,
    source: str,
    names: list[str] | None,
    seconds: float | None,
    options: "OutputOptions",
    backbone: Path | None,
    runtime: "Runtime",
    screen: Screen,
) -> None:
    """Detect in this process."""
    from rfhydra.live.detection_log import first_track_id
    from rfhydra.live.outputs import OutputFactory
    from rfhydra.live.pipeline import LivePipeline
    from rfhydra.streams.address import open_source

    opened = open_source(source)
    with options.open_workspace(directory) as store:
        detector = load_detector(store, names, backbone, runtime, needs_heads=not options.novel)
        with (
            OutputFactory(options, store, lambda: detector.backbone) as factory,
            factory.make(STREAM_ID, opened.name) as outputs,
        ):
            outputs.add(screen.output)
            pipeline = LivePipeline(
                opened,
                detector,
                stream_id=STREAM_ID,
                outputs=outputs.outputs,
                on_window=outputs.on_window,
                first_track_id=first_track_id(store.detections, STREAM_ID),
            )
            try:
                _run(pipeline, seconds, screen)
            finally:
                screen.finish(pipeline.status())
        for loss in (*outputs.losses(), *factory.losses()):
            note(loss)


def _run(pipeline: "LivePipeline", seconds: float | None, screen: Screen) -> None:
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
        _follow(pipeline, ended, None if seconds is None else time.monotonic() + seconds, screen)
    finally:
        with _uninterrupted():
            pipeline.stop()
            ended.wait()
        if failed:  # also after Ctrl+C: it would hide that tracks were not ended
            raise failed[0]


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """No Ctrl+C meanwhile: what is left to do takes no longer than a window."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _follow(pipeline: "LivePipeline", ended: threading.Event, until: float | None, screen: Screen) -> None:
    """Show tracks and state until it ended, or until the time comes."""
    with screen:
        while not ended.is_set() and (until is None or time.monotonic() < until):
            ended.wait(_REFRESH_SEC if until is None else min(_REFRESH_SEC, max(until - time.monotonic(), 0)))
            screen.update(pipeline.status())
