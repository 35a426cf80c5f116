"""A scene: bursts on a stretch of band, with the true box of each.

Noise has unit power over the whole band, so a burst of in-band SNR ``s`` and occupied bandwidth ``b`` is added with
power ``s * b``. A box covers the *core* of an emission: its occupied band, measured on the clean burst.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from rfhydra.spectrum.boxes import Box
from rfhydra.synth.burst import Burst, Iq, Rng

BAND_EDGE: Final = 0.48
"""By default, bursts are placed within ± this many cycles per sample; receiver filters attenuate the rest."""


@dataclass(frozen=True)
class Emission:
    """A burst in a scene: ``start`` to ``stop`` samples, clipped to it; ``low`` to ``high`` cycles per sample."""

    kind: str
    start: int
    stop: int
    low: float
    high: float
    snr_db: float

    def box(self, sample_rate_hz: float, center_freq_hz: float) -> Box:
        """The true box: seconds from the start of the scene, absolute Hz."""
        return Box(
            self.start / sample_rate_hz,
            self.stop / sample_rate_hz,
            center_freq_hz + self.low * sample_rate_hz,
            center_freq_hz + self.high * sample_rate_hz,
        )

    def overlap(self, other: "Emission") -> float:
        """Intersection over the smaller area."""
        width = min(self.stop, other.stop) - max(self.start, other.start)
        height = min(self.high, other.high) - max(self.low, other.low)
        if width <= 0 or height <= 0:
            return 0.0
        return width * height / min(self.area, other.area)

    @property
    def area(self) -> float:
        return (self.stop - self.start) * (self.high - self.low)


class Scene:
    """Emissions on a stretch of band, without noise: a :class:`.Receiver` adds it.

    ``band``, in cycles per sample, is where emissions are placed.
    """

    def __init__(self, samples: int, band: tuple[float, float] = (-BAND_EDGE, BAND_EDGE)) -> None:
        self.band = band
        self.iq: Iq = np.zeros(samples, np.complex64)
        self.emissions: list[Emission] = []

    def add(self, burst: Burst, *, start: int, freq: float, snr_db: float, phase: float = 0.0) -> Emission | None:
        """Add ``burst``, moved by ``freq`` cycles per sample and ``phase`` turns; None if it lies outside in time."""
        emission = self._emission(burst, start, freq, snr_db)
        if emission.stop - emission.start < 2:
            return None
        amplitude = np.sqrt(10 ** (snr_db / 10) * burst.bandwidth)
        inside = slice(emission.start - start, emission.stop - start)
        carrier = np.exp(2j * np.pi * (freq * np.arange(inside.start, inside.stop) + phase))
        self.iq[emission.start : emission.stop] += (burst.iq[inside] * carrier * amplitude).astype(np.complex64)
        self.emissions.append(emission)
        return emission

    def place(
        self,
        burst: Burst,
        rng: Rng,
        snr_db: float,
        *,
        start: int | None = None,
        cut: float = 0.3,
        max_overlap: float = 0.1,
        tries: int = 20,
    ) -> Emission | None:
        """Add ``burst`` at a random free place; None if ``tries`` found none.

        It begins at ``start``; None for a random sample, so that up to ``cut`` of it lie outside in time.
        """
        for _ in range(tries):
            freq = self.random_shift(burst, rng)
            begin = self._random_start(burst, rng, cut) if start is None else start
            trial = self._emission(burst, begin, freq, snr_db)
            if trial.stop > trial.start and all(trial.overlap(other) <= max_overlap for other in self.emissions):
                return self.add(burst, start=begin, freq=freq, snr_db=snr_db, phase=rng.random())
        return None

    def _random_start(self, burst: Burst, rng: Rng, cut: float) -> int:
        first, last = -cut * len(burst), len(self.iq) - (1 - cut) * len(burst)
        return int(rng.uniform(min(first, last), max(first, last)))

    def place_train(
        self, burst: Burst, rng: Rng, snr_db: float, *, repeats: int, gap: int, start: int
    ) -> list[Emission]:
        """Add ``repeats`` equal bursts on one random frequency, ``gap`` samples apart.

        Each is an emission of its own and may overlap others; those outside the scene are left out.
        """
        freq = self.random_shift(burst, rng)
        period = len(burst) + gap
        added = [
            self.add(burst, start=start + index * period, freq=freq, snr_db=snr_db, phase=rng.random())
            for index in range(repeats)
        ]
        return [emission for emission in added if emission is not None]

    def _emission(self, burst: Burst, start: int, freq: float, snr_db: float) -> Emission:
        stop = min(start + len(burst), len(self.iq))
        return Emission(burst.kind, max(start, 0), stop, freq + burst.low, freq + burst.high, snr_db)

    def random_shift(self, burst: Burst, rng: Rng) -> float:
        """A random shift of ``burst`` that puts it within the band; one that is too wide is centred."""
        low, high = self.band
        centre = (low + high) / 2 - (burst.low + burst.high) / 2
        slack = max((high - low) / 2 - burst.bandwidth / 2, 0.0)
        return rng.uniform(centre - slack, centre + slack)
