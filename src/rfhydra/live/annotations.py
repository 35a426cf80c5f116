"""SigmfAnnotations: the output that keeps a SigMF metadata file with the tracks of a stream."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rfhydra.errors import InvalidMessage
from rfhydra.live.annotation import annotation_fields
from rfhydra.live.queued_output import QueuedOutput
from rfhydra.live.window import LiveWindow
from rfhydra.protocol.streams import TrackEvent
from rfhydra.recordings import Annotation, Capture, write_stream_annotations
from rfhydra.recordings.sigmf_write import require_annotations_path
from rfhydra.store.columns import utc_text

MAX_ANNOTATIONS: Final = 10_000
"""In one file; the next ones are called ``NAME-2``, ``NAME-3`` and so on."""
WRITE_EVERY_SEC: Final = 10.0
_MAX_CAPTURES: Final = 1000
_BATCH: Final = 1000


@dataclass(frozen=True)
class _Tuning:
    """``start_sample`` of the stream and its stream time, from which on a rate and a centre frequency hold."""

    rate_hz: float
    center_freq_hz: float
    start_sample: int
    start_sec: float
    start_time: str


@dataclass(eq=False)
class _File:
    """What one file holds."""

    path: Path
    tuning: _Tuning
    captures: list[Capture] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        return len(self.annotations) >= MAX_ANNOTATIONS or len(self.captures) >= _MAX_CAPTURES


class SigmfAnnotations(QueuedOutput):
    """Annotates each track that ended. The file is replaced atomically at most every ten seconds, and at the end.

    Sample numbers are those of the stream. Another sample rate, and :data:`MAX_ANNOTATIONS`, begin another file.
    """

    def __init__(self, path: Path, description: str) -> None:
        """
        Raises:
            InvalidMessage: ``path`` does not end in ``.sigmf-meta``.
            Conflict: it is the metadata of a recording.
        """
        require_annotations_path(path)
        self._path, self._description = path, description
        self._tunings: list[_Tuning] = []
        self._tuned = threading.Lock()
        self._file: _File | None = None
        self._files, self._written_at = 0, -WRITE_EVERY_SEC
        super().__init__("SigMF annotations", batch=_BATCH)

    def on_window(self, live: LiveWindow) -> None:
        """Note the tuning of a window, after the events of the window."""
        window = live.window
        seen = (window.frame.bandwidth_hz, window.frame.center_freq_hz or 0.0)
        with self._tuned:
            last = self._tunings[-1] if self._tunings else None
            if last is None or seen != (last.rate_hz, last.center_freq_hz):
                start_time = utc_text(datetime.fromtimestamp(live.start_utc_sec, UTC))
                self._tunings.append(_Tuning(*seen, window.start_sample or 0, window.start_sec, start_time))
                del self._tunings[:-_MAX_CAPTURES]

    def write(self, event: TrackEvent) -> None:
        """Queue the end of a track; other events are ignored."""
        if event.event == "end" and event.merged_into is None:
            super().write(event)

    def deliver(self, items: Sequence[TrackEvent], /) -> None:
        while not self._tunings:  # the events of the first window come before it
            if not self.pause(0.05):
                raise InvalidMessage("the stream ended before its first window")
        for event in items:
            self._annotate(event)
        self.linger(self._written_at + WRITE_EVERY_SEC - time.monotonic())
        self._write()

    def _annotate(self, event: TrackEvent) -> None:
        with self._tuned:
            before = [each for each in self._tunings if each.start_sec <= event.time_start_sec]
            tuning = before[-1] if before else self._tunings[0]
        file = self._file
        if file is None or file.is_full or file.tuning.rate_hz != tuning.rate_hz:
            if file is not None:
                self._write()
            file = self._file = _File(self._next_path(), tuning)
        if not file.captures or tuning.start_sample > file.captures[-1].sample_start:
            file.captures.append(Capture(tuning.start_sample, tuning.center_freq_hz, tuning.start_time))
        start, end = (
            max(0, tuning.start_sample + round((each - tuning.start_sec) * tuning.rate_hz))
            for each in (event.time_start_sec, event.time_end_sec)
        )
        band = (event.freq_low_hz, event.freq_high_hz)
        fields = annotation_fields(event)
        file.annotations.append(Annotation(start, max(1, end - start), *band, event.signal_name, fields))

    def _next_path(self) -> Path:
        self._files += 1
        if self._files == 1:
            return self._path
        return self._path.with_name(f"{self._path.stem}-{self._files}{self._path.suffix}")

    def _write(self) -> None:
        assert self._file is not None, "there is an annotation to write"
        file = self._file
        write_stream_annotations(
            file.path, file.annotations, file.tuning.rate_hz, file.captures, description=self._description
        )
        self._written_at = time.monotonic()
