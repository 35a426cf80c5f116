"""Random bursts of a library or synthetic ones: as they are, wide, short, or thin."""

from itertools import count
from typing import Final

import numpy as np

from rfhydra.pretrain.burst_library import family
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.synth import Burst, Rng, log_uniform, make_burst, random_drift, tone_shift_keying

SYNTHETIC: Final = ("hopper", "chirp", "ofdm", "qpsk", "tone", "comb", "wobble", "wobble", "wobble")
WIDE: Final = ("ofdm", "ofdm", "qpsk", "chirp", "ook")
LASTING: Final = ("qpsk", "ofdm", "fsk2", "tone")
THIN: Final = ("tone", "tone", "fsk2", "qpsk", "ook", "wobble")
LINE_CLASS: Final = "line"
LIBRARY_HOP: Final = 128  # the bursts of the library fit windows of this hop, or of longer ones
MAX_DRIFT: Final = 0.1


class BurstSource:
    """Draws bursts. Families of the library are equally likely, ``linear`` and ``ofdm`` twice as likely."""

    def __init__(self, library: list[Burst], rng: Rng) -> None:
        self.rng = rng
        self._numbers = count()
        self._by_family: dict[str, list[Burst]] = {}
        for burst in library:
            self._by_family.setdefault(family(burst.kind), []).append(burst)
        names = sorted(self._by_family)
        weights = np.array([2.0 if name in ("linear", "ofdm") else 1.0 for name in names])
        self._names, self._weights = names, weights / max(weights.sum(), 1.0)

    def number(self) -> int:
        """The number of a new transmitter."""
        return next(self._numbers)

    def draw(self, spec: SpectrogramSpec) -> Burst:
        """A burst for windows of ``spec``, four fifths of them from the library."""
        rng = self.rng
        if not self._names or rng.random() < 0.2:
            kind = str(rng.choice(SYNTHETIC))
            return make_burst(kind, rng, int(spec.hop * log_uniform(rng, 3, 300)), log_uniform(rng, 0.01, 0.3))
        burst = self._from_library()
        return burst if spec.hop >= LIBRARY_HOP else self.cut(burst, int(spec.hop * log_uniform(rng, 4, 300)))

    def draw_wide(self, samples: int) -> Burst:
        """A burst of about 0.6 cycles per sample to all of the band, of half of ``samples`` to all of them."""
        rng = self.rng
        if self._names and rng.random() < 0.5:
            burst = self._from_library()
            step = int(0.95 / burst.bandwidth)
            if step > 1 and len(burst) >= step * samples / 2:
                centring = np.exp(-1j * np.pi * (burst.low + burst.high) * np.arange(len(burst)))
                return self.cut(Burst.measured(burst.kind, (burst.iq * centring)[::step]), samples)
        return make_burst(str(rng.choice(WIDE)), rng, samples, rng.uniform(0.6, 0.95))

    def draw_lasting(self, spec: SpectrogramSpec) -> Burst:
        """A burst that is longer than a window of ``spec``."""
        rng = self.rng
        samples, bandwidth = int(spec.window_samples * rng.uniform(1.6, 2.2)), log_uniform(rng, 0.005, 0.4)
        return make_burst(str(rng.choice(LASTING)), rng, samples, bandwidth)

    def draw_short(self, spec: SpectrogramSpec) -> Burst:
        """A burst of 3 to 6 columns."""
        rng = self.rng
        samples = int(spec.hop * rng.uniform(3, 6))
        if self._names and rng.random() < 0.6:
            return self.cut(self._from_library(), samples)
        return make_burst(str(rng.choice(SYNTHETIC)), rng, samples, log_uniform(rng, 4 / samples, 0.4))

    def draw_thin(self, spec: SpectrogramSpec) -> Burst:
        """A burst of 2 to 5 rows and 8 to 300 columns."""
        rng = self.rng
        samples, bandwidth = int(spec.hop * log_uniform(rng, 8, 300)), rng.uniform(1, 4) / spec.rows
        return make_burst(str(rng.choice(THIN)), rng, samples, bandwidth)

    def draw_line(self, samples: int, bandwidth: float, *, tones: int, symbol: int) -> Burst:
        """A slow FSK transmission."""
        iq = tone_shift_keying(self.rng, samples, bandwidth, tones=tones, symbol=symbol)
        return Burst.measured(LINE_CLASS, iq)

    def cut(self, burst: Burst, samples: int) -> Burst:
        """A random part of ``burst`` of at most ``samples``."""
        if len(burst) <= samples:
            return burst
        start = int(self.rng.integers(0, len(burst) - samples + 1))
        part = burst.iq[start : start + samples]
        return Burst.measured(burst.kind, part) if np.abs(part).any() else burst

    def drifting(self, burst: Burst, spec: SpectrogramSpec) -> Burst:
        """``burst`` on a carrier that drifts by up to three times its bandwidth."""
        most = log_uniform(self.rng, 0.3, 3) * max(burst.bandwidth, 2 / spec.rows)
        return burst.drifting(random_drift(self.rng, len(burst), min(most, MAX_DRIFT)))

    def _from_library(self) -> Burst:
        rng = self.rng
        name = self._names[int(rng.choice(len(self._names), p=self._weights))]
        return self._varied(self._by_family[name][int(rng.integers(len(self._by_family[name])))])

    def _varied(self, burst: Burst) -> Burst:
        """The burst mirrored, cut, or with an echo, at random."""
        rng, iq = self.rng, burst.iq
        low, high = burst.low, burst.high
        if rng.random() < 0.5 and family(burst.kind) not in ("am-lsb", "am-usb"):
            iq, low, high = np.conj(iq), -high, -low
        if rng.random() < 0.3 and len(iq) > 4000:
            count = int(len(iq) * rng.uniform(0.3, 1.0))
            start = int(rng.integers(0, len(iq) - count + 1))
            iq = iq[start : start + count]
        if rng.random() < 0.3:
            delay = int(rng.integers(1, 40))
            echo = np.complex64(rng.uniform(0, 0.7) * np.exp(2j * np.pi * rng.random()))
            iq = np.concatenate([iq[:delay], iq[delay:] + echo * iq[:-delay]])
        return Burst(burst.kind, iq, low, high)
