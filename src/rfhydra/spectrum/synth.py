"""Seeded synthetic signals with known truth, for the demo, the tests and the scenes that the body is pretrained on.

Everything is in samples and cycles per sample; noise has unit power over the whole band, so a burst of in-band SNR ``s``
and occupied bandwidth ``b`` is added with power ``s * b``. Boxes cover the *core* of an emission (its occupied bandwidth,
measured on the clean burst), never the artefacts that a receiver makes of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from rfhydra.spectrum.boxes import Box

Iq = NDArray[np.complex64]
Rng = np.random.Generator

OCCUPIED_POWER: Final = 0.99
"""Share of the power inside the occupied bandwidth: 99 %, ITU-R SM.328 and SM.443."""
KEYED_OCCUPIED_POWER: Final = 0.98
"""Hard keying splatters far; operators and energy detectors box a slightly tighter core."""


def occupied_band(iq: Iq, power: float = OCCUPIED_POWER, fft_size: int = 4096) -> tuple[float, float]:
    """Lower and upper edge, in cycles per sample, of the band that holds ``power`` of the burst (ITU-R SM.443 method).

    Measured on a Welch periodogram; each side outside holds half of the rest. Never narrower than one bin.
    """
    size = min(fft_size, len(iq))
    freqs, density = signal.welch(
        iq, nperseg=size, noverlap=size // 2, window="hann", detrend=False, return_onesided=False
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
    def measured(cls, kind: str, iq: NDArray[np.complexfloating], power: float = OCCUPIED_POWER) -> "Burst":
        """Normalise ``iq`` to unit mean power and measure its band."""
        unit = (iq / np.sqrt(np.mean(np.abs(iq) ** 2) + 1e-20)).astype(np.complex64)
        return cls(kind, unit, *occupied_band(unit, power))

    @property
    def bandwidth(self) -> float:
        return self.high - self.low

    def __len__(self) -> int:
        return len(self.iq)


# Emitters. Each takes the generator, a duration in samples and a bandwidth in cycles per sample.


def tone(rng: Rng, duration: int, bandwidth: float) -> Iq:
    """A carrier that drifts by at most ``bandwidth / 4``."""
    drift = rng.uniform(-0.25, 0.25) * bandwidth * np.sin(np.pi * np.arange(duration) / duration)
    return _phase(drift)


def chirp(rng: Rng, duration: int, bandwidth: float) -> Iq:
    """One linear sweep over the band, up or down."""
    sweep = np.linspace(-0.5, 0.5, duration) * bandwidth * rng.choice([-1, 1])
    return _phase(sweep)


def ook(rng: Rng, duration: int, bandwidth: float) -> Iq:
    """Non-return-to-zero on-off keying at ``bandwidth / 2`` symbols per sample."""
    chip = max(int(2 / bandwidth), 2)
    bits = rng.integers(0, 2, duration // chip + 1)
    bits[0] = 1
    return _shaped(np.repeat(bits, chip)[:duration].astype(float), chip // 4).astype(np.complex64)


def fsk2(rng: Rng, duration: int, bandwidth: float) -> Iq:
    """Binary FSK, continuous phase, modulation index 2."""
    chip = max(int(2.5 / bandwidth), 4)
    bits = rng.integers(0, 2, duration // chip + 1) * 2.0 - 1
    return _phase(np.repeat(bits, chip)[:duration] / chip)


def qpsk(rng: Rng, duration: int, bandwidth: float) -> Iq:
    """QPSK with a root-raised-cosine-like pulse (Kaiser low-pass at the symbol rate)."""
    up = max(round(1.2 / bandwidth), 2)
    symbols = np.exp(0.5j * np.pi * (rng.integers(0, 4, duration // up + 2) + 0.5))
    pulse = signal.firwin(8 * up + 1, 1.2 / up, window=("kaiser", 6.0))
    return signal.upfirdn(pulse, symbols, up)[4 * up : 4 * up + duration].astype(np.complex64)


def ofdm(rng: Rng, duration: int, bandwidth: float) -> Iq:
    """OFDM with QPSK on every carrier inside the band and a cyclic prefix of 1/8."""
    size = int(np.clip(64 / bandwidth, 128, 4096))
    active = np.abs(np.fft.fftfreq(size)) <= bandwidth / 2
    count = duration // (size + size // 8) + 1
    grid = np.exp(0.5j * np.pi * (rng.integers(0, 4, (count, size)) + 0.5)) * active
    symbols = np.fft.ifft(grid, axis=1)
    return np.concatenate([symbols[:, -size // 8 :], symbols], axis=1).ravel()[:duration].astype(np.complex64)


def hopper(rng: Rng, duration: int, bandwidth: float) -> Iq:
    """A carrier that dwells on 4 to 12 random channels of the band in turn."""
    hops = int(rng.integers(4, 13))
    channels = rng.permutation(np.linspace(-0.5, 0.5, hops)) * bandwidth
    return _phase(np.repeat(channels, -(-duration // hops))[:duration])


EMITTERS: Final[dict[str, Callable[[Rng, int, float], Iq]]] = {
    "tone": tone,
    "chirp": chirp,
    "ook": ook,
    "fsk2": fsk2,
    "qpsk": qpsk,
    "ofdm": ofdm,
    "hopper": hopper,
}


def make_burst(kind: str, rng: Rng, duration: int, bandwidth: float) -> Burst:
    """A burst of one of :data:`EMITTERS`, about ``bandwidth`` cycles per sample wide and ``duration`` samples long."""
    return Burst.measured(kind, EMITTERS[kind](rng, duration, bandwidth))


@dataclass(frozen=True)
class Keying:
    """How a cheap transmitter sends a packet, as found around 433 MHz: the shape of its bits and its transitions.

    ``kind`` is one of pwm, ppm, manchester, nrz (all on-off keyed) or fsk; ``chip`` is the shortest pulse and ``rise`` the
    length of a transition in samples; ``deviation`` (fsk) and ``drift`` are in cycles per sample.
    """

    kind: str
    chip: int
    bits: int
    gap_chips: tuple[int, int] = (2, 4)
    rise: int = 2
    deviation: float = 0.0
    drift: float = 0.0

    @property
    def longest_gap(self) -> int:
        """Longest pause inside a packet, in samples: two packets must lie further apart."""
        return self.chip * {"pwm": 2, "ppm": max(self.gap_chips), "manchester": 2, "nrz": 4, "fsk": 0}[self.kind]

    def packet(self, rng: Rng, longest: int) -> Burst:
        """One packet with random payload after a short preamble, cut at ``longest`` samples."""
        bits = np.concatenate([np.arange(min(8, self.bits)) % 2, rng.integers(0, 2, max(self.bits - 8, 0))])
        envelope = self._envelope(bits)[:longest]
        last = int(np.flatnonzero(envelope)[-1]) + 1 if envelope.any() else len(envelope)
        if self.kind != "fsk":
            envelope = envelope[:last]
        count = len(envelope)
        wander = self.drift * np.sin(np.pi * np.arange(count) / count)
        keyed = _shaped(envelope, self.rise)
        if self.kind == "fsk":
            iq = _phase(wander + (2 * keyed - 1) * self.deviation)
        else:
            iq = (keyed * _phase(wander)).astype(np.complex64)
        return Burst.measured(self.kind, iq, KEYED_OCCUPIED_POWER)

    def _envelope(self, bits: NDArray[np.integer]) -> NDArray[np.float64]:
        on, off = np.ones(self.chip), np.zeros(self.chip)
        short, long = self.gap_chips
        codes = {
            "pwm": ([on, off, off], [on, on, off]),
            "ppm": ([on] + [off] * short, [on] + [off] * long),
            "manchester": ([off, on], [on, off]),
            "nrz": ([off], [on]),
            "fsk": ([off], [on]),
        }[self.kind]
        if self.kind == "nrz":  # runs of equal bits are bounded, as line codes bound them
            bits = np.where(np.convolve(bits, np.ones(4), "same") % 4 == 0, np.arange(len(bits)) % 2, bits)
        return np.concatenate([pulse for bit in bits for pulse in codes[bit]])


def _phase(frequency: NDArray[np.floating]) -> Iq:
    return np.exp(2j * np.pi * np.cumsum(frequency)).astype(np.complex64)


def _shaped(envelope: NDArray[np.float64], rise: int) -> NDArray[np.float64]:
    if rise < 2:
        return envelope
    kernel = signal.windows.hann(rise + 2, sym=True)
    return signal.oaconvolve(envelope, kernel / kernel.sum(), mode="same")


@dataclass(frozen=True)
class Emission:
    """A burst as it lies in a scene: samples and cycles per sample, clipped to the scene."""

    kind: str
    start: int
    stop: int
    low: float
    high: float
    snr_db: float

    def box(self, sample_rate_hz: float, center_freq_hz: float) -> Box:
        """The truth in seconds from the start of the scene and absolute Hz."""
        return Box(
            self.start / sample_rate_hz,
            self.stop / sample_rate_hz,
            center_freq_hz + self.low * sample_rate_hz,
            center_freq_hz + self.high * sample_rate_hz,
        )

    def overlap(self, other: "Emission") -> float:
        """Shared area as a part of the smaller one."""
        width = min(self.stop, other.stop) - max(self.start, other.start)
        height = min(self.high, other.high) - max(self.low, other.low)
        if width <= 0 or height <= 0:
            return 0.0
        return width * height / min(self.area, other.area)

    @property
    def area(self) -> float:
        return (self.stop - self.start) * (self.high - self.low)


class Scene:
    """Emissions on a stretch of band. Add bursts, then let a :class:`Receiver` hear them."""

    def __init__(self, samples: int) -> None:
        self.iq: Iq = np.zeros(samples, np.complex64)
        self.emissions: list[Emission] = []

    def add(self, burst: Burst, *, start: int, freq: float, snr_db: float, phase: float = 0.0) -> Emission | None:
        """Add ``burst`` centred ``freq`` cycles per sample from the middle; None if it lies wholly outside."""
        begin, end = max(start, 0), min(start + len(burst), len(self.iq))
        if end - begin < 2:
            return None
        amplitude = np.sqrt(10 ** (snr_db / 10) * burst.bandwidth)
        carrier = np.exp(2j * np.pi * (freq * np.arange(begin - start, end - start) + phase))
        self.iq[begin:end] += (burst.iq[begin - start : end - start] * carrier * amplitude).astype(np.complex64)
        emission = Emission(burst.kind, begin, end, freq + burst.low, freq + burst.high, snr_db)
        self.emissions.append(emission)
        return emission

    def place(
        self, burst: Burst, rng: Rng, snr_db: float, *, cut: float = 0.3, max_overlap: float = 0.1, tries: int = 20
    ) -> Emission | None:
        """Add ``burst`` at a random free place, up to ``cut`` of it outside in time; None when no place was found."""
        for _ in range(tries):
            freq = rng.uniform(-0.48 - burst.low, max(0.48 - burst.high, -0.48 - burst.low))
            first, last = -cut * len(burst), len(self.iq) - (1 - cut) * len(burst)
            start = int(rng.uniform(min(first, last), max(first, last)))
            trial = Emission(
                burst.kind,
                max(start, 0),
                min(start + len(burst), len(self.iq)),
                freq + burst.low,
                freq + burst.high,
                snr_db,
            )
            if trial.stop > trial.start and all(trial.overlap(other) <= max_overlap for other in self.emissions):
                return self.add(burst, start=start, freq=freq, snr_db=snr_db, phase=rng.random())
        return None

    def place_train(
        self, burst: Burst, rng: Rng, snr_db: float, *, repeats: int, gap: int, start: int
    ) -> list[Emission]:
        """Add ``repeats`` equal bursts on one frequency, ``gap`` samples apart. Each is an emission of its own."""
        freq = rng.uniform(-0.48 - burst.low, max(0.48 - burst.high, -0.48 - burst.low))
        period = len(burst) + gap
        added = [
            self.add(burst, start=start + index * period, freq=freq, snr_db=snr_db, phase=rng.random())
            for index in range(repeats)
        ]
        return [emission for emission in added if emission is not None]


@dataclass(frozen=True)
class Receiver:
    """What a cheap receiver does to a scene. The default adds nothing but unit-power noise.

    Attributes:
        tilt_db: gains at equally spaced frequencies across the band, interpolated (filter slope and roll-off).
        image_db: level of the mirrored spectrum from I/Q imbalance; None for none.
        dc: amplitude of the DC spike relative to the noise.
        spurs: (frequency in cycles per sample, amplitude) of lines that last for the whole scene.
        agc_db: how far the gain falls, noise included, while an emission over 25 dB is on.
        steps: (start, stop, gain in dB) stretches, as parts of the scene, where the gain is another one.
        bits: quantisation of each of I and Q; None for none.
        overload_db: how far the strongest samples exceed full scale before quantisation (clips above 0).
        silence: part of the scene, from the start, that is digital silence.
    """

    tilt_db: tuple[float, ...] = ()
    image_db: float | None = None
    dc: float = 0.0
    spurs: tuple[tuple[float, float], ...] = ()
    agc_db: float = 0.0
    steps: tuple[tuple[float, float, float], ...] = ()
    bits: int | None = None
    overload_db: float = -6.0
    silence: float = 0.0

    def hear(self, scene: Scene, rng: Rng) -> Iq:
        """The scene as IQ, complex64, same length."""
        count = len(scene.iq)
        noise = rng.standard_normal((count, 2), dtype=np.float32).view(np.complex64)[:, 0] * np.float32(np.sqrt(0.5))
        gain = self._gain(scene)
        iq = scene.iq + noise * gain
        for freq, amplitude in self.spurs:
            iq += (amplitude * np.exp(2j * np.pi * freq * np.arange(count))).astype(np.complex64)
        if self.image_db is not None:
            iq = iq + np.complex64(10 ** (self.image_db / 20) * np.exp(2j * np.pi * rng.random())) * np.conj(iq)
        if self.tilt_db:
            knots = np.interp(np.linspace(0, 1, count), np.linspace(0, 1, len(self.tilt_db)), self.tilt_db)
            iq = np.fft.ifft(np.fft.fft(iq) * np.fft.ifftshift(10 ** (knots / 20)).astype(np.float32))
        iq = self._quantise(iq + np.float32(self.dc))
        iq[: int(self.silence * count)] = -1 - 1j
        return iq

    def _gain(self, scene: Scene) -> NDArray[np.float32]:
        """Gain on the noise over time: what an AGC and gain steps leave of it."""
        count = len(scene.iq)
        gain = np.ones(count, np.float32)
        for start, stop, step_db in self.steps:
            gain[int(start * count) : int(stop * count)] *= 10 ** (step_db / 20)
        for emission in scene.emissions:
            if emission.snr_db > 25:
                part = gain[emission.start : emission.stop]
                np.minimum(part, 10 ** (-self.agc_db / 20), out=part)
        return gain

    def _quantise(self, iq: NDArray[np.complexfloating]) -> Iq:
        if self.bits is None:
            return iq.astype(np.complex64)
        full = 2 ** (self.bits - 1) - 1
        parts = np.ascontiguousarray(iq.astype(np.complex64)).view(np.float32)
        peak = np.quantile(np.abs(parts[:: max(len(parts) // 20000, 1)]), 0.999) + 1e-9
        scale = full * 10 ** (self.overload_db / 20) / peak
        return (np.clip(np.round(parts * scale), -full - 1, full) / full).astype(np.float32).view(np.complex64)

    @classmethod
    def random(cls, rng: Rng) -> "Receiver":
        """A receiver as found in the field: each fault is there in a third of the draws or fewer."""

        def sometimes(part: float) -> bool:
            return bool(rng.random() < part)

        tilt = rng.uniform(-3, 3, 6) if sometimes(0.5) else np.zeros(6)
        if sometimes(0.25):
            tilt[[0, -1]] -= rng.uniform(5, 20)
        step = rng.uniform(0, 0.7)
        plain = cls(
            tilt_db=tuple(float(value) for value in tilt) if tilt.any() else (),
            image_db=float(-rng.uniform(18, 45)) if sometimes(0.35) else None,
            dc=float(rng.uniform(0.02, 0.5)) if sometimes(0.35) else 0.0,
            agc_db=float(rng.uniform(0, 20)) if sometimes(0.3) else 0.0,
            steps=((step, step + rng.uniform(0.1, 0.4), rng.uniform(-15, 6)),) if sometimes(0.15) else (),
            silence=float(rng.uniform(0.05, 0.5)) if sometimes(0.04) else 0.0,
        )
        if sometimes(0.25):
            count = int(rng.integers(1, 6))
            spurs = zip(rng.uniform(-0.5, 0.5, count), 10 ** (rng.uniform(-38, -20, count) / 20), strict=True)
            plain = replace(plain, spurs=tuple((float(freq), float(level)) for freq, level in spurs))
        if sometimes(0.45):
            plain = replace(plain, bits=8, overload_db=float(rng.uniform(-14, 6)))
        return plain
