"""Recordings in memory, with boxes where a test wants them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rfhydra.recordings import Annotation, Capture, Recording

RATE_HZ = 1e6
CENTER_HZ = 433e6


def recording(
    annotations: Sequence[Annotation] = (),
    *,
    samples: int = 100_000,
    rate_hz: float = RATE_HZ,
    captures: Sequence[Capture] = (Capture(0, CENTER_HZ),),
    name: str = "heard",
    seed: int = 0,
) -> Recording:
    """Noise with annotations."""
    noise = np.random.default_rng(seed).standard_normal((samples, 2), dtype=np.float32)
    return Recording(
        path=Path(f"{name}.sigmf-meta"),
        data_path=Path(f"{name}.sigmf-data"),
        data_start_byte=0,
        datatype="cf32_le",
        sample_rate_hz=rate_hz,
        captures=tuple(captures),
        annotations=tuple(annotations),
        metadata={},
        stated_sha512=None,
        stored=noise,
    )


def box(start: int, count: int, low: float = -0.1, high: float = 0.1, label: str = "beacon") -> Annotation:
    """An annotation; ``low`` and ``high`` are parts of the band of a recording."""
    return Annotation(start, count, CENTER_HZ + low * RATE_HZ, CENTER_HZ + high * RATE_HZ, label)
