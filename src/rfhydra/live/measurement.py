"""Measurement of one emission on its IQ: SNR, occupied bandwidth and levels."""

from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rfhydra.protocol.streams import TrackMeasurement
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.noise import Iq, NoiseFloor, levels, mean_bins, powers_of, transforms_of
from rfhydra.spectrum.window import Window

X_DB: Final = 26.0
"""Of the x-dB bandwidth, ITU-R SM.443."""
MAX_MEASURED_SAMPLES: Final = 1 << 17
"""Of an emission that is longer, so many samples from its middle are measured."""
MAX_NOISE_TRANSFORMS: Final = 64
MIN_SNR_DB: Final = -30.0
"""Reported where the power in the box is not above the noise."""
_MIN_DBFS: Final = -200.0
_NOISE_MARGIN: Final = 4.0  # of the mean power of noise, that a bin of an emission has at least
_REACH: Final = 0.5  # of the width of the box, on each side, where edges of the emission are looked for


class MeasuredStretch:
    """IQ of successive windows in which emissions are measured: the last window, and the one before if it meets it."""

    def __init__(self, window: Window, before: Window | None = None) -> None:
        """Windows with IQ of one tuning; ``before`` begins before ``window`` and ends in it."""
        assert window.iq is not None
        self._window, self._parts, self._start_sec = window, [window.iq], window.start_sec
        if before is not None and before.iq is not None:
            earlier = round((window.start_sec - before.start_sec) * window.frame.bandwidth_hz)
            self._parts.insert(0, before.iq[:earlier])
            self._start_sec = before.start_sec
        self._count = sum(len(part) for part in self._parts)

    @cached_property
    def _noise(self) -> NoiseFloor:
        spec = self._window.frame.spec
        taken = [self._samples(start, start + spec.fft_size) for start in self._noise_starts]
        frames = np.stack(taken) if taken else np.zeros((0, spec.fft_size), np.complex64)
        return NoiseFloor(powers_of(frames), spec.scaling.floor_band)

    @cached_property
    def _noise_starts(self) -> NDArray[np.intp]:
        """First samples of the transforms that the noise is measured in."""
        size = self._window.frame.spec.fft_size
        return size * transforms_of(self._count // size, MAX_NOISE_TRANSFORMS)

    def _samples(self, first: int, last: int) -> Iq:
        """Samples ``first`` to ``last`` of both windows."""
        if len(self._parts) == 1:
            return self._parts[0][first:last]
        border = len(self._parts[0])
        if last <= border:
            return self._parts[0][first:last]
        later = self._parts[1][max(first - border, 0) : last - border]
        return later if first >= border else np.concatenate([self._parts[0][first:], later])

    def measure(self, box: Box) -> TrackMeasurement | None:
        """Measure the emission in ``box``, in seconds of the source and Hz; None where none of its IQ is here."""
        frame = self._window.frame
        rate, center = frame.bandwidth_hz, frame.center_freq_hz or 0.0
        low, high = ((edge - center) / rate for edge in (box.freq_low_hz, box.freq_high_hz))
        iq = self._part(box)
        if len(iq) < 2:
            return None
        power, peak = levels(iq, low, high)
        noise = self._noise.density(low, high, self._beside(box))
        signal = power - noise * (high - low) if self._noise.is_known else power
        return TrackMeasurement(
            snr_db=_decibels(signal / (noise * (high - low)), MIN_SNR_DB) if self._noise.is_known else MIN_SNR_DB,
            occupied_bandwidth_hz=x_db_bandwidth(iq, low, high, noise, frame.spec.fft_size) * rate,
            peak_dbfs=_decibels(peak, _MIN_DBFS),
            mean_dbfs=_decibels(power, _MIN_DBFS),
        )

    def _beside(self, box: Box) -> NDArray[np.bool_]:
        """Mask of the transforms of the noise that lie before or after ``box``."""
        starts, size = self._noise_starts, self._window.frame.spec.fft_size
        first, last = self._span(box)
        mask: NDArray[np.bool_] = (starts + size <= first) | (starts >= last)
        return mask

    def _span(self, box: Box) -> tuple[int, int]:
        """First and last sample of ``box`` that is here."""
        rate = self._window.frame.bandwidth_hz
        first, last = (
            min(max(round((edge - self._start_sec) * rate), 0), self._count)
            for edge in (box.time_start_sec, box.time_end_sec)
        )
        return first, last

    def _part(self, box: Box) -> Iq:
        """The samples of ``box``, or those in its middle."""
        first, last = self._span(box)
        surplus = max(last - first - MAX_MEASURED_SAMPLES, 0)
        return self._samples(first + surplus // 2, last - (surplus - surplus // 2))


def x_db_bandwidth(iq: Iq, low: float, high: float, noise_density: float, fft_size: int) -> float:
    """Width of the emission in the band ``low`` to ``high``, in cycles per sample, at :data:`X_DB` below its peak.

    Where the noise is less far below the peak, at the level of the noise. At least a bin wide, and at most twice as
    wide as the band.
    """
    size = min(fft_size, 1 << (len(iq).bit_length() - 1))
    density = mean_bins(iq, size)
    freqs = (np.arange(size) - size // 2) / size
    inside = (freqs >= low - 0.5 / size) & (freqs <= high + 0.5 / size)
    if not inside.any():
        return 1 / size
    limit = float(density[inside].max()) * 10 ** (-X_DB / 10)
    if np.isfinite(noise_density):
        limit = max(limit, _NOISE_MARGIN * noise_density)
    reach = _REACH * (high - low) + 1 / size
    near = (freqs >= low - reach) & (freqs <= high + reach)
    occupied: NDArray[np.intp] = np.flatnonzero(near & (density >= limit))
    return float(occupied[-1] - occupied[0] + 1) / size if len(occupied) else 1 / size


def _decibels(ratio: float, least: float) -> float:
    return max(10 * float(np.log10(ratio)), least) if ratio > 0 else least
