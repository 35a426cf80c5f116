"""Packet formats of cheap transmitters, drawn at random, and the classes that an image can tell among them."""

from dataclasses import replace
from typing import Final

import numpy as np

from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.synth import LineCode, Rng, log_uniform

LINE_CODES: Final = ("pwm", "ppm", "manchester", "nrz", "fsk")
PACES: Final = {"hidden": 0.6, "seen": 1.5, "slow": np.inf}
"""How a keyed packet looks, by the columns that its shortest pulse lasts at most."""
KEYED_CLASSES: Final = (
    *(f"keyed-{kind}-{pace}" for kind in LINE_CODES for pace in PACES),
    *(f"keyed-far-{pace}" for pace in PACES),
)
FAR_TONES: Final = 3.0  # cycles in a symbol between two tones that look like two lines


def random_line_code(rng: Rng, spec: SpectrogramSpec) -> LineCode:
    """A random packet format of a cheap transmitter; bits range from invisible to clearly visible in the image."""
    kind = str(rng.choice(LINE_CODES, p=[0.22, 0.22, 0.18, 0.13, 0.25]))
    symbol = max(int(spec.hop * log_uniform(rng, 0.12, 5)), 6)
    short = int(rng.integers(1, 5))
    rise = int(log_uniform(rng, 1, max(3, symbol // 3)))  # every octave: hard keying is what makes skirts
    drift = rng.uniform(-1, 1) * rng.choice([0, 0, 0.0005, 0.003])
    # Cheap FSK often keys two tones so far apart that they look like two lines: still one emission, one box.
    far = rng.random() < 0.4
    deviation = rng.uniform(0.05, 0.2) if far else log_uniform(rng, min(0.25 / symbol, 0.05), 0.15)
    bits = int(rng.integers(10, 130))
    return LineCode(kind, symbol, bits, (short, short + int(rng.integers(1, 6))), rise, deviation, float(drift))


def variant(line_code: LineCode, rng: Rng) -> LineCode:
    """Another maker's format of the same kind: bits of another length and number, tones another way apart."""
    slower = log_uniform(rng, 1.25, 2.5) ** rng.choice([-1, 1])
    wider = log_uniform(rng, 1.25, 2.5) ** rng.choice([-1, 1])
    return replace(
        line_code,
        symbol=max(int(line_code.symbol * slower), 6),
        bits=int(rng.integers(10, 130)),
        deviation=min(line_code.deviation * wider, 0.2),
    )


def keyed_class(line_code: LineCode, spec: SpectrogramSpec) -> str:
    """The class of a keyed packet: how its bits are sent, and how plainly an image of ``spec`` shows them."""
    pace = next(name for name, most in PACES.items() if line_code.symbol / spec.hop <= most)
    far = line_code.kind == "fsk" and 2 * line_code.deviation * line_code.symbol > FAR_TONES
    return f"keyed-{'far' if far else line_code.kind}-{pace}"
