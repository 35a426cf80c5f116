"""Random formats of keyed packets, and their classes."""

from dataclasses import replace
from typing import Final

import numpy as np

from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.synth import LineCode, Rng, log_uniform

LINE_CODES: Final = ("pwm", "ppm", "manchester", "nrz", "fsk")
PACES: Final = {"hidden": 0.6, "seen": 1.5, "slow": np.inf}
"""Visibility of the bits of a keyed packet: maximum length of its shortest pulse in columns."""
KEYED_CLASSES: Final = (
    *(f"keyed-{kind}-{pace}" for kind in LINE_CODES for pace in PACES),
    *(f"keyed-far-{pace}" for pace in PACES),
)
FAR_TONES: Final = 3.0  # cycles per symbol; tones further apart look like two lines


def random_line_code(rng: Rng, spec: SpectrogramSpec) -> LineCode:
    """A random packet format, with bits from invisible to clearly visible in an image of ``spec``."""
    kind = str(rng.choice(LINE_CODES, p=[0.22, 0.22, 0.18, 0.13, 0.25]))
    symbol = max(int(spec.hop * log_uniform(rng, 0.12, 5)), 6)
    short = int(rng.integers(1, 5))
    rise = int(log_uniform(rng, 1, max(3, symbol // 3)))  # log-uniform: short rises make skirts
    drift = rng.uniform(-1, 1) * rng.choice([0, 0, 0.0005, 0.003])
    # Cheap FSK often has tones so far apart that they look like two lines: still one emission, one box.
    far = rng.random() < 0.4
    deviation = rng.uniform(0.05, 0.2) if far else log_uniform(rng, min(0.25 / symbol, 0.05), 0.15)
    bits = int(rng.integers(10, 130))
    return LineCode(kind, symbol, bits, (short, short + int(rng.integers(1, 6))), rise, deviation, float(drift))


def variant(line_code: LineCode, rng: Rng) -> LineCode:
    """A format of the same kind with another symbol length, number of bits and tone spacing."""
    slower = log_uniform(rng, 1.25, 2.5) ** rng.choice([-1, 1])
    wider = log_uniform(rng, 1.25, 2.5) ** rng.choice([-1, 1])
    return replace(
        line_code,
        symbol=max(int(line_code.symbol * slower), 6),
        bits=int(rng.integers(10, 130)),
        deviation=min(line_code.deviation * wider, 0.2),
    )


def keyed_class(line_code: LineCode, spec: SpectrogramSpec) -> str:
    """The class of a keyed packet: its line code and the visibility of its bits in an image of ``spec``."""
    pace = next(name for name, max_cols in PACES.items() if line_code.symbol / spec.hop <= max_cols)
    far = line_code.kind == "fsk" and 2 * line_code.deviation * line_code.symbol > FAR_TONES
    return f"keyed-{'far' if far else line_code.kind}-{pace}"


def seen_gap(spec: SpectrogramSpec) -> int:
    """Samples of a pause that is clearly visible in an image of ``spec``."""
    return int(2.5 * max(spec.hop, spec.fft_size / 2))


def slow_line_code(rng: Rng, spec: SpectrogramSpec) -> LineCode:
    """A random on-off keyed format with pauses inside its packets that are visible in an image of ``spec``."""
    line_code = random_line_code(rng, spec)
    if line_code.kind == "fsk":
        line_code = replace(line_code, kind="ppm")
    slower = seen_gap(spec) * rng.uniform(1, 2.5) / line_code.longest_gap
    return replace(line_code, symbol=int(line_code.symbol * max(slower, 1.0)), bits=int(rng.integers(8, 60)))
