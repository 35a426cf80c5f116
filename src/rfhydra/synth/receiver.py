"""A receiver model: noise and the artefacts of cheap receivers."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from rfhydra.synth.burst import Iq, Rng, log_uniform
from rfhydra.synth.scene import Scene


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

    def apply(self, scene: Scene, rng: Rng) -> Iq:
        """The received scene: complex64, same length."""
        count = len(scene.iq)
        noise = rng.standard_normal((count, 2), dtype=np.float32).view(np.complex64)[:, 0] * np.float32(np.sqrt(0.5))
        iq: Iq = self._add_phase_noise(scene.iq, rng) + noise * self._noise_gain(scene)
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

    def _add_phase_noise(self, iq: Iq, rng: Rng) -> Iq:
        """``iq`` mixed with an oscillator whose phase is low-passed noise."""
        if self.phase_noise is None:
            return iq
        level_db, corner = self.phase_noise
        pole = np.float32(np.exp(-2 * np.pi * corner))
        phase = signal.lfilter([np.sqrt(1 - pole**2)], [1, -pole], rng.standard_normal(len(iq), dtype=np.float32))
        mixed: Iq = (iq * np.exp(1j * 10 ** (level_db / 20) * phase)).astype(np.complex64)
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
