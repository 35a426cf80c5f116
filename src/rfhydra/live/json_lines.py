"""JsonLines: the output that writes one JSON object per event and line."""

from collections.abc import Sequence
from typing import TextIO

from rfhydra.live.queued_output import QueuedOutput
from rfhydra.live.work_queue import MAX_QUEUED
from rfhydra.protocol.streams import TrackEvent

_BATCH = 100


class JsonLines(QueuedOutput):
    """Writes events to a text stream, such as standard output, and flushes after each batch.

    Attributes:
        error: why the stream takes no more, as a pipe whose reader has closed it; None while it does.
    """

    def __init__(self, stream: TextIO, max_queued: int = MAX_QUEUED) -> None:
        self._stream = stream
        self.error: OSError | None = None
        super().__init__("JSON lines", max_queued=max_queued, batch=_BATCH)

    def write(self, event: TrackEvent) -> None:
        """Queue one event.

        Raises:
            OSError: the stream takes no more, so that a program whose output it is ends as other programs do.
        """
        if self.error is not None:
            raise self.error
        super().write(event)

    def deliver(self, events: Sequence[TrackEvent]) -> None:
        try:
            self._stream.writelines(f"{event.model_dump_json()}\n" for event in events)
            self._stream.flush()
        except OSError as error:
            self.error = error
            raise
