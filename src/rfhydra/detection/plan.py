"""WindowPlan: where the windows of a stretch of samples begin and end, in recordings and in streams alike."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

from rfhydra.spectrum.spec import SpectrogramSpec

CONTEXT: Final = 0.25
"""Part of a window that it shares with the one before. An emission of up to this length lies whole in one window."""


@dataclass(frozen=True)
class WindowPlan:
    """Ends and lengths of the windows of a stretch of samples, counted from its first sample.

    Attributes:
        full: samples of a full window.
        step: samples between the ends of successive windows.
        first: where the first window ends. Windows that end before ``full`` begin with the stretch, and are shorter.
        hop: samples of a column. All else is a multiple of it.
    """

    full: int
    step: int
    first: int
    hop: int

    @classmethod
    def of(
        cls,
        spec: SpectrogramSpec,
        sample_rate_hz: float | None = None,
        max_wait_sec: float | None = None,
        context: float = CONTEXT,
    ) -> Self:
        """The plan for windows of ``spec`` that share ``context`` of their length.

        With ``max_wait_sec`` and the rate, no sample waits longer than that for the end of a window, or for a column
        where one takes longer: windows of low rates advance by less, and the first ones are shorter.
        """
        full = spec.window_samples
        step = max(int(spec.cols * (1 - context)), 1) * spec.hop
        if max_wait_sec is None or sample_rate_hz is None or full <= (wait := max_wait_sec * sample_rate_hz):
            return cls(full, step, full, spec.hop)
        step = min(step, max(int(wait // spec.hop), 1) * spec.hop)
        return cls(full, step, step, spec.hop)

    def start(self, end: int) -> int:
        """First sample of the window that ends at ``end``, or would if the stretch went on so long."""
        return max(end - self.full, 0)

    def spans(self, samples: int) -> Iterator[tuple[int, int]]:
        """First sample and sample count of all windows of a stretch of ``samples``.

        The last window ends with the stretch, so that only a tail shorter than a column is left out. It begins where it
        would if the stretch went on: how long the stretch is does not change where windows begin.
        """
        last = samples - samples % self.hop
        if not last:
            return
        end = self.first
        while end < last:
            yield self.start(end), end - self.start(end)
            end += self.step
        yield self.start(end), last - self.start(end)
