"""Outputs: what is told of one stream, made from options as they are typed."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self, TypeVar

from rfhydra.config import DEFAULT_QUOTA, DEFAULT_ROLL, LOG_MAX_AGE_SEC, LOG_MAX_TRACKS
from rfhydra.errors import Busy, InvalidMessage
from rfhydra.hydra.backbone import Backbone
from rfhydra.live.annotations import SigmfAnnotations
from rfhydra.live.command import Command
from rfhydra.live.detection_log import DetectionLog
from rfhydra.live.mqtt import Broker, Mqtt
from rfhydra.live.novelty import Novelty
from rfhydra.live.output import Output
from rfhydra.live.recorder import Recorder
from rfhydra.live.recording_directory import RecordingDirectory
from rfhydra.live.webhook import Endpoint, Webhook
from rfhydra.live.window import LiveWindow
from rfhydra.protocol.streams import TrackEvent
from rfhydra.quantities import parse_bytes, parse_seconds
from rfhydra.store.workspace import Workspace


class Counting(Protocol):
    """What says how much it could not deliver."""

    @property
    def dropped(self) -> int:
        """What was dropped because a queue was full."""

    @property
    def failed(self) -> int:
        """What was refused."""


class CountingOutput(Counting, Protocol):
    """An :class:`rfhydra.live.output.Output` that does."""

    def write(self, event: TrackEvent) -> None:
        """Take one event."""

    def close(self) -> None:
        """End."""


Made = TypeVar("Made", bound=CountingOutput)


@dataclass(frozen=True, kw_only=True)
class OutputOptions:
    """The outputs that were asked for, checked before anything is loaded.

    Attributes:
        log: age in seconds and number of tracks that the log keeps; None for no log.
        command: program, and whether to run it in a shell.
        record: directory, pre- and post-roll in seconds, and quota in bytes.
    """

    log: tuple[float, int] | None
    broker: Broker | None
    endpoint: Endpoint | None
    command: tuple[str, bool] | None
    record: tuple[Path, float, float, int] | None
    sigmf: Path | None
    novel: bool

    @classmethod
    def parse(
        cls,
        *,
        log: bool = False,
        log_age: str | None = None,
        log_tracks: int = LOG_MAX_TRACKS,
        mqtt: str | None = None,
        webhook: str | None = None,
        command: str | None = None,
        shell: bool = False,
        record: Path | None = None,
        pre: str = DEFAULT_ROLL,
        post: str = DEFAULT_ROLL,
        quota: str = DEFAULT_QUOTA,
        sigmf: Path | None = None,
        novel: bool = False,
    ) -> Self:
        """The options as they were typed.

        Raises:
            InvalidMessage: one is wrong; the message names it.
        """
        if shell and command is None:
            raise InvalidMessage("--shell is an option of --exec")
        age_sec = LOG_MAX_AGE_SEC if log_age is None else parse_seconds(log_age, "--log-age")
        if age_sec <= 0:
            raise InvalidMessage(f"--log-age {log_age!r} must be a time above 0")
        rolls = (parse_seconds(pre, "--pre"), parse_seconds(post, "--post"))
        return cls(
            log=(age_sec, log_tracks) if log else None,
            broker=None if mqtt is None else Broker.of(mqtt),
            endpoint=None if webhook is None else Endpoint.of(webhook),
            command=None if command is None else (command, shell),
            record=None if record is None else (record, *rolls, parse_bytes(quota, "--quota")),
            sigmf=sigmf,
            novel=novel,
        )

    def open_workspace(self, directory: Path) -> AbstractContextManager[Workspace]:
        """The workspace: owned where the log or unknown emissions are stored in it, else a view.

        Raises:
            Busy: another process owns it.
        """
        if self.log is None and not self.novel:
            return Workspace.view(directory)
        try:
            return Workspace.open(directory)
        except Busy as error:
            raise Busy(f"{error}; --no-log, without --novel, watches beside it") from None


class Outputs:
    """The outputs of one stream. They are closed with it, each whatever the others do.

    Attributes:
        outputs: for :class:`rfhydra.live.pipeline.LivePipeline`.
    """

    def __init__(self, options: OutputOptions, store: Workspace, backbone: Backbone, source: str) -> None:
        """Begin with the outputs of ``options``; ``source`` is the name of what is received.

        Raises:
            RfhydraError: one cannot be made; the others are closed.
        """
        self.outputs: list[Output] = []
        self._hooks: list[Callable[[LiveWindow], None]] = []
        self._counting: dict[str, Counting] = {}
        with ExitStack() as opened:
            self._make(options, store, backbone, source, opened)
            self._opened = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def add(self, *outputs: Output) -> None:
        """Tell further outputs of the tracks, and close them, too."""
        for output in outputs:
            self.outputs.append(output)
            self._opened.callback(output.close)

    def on_window(self, live: LiveWindow) -> None:
        """Tell the outputs that need more than tracks of a window."""
        for hook in self._hooks:
            hook(live)

    def losses(self) -> Iterable[str]:
        """What was not delivered, one line for each output that lost something."""
        for name, each in self._counting.items():
            if each.dropped or each.failed:
                yield f"{name}: {each.dropped} dropped, {each.failed} failed"

    def _make(
        self, options: OutputOptions, store: Workspace, backbone: Backbone, source: str, opened: ExitStack
    ) -> None:
        if options.log is not None:
            self._open("detection log", DetectionLog(store.detections, *options.log), opened)
        if options.broker is not None:
            self._open("MQTT", Mqtt(options.broker), opened)
        if options.endpoint is not None:
            self._open("webhook", Webhook(options.endpoint), opened)
        if options.command is not None:
            self._open("command", Command(options.command[0], shell=options.command[1]), opened)
        if options.record is not None:
            path, pre_sec, post_sec, quota = options.record
            directory = opened.enter_context(RecordingDirectory(path, quota))
            recorder = self._open("recorder", Recorder(directory, pre_sec, post_sec), opened)
            self._hooks.append(recorder.on_window)
        if options.sigmf is not None:
            annotations = self._open("SigMF annotations", SigmfAnnotations(options.sigmf, source), opened)
            self._hooks.append(annotations.on_window)
        if options.novel:
            novelty = Novelty(store.unknowns, backbone)
            opened.callback(novelty.close)
            self._counting["novelty, windows"] = novelty
            self._hooks.append(novelty.on_window)

    def _open(self, name: str, output: Made, opened: ExitStack) -> Made:
        opened.callback(output.close)
        self.outputs.append(output)
        self._counting[name] = output
        return output
