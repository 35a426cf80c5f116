"""TrackEvents: what is reported of the tracks of one stream: that they begin, change and end."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from rfhydra.detection.detection import Detection
from rfhydra.detection.tracker import Track
from rfhydra.live.cutter import CutWindow
from rfhydra.live.measurement import MeasuredStretch
from rfhydra.live.recurrence import Recurrence
from rfhydra.protocol.streams import TrackEvent
from rfhydra.spectrum.window import Window
from rfhydra.store.columns import utc_text

EventKind: TypeAlias = Literal["begin", "update", "end"]


@dataclass(frozen=True)
class WindowTracks:
    """The tracks of a stream after one window.

    Attributes:
        open: those that the next window may continue; ``closed`` are those that it cannot.
        merged: as of :class:`.Tracker`.
    """

    open: Sequence[Track]
    closed: Sequence[Track]
    merged: Mapping[int, int]


class TrackEvents:
    """Makes the events of one stream. Every track has one ``begin`` and one ``end``, in this order.

    Memory is bounded by the open tracks, two windows, and a few numbers for each signal.
    """

    def __init__(self, stream_id: str) -> None:
        self._stream_id = stream_id
        self._reported: dict[int, Detection] = {}
        self._recurrences: dict[str, Recurrence] = {}
        self._last: CutWindow | None = None
        self._stretch: MeasuredStretch | None = None
        self._before: Window | None = None
        self.begun = 0
        """Number of tracks that began."""

    def after(self, cut: CutWindow, tracks: WindowTracks) -> Iterator[TrackEvent]:
        """The events of one window, after which there are ``tracks``."""
        self._before = self._last.window if self._last is not None and not cut.begins else None
        self._last, self._stretch = cut, None
        for track_id, other in tracks.merged.items():
            if (last := self._reported.pop(track_id, None)) is not None:
                yield self._event("end", Track(track_id, last), merged_into=other)
        for track in sorted([*tracks.open, *tracks.closed], key=lambda track: track.track_id):
            if track.track_id not in self._reported:
                self.begun += 1
                yield self._event("begin", track)
            elif self._reported[track.track_id] != track.detection:
                yield self._event("update", track)
            self._reported[track.track_id] = track.detection
        yield from self._ends(tracks.closed)

    def close(self) -> Iterator[TrackEvent]:
        """The ends of all tracks that have begun and not ended."""
        yield from self._ends([Track(*each) for each in self._reported.items()])

    def _ends(self, closed: Iterable[Track]) -> Iterator[TrackEvent]:
        """The ends of ``closed`` tracks, in the order in which they ended."""
        for track in sorted(closed, key=lambda track: track.detection.box.time_end_sec):
            del self._reported[track.track_id]
            box = track.detection.box
            recurrence = self._recurrences.setdefault(track.detection.signal_name, Recurrence())
            recurrence.add(box.time_start_sec, box.time_end_sec)
            yield self._event(
                "end",
                track,
                measured=self._measured_in().measure(box),
                duty_cycle=recurrence.duty_cycle,
                repetition_sec=recurrence.repetition_sec,
            )

    def _measured_in(self) -> MeasuredStretch:
        assert self._last is not None, "tracks end after a window"
        if self._stretch is None:
            self._stretch = MeasuredStretch(self._last.window, self._before)
        return self._stretch

    def _event(self, event: EventKind, track: Track, **fields: Any) -> TrackEvent:
        assert self._last is not None, "there are tracks after a window"
        found, box = track.detection, track.detection.box
        utc_sec = self._last.start_utc_sec - self._last.window.start_sec
        return TrackEvent(
            event=event,
            stream_id=self._stream_id,
            track_id=track.track_id,
            signal_name=found.signal_name,
            version=found.version,
            score=found.score,
            start_time=utc_text(datetime.fromtimestamp(utc_sec + box.time_start_sec, UTC)),
            end_time=utc_text(datetime.fromtimestamp(utc_sec + box.time_end_sec, UTC)),
            **vars(box),
            **fields,
        )
