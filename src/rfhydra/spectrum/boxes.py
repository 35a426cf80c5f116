"""Boxes, and the one conversion between pixels and seconds/Hz.

Boxes are stored in physical units; pixel boxes are derived. Column ``t`` of a
spectrogram covers the samples ``[t * hop, (t + 1) * hop)``. FFT bin ``k`` is centred on ``(k - fft_size / 2)`` bin
widths from the centre frequency, so the top edge of row 0 lies half a bin below ``+ sample_rate / 2``.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from rfhydra.errors import InvalidBox
from rfhydra.spectrum.spec import SpectrogramSpec

if TYPE_CHECKING:
    from rfhydra.spectrum.pixels import PixelBoxes


@dataclass(frozen=True, order=True)
class Box:
    """A rectangle in time and frequency: seconds from the start of its window, absolute Hz. Never empty.

    Raises:
        InvalidBox: a value is not finite, or the box has no extent.
    """

    time_start_sec: float
    time_end_sec: float
    freq_low_hz: float
    freq_high_hz: float

    def __post_init__(self) -> None:
        if not all(math.isfinite(value) for value in self.as_tuple()):
            raise InvalidBox("a box has a value that is not a finite number")
        if self.time_end_sec <= self.time_start_sec:
            raise InvalidBox(f"time_end_sec {self.time_end_sec} must be after time_start_sec {self.time_start_sec}")
        if self.freq_high_hz <= self.freq_low_hz:
            raise InvalidBox(f"freq_high_hz {self.freq_high_hz} must be above freq_low_hz {self.freq_low_hz}")

    def as_tuple(self) -> tuple[float, float, float, float]:
        return (self.time_start_sec, self.time_end_sec, self.freq_low_hz, self.freq_high_hz)

    def shifted(self, offset_sec: float) -> Self:
        """The same box relative to a window that starts ``offset_sec`` earlier."""
        return type(self)(
            self.time_start_sec + offset_sec, self.time_end_sec + offset_sec, self.freq_low_hz, self.freq_high_hz
        )


@dataclass(frozen=True)
class Frame:
    """Time and frequency axes of a window: converts pixels to seconds and Hz, and back.

    Without ``sample_rate_hz`` (None: not known) boxes are in samples and cycles per sample; ``center_freq_hz`` None
    stands for 0.

    Raises:
        InvalidBox: the sample rate is not positive, the centre frequency is not finite, or it is given without a
            sample rate.
    """

    spec: SpectrogramSpec
    sample_rate_hz: float | None
    center_freq_hz: float | None
    cols: int

    def __post_init__(self) -> None:
        rate, center = self.sample_rate_hz, self.center_freq_hz
        if rate is not None and not (math.isfinite(rate) and rate > 0):
            raise InvalidBox(f"sample_rate_hz {rate} must be a positive number")
        if center is not None and not math.isfinite(center):
            raise InvalidBox(f"center_freq_hz {center} must be a finite number")
        if center is not None and rate is None:
            raise InvalidBox("center_freq_hz needs sample_rate_hz: without a rate, boxes are in cycles per sample")

    @property
    def bandwidth_hz(self) -> float:
        """The sample rate, or 1 where it is not known."""
        return 1.0 if self.sample_rate_hz is None else self.sample_rate_hz

    @property
    def duration_sec(self) -> float:
        return self.cols * self.seconds_per_col

    @property
    def seconds_per_col(self) -> float:
        return self.spec.hop / self.bandwidth_hz

    @property
    def hz_per_row(self) -> float:
        return self.bandwidth_hz / self.spec.rows

    @property
    def freq_high_hz(self) -> float:
        """Frequency of the top edge of row 0."""
        return (self.center_freq_hz or 0.0) + self.bandwidth_hz * (0.5 - 0.5 / self.spec.fft_size)

    @property
    def freq_low_hz(self) -> float:
        return self.freq_high_hz - self.bandwidth_hz

    def to_pixels(self, boxes: Iterable[Box]) -> "PixelBoxes":
        """Physical boxes as pixels, shape (n, 4) float32, unclipped."""
        import numpy as np

        physical = np.array([box.as_tuple() for box in boxes], dtype=np.float64).reshape(-1, 4)
        top = self.freq_high_hz
        return np.stack(
            [
                physical[:, 0] / self.seconds_per_col,
                (top - physical[:, 3]) / self.hz_per_row,
                physical[:, 1] / self.seconds_per_col,
                (top - physical[:, 2]) / self.hz_per_row,
            ],
            axis=1,
        ).astype(np.float32)

    def to_boxes(self, pixels: "PixelBoxes | Sequence[Sequence[float]]") -> list[Box]:
        """Pixel boxes, shape (n, 4), as physical boxes.

        Raises:
            InvalidBox: a box is empty or not finite.
        """
        import numpy as np

        rows = np.asarray(pixels, dtype=np.float64).reshape(-1, 4)
        top = self.freq_high_hz
        return [
            Box(
                float(x0 * self.seconds_per_col),
                float(x1 * self.seconds_per_col),
                float(top - y1 * self.hz_per_row),
                float(top - y0 * self.hz_per_row),
            )
            for x0, y0, x1, y1 in rows
        ]

    def clip(self, box: Box, *, min_visible: float = 0.0) -> Box | None:
        """The part of ``box`` inside the window, or None when less than ``min_visible`` of its area is."""
        start, end = max(box.time_start_sec, 0.0), min(box.time_end_sec, self.duration_sec)
        low, high = max(box.freq_low_hz, self.freq_low_hz), min(box.freq_high_hz, self.freq_high_hz)
        if end <= start or high <= low:
            return None
        area = (box.time_end_sec - box.time_start_sec) * (box.freq_high_hz - box.freq_low_hz)
        if (end - start) * (high - low) < min_visible * area:
            return None
        return Box(start, end, low, high)

    def require_inside(self, box: Box) -> Box:
        """``box`` clipped to the window by at most a pixel.

        Raises:
            InvalidBox: the box lies outside the window by more than a pixel in time or frequency.
        """
        slack_sec, slack_hz = self.seconds_per_col, self.hz_per_row
        if box.time_start_sec < -slack_sec or box.time_end_sec > self.duration_sec + slack_sec:
            raise InvalidBox(
                f"box time {box.time_start_sec:g} to {box.time_end_sec:g} s is outside the window"
                f" 0 to {self.duration_sec:g} s"
            )
        if box.freq_low_hz < self.freq_low_hz - slack_hz or box.freq_high_hz > self.freq_high_hz + slack_hz:
            raise InvalidBox(
                f"box frequency {box.freq_low_hz:.9g} to {box.freq_high_hz:.9g} Hz is outside the window"
                f" {self.freq_low_hz:.9g} to {self.freq_high_hz:.9g} Hz"
            )
        clipped = self.clip(box)
        if clipped is None:
            raise InvalidBox("a box lies on the edge of the window and has no extent inside it")
        return clipped
