"""SampleCounter: the numbers of a source's samples, lost ones included, over all its connections."""

import time
from collections.abc import Callable


class SampleCounter:
    """Numbers the samples of one source.

    What is known to be lost is skipped; what was lost while there was no connection is estimated from the clock.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Args:
        clock: seconds that never go back.
        """
        self._clock = clock
        self._last_heard: float | None = None
        self._interrupted = False
        self.next_sample = 0

    def skip(self, count: int) -> None:
        """Count ``count`` samples that were lost."""
        self.next_sample += count

    def interrupt(self) -> None:
        """Samples are missing before the next ones, and only the clock tells how many."""
        self._interrupted = self._last_heard is not None

    def place(self, count: int, sample_rate_hz: float) -> int:
        """The number of the first of ``count`` samples that came now.

        After :meth:`interrupt`, as many samples count as lost as the time since the samples before has room for.
        """
        now = self._clock()
        if self._interrupted and self._last_heard is not None:
            self.skip(max(0, round((now - self._last_heard) * sample_rate_hz) - count))
        self._interrupted = False
        self._last_heard = now
        start = self.next_sample
        self.next_sample += count
        return start
