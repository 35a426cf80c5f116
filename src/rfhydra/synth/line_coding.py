"""Line codes of cheap transmitters: how the bits of a packet become pulses or tones."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rfhydra.synth.burst import KEYED_OCCUPIED_POWER, Burst, Rng
from rfhydra.synth.signals import phase_modulated, smoothed


@dataclass(frozen=True)
class LineCode:
    """The packet format of a cheap transmitter, as found around 433 MHz.

    ``kind`` is one of pwm, ppm, manchester, nrz (all on-off keyed) or fsk; ``symbol`` is the shortest pulse and
    ``rise`` the length of a transition in samples; ``bits`` are at least 4; ``gap_symbols`` (ppm) are the pauses of
    0 and 1; ``deviation`` (fsk) and ``drift`` are in cycles per sample.
    """

    kind: str
    symbol: int
    bits: int
    gap_symbols: tuple[int, int] = (2, 4)
    rise: int = 2
    deviation: float = 0.0
    drift: float = 0.0

    @property
    def longest_gap(self) -> int:
        """Longest pause inside a packet, in samples; the gap between packets must be longer."""
        return self.symbol * {"pwm": 2, "ppm": max(self.gap_symbols), "manchester": 2, "nrz": 4, "fsk": 0}[self.kind]

    def packet(self, rng: Rng, max_samples: int) -> Burst:
        """One packet of a short preamble and random payload, cut at ``max_samples``."""
        bits = np.concatenate([np.arange(min(8, self.bits)) % 2, rng.integers(0, 2, max(self.bits - 8, 0))])
        envelope = self._envelope(bits)
        if self.kind == "fsk":
            envelope = envelope[:max_samples]
        else:  # a packet begins and ends with a pulse
            envelope = np.trim_zeros(np.trim_zeros(envelope, "f")[:max_samples], "b")
        count = len(envelope)
        wander = self.drift * np.sin(np.pi * np.arange(count) / count)
        keyed = smoothed(envelope, self.rise)
        if self.kind == "fsk":
            iq = phase_modulated(wander + (2 * keyed - 1) * self.deviation)
        else:
            iq = (keyed * phase_modulated(wander)).astype(np.complex64)
        return Burst.measured(self.kind, iq, KEYED_OCCUPIED_POWER)

    def _envelope(self, bits: NDArray[np.integer]) -> NDArray[np.float64]:
        on, off = np.ones(self.symbol), np.zeros(self.symbol)
        short, long = self.gap_symbols
        codes = {
            "pwm": ([on, off, off], [on, on, off]),
            "ppm": ([on] + [off] * short, [on] + [off] * long),
            "manchester": ([off, on], [on, off]),
            "nrz": ([off], [on]),
            "fsk": ([off], [on]),
        }[self.kind]
        if self.kind == "nrz":  # runs of more than 4 equal bits are broken from the third on
            bits = np.where(np.convolve(bits, np.ones(4), "same") % 4 == 0, np.arange(len(bits)) % 2, bits)
        return np.concatenate([pulse for bit in bits for pulse in codes[bit]])
