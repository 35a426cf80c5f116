"""Overview: the power of a stretch of a recording by time and frequency, pooled to the pixels of a picture.

Every sample counts, however long the stretch is, and memory does not grow with it. No image for detection: that is
:mod:`rfhydra.spectrum.spectrogram`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from rfhydra.errors import InvalidMessage, TooLarge
from rfhydra.recordings.recording import Recording

Pooling: TypeAlias = Literal["max", "mean"]

MAX_COLS: Final = 1600
MAX_ROWS: Final = 900
MAX_TUNINGS: Final = 6
SCALE_DB: Final = (25.0, 60.0)
"""Least and greatest length of a scale of levels, from the noise floor on."""
MIN_FFT_SIZE: Final = 64
MAX_FFT_SIZE: Final = 65536
_LARGEST_CHOSEN: Final = 4096
_SMALLEST_CHOSEN: Final = 128
_BLOCK_SAMPLES: Final = 1 << 19
_MIN_POWER: Final = 1e-20


@dataclass(frozen=True, eq=False)
class Overview:
    """One tuning of the receiver in a stretch of a recording.

    Attributes:
        level_db: float32 (rows, cols), dBFS of a sine in its bin, row 0 the highest frequency; NaN where the receiver
            was tuned elsewhere.
        start_sec: seconds from the start of the recording to the first column.
        end_sec: to the end of the last one, which may reach a little beyond the stretch.
        freq_low_hz: lower edge of the last row.
        freq_high_hz: upper edge of row 0.
        center_freq_hz: of the tuning.
        fft_size: samples of a spectrum.
        spectra_per_col: spectra that a column pools.
        pooling: how they are.
    """

    level_db: NDArray[np.float32]
    start_sec: float
    end_sec: float
    freq_low_hz: float
    freq_high_hz: float
    center_freq_hz: float
    fft_size: int
    spectra_per_col: int
    pooling: Pooling

    @property
    def floor_db(self) -> float:
        """The noise floor: the median, without digital silence."""
        received = self.level_db[np.isfinite(self.level_db) & (self.level_db > 10 * np.log10(_MIN_POWER))]
        return float(np.median(received)) if len(received) else 0.0

    @property
    def highest_db(self) -> float:
        """The level at which a scale ends: what few pixels exceed, within :data:`SCALE_DB` of the noise floor."""
        floor_db = self.floor_db
        return floor_db + float(np.clip(np.nanpercentile(self.level_db, 99.9) - floor_db, *SCALE_DB))


@dataclass(frozen=True)
class Extent:
    """What of a recording an overview shows: samples ``start`` to ``end``, and frequencies, None for the whole band."""

    start: int
    end: int
    low_hz: float | None = None
    high_hz: float | None = None

    @classmethod
    def of(
        cls,
        recording: Recording,
        start_sec: float = 0.0,
        length_sec: float | None = None,
        low_hz: float | None = None,
        high_hz: float | None = None,
    ) -> "Extent":
        """The extent from ``start_sec`` on, cut to the recording.

        Raises:
            InvalidMessage: it is empty.
        """
        rate = recording.sample_rate_hz
        end_sec = recording.duration_sec if length_sec is None else start_sec + length_sec
        start = max(round(start_sec * rate), 0)
        end = min(round(min(end_sec, recording.duration_sec) * rate), recording.sample_count)
        if start_sec < 0 or start >= end:
            raise InvalidMessage(
                f"{recording.name} lasts {recording.duration_sec:.6g} s: there is nothing from {start_sec:.6g} s"
                f" to {end_sec:.6g} s"
            )
        return cls(start, end, low_hz, high_hz)

    def parts(self, count: int) -> list["Extent"]:
        """The extent cut to ``count`` parts of equal length."""
        edges = [self.start + (self.end - self.start) * number // count for number in range(count + 1)]
        return [Extent(start, end, self.low_hz, self.high_hz) for start, end in pairwise(edges)]

    def tunings(self, recording: Recording) -> dict[float, list[tuple[int, int]]]:
        """The stretches of samples of each centre frequency that the extent shows, by frequency."""
        tunings: dict[float, list[tuple[int, int]]] = {}
        for first, last, capture in recording.segments():
            start, end = max(first, self.start), min(last, self.end)
            if start < end:
                tunings.setdefault(capture.center_freq_hz, []).append((start, end))
        half = recording.sample_rate_hz / 2
        low, high = (edge if edge is not None else default for edge, default in self._edges())
        shown = {hz: tunings[hz] for hz in sorted(tunings) if low < hz + half and high > hz - half}
        if low >= high or not shown:
            bands = ", ".join(f"{hz - half:.10g} to {hz + half:.10g}" for hz in sorted(tunings)[:3])
            raise InvalidMessage(
                f"{recording.name} has nothing between {low:.10g} and {high:.10g} Hz: its band is {bands} Hz"
            )
        return shown

    def _edges(self) -> tuple[tuple[float | None, float], tuple[float | None, float]]:
        return (self.low_hz, -np.inf), (self.high_hz, np.inf)


def overviews(
    recording: Recording,
    extent: Extent,
    *,
    fft_size: int | None = None,
    pooling: Pooling = "max",
    max_cols: int = MAX_COLS,
    max_rows: int = MAX_ROWS,
    center_hz: float | None = None,
    progress: Callable[[int], None] = lambda samples_done: None,
) -> list[Overview]:
    """An overview for each tuning in ``extent``, in the order of their frequencies.

    A column is the maximum, or the mean, of the spectra in its time, which overlap by half; a row that of its bins.

    Args:
        recording: of any length.
        extent: what of it.
        fft_size: a power of two; default is one that shows about as many columns as rows.
        max_cols: most columns of an overview; ``max_rows`` likewise.
        max_rows: see there.
        center_hz: only the tuning with this centre frequency.
        pooling: maxima show bursts that are shorter than a column; a mean is less noisy.
        progress: called after each block with the samples of the extent that are done.

    Raises:
        InvalidMessage: the extent has none of the recording's band, or ``fft_size`` is none.
        InvalidRecording: a sample is not a finite number.
        TooLarge: the receiver was tuned to more than :data:`MAX_TUNINGS` frequencies.
    """
    tunings = extent.tunings(recording)
    if center_hz is not None:
        if center_hz not in tunings:
            raise InvalidMessage(f"{recording.name} was not received at {center_hz:.10g} Hz in this part")
        tunings = {center_hz: tunings[center_hz]}
    if len(tunings) > MAX_TUNINGS:
        raise TooLarge(
            f"{recording.name} has {len(tunings)} centre frequencies there, of which a picture shows {MAX_TUNINGS}:"
            " choose a shorter part or a band"
        )
    size = _fft_size(recording, extent) if fft_size is None else fft_size
    if not MIN_FFT_SIZE <= size <= MAX_FFT_SIZE or size & (size - 1):
        raise InvalidMessage(f"fft_size {size} must be a power of two from {MIN_FFT_SIZE} to {MAX_FFT_SIZE}")
    made, done = [], 0
    for tuning_hz, stretches in tunings.items():
        pool = _Pool(recording, extent, tuning_hz, size, pooling, max_cols, max_rows)
        for start, end in stretches:
            for samples in pool.add(start, end):
                done += samples
                progress(done)
        made.append(pool.overview())
    return made


def _fft_size(recording: Recording, extent: Extent) -> int:
    """About as many rows as columns."""
    rate = recording.sample_rate_hz
    shown_hz = min(rate, (np.inf if extent.high_hz is None else extent.high_hz) - (extent.low_hz or -np.inf))
    share = max(shown_hz / rate, 1 / 64) if extent.low_hz is not None and extent.high_hz is not None else 1.0
    ideal = np.log2(np.sqrt(max(2 * (extent.end - extent.start) / share, 1)))
    return int(np.clip(2 ** round(ideal), _SMALLEST_CHOSEN, _LARGEST_CHOSEN / share))


class _Pool:
    """The pooled spectra of one tuning. Holds its picture, and one block of samples at a time."""

    def __init__(
        self,
        recording: Recording,
        extent: Extent,
        center_hz: float,
        size: int,
        pooling: Pooling,
        max_cols: int,
        max_rows: int,
    ) -> None:
        self._recording, self._extent, self._center_hz, self._size = recording, extent, center_hz, size
        self._pooling: Pooling = pooling
        self._hop = size // 2
        taper = np.hanning(size + 1)[:-1].astype(np.float32)
        self._taper = taper / taper.sum()  # a sine of amplitude 1 has power 1
        # every column and row pools as many: an uneven share would draw stripes into the noise
        self._per_col, self._cols = _shares(-(-(extent.end - extent.start) // self._hop), max_cols)
        first, last = self._bins()
        self._per_row, self._rows = _shares(last - first, max_rows)
        self._first_bin = max(min(first, size - self._per_row * self._rows), 0)
        self._last_bin = min(self._first_bin + self._per_row * self._rows, size)
        self._power = np.zeros((self._cols, self._rows), np.float32)
        self._count = np.zeros(self._cols, np.int64)

    def _bins(self) -> tuple[int, int]:
        """First bin and end of the shown band, in ascending frequency. Bin k is centred on k - size / 2 bin widths."""
        low, high = (
            default if edge is None else (edge - self._center_hz) / self._recording.sample_rate_hz
            for edge, default in ((self._extent.low_hz, -0.5), (self._extent.high_hz, 0.5))
        )
        first = int(np.clip(np.floor((low + 0.5) * self._size), 0, self._size - 1))
        return first, int(np.clip(np.ceil((high + 0.5) * self._size), first + 1, self._size))

    def add(self, start: int, end: int) -> Iterator[int]:
        """Add the samples ``start`` to ``end``, of one capture; yields how many each step took."""
        step = max(_BLOCK_SAMPLES // self._hop, 1) * self._hop
        for first in range(start, end, step):
            last = min(first + step, end)
            starts = np.arange(first, last, self._hop)
            until = min(int(starts[-1]) + self._size, end)
            iq = self._recording.read(first, until - first)
            missing = int(starts[-1]) + self._size - until  # the last spectra reach out of the stretch
            self._take(starts, np.pad(iq, (0, missing)) if missing else iq)
            yield last - first

    def _take(self, starts: NDArray[np.int64], iq: NDArray[np.complex64]) -> None:
        frames = np.lib.stride_tricks.sliding_window_view(iq, self._size)[:: self._hop]
        spectra = fft.fftshift(fft.fft(frames * self._taper, axis=1), axes=1)[:, self._first_bin : self._last_bin]
        power = np.square(spectra.real) + np.square(spectra.imag)
        join = np.maximum if self._pooling == "max" else np.add
        pooled = join.reduceat(power, np.arange(self._rows) * self._per_row, axis=1)
        cols = (starts - self._extent.start) // self._hop // self._per_col
        firsts = np.flatnonzero(np.diff(cols, prepend=-1))
        shown = cols[firsts]
        self._power[shown] = join(self._power[shown], join.reduceat(pooled, firsts, axis=0))
        self._count[shown] += np.diff(firsts, append=len(cols))

    def overview(self) -> Overview:
        power, rate = self._power, self._recording.sample_rate_hz
        if self._pooling == "mean":
            power = power / (np.maximum(self._count, 1)[:, None] * self._per_row)
        level_db = 10 * np.log10(np.maximum(power, _MIN_POWER))
        level_db[self._count == 0] = np.nan
        low_hz, high_hz = (
            self._center_hz + ((edge - 0.5) / self._size - 0.5) * rate for edge in (self._first_bin, self._last_bin)
        )
        return Overview(
            np.ascontiguousarray(level_db.T[::-1], np.float32),
            self._extent.start / rate,
            (self._extent.start + self._cols * self._per_col * self._hop) / rate,
            low_hz,
            high_hz,
            self._center_hz,
            self._size,
            self._per_col,
            self._pooling,
        )


def _shares(count: int, most: int) -> tuple[int, int]:
    """How many of ``count`` each pixel pools, and the number of pixels, at most ``most``."""
    each = -(-count // most)
    return each, -(-count // each)
