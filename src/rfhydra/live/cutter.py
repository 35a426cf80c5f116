"""WindowCutter: the windows of a stream of samples, cut as those of a recording are."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rfhydra.detection.plan import WindowPlan
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.spectrogram import WindowSeries
from rfhydra.spectrum.window import Window
from rfhydra.streams.source import Chunk, Tuning, later_offset


@dataclass(frozen=True, eq=False)
class CutWindow:
    """A window of a stream before detection.

    Attributes:
        window: with IQ; its times are seconds of the stream.
        start_utc_sec: time of its first sample, in seconds since 1970 UTC.
        begins: whether it begins a stretch: there is a gap before it, or the receiver was tuned.
        new_samples: how many of its samples no window before it has.
        next_start_sec: where the next window begins, or later.
    """

    window: Window
    start_utc_sec: float
    begins: bool
    new_samples: int
    next_start_sec: float


class WindowCutter:
    """Cuts a stream into windows; none spans a gap or a change of the tuning.

    The windows of a stretch without them are those of :class:`WindowPlan`, whatever chunks its samples come in. At most
    two windows of samples are kept.
    """

    def __init__(self, spec: SpectrogramSpec, max_wait_sec: float | None = None) -> None:
        """``max_wait_sec`` is that of :meth:`WindowPlan.of`."""
        self._spec, self._max_wait_sec = spec, max_wait_sec
        self._stretch: _Stretch | None = None
        self._finished = False

    @property
    def wanted(self) -> int:
        """The number of samples to the end of the next window."""
        return self._spec.hop if self._stretch is None else self._stretch.wanted

    def add(self, chunk: Chunk) -> Iterator[CutWindow]:
        """The windows that end in ``chunk``, which starts at or after the end of the one before."""
        if self._stretch is None or self._finished or not self._stretch.is_continued_by(chunk):
            yield from self.finish()
            plan = WindowPlan.of(self._spec, chunk.tuning.sample_rate_hz, self._max_wait_sec)
            former = self._stretch
            offset_sec = 0.0 if former is None else later_offset(former.offset_sec, former.tuning, chunk)
            self._stretch, self._finished = _Stretch.begun(self._spec, plan, chunk, offset_sec), False
        yield from self._stretch.add(chunk)

    def finish(self) -> Iterator[CutWindow]:
        """The last window of the stretch, if it has samples that no window had: at a gap, and at the end.

        What is added after it begins another stretch.
        """
        if self._stretch is not None and not self._finished:
            self._finished = True
            yield from self._stretch.finish()


@dataclass
class _Stretch:
    """Successive samples with one tuning. Sample counts are from the first one, number ``start_sample``.

    ``before`` are the samples of the last window, ``parts`` those after it, ``count`` is the number of all.
    """

    plan: WindowPlan
    series: WindowSeries
    tuning: Tuning
    start_sample: int
    offset_sec: float
    end: int
    count: int = 0
    start_utc_sec: float = 0.0
    before: NDArray[np.complex64] = field(default_factory=lambda: np.zeros(0, np.complex64))
    parts: list[NDArray[np.complex64]] = field(default_factory=list)

    @classmethod
    def begun(cls, spec: SpectrogramSpec, plan: WindowPlan, chunk: Chunk, offset_sec: float) -> Self:
        series = WindowSeries(spec, chunk.tuning.sample_rate_hz, chunk.tuning.center_freq_hz)
        return cls(plan, series, chunk.tuning, chunk.start_sample, offset_sec, plan.first)

    @property
    def wanted(self) -> int:
        return self.end - self.count

    def is_continued_by(self, chunk: Chunk) -> bool:
        return chunk.start_sample == self.start_sample + self.count and chunk.tuning == self.tuning

    def add(self, chunk: Chunk) -> Iterator[CutWindow]:
        if chunk.start_utc_sec is not None:
            self.start_utc_sec = chunk.start_utc_sec - self.count / self.tuning.sample_rate_hz
        at = 0
        while at < len(chunk.iq):
            part = chunk.iq[at : at + self.wanted]
            self.parts.append(part)
            self.count += len(part)
            at += len(part)
            if not self.wanted:
                yield self._cut(self.end)
                self.end += self.plan.step

    def finish(self) -> Iterator[CutWindow]:
        new = sum(len(part) for part in self.parts)
        tail = self.count % self.plan.hop
        if new > tail:
            self.parts = [np.concatenate(self.parts)[: new - tail]]
            yield self._cut(self.count - tail)

    def _cut(self, end: int) -> CutWindow:
        """The window that ends with the last of the parts, at ``end``."""
        first, new = self.plan.start(self.end), sum(len(part) for part in self.parts)
        shared = end - first - new
        iq = np.concatenate([self.before[len(self.before) - shared :], *self.parts])
        begins = not len(self.before)
        self.before, self.parts = iq, []
        window = self.series.window(iq, self.start_sample + first, self.offset_sec)
        rate = self.tuning.sample_rate_hz
        next_start_sec = window.start_sec + (self.plan.start(self.end + self.plan.step) - first) / rate
        return CutWindow(window, self.start_utc_sec + first / rate, begins, new, next_start_sec)
