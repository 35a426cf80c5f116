"""Progress: what a stream has done so far. One thread writes, any thread reads."""

import threading
from collections import deque
from dataclasses import dataclass
from typing import Final

TIMED_WINDOWS: Final = 32
"""Windows that the real-time factor is a mean of, the latest ones."""
RANKED_WINDOWS: Final = 256
"""Windows that the percentiles of the latency are of, the latest ones."""


@dataclass(frozen=True)
class Done:
    """Counters at one moment. ``heads`` are the versions in the last window; see :class:`StreamStatus`."""

    windows: int = 0
    empty_windows: int = 0
    tracks: int = 0
    heads: tuple[tuple[str, int], ...] = ()
    real_time_factor: float | None = None
    window_sec: tuple[float, ...] = ()

    def percentile(self, percent: int) -> float | None:
        """The nearest-rank percentile of the time that a window took, None before the first."""
        ranked = sorted(self.window_sec)
        return ranked[-(-percent * len(ranked) // 100) - 1] if ranked else None


class Progress:
    """Counts the windows of one stream."""

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._timed = deque[tuple[float, float]](maxlen=TIMED_WINDOWS)
        self._latest = deque[float](maxlen=RANKED_WINDOWS)
        self._done = Done()

    @property
    def done(self) -> Done:
        """The counters now."""
        return self._done

    def count(
        self, *, empty: bool, tracks: int, heads: dict[str, int], signal_sec: float, work_sec: float, window_sec: float
    ) -> None:
        """Count a window: ``signal_sec`` of new signal; ``tracks`` have begun so far.

        Its slowest step took ``window_sec``, and ``work_sec`` where that is shared by windows at the same time.
        """
        with self._changing:
            self._timed.append((signal_sec, work_sec))
            self._latest.append(window_sec)
            signal, work = (sum(each) for each in zip(*self._timed, strict=True))
            self._done = Done(
                self._done.windows + 1,
                self._done.empty_windows + empty,
                tracks,
                tuple(heads.items()),
                signal / work if work > 0 else None,
                tuple(self._latest),
            )
