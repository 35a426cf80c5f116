"""A receiver model: noise and the artefacts of cheap receivers."""

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from rfhydra.synth.burst import Iq, Rng, log_uniform
from rfhydra.synth.scene import BAND_EDGE, Scene

PUMPING_BLOCK: Final = 64


@dataclass(frozen=True)
class Passband:
    """A filter that passes ``low`` to ``high`` and falls to ``-stop_db`` within ``edge``, in cycles per sample."""

    low: float
    high: float
    edge: float
    stop_db: float

    def gains_db(self, freqs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Gain in dB at each of ``freqs`` (n,), cycles per sample."""
        outside = np.maximum(self.low - freqs, freqs - self.high)
        gains: NDArray[np.float64] = -self.stop_db * np.clip(outside / self.edge, 0, 1)
        return gains


@dataclass(frozen=True)
class Pumping:
    """An AGC that attacks at once and recovers slowly, so that the noise after a strong emission comes up again.

    A level above ``threshold_db``, relative to noise of unit power, is brought down to ``slope`` times its excess;
    the gain recovers by ``decay_db`` for each sample.
    """

    threshold_db: float
    slope: float
    decay_db: float

    def gains(self, iq: Iq) -> NDArray[np.float32]:
        """Amplitude gain at each sample of ``iq``, float32 (samples,)."""
        blocks = -(-len(iq) // PUMPING_BLOCK)
        padded = np.pad(iq, (0, blocks * PUMPING_BLOCK - len(iq))).reshape(blocks, -1)
        level_db = 10 * np.log10((np.abs(padded) ** 2).mean(1) + 1e-12)
        recovered = self.decay_db * PUMPING_BLOCK * np.arange(blocks)
        held_db = np.maximum.accumulate(level_db + recovered) - recovered
        gains_db = -(1 - self.slope) * np.maximum(held_db - self.threshold_db, 0)
        return np.repeat(10 ** (gains_db / 20), PUMPING_BLOCK)[: len(iq)].astype(np.float32)


@dataclass(frozen=True)
class Squelch:
    """A squelch that opens ``lead`` samples before each emission and closes ``hang`` samples after it.

    It opens between some ``openings``, (start, stop) as parts of the scene, too. Closed, the output is constant.
    """

    lead: int
    hang: int
    openings: tuple[tuple[float, float], ...] = ()
    output: complex = 0

    def is_open(self, scene: Scene) -> NDArray[np.bool_]:
        """At which samples of ``scene``, bool (samples,)."""
        count = len(scene.iq)
        mask = np.zeros(count, bool)
        for emission in scene.emissions:
            mask[max(emission.start - self.lead, 0) : emission.stop + self.hang] = True
        for start, stop in self.openings:
            mask[int(start * count) : int(stop * count)] = True
        return mask


@dataclass(frozen=True)
class Receiver:
    """Noise and artefacts of a cheap receiver. The default adds unit-power noise only.

    Attributes:
        tilt_db: gains at equally spaced frequencies across the band, interpolated (filter slope and roll-off).
        image_db: level of the mirrored spectrum from I/Q imbalance; None for none.
        dc: amplitude of the DC spike relative to the noise.
        spurs: (frequency in cycles per sample, amplitude) of lines over the whole scene.
        agc_db: attenuation of the noise during emissions above 25 dB SNR; emissions keep their level.
        steps: (start, stop, change in dB) of stretches with another noise level, as parts of the scene.
        bits: quantisation of each of I and Q; None for none.
        overload_db: level of the strongest samples relative to full scale before quantisation (clips above 0).
        silence: part of the scene, from the start, that is digital silence.
        phase_noise: (level in dB relative to the carrier, corner in cycles per sample) of the oscillator; None for
            none.
        passband: of the channel or decimation filter; None for all of the band.
        ac_coupling: corner of the high-pass of AC coupling in cycles per sample; 0 for none.
        pumping: an AGC that turns down everything, the noise included; None for none.
        squelch: mutes the output between emissions; None for none.
        audio: whether the output is the analytic signal of real audio, such as that of an SSB receiver: the half of the
            band below its centre is empty. Needs a passband in the upper half.
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
    passband: Passband | None = None
    ac_coupling: float = 0.0
    pumping: Pumping | None = None
    squelch: Squelch | None = None
    audio: bool = False

    @property
    def band(self) -> tuple[float, float]:
        """The part of the band that it receives, in cycles per sample."""
        return (self.passband.low, self.passband.high) if self.passband else (-BAND_EDGE, BAND_EDGE)

    def apply(self, scene: Scene, rng: Rng) -> Iq:
        """The received scene: complex64, same length."""
        count = len(scene.iq)
        noise = rng.standard_normal((count, 2), dtype=np.float32).view(np.complex64)[:, 0] * np.float32(np.sqrt(0.5))
        iq: Iq = self._add_phase_noise(scene.iq, rng) + noise * self._noise_gain(scene)
        for freq, amplitude in self.spurs:
            iq += (amplitude * np.exp(2j * np.pi * freq * np.arange(count))).astype(np.complex64)
        if self.image_db is not None:
            iq += np.complex64(10 ** (self.image_db / 20) * np.exp(2j * np.pi * rng.random())) * np.conj(iq)
        if (gains := self._filter(count)) is not None:
            iq = np.fft.ifft(np.fft.fft(iq) * gains).astype(np.complex64)
        iq += np.float32(self.dc)
        if self.pumping:
            iq *= self.pumping.gains(iq)
        if self.audio:
            iq.imag = 0
        iq = self._quantise(iq)
        if self.audio:
            iq = signal.hilbert(iq.real).astype(np.complex64)
        if self.squelch:
            iq[~self.squelch.is_open(scene)] = self.squelch.output
        iq[: int(self.silence * count)] = -1 - 1j
        return iq

    def _filter(self, count: int) -> NDArray[np.float32] | None:
        """Gains (count,) at the frequencies of a Fourier transform, None if all are 1."""
        if not (self.tilt_db or self.passband or self.ac_coupling):
            return None
        gains_db = np.zeros(count)
        if self.tilt_db:
            gains_db = np.interp(np.linspace(0, 1, count), np.linspace(0, 1, len(self.tilt_db)), self.tilt_db)
        freqs = np.linspace(-0.5, 0.5, count, endpoint=False)
        if self.passband:
            gains_db = gains_db + self.passband.gains_db(freqs)
        gains = 10 ** (gains_db / 20)
        if self.ac_coupling:
            gains *= np.abs(freqs) / np.hypot(freqs, self.ac_coupling)
        return np.fft.ifftshift(gains).astype(np.float32)

    def _add_phase_noise(self, iq: Iq, rng: Rng) -> Iq:
        """``iq`` mixed with an oscillator whose phase is low-passed noise."""
        if self.phase_noise is None:
            return iq
        level_db, corner = self.phase_noise
        pole = np.float32(np.exp(-2 * np.pi * corner))
        phase = signal.lfilter([np.sqrt(1 - pole**2)], [1, -pole], rng.standard_normal(len(iq), dtype=np.float32))
        mixed: Iq = (iq * np.exp(1j * (10 ** (level_db / 20) * phase).astype(np.float32))).astype(np.complex64)
        return mixed

    def _noise_gain(self, scene: Scene) -> NDArray[np.float32]:
        """Amplitude of the noise over time, float32 (samples,), after AGC and gain steps."""
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
        """A random receiver; each artefact has a probability of at most 0.5."""

        def sometimes(probability: float) -> bool:
            return rng.random() < probability

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
