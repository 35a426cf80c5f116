"""Recorder: the output that records the IQ around detections."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rfhydra.errors import InvalidMessage
from rfhydra.live.annotation import annotation_fields
from rfhydra.live.recording_directory import RecordingDirectory, TriggeredRecording
from rfhydra.live.window import LiveWindow
from rfhydra.live.work_queue import WorkQueue
from rfhydra.protocol.streams import TrackEvent
from rfhydra.recordings import Annotation
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.window import Window
from rfhydra.store.columns import utc_text

DEFAULT_MAX_SEC: Final = 10.0
MAX_BYTES: Final = 128 * 1024 * 1024
"""Of the IQ of one recording in memory; longer ones are cut."""
_MAX_QUEUED: Final = 4
_KEPT_WINDOWS: Final = 2
_SAMPLE_BYTES: Final = 8


class Recorder:
    """Records from ``pre_sec`` before a detection to ``post_sec`` after it, as SigMF with the tracks as annotations.

    Detections whose recordings would overlap share one. Of what is longer than ``max_sec`` the beginning is recorded.
    No recording spans a gap of the stream. Used by the pipeline's thread. ``writer`` writes the files of any number of
    recorders; whoever made it closes it.
    """

    def __init__(
        self,
        writer: "RecordingWriter",
        pre_sec: float,
        post_sec: float,
        max_sec: float = DEFAULT_MAX_SEC,
    ) -> None:
        """
        Raises:
            InvalidMessage: as :func:`require_rolls`.
        """
        require_rolls(pre_sec, post_sec, max_sec)
        self._pre_sec, self._post_sec, self._max_sec = pre_sec, post_sec, max_sec
        self._takes: list[_Take] = []
        self._longest_sec = max_sec
        self._stretch: _Stretch | None = None
        self._writer = writer
        self.missed = 0
        """Number of recordings whose IQ was lost in a gap."""

    def write(self, event: TrackEvent) -> None:
        """Note where a track is. Tracks that are recorded already are ignored."""
        if event.event == "begin":
            self._take_for(event).tracks[event.track_id] = event
            return
        for take in self._takes:
            if event.track_id in take.tracks:
                if event.merged_into is not None:
                    del take.tracks[event.track_id]
                else:
                    take.tracks[event.track_id] = event
        self._takes = [take for take in self._takes if take.tracks]

    def on_window(self, live: LiveWindow) -> None:
        """Take the IQ of a window, after the events of the window."""
        if self._stretch is None or not self._stretch.is_continued_by(live.window):
            self._finish()
            self._stretch = _Stretch.begun(live)
        stretch = self._stretch
        stretch.add(live.window)
        self._longest_sec = min(self._max_sec, MAX_BYTES / _SAMPLE_BYTES / stretch.rate_hz)
        for take in [*self._takes]:
            end_sec = min(take.start_sec + self._longest_sec, take.ends_at(self._post_sec))
            if stretch.end_sec >= end_sec:
                self._record(take, end_sec)
        reach_sec = self._pre_sec + _KEPT_WINDOWS * live.window.frame.duration_sec
        stretch.forget(min([stretch.end_sec - reach_sec, *(take.start_sec for take in self._takes)]))

    def close(self) -> None:
        """Hand over what is pending, without the rest of its post-roll."""
        self._finish()

    def _take_for(self, event: TrackEvent) -> "_Take":
        """The last pending recording if the track begins before it ends, else a new one."""
        start_sec = max(0.0, event.time_start_sec - self._pre_sec)
        last = self._takes[-1] if self._takes else None
        if last is not None and (
            start_sec <= last.ends_at(self._post_sec) and event.time_start_sec < last.start_sec + self._longest_sec
        ):
            last.start_sec = min(last.start_sec, start_sec)
            return last
        self._takes.append(_Take(start_sec))
        return self._takes[-1]

    def _finish(self) -> None:
        """Record what began before the end of the stretch."""
        if self._stretch is not None:
            for take in [take for take in self._takes if take.start_sec < self._stretch.end_sec]:
                self._record(take, min(take.start_sec + self._longest_sec, take.ends_at(self._post_sec)))

    def _record(self, take: "_Take", end_sec: float) -> None:
        assert self._stretch is not None, "there is something to record"
        self._takes.remove(take)
        made = self._stretch.recording(take, end_sec)
        if made is None:
            self.missed += 1
        else:
            self._writer.put(made)


def require_rolls(pre_sec: float, post_sec: float, max_sec: float = DEFAULT_MAX_SEC) -> None:
    """
    Raises:
        InvalidMessage: a time is negative, or the longest recording is not longer than pre- and post-roll.
    """
    if min(pre_sec, post_sec) < 0 or pre_sec + post_sec >= max_sec:
        raise InvalidMessage(
            f"pre-roll and post-roll must not be negative and together be shorter than {max_sec:g} s, the longest"
            f" recording; they are {pre_sec:g} and {post_sec:g} s"
        )


class RecordingWriter(WorkQueue[TriggeredRecording]):
    """Writes recordings in a thread of its own; the oldest of more than a few that wait is dropped."""

    def __init__(self, directory: RecordingDirectory) -> None:
        self._directory = directory
        super().__init__("recorder", max_queued=_MAX_QUEUED)

    def deliver(self, items: Sequence[TriggeredRecording], /) -> None:
        for each in items:
            self._directory.add(each)


@dataclass(eq=False)
class _Take:
    """A recording to be made from ``start_sec``, with the last event of each of its tracks."""

    start_sec: float
    tracks: dict[int, TrackEvent] = field(default_factory=dict)

    def ends_at(self, post_sec: float) -> float:
        """Its end; infinite while a track is open."""
        if any(event.event != "end" for event in self.tracks.values()):
            return float("inf")
        return max(event.time_end_sec for event in self.tracks.values()) + post_sec


@dataclass(eq=False)
class _Stretch:
    """Successive samples with one tuning: ``parts`` hold those from ``start_sample`` on.

    ``base_sec`` and ``base_utc_sec`` are stream time and UTC of the sample 0.
    """

    rate_hz: float
    center_freq_hz: float
    base_sec: float
    base_utc_sec: float
    start_sample: int
    end_sample: int
    parts: list[NDArray[np.complex64]] = field(default_factory=list)

    @classmethod
    def begun(cls, live: LiveWindow) -> "_Stretch":
        frame, first = live.window.frame, live.window.start_sample or 0
        rate = frame.bandwidth_hz
        base_sec, base_utc_sec = live.window.start_sec - first / rate, live.start_utc_sec - first / rate
        return cls(rate, frame.center_freq_hz or 0.0, base_sec, base_utc_sec, first, first)

    @property
    def end_sec(self) -> float:
        return self.base_sec + self.end_sample / self.rate_hz

    def is_continued_by(self, window: Window) -> bool:
        tuning = (window.frame.bandwidth_hz, window.frame.center_freq_hz or 0.0)
        first = window.start_sample or 0
        return tuning == (self.rate_hz, self.center_freq_hz) and self.start_sample <= first <= self.end_sample

    def add(self, window: Window) -> None:
        """Add the samples of ``window`` that no window before it had."""
        assert window.iq is not None, "windows of a stream have IQ"
        new = window.iq[self.end_sample - (window.start_sample or 0) :]
        self.parts.append(new.copy())  # a part of the window would keep all of it
        self.end_sample += len(new)

    def forget(self, before_sec: float) -> None:
        """Free the parts that end before a time."""
        while self.parts and self.start_sample + len(self.parts[0]) <= self._sample_at(before_sec):
            self.start_sample += len(self.parts.pop(0))

    def recording(self, take: _Take, end_sec: float) -> TriggeredRecording | None:
        """The IQ of ``take`` until ``end_sec`` as far as there is any, with its tracks; None if no track lies in it."""
        start = max(self._sample_at(take.start_sec), self.start_sample)
        end = self.end_sample if end_sec == float("inf") else min(self._sample_at(end_sec), self.end_sample)
        inside = [event for event in take.tracks.values() if self._overlaps(event, start, end)]
        if not inside:
            return None
        iq = np.concatenate(self.parts)[start - self.start_sample : end - self.start_sample]
        first = min(inside, key=lambda event: event.time_start_sec)
        return TriggeredRecording(
            name=f"{first.stream_id}-{first.track_id}-{first.signal_name}",
            start_time=utc_text(datetime.fromtimestamp(self.base_utc_sec + start / self.rate_hz, UTC)),
            iq=iq,
            sample_rate_hz=self.rate_hz,
            center_freq_hz=self.center_freq_hz,
            annotations=[*self._annotations(inside, start, len(iq))],
        )

    def _sample_at(self, stream_sec: float) -> int:
        return round((stream_sec - self.base_sec) * self.rate_hz)

    def _overlaps(self, event: TrackEvent, start: int, end: int) -> bool:
        return self._sample_at(event.time_start_sec) < end and self._sample_at(event.time_end_sec) > start

    def _annotations(self, events: Iterable[TrackEvent], start: int, count: int) -> Iterable[Annotation]:
        start_sec = self.base_sec + start / self.rate_hz
        for event in events:
            times = (event.time_start_sec - start_sec, event.time_end_sec - start_sec)
            box = Box(*times, event.freq_low_hz, event.freq_high_hz)
            annotation = Annotation.of_box(box, event.signal_name, self.rate_hz, count)
            yield replace(annotation, extension=annotation_fields(event))
