"""Power of IQ in a band, and of the noise beside the emissions in it. Frequencies are in cycles per sample."""

import math
from functools import cached_property, lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft

Iq = NDArray[np.complex64]

_PEAK_OVERSAMPLING: Final = 4  # the peak between two samples is at most 0.7 dB above them, and 0.2 dB in the mean
_MAX_OCCUPIED: Final = 4.0  # ratio of the noise in a band to that of all bins; above it, the band is occupied
_MEDIAN_OF_NOISE: Final = float(np.log(2))  # of its mean: the power of a bin of noise is exponentially distributed
_BLOCK: Final = 8  # transforms at a time: what fits a cache takes less time
_MIN_BINS: Final = 3
_MIN_CELLS: Final = 48  # bins of all transforms, for a measurement of the noise to within 1 dB
_MAX_CELLS: Final = 1 << 14  # of more, some are left out: so many measure the noise to within 0.05 dB
_CLIP: Final = 5.0  # of the mean of the noise: what is above it is an emission
_CLIPPED_MEAN: Final = 1 - _CLIP * float(np.exp(-_CLIP)) / (1 - float(np.exp(-_CLIP)))


def band_passed(iq: Iq, low: float, high: float) -> Iq:
    """The part of ``iq`` (samples,) from ``low`` to ``high``."""
    size = fft.next_fast_len(len(iq))
    freqs = fft.fftfreq(size)
    spectrum = fft.fft(iq, size)
    spectrum[(freqs < low) | (freqs > high)] = 0
    part: Iq = fft.ifft(spectrum)[: len(iq)].astype(np.complex64)
    return part


def levels(iq: Iq, low: float, high: float) -> tuple[float, float]:
    """Mean and peak power of the part of ``iq`` (samples,) from ``low`` to ``high``.

    The mean is that of its bins (Parseval's theorem). The peak is that of samples at :data:`_PEAK_OVERSAMPLING` times
    its bandwidth, or at all of them.
    """
    size = fft.next_fast_len(len(iq))
    first = max(math.ceil(low * size), -(size // 2))
    last = min(math.floor(high * size), (size - 1) // 2) + 1
    if last <= first:
        return 0.0, 0.0
    bins = fft.fft(iq, size)[np.arange(first, last)]  # negative frequencies lie at the end
    sampled = min(fft.next_fast_len(_PEAK_OVERSAMPLING * len(bins)), size)
    shifted = fft.ifft(bins, sampled) * np.float32(sampled / size)
    mean = float(_squares(bins).sum()) / size / len(iq)
    return mean, max(mean, float(_squares(shifted).max()))


def mean_power(iq: Iq) -> float:
    """Mean power of ``iq`` (samples,)."""
    return float(_squares(iq).mean())


def _squares(values: Iq) -> NDArray[np.float32]:
    """Squared absolute values."""
    squares: NDArray[np.float32] = np.square(values.real)
    squares += np.square(values.imag)
    return squares


@lru_cache(maxsize=8)
def _taper(size: int) -> tuple[NDArray[np.float32], float]:
    """A periodic Hann window of ``size``, and the sum of its squares."""
    taper = np.hanning(size + 1)[:-1].astype(np.float32)
    return taper, float(np.square(taper).sum())


def power_bins(iq: Iq, fft_size: int, max_transforms: int | None = None) -> NDArray[np.float32]:
    """Power of every FFT bin, (transforms, fft_size) in ascending frequency; white noise has its own power.

    Transforms follow each other; of more than ``max_transforms`` so many are taken, evenly spread.
    """
    frames = _frames(iq, fft_size)
    return powers_of(frames[transforms_of(len(frames), max_transforms)])


def mean_bins(iq: Iq, fft_size: int) -> NDArray[np.float32]:
    """The mean of :func:`power_bins` over its transforms, at least one, (fft_size,)."""
    frames, total = _frames(iq, fft_size), np.zeros(fft_size, np.float32)
    for first in range(0, len(frames), _BLOCK):
        total += powers_of(frames[first : first + _BLOCK]).sum(axis=0)
    return total / np.float32(len(frames))


def _frames(iq: Iq, fft_size: int) -> Iq:
    """Successive parts of ``iq`` (samples,), (transforms, fft_size)."""
    return iq[: len(iq) // fft_size * fft_size].reshape(-1, fft_size)


def powers_of(frames: Iq) -> NDArray[np.float32]:
    """Power of every FFT bin of ``frames`` (transforms, samples), as of :func:`power_bins`."""
    taper, energy = _taper(frames.shape[1])
    power = _squares(fft.fft(frames * taper, axis=1, overwrite_x=True)) / np.float32(energy)
    shifted: NDArray[np.float32] = fft.fftshift(power, axes=1)
    return shifted


def transforms_of(count: int, most: int | None) -> NDArray[np.intp]:
    """The numbers of the transforms, of ``count``, that :func:`power_bins` takes."""
    taken = count if most is None else min(count, most)
    return np.linspace(0, max(count - 1, 0), taken).round().astype(np.intp)


def bins_of(low: float, high: float, size: int) -> tuple[int, int]:
    """First bin and end of the band ``low`` to ``high`` of ``size`` bins in ascending frequency; at least a few."""
    first, last = round((low + 0.5) * size), round((high + 0.5) * size)
    lacking = max(_MIN_BINS - (last - first), 0)
    return max(first - lacking, 0), max(last + lacking, 0)


class NoiseFloor:
    """Power density of the noise of a stretch of IQ by frequency."""

    def __init__(self, bins: NDArray[np.float32], inner_band: float) -> None:
        """
        Args:
            bins: as of :func:`power_bins`; those that are known to hold an emission are NaN.
            inner_band: share of the band, around its centre, that the filters of the receiver pass.
        """
        self._bins = bins
        self._inner_band = inner_band

    @cached_property
    def _overall(self) -> float:
        edge = (1 - self._inner_band) / 2
        return _noise_power(self._bins[:, slice(*bins_of(edge - 0.5, 0.5 - edge, self._bins.shape[1]))]) or np.inf

    @property
    def is_known(self) -> bool:
        """Whether the noise can be measured: not in digital silence, nor in a few transforms."""
        return bool(np.isfinite(self._overall))

    def density(self, low: float, high: float, transforms: NDArray[np.bool_] | None = None) -> float:
        """Power of the noise per cycle per sample in the band ``low`` to ``high``.

        That of the whole band where emissions fill the asked one for most of the time. ``transforms`` are those that
        count; None for all.
        """
        bins = self._bins[:, slice(*bins_of(low, high, self._bins.shape[1]))]
        density = _noise_power(bins if transforms is None else bins[transforms])
        is_noise = density is not None and density <= _MAX_OCCUPIED * self._overall
        return density if density is not None and is_noise else self._overall


def _noise_power(bins: NDArray[np.float32]) -> float | None:
    """Mean power of the noise in ``bins``, without emissions; None where there are too few bins."""
    taken = bins.reshape(-1)[:: bins.size // _MAX_CELLS | 1]  # an odd step: not always the same bins
    values = taken[taken > 0]  # neither NaN nor digital silence
    if len(values) < _MIN_CELLS:
        return None
    power = float(np.median(values)) / _MEDIAN_OF_NOISE
    for _ in range(3):
        power = float(values[values <= _CLIP * power].mean()) / _CLIPPED_MEAN
    return power
