"""Windows of a stream to test hooks with: overlapping, with IQ that tells which sample it is."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rfhydra.detection.detector import WindowDetections
from rfhydra.live.window import LiveWindow
from rfhydra.spectrum.boxes import Frame
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.window import Window
from tests.live.tracks import BEGAN, CENTER_HZ

SPEC: Final = SpectrogramSpec(fft_size=64, hop=32, rows=32, cols=32)
RATE_HZ: Final = 32_000.0
WINDOW: Final = SPEC.window_samples
"""1024 samples, 32 ms."""


def numbered(start: int, count: int) -> NDArray[np.complex64]:
    """Samples whose real and imaginary parts are digits of their number."""
    numbers = np.arange(start, start + count)
    return ((numbers % 1000) / 1000 + 1j * (numbers // 1000) / 1000).astype(np.complex64)


def numbers(iq: NDArray[np.complex64]) -> list[int]:
    """The inverse of :func:`numbered`."""
    return [int(each) for each in np.round(iq.real * 1000) + 1000 * np.round(iq.imag * 1000)]


def window(start: int, *, rate_hz: float = RATE_HZ, center_hz: float = CENTER_HZ, count: int = WINDOW) -> LiveWindow:
    frame = Frame(SPEC, rate_hz, center_hz, count // SPEC.hop)
    image = np.zeros((SPEC.rows, frame.cols), np.uint8)
    made = Window(image, frame, start, numbered(start, count))
    return LiveWindow(made, BEGAN.timestamp() + made.start_sec, WindowDetections({}, []), {})


def windows(start_sec: float, end_sec: float) -> Iterator[LiveWindow]:
    """Windows that overlap by half, from one time of the stream to another."""
    for start in range(round(start_sec * RATE_HZ), round(end_sec * RATE_HZ) - WINDOW + 1, WINDOW // 2):
        yield window(start)
