"""Outputs: what is told of one stream. OutputFactory makes them, and holds what the streams of a process share."""

import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from rfhydra.hydra.backbone import Backbone
from rfhydra.live.annotations import SigmfAnnotations
from rfhydra.live.command import Command
from rfhydra.live.detection_log import DetectionLog
from rfhydra.live.json_lines import JsonLines
from rfhydra.live.mqtt import Mqtt
from rfhydra.live.novelty import Novelty
from rfhydra.live.output import Output
from rfhydra.live.output_options import OutputOptions
from rfhydra.live.queued_output import QueuedOutput
from rfhydra.live.recorder import Recorder, RecordingWriter, require_rolls
from rfhydra.live.recording_directory import RecordingDirectory
from rfhydra.live.webhook import Webhook
from rfhydra.live.window import LiveWindow
from rfhydra.live.work_queue import WorkQueue
from rfhydra.protocol.streams import TrackEvent
from rfhydra.recordings.sigmf_write import require_annotations_path
from rfhydra.store.workspace import Workspace

Q = TypeVar("Q", bound=WorkQueue[Any])
_START_FORM: Final = "%Y%m%dT%H%M%S.%fZ"


class Outputs:
    """The outputs of one stream, closed with it, each whatever the others do.

    Attributes:
        outputs: for :class:`rfhydra.live.pipeline.LivePipeline`.
    """

    def __init__(self) -> None:
        self.outputs: list[Output] = []
        self._hooks: list[Callable[[LiveWindow], None]] = []
        self._queues: list[WorkQueue[Any]] = []
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def add(self, output: Output, on_window: Callable[[LiveWindow], None] | None = None) -> None:
        """Tell a further output of the tracks and, if it takes them, of the windows; it is closed with the others."""
        self._opened.callback(output.close)
        self.outputs.append(output)
        if isinstance(output, WorkQueue):
            self._queues.append(output)
        if on_window is not None:
            self.add_hook(on_window)

    def add_hook(self, on_window: Callable[[LiveWindow], None]) -> None:
        """Tell ``on_window`` of each window."""
        self._hooks.append(on_window)

    def on_window(self, live: LiveWindow) -> None:
        """Tell the outputs that need more than tracks of a window."""
        for hook in self._hooks:
            hook(live)

    def losses(self) -> Iterable[str]:
        """What was not delivered, one line for each output that lost something."""
        return _losses(self._queues)


class OutputFactory:
    """Makes the outputs of each stream of a process.

    A stream has a detection log, a recorder and a SigMF file of its own. All streams share, each with one queue: the
    connection to the broker, the web server, the program that is run, standard output, what writes the recordings, and
    the clusters of unknown emissions. These are closed with the factory.
    """

    def __init__(
        self, options: OutputOptions, store: Workspace, backbone: Callable[[], Backbone], *, many_streams: bool = False
    ) -> None:
        """
        Args:
            options: the outputs.
            store: the workspace of the log and the clusters.
            backbone: returns the backbone that detects now.
            many_streams: whether the names of SigMF files tell the stream and its start.

        Raises:
            RfhydraError: an output cannot be made; the others are closed.
        """
        self._options, self._store, self._many_streams = options, store, many_streams
        self._shared: list[QueuedOutput] = []
        self._queues: list[WorkQueue[Any]] = []
        self._writer: RecordingWriter | None = None
        self._novelty: Novelty | None = None
        if options.sigmf is not None:
            require_annotations_path(options.sigmf)
        with ExitStack() as opened:
            self._open_shared(backbone, opened)
            self._opened = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def make(self, stream_id: str, source: str) -> Outputs:
        """The outputs of a stream that begins; ``source`` is the name of what is received.

        Raises:
            RfhydraError: one cannot be made; the others are closed.
        """
        options, outputs = self._options, Outputs()
        with ExitStack() as unless_made:
            unless_made.enter_context(outputs)
            if options.log is not None:
                outputs.add(DetectionLog(self._store.detections, *options.log))
            if self._writer is not None:
                recorder = Recorder(self._writer, *options.rolls)
                outputs.add(recorder, recorder.on_window)
            if options.sigmf is not None:
                path = _path_of(options.sigmf, stream_id) if self._many_streams else options.sigmf
                annotations = SigmfAnnotations(path, source)
                outputs.add(annotations, annotations.on_window)
            for each in self._shared:
                outputs.add(_Shared(each))
            if self._novelty is not None:
                outputs.add_hook(self._novelty.of_stream(stream_id))
            unless_made.pop_all()
        return outputs

    def close(self) -> None:
        """Deliver what is queued, as far as that is possible within seconds; after the outputs of all streams."""
        self._opened.close()

    def losses(self) -> Iterable[str]:
        """What was not delivered of that which streams share, one line for each output that lost something."""
        return _losses(self._queues)

    def _open_shared(self, backbone: Callable[[], Backbone], opened: ExitStack) -> None:
        options = self._options
        if options.record is not None:
            require_rolls(*options.rolls)
            directory = opened.enter_context(RecordingDirectory(*options.record))
            self._writer = self._open(RecordingWriter(directory), opened)
        if options.broker is not None:
            self._shared.append(self._open(Mqtt(options.broker), opened))
        if options.endpoint is not None:
            self._shared.append(self._open(Webhook(options.endpoint), opened))
        if options.command is not None:
            self._shared.append(self._open(Command(options.command[0], shell=options.command[1]), opened))
        if options.json_lines:
            self._shared.append(self._open(JsonLines(sys.stdout), opened))
        if options.novel:
            self._novelty = self._open(Novelty(self._store.unknowns, backbone), opened)

    def _open(self, queue: Q, opened: ExitStack) -> Q:
        opened.callback(queue.close)
        self._queues.append(queue)
        return queue


class _Shared:
    """An output that several streams write to. It is closed after them, and ends none of them."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def write(self, event: TrackEvent) -> None:
        with suppress(OSError):  # nobody reads standard output any more
            self._output.write(event)

    def close(self) -> None:
        """It is not ended here."""


def _path_of(path: Path, stream_id: str) -> Path:
    """``path`` with the stream and the time in its name."""
    return path.with_name(f"{path.stem}-{stream_id}-{datetime.now(UTC).strftime(_START_FORM)}{path.suffix}")


def _losses(queues: Iterable[WorkQueue[Any]]) -> Iterable[str]:
    for each in queues:
        if each.dropped or each.failed:
            yield f"{each.name}: {each.dropped} dropped, {each.failed} failed"
