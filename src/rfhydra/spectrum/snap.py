"""Snap: the edges of a box moved to those of the energy in it.

Edges are where the power, in the band of the box by time and in its time by frequency, falls to :data:`ABOVE_FLOOR_DB`
over the noise or, of a strong emission, to :data:`BELOW_PEAK_DB` under its peak, as ITU-R SM.328 measures bandwidths.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.noise import NoiseFloor

ABOVE_FLOOR_DB: Final = 6.0
BELOW_PEAK_DB: Final = 26.0
MARGIN: Final = 0.5
"""Of the extent of a box, on each side of it, in which an edge may come to lie."""
MAX_SPECTRA: Final = 2048
"""Of one measurement, evenly spread over the box and its margins."""
MIN_FFT_SIZE: Final = 16
MAX_FFT_SIZE: Final = 8192
_CELLS: Final = 8
"""Bins in the width of a box by time, spectra in its length by frequency: their mean is steady enough."""
_FINE: Final = 64
"""Bins in the width of a box by frequency."""
_INNER_BAND: Final = 0.8
"""Share of the band that the filters of a receiver pass."""

ReadIq: TypeAlias = Callable[[int, int], NDArray[np.complex64]]
"""Samples from the first number to the second, end excluded."""


def snap_box(box: Box, read: ReadIq, first: int, last: int, sample_rate_hz: float, center_freq_hz: float) -> Box:
    """``box`` with its edges at those of the energy in it and next to it; as it is where nothing stands out.

    An edge is left where it is if the energy goes on for more than :data:`MARGIN` beyond it.

    Args:
        box: its times count from the same sample as ``first``.
        read: reads the samples, of one tuning.
        first: number of the first sample that may be read.
        last: one past the last one.
        sample_rate_hz: of the samples.
        center_freq_hz: likewise.
    """
    rate, low, high = sample_rate_hz, box.freq_low_hz - center_freq_hz, box.freq_high_hz - center_freq_hz
    start, end = max(round(box.time_start_sec * rate), first), min(round(box.time_end_sec * rate), last)
    if end - start < MIN_FFT_SIZE:
        return box
    margin = round(MARGIN * (end - start))
    reach = max(start - margin, first), min(end + margin, last)
    by_time = _spectra(read, reach, _size(_CELLS * rate / (high - low), (end - start) / _CELLS))
    if by_time is None:
        return box
    powers, starts, size = by_time
    bins = _bins(low / rate, high / rate, size)
    edges = _edges(powers[:, bins].mean(1), _floor(powers, low / rate, high / rate), starts + size / 2, start, end)
    if edges is None:
        return box
    if edges != (start, end):
        half = (starts[1] - starts[0]) / 2 if len(starts) > 1 else size / 2
        start = start if edges[0] == start else max(round(edges[0] - half), first)
        end = end if edges[1] == end else min(round(edges[1] + half), last)
    return _in_frequency(box, read, (start, end), rate, center_freq_hz)


def _in_frequency(box: Box, read: ReadIq, span: tuple[int, int], rate: float, center_hz: float) -> Box:
    """``box`` from sample to sample of ``span``, with the edges of its band moved."""
    start, end = span
    timed = replace(box, time_start_sec=start / rate, time_end_sec=end / rate)
    low, high = box.freq_low_hz - center_hz, box.freq_high_hz - center_hz
    measured = _spectra(read, span, _size(_FINE * rate / (high - low), (end - start) / _CELLS))
    if measured is None:
        return timed
    powers, _, size = measured
    width = rate / size
    centres = (np.arange(size) - size / 2) * width
    margin = MARGIN * (high - low)
    near = (centres >= low - margin) & (centres <= high + margin)
    floor = _floor(powers, (low - margin) / rate, (high + margin) / rate)
    edges = _edges(powers[:, near].mean(0), floor, centres[near], low, high)
    if edges is None:
        return timed
    half = width / 2
    new_low = low if edges[0] == low else max(edges[0] - half, -rate / 2)
    new_high = high if edges[1] == high else min(edges[1] + half, rate / 2)
    return replace(timed, freq_low_hz=center_hz + new_low, freq_high_hz=center_hz + new_high)


def _size(wanted: float, most: float) -> int:
    """The power of two nearest to ``wanted`` samples, and at most ``most``, within the bounds of a transform."""
    size = 2 ** round(np.log2(max(wanted, 1)))
    fitting = 2 ** int(np.log2(max(most, 1)))
    return int(np.clip(min(size, fitting), MIN_FFT_SIZE, MAX_FFT_SIZE))


def _spectra(
    read: ReadIq, span: tuple[int, int], size: int
) -> tuple[NDArray[np.float32], NDArray[np.int64], int] | None:
    """Power of each bin (spectra, size), ascending, the first sample of each spectrum, and the size; overlap is three
    quarters, or less where there would be too many. None if there is no room for a spectrum."""
    first, last = span
    if last - first < size:
        return None
    count = min((last - first - size) // max(size // 4, 1) + 1, MAX_SPECTRA)
    starts = first + np.round(np.linspace(0, last - first - size, count)).astype(np.int64)
    if last - first <= MAX_SPECTRA * size:
        frames = np.lib.stride_tricks.sliding_window_view(read(first, last), size)[starts - first]
    else:
        frames = np.stack([read(int(each), int(each) + size) for each in starts])
    taper = np.hanning(size + 1)[:-1].astype(np.float32)
    spectrum = fft.fftshift(fft.fft(frames * taper, axis=1), axes=1)
    powers: NDArray[np.float32] = (np.square(spectrum.real) + np.square(spectrum.imag)) / np.square(taper).sum()
    return powers, starts, size


def _bins(low: float, high: float, size: int) -> slice:
    """The bins of a band in cycles per sample, at least one."""
    first = int(np.clip(np.floor((low + 0.5) * size + 0.5), 0, size - 1))
    return slice(first, int(np.clip(np.ceil((high + 0.5) * size - 0.5), first + 1, size)))


def _floor(powers: NDArray[np.float32], low: float, high: float) -> float:
    """Power of the noise in a bin."""
    floor = NoiseFloor(powers, _INNER_BAND)
    return floor.density(max(low, -0.5), min(high, 0.5)) if floor.is_known else 0.0


def _edges(
    profile: NDArray[np.float32], floor: float, places: NDArray[np.floating], low: float, high: float
) -> tuple[float, float] | None:
    """First and last of ``places`` where ``profile`` stands out, from ``low`` to ``high`` and as far as it goes on
    beyond; ``low`` or ``high`` itself where it does not end. None where nothing stands out."""
    inside = (places >= low) & (places <= high)
    if not inside.any():
        return None
    peak = float(profile[inside].max())
    threshold = max(floor * 10 ** (ABOVE_FLOOR_DB / 10), peak / 10 ** (BELOW_PEAK_DB / 10))
    stands_out = profile >= threshold
    found = np.flatnonzero(stands_out & inside)
    if peak < threshold or not len(found):
        return None
    numbers = np.flatnonzero(inside)
    first, last = int(found[0]), int(found[-1])
    if first == numbers[0]:
        first = _goes_on(stands_out[first::-1], first, -1)
    if last == numbers[-1]:
        last = _goes_on(stands_out[last:], last, 1)
    return (low if first < 0 else float(places[first]), high if last < 0 else float(places[last]))


def _goes_on(stands_out: NDArray[np.bool_], start: int, step: int) -> int:
    """The last place of a run that begins at ``start``; -1 where it does not end."""
    length = int(np.argmin(stands_out)) if not stands_out.all() else 0
    return start + step * (length - 1) if length else -1
