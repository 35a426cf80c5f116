"""SequenceDetector: gate, detector and tracker of the successive windows of one source."""

import math
from collections import deque
from collections.abc import Collection
from typing import Final

from rfhydra.detection.detector import HydraDetector, WindowDetections
from rfhydra.detection.gate import EnergyGate
from rfhydra.detection.tracker import Track, Tracker
from rfhydra.hydra.backbone import MAX_PARALLEL
from rfhydra.spectrum.rectangle import Rectangle
from rfhydra.spectrum.window import Window

LOOK_AHEAD: Final = MAX_PARALLEL + 6
"""Windows by which :meth:`SequenceDetector.look` may be ahead of :meth:`SequenceDetector.track`."""
LASTING: Final = 0.5
"""Part of a window from which a detection is of an emission that lasts."""


class SequenceDetector:
    """Detects in the windows of a recording or a stream, in the order of their starts, and joins them into tracks.

    Each window is looked at, detected in and added to the tracks; these steps may have threads of their own.

    Attributes:
        tracker: with the open tracks.
    """

    def __init__(
        self,
        detector: HydraDetector,
        threshold: float | None = None,
        names: Collection[str] | None = None,
        *,
        gated: bool = True,
        first_track_id: int = 1,
    ) -> None:
        """
        Args:
            detector: its heads may change between windows.
            threshold: as of :meth:`HydraDetector.detect`; ``names`` likewise.
            names: see there.
            gated: whether the backbone looks only where there is energy above the noise.
            first_track_id: number of the first track.
        """
        self.tracker = Tracker(first_track_id)
        self._detector, self._threshold, self._names = detector, threshold, names
        self._gated, self._gate = gated, EnergyGate(detector.spec)
        self._known = list[Rectangle]()  # what was looked at, in pixels of the last window
        self._known_from = 0  # first sample of that window
        self._wanted = deque[list[slice]]([[]] * LOOK_AHEAD)  # rows of lasting detections in the last windows
        self._versions: dict[str, int] | None = None

    def begin(self) -> None:
        """The next window to :meth:`look` at continues none before it: there is a gap, or the receiver was tuned."""
        self._gate = EnergyGate(self._detector.spec)
        self._known = []

    def update(self, window: Window, next_start_sec: float | None = None) -> tuple[WindowDetections, list[Track]]:
        """Detections in ``window``, and the tracks that are closed by it: all three steps."""
        found = self.detect(window, self.look(window))
        return found, self.track(window, found, next_start_sec)

    def look(self, window: Window) -> list[Rectangle] | None:
        """The parts of ``window`` with energy that no window before had whole; None for all of it.

        It may be ahead of :meth:`track`, in another thread, by :data:`LOOK_AHEAD` windows. So it knows of detections
        in the windows before those, whether it is ahead or not.
        """
        if not self._gated:
            return None
        for rows in self._wanted.popleft():
            self._gate.keep(rows)
        known = self._known_in(window)
        regions = self._gate.regions(window.image, window.floor_db, known)
        rows, cols = window.image.shape
        self._known = [*known, *([Rectangle(0, rows, 0, cols)] if regions is None else regions)]
        return regions

    def _known_in(self, window: Window) -> list[Rectangle]:
        """What the windows before have looked at, in pixels of ``window``, as far as it reaches into it."""
        if window.start_sample is None:
            return []
        passed = (window.start_sample - self._known_from) // self._detector.spec.hop
        self._known_from = window.start_sample
        return [moved for each in self._known if (moved := each.shifted(-passed)).right > 0]

    def detect(self, window: Window, regions: list[Rectangle] | None) -> WindowDetections:
        """Detections in the ``regions`` of ``window``. Windows may be detected in at the same time, in any order."""
        return self._detector.detect(window, self._threshold, self._names, regions)

    def track(self, window: Window, found: WindowDetections, next_start_sec: float | None = None) -> list[Track]:
        """Add what was ``found`` in ``window`` to the tracks; returns those that are closed by it.

        ``next_start_sec`` is where the next window begins, if that is known: tracks that it cannot continue are closed.
        """
        if self._gated:
            self._wanted.append(self._rows_wanted(window, found))
        closed = self.tracker.update(window, found.detections)
        if next_start_sec is not None:
            closed += self.tracker.settle(next_start_sec)
        return closed

    def _rows_wanted(self, window: Window, found: WindowDetections) -> list[slice]:
        """Rows of the image in which a head detects an emission that lasts; all of them after a change of the heads."""
        versions, self._versions = self._versions, found.versions
        if versions != found.versions:
            return [slice(None)]
        least_sec = LASTING * window.frame.duration_sec
        lasting = [
            each.box for each in found.detections if each.box.time_end_sec - each.box.time_start_sec >= least_sec
        ]
        return [slice(max(int(box[1]), 0), math.ceil(box[3])) for box in window.frame.to_pixels(lasting)]
