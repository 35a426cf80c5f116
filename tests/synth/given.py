"""Bursts of every kind, and measurements of IQ."""

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from rfhydra.synth import (
    Burst,
    Emission,
    LineCode,
    Scene,
    make_burst,
)

LINE_CODES = {
    kind: LineCode(kind, symbol=40, bits=60, gap_symbols=(1, 3), rise=8, deviation=0.03, drift=1e-3)
    for kind in ("pwm", "ppm", "manchester", "nrz", "fsk")
}


seeds = st.integers(0, 2**32 - 1)


def burst_of(kind: str, seed: int, duration: int = 8000, bandwidth: float = 0.1) -> Burst:
    rng = np.random.default_rng(seed)
    return LINE_CODES[kind].packet(rng, duration) if kind in LINE_CODES else make_burst(kind, rng, duration, bandwidth)


def power(iq: NDArray[np.complexfloating]) -> float:
    return float(np.mean(np.abs(iq) ** 2))


def decibels(ratio: float) -> float:
    return float(10 * np.log10(ratio))


def share_in_band(iq: NDArray[np.complexfloating], low: float, high: float) -> float:
    """Share of the energy from ``low`` to ``high`` cycles per sample."""
    energy, freqs = np.abs(np.fft.fft(iq)) ** 2, np.fft.fftfreq(len(iq))
    return float(energy[(freqs >= low) & (freqs <= high)].sum() / energy.sum())


def share_in_boxes(scene: Scene, emissions: list[Emission], fft_size: int = 512, hop: int | None = None) -> float:
    """Share of a spectrogram's energy inside the truth boxes, each widened by what the transform blurs."""
    hop = hop or fft_size // 2
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(scene.iq, (fft_size - hop) // 2), fft_size)[::hop]
    energy = np.abs(np.fft.fft(frames * np.hanning(fft_size + 1)[:-1], axis=1)) ** 2
    freqs, centres = np.fft.fftfreq(fft_size), (np.arange(len(frames)) + 0.5) * hop
    inside = np.zeros(energy.shape, bool)
    for emission in emissions:
        box = emission.box(1.0, 0.0)
        rows = (freqs >= box.freq_low_hz - 1.5 / fft_size) & (freqs <= box.freq_high_hz + 1.5 / fft_size)
        blur = fft_size / 4
        cols = (centres >= box.time_start_sec - blur) & (centres <= box.time_end_sec + blur)
        inside |= cols[:, None] & rows
    return float(energy[inside].sum() / energy.sum())
