"""A contract of small windows, and recordings of it."""

from pathlib import Path

import numpy as np

from rfhydra.recordings.recording import Capture, Recording
from rfhydra.spectrum.spec import SpectrogramSpec

SPEC = SpectrogramSpec(fft_size=64, hop=16, rows=32, cols=32)
WINDOW = SPEC.window_samples
RATE_HZ = 1000.0


def recording(samples: int, retunes: tuple[int, ...] = ()) -> Recording:
    path = Path("given.sigmf-meta")
    captures = tuple(Capture(start, 1e6 * number) for number, start in enumerate((0, *retunes)))
    stored = np.zeros((samples, 2), np.int8)
    return Recording(path, path, 0, "ci8", RATE_HZ, captures, (), {}, None, stored)
