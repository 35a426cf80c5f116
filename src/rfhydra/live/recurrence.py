"""Recurrence: how often the emissions of a signal come, and how much of the time they fill."""

from bisect import insort
from statistics import median
from typing import Final

MIN_TRACKS: Final = 3
MAX_STARTS: Final = 64
"""Starts of tracks that the repetition interval is the median over, the latest ones."""


class Recurrence:
    """The ended tracks of one signal, in seconds of the stream. Memory is bounded."""

    def __init__(self) -> None:
        self._starts: list[float] = []
        self._count = 0
        self._first_sec = self._busy_until_sec = 0.0
        self._busy_sec = 0.0

    def add(self, start_sec: float, end_sec: float) -> None:
        """Count a track. Tracks come in the order of their ends; the time that two of them share counts once."""
        if not self._count:
            self._first_sec = self._busy_until_sec = start_sec
        self._count += 1
        self._first_sec = min(self._first_sec, start_sec)
        self._busy_sec += max(end_sec - max(start_sec, self._busy_until_sec), 0.0)
        self._busy_until_sec = max(self._busy_until_sec, end_sec)
        insort(self._starts, start_sec)
        del self._starts[:-MAX_STARTS]

    @property
    def duty_cycle(self) -> float | None:
        """Share of the time from the first start to the last end; None before the third track."""
        if self._count < MIN_TRACKS:
            return None
        return min(self._busy_sec / (self._busy_until_sec - self._first_sec), 1.0)

    @property
    def repetition_sec(self) -> float | None:
        """Median interval between successive starts; None before the third track."""
        if self._count < MIN_TRACKS:
            return None
        return median(later - earlier for earlier, later in zip(self._starts, self._starts[1:], strict=False))
