"""Waterfall: a display of successive samples, column by column, at the spectrum size and levels of its viewer.

No image for detection: that is :mod:`.spectrogram`.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rfhydra.protocol.live import WaterfallSettings
from rfhydra.spectrum.grey import grey_levels

MAX_SPECTRA_PER_COLUMN: Final = 32
"""Spectra of one column, spread evenly over its samples, so that the cost does not grow with the sample rate."""
_MIN_POWER: Final = np.float32(1e-30)


@dataclass(frozen=True, eq=False)
class Columns:
    """Successive columns of a waterfall.

    Attributes:
        pixels: uint8, shape (fft_size, columns), row 0 the highest frequency.
        start_sample: first sample of the first column.
        samples_per_column: samples from the start of one column to the start of the next.
    """

    pixels: NDArray[np.uint8]
    start_sample: int
    samples_per_column: int


class Waterfall:
    """The columns of successive samples of one tuning. Holds less than a spectrum of samples, and a few columns."""

    def __init__(self, settings: WaterfallSettings, sample_rate_hz: float) -> None:
        self._settings = settings
        size = settings.fft_size
        self.samples_per_column = max(size, round(sample_rate_hz / settings.columns_per_sec))
        self._spectra = min(MAX_SPECTRA_PER_COLUMN, self.samples_per_column // size)
        self._stride = self.samples_per_column // self._spectra
        taper = np.hanning(size + 1)[:size].astype(np.float32)
        self._taper = taper / taper.sum()  # a sine of amplitude 1 has power 1
        self._rest = np.empty(0, np.complex64)
        self._next = 0  # number of the next spectrum since the origin
        self._begin(0)

    def add(self, iq: NDArray[np.complex64], start_sample: int) -> Columns | None:
        """Add samples, complex64 (samples,); the columns that are complete, once they are as many as a frame has.

        Where ``start_sample`` is not the end of the samples before, the columns begin anew.
        """
        if start_sample != self._end:
            self._begin(start_sample)
        self._end += len(iq)
        data = np.concatenate((self._rest, iq)) if len(self._rest) else iq
        base = self._end - len(data)
        numbers = np.arange(
            self._next, (self._end - self._origin) // self.samples_per_column * self._spectra + self._spectra
        )
        starts = self._start_of(numbers)
        numbers = numbers[starts + self._settings.fft_size <= self._end]
        if len(numbers):
            self._take(numbers, self._power(data, starts[: len(numbers)] - base))
            self._next = int(numbers[-1]) + 1
        after = int(self._start_of(np.array(self._next))) - base
        self._rest = data[after:].copy()
        return self._completed()

    def _begin(self, start_sample: int) -> None:
        self._origin = self._end = start_sample
        self._next = 0
        self._partial: NDArray[np.float32] | None = None  # of the column that is not complete
        self._done: list[NDArray[np.float32]] = []
        self._rest = np.empty(0, np.complex64)

    def _start_of(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """First samples of spectra."""
        column, place = np.divmod(numbers, self._spectra)
        starts: NDArray[np.int64] = self._origin + column * self.samples_per_column + place * self._stride
        return starts

    def _power(self, data: NDArray[np.complex64], starts: NDArray[np.int64]) -> NDArray[np.float32]:
        """Power of the spectra that begin at ``starts`` in ``data``, shape (spectra, bins)."""
        spans = np.lib.stride_tricks.sliding_window_view(data, self._settings.fft_size)[starts]
        bins = np.fft.fft(spans * self._taper, axis=1)
        return np.square(bins.real) + np.square(bins.imag)

    def _take(self, numbers: NDArray[np.int64], power: NDArray[np.float32]) -> None:
        """Join successive spectra to columns."""
        joins = np.maximum if self._settings.hold == "peak" else np.add
        columns = numbers // self._spectra
        firsts = np.flatnonzero(np.diff(columns, prepend=-1))
        joined = list(joins.reduceat(power, firsts, axis=0))
        if self._partial is not None:
            joined[0] = joins(self._partial, joined[0])
        is_whole = (int(numbers[-1]) + 1) % self._spectra == 0
        self._partial = None if is_whole else joined.pop()
        self._done += joined

    def _completed(self) -> Columns | None:
        count = len(self._done)
        if count < self._settings.columns_per_frame:
            return None
        done, self._done = np.stack(self._done, axis=1), []
        start = self._origin + (self._next // self._spectra - count) * self.samples_per_column
        return Columns(self._grey(done), start, self.samples_per_column)

    def _grey(self, power: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Levels of bins in the order of the transform, shape (bins, columns)."""
        settings = self._settings
        mean = power if settings.hold == "peak" else power / np.float32(self._spectra)
        level_db = 10 * np.log10(np.maximum(mean, _MIN_POWER))
        grey = grey_levels(level_db, settings.min_db, settings.max_db)
        return np.ascontiguousarray(np.fft.fftshift(grey, axes=0)[::-1])
