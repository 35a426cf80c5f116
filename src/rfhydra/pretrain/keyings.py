"""Packet formats of cheap transmitters, drawn at random, and the classes that an image can tell among them."""

from dataclasses import replace
from typing import Final

import numpy as np

from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.synth import Keying, Rng, log_uniform

KEYINGS: Final = ("pwm", "ppm", "manchester", "nrz", "fsk")
PACES: Final = {"hidden": 0.6, "seen": 1.5, "slow": np.inf}
"""How a keyed packet looks, by the columns that its shortest pulse lasts at most."""
KEYED_CLASSES: Final = (
    *(f"keyed-{kind}-{pace}" for kind in KEYINGS for pace in PACES),
    *(f"keyed-far-{pace}" for pace in PACES),
)
FAR_TONES: Final = 3.0  # cycles in a chip between two tones that look like two lines


def random_keying(rng: Rng, spec: SpectrogramSpec) -> Keying:
    """A cheap transmitter's packet format, its chip drawn so that bits are from hidden to plainly seen in the image."""
    kind = str(rng.choice(KEYINGS, p=[0.22, 0.22, 0.18, 0.13, 0.25]))
    chip = max(int(spec.hop * log_uniform(rng, 0.12, 5)), 6)
    short = int(rng.integers(1, 5))
    rise = int(log_uniform(rng, 1, max(3, chip // 3)))  # every octave: hard keying is what makes skirts
    drift = rng.uniform(-1, 1) * rng.choice([0, 0, 0.0005, 0.003])
    # Cheap FSK often keys two tones so far apart that they look like two lines: still one emission, one box.
    far = rng.random() < 0.4
    deviation = rng.uniform(0.05, 0.2) if far else log_uniform(rng, min(0.25 / chip, 0.05), 0.15)
    bits = int(rng.integers(10, 130))
    return Keying(kind, chip, bits, (short, short + int(rng.integers(1, 6))), rise, deviation, float(drift))


def rival(keying: Keying, rng: Rng) -> Keying:
    """Another maker's format of the same kind: bits of another length and number, tones another way apart."""
    slower = log_uniform(rng, 1.25, 2.5) ** rng.choice([-1, 1])
    wider = log_uniform(rng, 1.25, 2.5) ** rng.choice([-1, 1])
    return replace(
        keying,
        chip=max(int(keying.chip * slower), 6),
        bits=int(rng.integers(10, 130)),
        deviation=min(keying.deviation * wider, 0.2),
    )


def keyed_class(keying: Keying, spec: SpectrogramSpec) -> str:
    """The class of a keyed packet: how its bits are sent, and how plainly an image of ``spec`` shows them."""
    pace = next(name for name, most in PACES.items() if keying.chip / spec.hop <= most)
    far = keying.kind == "fsk" and 2 * keying.deviation * keying.chip > FAR_TONES
    return f"keyed-{'far' if far else keying.kind}-{pace}"
