"""Random waveforms by name, each of a duration in samples and an approximate bandwidth in cycles per sample."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from rfhydra.synth.burst import Burst, Iq, Rng


def tone(rng: Rng, duration: int, bandwidth: float) -> Iq:
    """A carrier that drifts by at most ``bandwidth / 4``."""
    drift = rng.uniform(-0.25, 0.25) * bandwidth * np.sin(np.pi * np.arange(duration) / duration)
    return phase_modulated(drift)


def chirp(rng: Rng, duration: int, bandwidth: float) -> Iq:
    """One linear sweep over the band, up or down."""
    sweep = np.linspace(-0.5, 0.5, duration) * bandwidth * rng.choice([-1, 1])
    return phase_modulated(sweep)


def ook(rng: Rng, duration: int, bandwidth: float) -> Iq:
    """Non-return-to-zero on-off keying at ``bandwidth / 2`` symbols per sample."""
    symbol = max(int(2 / bandwidth), 2)
    bits = rng.integers(0, 2, duration // symbol + 1)
    bits[[0, (duration - 1) // symbol]] = 1  # silence at an end would not be part of the burst
    return smoothed(np.repeat(bits, symbol)[:duration].astype(float), symbol // 4).astype(np.complex64)


def fsk2(rng: Rng, duration: int, bandwidth: float) -> Iq:
    """Binary FSK, continuous phase, modulation index 2."""
    symbol = max(int(2.5 / bandwidth), 4)
    bits = rng.integers(0, 2, duration // symbol + 1) * 2.0 - 1
    return phase_modulated(np.repeat(bits, symbol)[:duration] / symbol)


def qpsk(rng: Rng, duration: int, bandwidth: float) -> Iq:
    """QPSK with a Kaiser low-pass at the symbol rate as its pulse."""
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
    """A carrier that hops once over 4 to 12 channels of the band, in random order."""
    hops = int(rng.integers(4, 13))
    channels = rng.permutation(np.linspace(-0.5, 0.5, hops)) * bandwidth
    return phase_modulated(np.repeat(channels, -(-duration // hops))[:duration])


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
    return phase_modulated(0.5 * bandwidth * swing)


def tone_shift_keying(rng: Rng, duration: int, bandwidth: float, *, tones: int, symbol: int) -> Iq:
    """FSK of ``tones`` equally spaced tones with Gaussian transitions, ``symbol`` samples each."""
    levels = (rng.integers(0, tones, duration // symbol + 1) / (tones - 1) - 0.5) * bandwidth
    kernel = signal.windows.gaussian(symbol | 1, symbol / 6)
    smooth: NDArray[np.float64] = signal.oaconvolve(np.repeat(levels, symbol)[:duration], kernel, mode="same")
    return phase_modulated(smooth / kernel.sum())


def random_drift(rng: Rng, duration: int, most: float) -> NDArray[np.float64]:
    """Offsets (duration,) of a carrier that drifts by up to ``most`` cycles per sample in all.

    It drifts straight, settles after it was switched on, or swings once.
    """
    span, part, kind = most * rng.uniform(-1, 1), np.linspace(0, 1, duration), int(rng.integers(3))
    if kind == 0:
        shape = span * part
    elif kind == 1:
        shape = span * (1 - np.exp(-part * rng.uniform(2, 12)))
    else:
        shape = span * np.sin(np.pi * part)
    offsets: NDArray[np.float64] = shape - shape.mean()
    return offsets


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


def phase_modulated(frequency: NDArray[np.floating]) -> Iq:
    """A carrier of instantaneous ``frequency`` (samples,) in cycles per sample."""
    return np.exp(2j * np.pi * np.cumsum(frequency)).astype(np.complex64)


def smoothed(envelope: NDArray[np.float64], rise: int) -> NDArray[np.float64]:
    """``envelope`` (samples,) with transitions of ``rise`` samples."""
    if rise < 2:
        return envelope
    kernel = signal.windows.hann(rise + 2, sym=True)
    shaped: NDArray[np.float64] = signal.oaconvolve(envelope, kernel / kernel.sum(), mode="same")
    return shaped
