"""Bursts of every kind, and measurements of IQ."""

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from rfhydra.synth import (
    Burst,
    LineCode,
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
