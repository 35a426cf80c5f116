"""Seeded synthetic signals with known truth, for the demo, the tests and the scenes that the body is pretrained on.

Everything is in samples and cycles per sample; noise has unit power over the whole band, so a burst of in-band SNR
``s`` and occupied bandwidth ``b`` is added with power ``s * b``. Boxes cover the *core* of an emission (its occupied
bandwidth, measured on the clean burst), never the artefacts that a receiver makes of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from rfhydra.spectrum.boxes import Box

Iq = NDArray[np.complex64]
Rng = np.random.Generator

OCCUPIED_POWER: Final = 0.99
"""Share of the power inside the occupied bandwidth: 99 %, ITU-R SM.328 and SM.443."""
KEYED_OCCUPIED_POWER: Final = 0.95
"""Hard keying splatters far; operators and energy detectors box a tighter core."""
BAND_EDGE: Final = 0.48
"""Bursts are placed within ± this many cycles per sample: a receiver's filter leaves little beyond."""


def log_uniform(rng: Rng, low: float, high: float) -> float:
    """A draw from ``low`` to ``high`` in which every octave is equally likely."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def occupied_band(iq: Iq, power: float = OCCUPIED_POWER, fft_size: int = 4096) -> tuple[float, float]:
    """Lower and upper edge, in cycles per sample, of the band that holds ``power`` of the burst (ITU-R SM.443 method).

    Measured on a Welch periodogram; each side outside holds half of the rest. Never narrower than one bin.
    """
    size = min(fft_size, len(iq))
    # Without the zeros the tapered windows would hardly see the first and last samples: the ends of a sweep.
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
    bits[[0, (duration - 1) // chip]] = 1  # silence at an end would not be part of the burst
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
    shaped: NDArray[np.complex128] = signal.upfirdn(pulse, symbols, up)
    return shaped[4 * up : 4 * up + duration].astype(np.complex64)


def ofdm(rng: Rng, duration: int, bandwidth: float) -> Iq:
    """OFDM with QPSK on every carrier inside the band and a cyclic prefix of 1/8."""
    size = int(np.clip(64 / bandwidth, 128, 4096))
    prefix = size // 8
    active = np.abs(np.fft.fftfreq(size)) <= bandwidth / 2
    count = duration // (size + prefix) + 1
    grid = np.exp(0.5j * np.pi * (rng.integers(0, 4, (count, size)) + 0.5)) * active
    symbols = np.fft.ifft(grid, axis=1)
    return np.concatenate([symbols[:, -prefix:], symbols], axis=1).ravel()[:duration].astype(np.complex64)


def hopper(rng: Rng, duration: int, bandwidth: float) -> Iq:
    """A carrier that dwells on 4 to 12 random channels of the band in turn."""
    hops = int(rng.integers(4, 13))
    channels = rng.permutation(np.linspace(-0.5, 0.5, hops)) * bandwidth
    return _phase(np.repeat(channels, -(-duration // hops))[:duration])


def comb(rng: Rng, duration: int, bandwidth: float) -> Iq:
    """3 to 9 equally spaced carriers of one level, with random phases."""
    lines = np.linspace(-0.5, 0.5, int(rng.integers(3, 10))) * bandwidth
    phases = rng.random(len(lines))
    steps = np.arange(duration)
    iq = np.zeros(duration, np.complex128)
    for freq, phase in zip(lines, phases, strict=True):
        iq += np.exp(2j * np.pi * (freq * steps + phase))
    return iq.astype(np.complex64)


def wobble(rng: Rng, duration: int, bandwidth: float) -> Iq:
    """A carrier whose frequency swings through the band, 1 to 12 times, in a sine or straight up and down."""
    turns = 2 * np.pi * (rng.uniform(1, 12) * np.arange(duration) / duration + rng.random())
    swing = np.sin(turns) if rng.random() < 0.5 else signal.sawtooth(turns, width=0.5)
    return _phase(0.5 * bandwidth * swing)


EMITTERS: Final[dict[str, Callable[[Rng, int, float], Iq]]] = {
    "tone": tone,
    "chirp": chirp,
    "ook": ook,
    "fsk2": fsk2,
    "qpsk": qpsk,
    "ofdm": ofdm,
    "hopper": hopper,
    "comb": comb,
    "wobble": wobble,
}


def make_burst(kind: str, rng: Rng, duration: int, bandwidth: float) -> Burst:
    """A burst of one of :data:`EMITTERS`, about ``bandwidth`` cycles per sample wide and ``duration`` samples long."""
    return Burst.measured(kind, EMITTERS[kind](rng, duration, bandwidth))


@dataclass(frozen=True)
class Keying:
    """How a cheap transmitter sends a packet, as found around 433 MHz: the shape of its bits and its transitions.

    ``kind`` is one of pwm, ppm, manchester, nrz (all on-off keyed) or fsk; ``chip`` is the shortest pulse and ``rise``
    the length of a transition in samples; ``bits`` are at least 4; ``gap_chips`` (ppm) are the pauses that mean 0 and
    1; ``deviation`` (fsk) and ``drift`` are in cycles per sample.
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
        envelope = self._envelope(bits)
        if self.kind == "fsk":
            envelope = envelope[:longest]
        else:  # a packet begins and ends with a pulse
            envelope = np.trim_zeros(np.trim_zeros(envelope, "f")[:longest], "b")
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
        if self.kind == "nrz":  # a run of over 4 equal bits is broken from its third on, as line codes do
            bits = np.where(np.convolve(bits, np.ones(4), "same") % 4 == 0, np.arange(len(bits)) % 2, bits)
        return np.concatenate([pulse for bit in bits for pulse in codes[bit]])


def _phase(frequency: NDArray[np.floating]) -> Iq:
    return np.exp(2j * np.pi * np.cumsum(frequency)).astype(np.complex64)


def _shaped(envelope: NDArray[np.float64], rise: int) -> NDArray[np.float64]:
    if rise < 2:
        return envelope
    kernel = signal.windows.hann(rise + 2, sym=True)
    shaped: NDArray[np.float64] = signal.oaconvolve(envelope, kernel / kernel.sum(), mode="same")
    return shaped


@dataclass(frozen=True)
class Emission:
    """A burst as it lies in a scene: samples, clipped to the scene, and cycles per sample from its middle."""

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
        """Add ``burst``, moved by ``freq`` cycles per sample and ``phase`` turns; None if it lies outside in time."""
        emission = self._lie(burst, start, freq, snr_db)
        if emission.stop - emission.start < 2:
            return None
        amplitude = np.sqrt(10 ** (snr_db / 10) * burst.bandwidth)
        heard = slice(emission.start - start, emission.stop - start)
        carrier = np.exp(2j * np.pi * (freq * np.arange(heard.start, heard.stop) + phase))
        self.iq[emission.start : emission.stop] += (burst.iq[heard] * carrier * amplitude).astype(np.complex64)
        self.emissions.append(emission)
        return emission

    def place(
        self, burst: Burst, rng: Rng, snr_db: float, *, cut: float = 0.3, max_overlap: float = 0.1, tries: int = 20
    ) -> Emission | None:
        """Add ``burst`` at a random free place, up to ``cut`` of it outside in time; None when no place was found."""
        for _ in range(tries):
            freq = _carrier_inside(burst, rng)
            first, last = -cut * len(burst), len(self.iq) - (1 - cut) * len(burst)
            start = int(rng.uniform(min(first, last), max(first, last)))
            trial = self._lie(burst, start, freq, snr_db)
            if trial.stop > trial.start and all(trial.overlap(other) <= max_overlap for other in self.emissions):
                return self.add(burst, start=start, freq=freq, snr_db=snr_db, phase=rng.random())
        return None

    def place_train(
        self, burst: Burst, rng: Rng, snr_db: float, *, repeats: int, gap: int, start: int
    ) -> list[Emission]:
        """Add ``repeats`` equal bursts on one random frequency, ``gap`` samples apart, free or not.

        Each is an emission of its own; those outside the scene are left out.
        """
        freq = _carrier_inside(burst, rng)
        period = len(burst) + gap
        added = [
            self.add(burst, start=start + index * period, freq=freq, snr_db=snr_db, phase=rng.random())
            for index in range(repeats)
        ]
        return [emission for emission in added if emission is not None]

    def _lie(self, burst: Burst, start: int, freq: float, snr_db: float) -> Emission:
        stop = min(start + len(burst), len(self.iq))
        return Emission(burst.kind, max(start, 0), stop, freq + burst.low, freq + burst.high, snr_db)


def _carrier_inside(burst: Burst, rng: Rng) -> float:
    """Where to move ``burst`` so that it lies within ± :data:`BAND_EDGE`; one that is too wide is centred."""
    centre, slack = -(burst.low + burst.high) / 2, max(BAND_EDGE - burst.bandwidth / 2, 0.0)
    return rng.uniform(centre - slack, centre + slack)


@dataclass(frozen=True)
class Receiver:
    """What a cheap receiver does to a scene. The default adds nothing but unit-power noise.

    Attributes:
        tilt_db: gains at equally spaced frequencies across the band, interpolated (filter slope and roll-off).
        image_db: level of the mirrored spectrum from I/Q imbalance; None for none.
        dc: amplitude of the DC spike relative to the noise.
        spurs: (frequency in cycles per sample, amplitude) of lines that last for the whole scene.
        agc_db: how far the noise falls while an emission over 25 dB is on; emissions keep the level of their SNR.
        steps: (start, stop, change in dB) stretches, as parts of the scene, where the noise has another level.
        bits: quantisation of each of I and Q; None for none.
        overload_db: how far the strongest samples exceed full scale before quantisation (clips above 0).
        silence: part of the scene, from the start, that is digital silence.
        phase_noise: (level in dB below the carrier, corner in cycles per sample) of what the oscillator smears around
            every emission; None for none.
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
    phase_noise: tuple[float, float] | None = None

    def hear(self, scene: Scene, rng: Rng) -> Iq:
        """The scene as IQ, complex64, same length."""
        count = len(scene.iq)
        noise = rng.standard_normal((count, 2), dtype=np.float32).view(np.complex64)[:, 0] * np.float32(np.sqrt(0.5))
        iq: Iq = self._smear(scene.iq, rng) + noise * self._noise_gain(scene)
        for freq, amplitude in self.spurs:
            iq += (amplitude * np.exp(2j * np.pi * freq * np.arange(count))).astype(np.complex64)
        if self.image_db is not None:
            iq += np.complex64(10 ** (self.image_db / 20) * np.exp(2j * np.pi * rng.random())) * np.conj(iq)
        if self.tilt_db:
            knots = np.interp(np.linspace(0, 1, count), np.linspace(0, 1, len(self.tilt_db)), self.tilt_db)
            shape = np.fft.ifftshift(10 ** (knots / 20)).astype(np.float32)
            iq = np.fft.ifft(np.fft.fft(iq) * shape).astype(np.complex64)
        iq += np.float32(self.dc)
        iq = self._quantise(iq)
        iq[: int(self.silence * count)] = -1 - 1j
        return iq

    def _smear(self, iq: Iq, rng: Rng) -> Iq:
        """``iq`` mixed with an oscillator whose phase is low-passed noise: a skirt around whatever is on."""
        if self.phase_noise is None:
            return iq
        level_db, corner = self.phase_noise
        pole = np.float32(np.exp(-2 * np.pi * corner))
        swing = signal.lfilter([np.sqrt(1 - pole**2)], [1, -pole], rng.standard_normal(len(iq), dtype=np.float32))
        smeared: Iq = (iq * np.exp(1j * 10 ** (level_db / 20) * swing)).astype(np.complex64)
        return smeared

    def _noise_gain(self, scene: Scene) -> NDArray[np.float32]:
        """Amplitude of the noise over time, float32 (samples,): what an AGC and gain steps leave of it."""
        count = len(scene.iq)
        gain = np.ones(count, np.float32)
        for start, stop, step_db in self.steps:
            gain[int(start * count) : int(stop * count)] *= 10 ** (step_db / 20)
        for emission in scene.emissions:
            if emission.snr_db > 25:
                part = gain[emission.start : emission.stop]
                np.minimum(part, 10 ** (-self.agc_db / 20), out=part)
        return gain

    def _quantise(self, iq: Iq) -> Iq:
        if self.bits is None:
            return iq
        full = 2 ** (self.bits - 1) - 1
        parts = iq.view(np.float32)
        peak = np.quantile(np.abs(parts[:: max(len(parts) // 20000, 1)]), 0.999) + 1e-9
        scale = full * 10 ** (self.overload_db / 20) / peak
        quantised: NDArray[np.float32] = np.clip(np.round(parts * scale), -full - 1, full).astype(np.float32)
        return (quantised / np.float32(full)).view(np.complex64)

    @classmethod
    def random(cls, rng: Rng) -> Self:
        """A receiver as found in the field: each fault is there in half of the draws or fewer."""

        def sometimes(part: float) -> bool:
            return rng.random() < part

        tilt = rng.uniform(-3, 3, 6) if sometimes(0.5) else np.zeros(6)
        if sometimes(0.25):
            tilt[[0, -1]] -= rng.uniform(5, 20)
        step = rng.uniform(0, 0.7)
        receiver = cls(
            tilt_db=tuple(tilt.tolist()) if tilt.any() else (),
            image_db=-rng.uniform(18, 45) if sometimes(0.35) else None,
            dc=rng.uniform(0.02, 0.5) if sometimes(0.35) else 0.0,
            agc_db=rng.uniform(0, 20) if sometimes(0.3) else 0.0,
            steps=((step, step + rng.uniform(0.1, 0.4), rng.uniform(-15, 6)),) if sometimes(0.15) else (),
            silence=rng.uniform(0.05, 0.5) if sometimes(0.04) else 0.0,
        )
        if sometimes(0.25):
            count = int(rng.integers(1, 6))
            freqs, levels = rng.uniform(-0.5, 0.5, count), 10 ** (rng.uniform(-38, -20, count) / 20)
            receiver = replace(receiver, spurs=tuple(zip(freqs.tolist(), levels.tolist(), strict=True)))
        if sometimes(0.45):
            receiver = replace(receiver, bits=8, overload_db=rng.uniform(-14, 6))
        if sometimes(0.35):
            receiver = replace(receiver, phase_noise=(-rng.uniform(10, 40), log_uniform(rng, 0.01, 1.0)))
        return receiver
