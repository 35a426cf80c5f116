"""Tracker: detections of successive windows joined into tracks, one track per emission.

Windows overlap, so an emission is detected more than once, and one that is longer than a window is detected in parts.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import count, product
from typing import Final, Protocol

from rfhydra.detection.detection import Detection
from rfhydra.spectrum.boxes import Box, Frame

MAX_OPEN_TRACKS: Final = 10_000
"""Above this, the tracks that ended first are closed early."""
DUPLICATE_IOM: Final = 0.5
CUT_MARGIN: Final = 1 / 64
_GRID_SIDE: Final = 32  # cells of a window along each axis


class Stretch(Protocol):
    """What the tracker knows of a window: where it lies in its source, in seconds, and its axes."""

    @property
    def start_sec(self) -> float: ...

    @property
    def end_sec(self) -> float: ...

    @property
    def frame(self) -> Frame: ...


def intersection_over_minimum(first: Box, second: Box, start_sec: float, end_sec: float) -> float:
    """Intersection of two boxes over the area of the smaller one, both cut to ``start_sec`` to ``end_sec``."""
    intersection, *areas = _areas(first, second, start_sec, end_sec)
    return intersection / min(areas) if min(areas) else 0.0


def intersection_over_union(first: Box, second: Box, start_sec: float, end_sec: float) -> float:
    """Intersection of two boxes over their union, both cut to ``start_sec`` to ``end_sec``."""
    intersection, *areas = _areas(first, second, start_sec, end_sec)
    return intersection / (sum(areas) - intersection) if any(areas) else 0.0


def _areas(first: Box, second: Box, start_sec: float, end_sec: float) -> tuple[float, float, float]:
    """Areas of the intersection and of both boxes, all cut to ``start_sec`` to ``end_sec``."""

    def seconds(*boxes: Box) -> float:
        begin = max(start_sec, *(box.time_start_sec for box in boxes))
        return max(0.0, min(end_sec, *(box.time_end_sec for box in boxes)) - begin)

    low, high = max(first.freq_low_hz, second.freq_low_hz), min(first.freq_high_hz, second.freq_high_hz)
    area, other = (seconds(box) * (box.freq_high_hz - box.freq_low_hz) for box in (first, second))
    return seconds(first, second) * max(0.0, high - low), area, other


@dataclass(frozen=True)
class Joining:
    """When detections of two windows are joined, and to what box.

    Attributes:
        overlap: measure of two boxes, 0 to 1, both cut to a start and an end in seconds.
        min_overlap: boxes whose measure is above it are of one emission.
        cut_margin: part of a window; a box that ends closer to the edge of its window counts as cut by it.
    """

    overlap: Callable[[Box, Box, float, float], float] = intersection_over_minimum
    min_overlap: float = DUPLICATE_IOM
    cut_margin: float = CUT_MARGIN


_DETECTIONS: Final = Joining()


@dataclass(frozen=True)
class Track:
    """One emission: its strongest detection, with the box over all windows in seconds from the start of the source."""

    track_id: int
    detection: Detection


@dataclass(frozen=True)
class _OpenTrack:
    """A track that the next window may continue.

    ``covered_until_sec`` is the end of its last window; one that was begun or replaced later has a higher ``order``.
    """

    track_id: int
    detection: Detection
    covered_until_sec: float
    order: int

    @property
    def settled_at_sec(self) -> float:
        """A window that starts then or later cannot continue it."""
        return min(self.covered_until_sec, self.detection.box.time_end_sec)


class Tracker:
    """Joins detections of windows, which come in the order of their start.

    Memory is bounded: a track is closed by the first window that starts after it ended, or after the windows it was
    detected in, and at most :data:`MAX_OPEN_TRACKS` are open. A detection is compared with the open tracks near it
    only, so the time for a window grows with the number of its detections and of open tracks, not with their product.

    Attributes:
        merged: of the last :meth:`update`, the number of each open track that turned out to be part of another, with
            the number of that one. Such a track is never closed.
    """

    def __init__(self, first_id: int = 1, joining: Joining = _DETECTIONS) -> None:
        """``first_id`` is the number of the first track."""
        self._joining = joining
        self._open: dict[int, _OpenTrack] = {}
        self._ids, self._orders = count(first_id), count()
        self.merged: dict[int, int] = {}

    @property
    def open_tracks(self) -> list[Track]:
        """The open tracks as they are now, in no order."""
        return [Track(track.track_id, track.detection) for track in self._open.values()]

    def settle(self, start_sec: float) -> list[Track]:
        """Close and return the tracks that no window from ``start_sec`` on can continue.

        :meth:`update` does so, too; called before, when the start of the next window is known, it closes them earlier.
        """
        closed = [track for track in self._open.values() if track.settled_at_sec <= start_sec]
        for track in closed:
            del self._open[track.track_id]
        return [Track(track.track_id, track.detection) for track in closed]

    def update(self, window: Stretch, detections: list[Detection]) -> list[Track]:
        """Add the ``detections`` of ``window``, strongest first, and return the tracks that it closes."""
        self.merged = {}
        closed = self.settle(window.start_sec)
        grid = _Grid.of(window, self._open.values())
        for detection in detections:
            self._add(replace(detection, box=detection.box.shifted(window.start_sec)), window, grid)
        if (excess := len(self._open) - MAX_OPEN_TRACKS) > 0:
            by_end = sorted(self._open.values(), key=lambda track: track.detection.box.time_end_sec)
            closed += [Track(track.track_id, track.detection) for track in by_end[:excess]]
            self._open = {track.track_id: replace(track, order=next(self._orders)) for track in by_end[excess:]}
        return closed

    def close(self) -> list[Track]:
        """End of the source: close and return all open tracks."""
        closed, self._open = self._open, {}
        return [Track(track.track_id, track.detection) for track in closed.values()]

    def _add(self, detection: Detection, window: Stretch, grid: "_Grid") -> None:
        """Continue the tracks that overlap ``detection`` in the time that both cover, or begin a track.

        The stronger detection gives score and box; where a window cut that box, the weaker one extends it.
        """
        near = (self._open[track_id] for track_id in grid.near(detection))
        same = sorted(
            (track for track in near if _is_same(track, detection, window.start_sec, self._joining)),
            key=lambda track: track.order,
        )
        strongest = max(same, key=lambda track: track.detection.score, default=None)
        if strongest is not None and strongest.detection.score >= detection.score:
            extended = _extended_forward(strongest, detection, window, self._joining)
            if extended.detection is not strongest.detection:
                grid.remove(strongest)
                grid.add(extended)
            self._open[strongest.track_id] = extended
            return
        for track in same:
            del self._open[track.track_id]
            grid.remove(track)
        track_id = min((track.track_id for track in same), default=None) or next(self._ids)
        self.merged |= {track.track_id: track_id for track in same if track.track_id != track_id}
        starts_sec = [track.detection.box.time_start_sec for track in same]
        begun = _extended_back(detection, window, starts_sec, self._joining)
        self._open[track_id] = _OpenTrack(track_id, begun, window.end_sec, next(self._orders))
        grid.add(self._open[track_id])


_Cell = tuple[str, int, int]


@dataclass(frozen=True)
class _Grid:
    """Ids of open tracks by signal name and cell of a window. What lies outside the window is in its outermost cells.

    Boxes that overlap have a cell in common.
    """

    window: Stretch
    track_ids: dict[_Cell, set[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, window: Stretch, tracks: Iterable[_OpenTrack]) -> "_Grid":
        grid = cls(window)
        for track in tracks:
            grid.add(track)
        return grid

    def add(self, track: _OpenTrack) -> None:
        for cell in self._cells(track.detection):
            self.track_ids.setdefault(cell, set()).add(track.track_id)

    def remove(self, track: _OpenTrack) -> None:
        for cell in self._cells(track.detection):
            self.track_ids[cell].discard(track.track_id)

    def near(self, detection: Detection) -> set[int]:
        """Ids of the tracks of the same signal that have a cell in common with ``detection``."""
        return {track_id for cell in self._cells(detection) for track_id in self.track_ids.get(cell, ())}

    def _cells(self, detection: Detection) -> Iterable[_Cell]:
        box, frame = detection.box, self.window.frame
        start_sec, low_hz = self.window.start_sec, frame.freq_low_hz
        times = _cells_between(box.time_start_sec - start_sec, box.time_end_sec - start_sec, frame.duration_sec)
        bands = _cells_between(box.freq_low_hz - low_hz, box.freq_high_hz - low_hz, frame.bandwidth_hz)
        return product((detection.signal_name,), times, bands)


def _cells_between(start: float, end: float, length: float) -> range:
    """The cells, 0 to :data:`_GRID_SIDE` - 1, that an axis of ``length`` has from ``start`` to ``end``."""
    first, last = (min(max(int(_GRID_SIDE * edge / length), 0), _GRID_SIDE - 1) for edge in (start, end))
    return range(first, last + 1)


def _is_same(track: _OpenTrack, detection: Detection, start_sec: float, joining: Joining = _DETECTIONS) -> bool:
    """Whether both boxes overlap by more than the limit in the time since ``start_sec`` that both cover."""
    if track.detection.signal_name != detection.signal_name:
        return False
    overlap = joining.overlap(track.detection.box, detection.box, start_sec, track.covered_until_sec)
    return overlap > joining.min_overlap


def _extended_forward(
    track: _OpenTrack, weaker: Detection, window: Stretch, joining: Joining = _DETECTIONS
) -> _OpenTrack:
    """The stronger ``track``, extended to the end of ``weaker`` if the last window cut it."""
    box, until = track.detection.box, track.covered_until_sec
    if box.time_end_sec > until - joining.cut_margin * window.frame.duration_sec:
        box = replace(box, time_end_sec=max(box.time_end_sec, weaker.box.time_end_sec))
    detection = track.detection if box is track.detection.box else replace(track.detection, box=box)
    return replace(track, detection=detection, covered_until_sec=max(until, window.end_sec))


def _extended_back(
    detection: Detection, window: Stretch, starts_sec: list[float], joining: Joining = _DETECTIONS
) -> Detection:
    """The stronger ``detection``, extended to the earliest of the weaker tracks' starts if its window cut it."""
    box = detection.box
    if box.time_start_sec < window.start_sec + joining.cut_margin * window.frame.duration_sec:
        box = replace(box, time_start_sec=min([box.time_start_sec, *starts_sec]))
    return replace(detection, box=box)
