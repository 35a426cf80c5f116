"""Isolated emissions at baseband, and the measurement of their occupied band.

Everything in ``synth`` is in samples and cycles per sample.
"""

from dataclasses import dataclass
from typing import Final, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import signal

Iq: TypeAlias = NDArray[np.complex64]
Rng: TypeAlias = np.random.Generator

OCCUPIED_POWER: Final = 0.99
"""Share of the power inside the occupied bandwidth: 99 %, ITU-R SM.328 and SM.443."""
KEYED_OCCUPIED_POWER: Final = 0.95
"""The same for keyed packets: hard keying splatters, and operators and energy detectors box a tighter core."""

DRIFT_TAIL: Final = (1 - OCCUPIED_POWER) / 2


def log_uniform(rng: Rng, low: float, high: float) -> float:
    """A random number from ``low`` to ``high``, uniform in its logarithm."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def occupied_band(iq: Iq, power: float = OCCUPIED_POWER, fft_size: int = 4096) -> tuple[float, float]:
    """Lower and upper edge, in cycles per sample, of the band that holds ``power`` of the burst (ITU-R SM.443 method).

    Measured on a Welch periodogram; half of the rest lies on each side. At least one bin wide.
    """
    size = min(fft_size, len(iq))
    # Padded, because the tapered windows attenuate the first and last samples, such as the ends of a sweep.
    padded = np.pad(iq, (size // 2, size))
    freqs, density = signal.welch(
        padded, nperseg=size, noverlap=size // 2, window="hann", detrend=False, return_onesided=False
    )
    order = np.argsort(freqs)
    share = np.cumsum(density[order]) / max(float(density.sum()), 1e-30)
    tail, edges, half_bin = (1 - power) / 2, freqs[order], 0.5 / size
    low = edges[min(int(np.searchsorted(share, tail)), size - 1)] - half_bin
    high = edges[min(int(np.searchsorted(share, 1 - tail)), size - 1)] + half_bin
    return float(low), float(high)


@dataclass(frozen=True, eq=False)
class Burst:
    """One isolated emission at baseband: complex64 ``iq`` of unit mean power and its occupied band."""

    kind: str
    iq: Iq
    low: float
    high: float

    @classmethod
    def measured(cls, kind: str, iq: NDArray[np.complexfloating], power: float = OCCUPIED_POWER) -> Self:
        """Normalise ``iq`` to unit mean power and measure its band."""
        unit = (iq / np.sqrt(np.mean(np.abs(iq) ** 2) + 1e-20)).astype(np.complex64)
        return cls(kind, unit, *occupied_band(unit, power))

    @property
    def bandwidth(self) -> float:
        return self.high - self.low

    def drifting(self, offsets: NDArray[np.floating]) -> "Burst":
        """This burst on a carrier that is off by ``offsets`` (samples,), in cycles per sample.

        Its band is that of the burst, moved from where the carrier spends its lowest 0.5 % to its highest.
        """
        first, last = np.quantile(offsets[:: max(len(offsets) // 1000, 1)], [DRIFT_TAIL, 1 - DRIFT_TAIL])
        turns = (np.cumsum(offsets) % 1).astype(np.float32)  # in single precision exp takes a third of the time
        carrier = np.exp(2j * np.pi * turns)
        return Burst(self.kind, (self.iq * carrier).astype(np.complex64), self.low + first, self.high + last)

    def __len__(self) -> int:
        return len(self.iq)
