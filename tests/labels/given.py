"""Labels in the formats of other programs, as those write them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from hypothesis import strategies as st

from rfhydra.labels.label import Band, Label
from rfhydra.recordings import Recording, open_recording, write_recording

RATE_HZ: Final = 250e3
CENTER_HZ: Final = 433.92e6

TEXTS: Final = st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")), min_size=1, max_size=20).filter(
    lambda text: text[0] not in "#\\@"
)
"""Texts of labels."""


def seconds(least: float = 0.0) -> st.SearchStrategy[float]:
    """Times that six decimals state exactly."""
    return st.integers(round(least * 1e6), 10**11).map(lambda micros: micros / 1e6)


def recorded(
    folder: Path, *, name: str = "take", seconds: float = 2.0, center_hz: float = CENTER_HZ, tone_hz: float = 40e3
) -> Recording:
    """A recording of a tone, ``tone_hz`` above the centre, in noise."""
    time = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    noise = np.random.default_rng(1).standard_normal((len(time), 2), dtype=np.float32).view(np.complex64)[:, 0]
    iq = (0.2 * np.exp(2j * np.pi * tone_hz * time) + noise / 50).astype(np.complex64)
    return open_recording(write_recording(folder / name, iq, RATE_HZ, center_hz, datatype="cu8"))


def write_label_track(labels: Sequence[Label]) -> str:
    """A label track as Audacity exports it."""
    lines = []
    for label in labels:
        lines.append(f"{label.start:.6f}\t{label.start + (label.length or 0):.6f}\t{label.text or ''}")
        if label.band is not None:
            lines.append(f"\\\t{label.band.low_hz:.6f}\t{label.band.high_hz:.6f}")
    return "".join(f"{line}\n" for line in lines)


def band(low_hz: float, high_hz: float) -> Band:
    return Band(low_hz, high_hz, "unsigned")
