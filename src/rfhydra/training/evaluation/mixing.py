"""Mixing of labelled bursts into other windows: of their IQ at a wanted SNR, or of their image.

SNR is in-band: the power of a burst over that of the noise in the band of its box. Of IQ both are measured. A copy of a
burst holds noise of its own; where it is added, as much of the window's noise in that band is taken away, so that the
noise floor stays even and the SNR is exact up to that of the burst.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from rfhydra.spectrum.boxes import Frame
from rfhydra.spectrum.noise import Iq, NoiseFloor, band_passed, bins_of, mean_power, power_bins
from rfhydra.spectrum.pixels import PixelBoxes
from rfhydra.spectrum.rectangle import Rectangle
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.spectrogram import add_power, level_db, make_window
from rfhydra.spectrum.window import Window
from rfhydra.training.evaluation.room import Room

PixelBox = NDArray[np.float32]
"""Shape (4,): x_min, y_min, x_max, y_max in pixels."""

BAND_MARGIN: Final = 0.15
"""Share of its bandwidth by which the band of a copy is wider on each side than the box, at least two rows."""
TIME_MARGIN_COLS: Final = 1
_PATCH_MIN: Final = 4.0  # power over the floor below which a pixel of a patch is noise


@dataclass(frozen=True, eq=False)
class Host:
    """A stored window that bursts are mixed into: its free places, and its labelled boxes of any signal, (n, 4)."""

    window: Window
    room: Room
    labelled: PixelBoxes

    @classmethod
    def of(cls, window: Window, labelled: PixelBoxes) -> "Host":
        return cls(window, Room(window.image, window.frame.spec, labelled), labelled)

    @cached_property
    def noise(self) -> NoiseFloor:
        """The noise of its IQ beside the labelled boxes."""
        spec, iq = self.window.frame.spec, self.window.iq
        assert iq is not None
        size, power = spec.fft_size, power_bins(iq, spec.fft_size)
        for box in self.labelled:
            low, high = _band_of(box, spec)
            first, last = (round(float(edge) * spec.hop / size) for edge in (box[0], box[2]))
            margin = BAND_MARGIN * (high - low)
            power[max(first - 1, 0) : last + 1, slice(*bins_of(low - margin, high + margin, size))] = np.nan
        return NoiseFloor(power, spec.scaling.floor_band)


@dataclass(frozen=True, eq=False)
class IqBurst:
    """The IQ of a labelled burst, with a margin in time and frequency.

    Attributes:
        box: its box in the window that it is from, in pixels.
        area: the pixels that the copy needs, margins included.
        iq: complex64 (samples,), of the columns of ``area``, band-passed.
        low, high: edges of the box in cycles per sample; ``margin`` is how far the copy goes beyond them.
        power: of the burst in its box, without noise.
        noise_density: of the window that it is from, per cycle per sample.
    """

    box: PixelBox
    area: Rectangle
    iq: Iq
    low: float
    high: float
    margin: float
    power: float
    noise_density: float

    @classmethod
    def cut(cls, host: Host, box: PixelBox) -> "IqBurst | None":
        """Cut the burst in ``box`` out of the window of ``host``; None where its power is not above the noise.

        Nor is one cut where the noise cannot be measured.
        """
        spec, iq = host.window.frame.spec, host.window.iq
        assert iq is not None
        low, high = _band_of(box, spec)
        inside = iq[round(float(box[0]) * spec.hop) : round(float(box[2]) * spec.hop)]
        if not len(inside) or not host.noise.is_known:
            return None
        density = host.noise.density(low, high)
        power = mean_power(band_passed(inside, low, high)) - density * (high - low)
        if power <= 0:
            return None
        margin = max(BAND_MARGIN * (high - low), 2 / spec.rows)
        area = Rectangle.around(box).widened(int(np.ceil(margin * spec.rows)), TIME_MARGIN_COLS)
        area = Rectangle(area.top, area.bottom, max(area.left, 0), min(area.right, host.window.frame.cols))
        copy = band_passed(iq[area.left * spec.hop : area.right * spec.hop], low - margin, high + margin)
        return cls(box, area, copy, low, high, margin, power, density)

    @property
    def snr_db(self) -> float:
        """In-band SNR as received."""
        return float(10 * np.log10(self.power / (self.noise_density * (self.high - self.low))))

    def mix(self, host: Host, place: tuple[int, int], snr_db: float) -> tuple[Window, PixelBox]:
        """The window of ``host`` with the burst at an in-band SNR of ``snr_db``, and the box of the burst in it.

        Args:
            host: with IQ, at the sample rate of the burst.
            place: top left pixel (row, column) of the copy.
            snr_db: not above that of the burst: there would be more noise than in the window.
        """
        window = host.window
        spec, frame = window.frame.spec, window.frame
        assert window.iq is not None
        down, right = place[0] - self.area.top, place[1] - self.area.left
        shift = -down / spec.rows
        low, high = self.low + shift, self.high + shift
        noise = host.noise.density(low, high)
        gain = 10 ** (snr_db / 10) * noise * (high - low) / self.power
        kept = np.sqrt(max(1 - gain * self.noise_density / noise, 0.0))
        start = place[1] * spec.hop
        span = slice(start, start + len(self.iq))
        carrier = np.exp(2j * np.pi * shift * np.arange(len(self.iq)))
        own_noise = band_passed(window.iq[span], low - self.margin, high + self.margin)
        mixed = window.iq.copy()
        mixed[span] += _tapered((np.sqrt(gain) * self.iq * carrier + (kept - 1) * own_noise), spec.hop // 4)
        made = make_window(mixed, spec, frame.sample_rate_hz, frame.center_freq_hz, window.start_sample)
        return made, self.box + np.array([right, down, right, down], np.float32)


@dataclass(frozen=True, eq=False)
class Patch:
    """The image of a labelled burst, without its noise.

    Attributes:
        power: float32 (rows, cols), linear, in units of the noise floor.
        box: the box of the burst within it, in pixels.
    """

    power: NDArray[np.float32]
    box: PixelBox = field(repr=False)

    @classmethod
    def cut(cls, window: Window, box: PixelBox) -> "Patch":
        """The pixels of ``box`` in ``window``; pixels near the noise floor are empty."""
        area = Rectangle.around(box)
        levels = level_db(window.image, window.frame.spec).numpy()
        top, left = max(area.top, 0), max(area.left, 0)
        linear = 10 ** (levels[top : area.bottom, left : area.right] / 10)
        power = np.where(linear >= _PATCH_MIN, linear - 1, 0).astype(np.float32)
        return cls(power, box - np.array([left, top, left, top], np.float32))

    def stretched(self, *, length: float = 1.0, bandwidth: float = 1.0) -> "Patch":
        """The patch longer and wider by these factors, at the same level: its linear power interpolated."""
        rows, cols = self.power.shape
        size = (max(round(rows * bandwidth), 1), max(round(cols * length), 1))
        zoom = (size[0] / rows, size[1] / cols)
        power = ndimage.zoom(self.power, zoom, order=1, grid_mode=True, mode="nearest")
        scale = np.array([zoom[1], zoom[0], zoom[1], zoom[0]], np.float32)
        return Patch(power.astype(np.float32), self.box * scale)

    def paste(self, host: Host, place: tuple[int, int]) -> tuple[Window, PixelBox]:
        """The window of ``host`` with the patch at ``place``, its top left (row, column), and the box in it."""
        row, col = place
        power = np.zeros(host.window.image.shape, np.float32)
        power[row : row + self.power.shape[0], col : col + self.power.shape[1]] = self.power
        image = add_power(host.window.image, host.window.frame.spec, power).numpy()
        return Window(image, host.window.frame), self.box + np.array([col, row, col, row], np.float32)


def image_snr_db(window: Window, box: PixelBox, noise_power: float) -> float | None:
    """In-band SNR of the burst in ``box``, from the image alone; None where it is not above the noise.

    ``noise_power`` is that of :func:`pooled_noise`. Pooling keeps peaks, so it is too high for weak bursts.
    """
    area = Rectangle.around(box)
    levels = level_db(window.image, window.frame.spec).numpy()
    inside = levels[max(area.top, 0) : area.bottom, max(area.left, 0) : area.right]
    ratio = float((10 ** (inside / 10)).mean()) / noise_power - 1
    return float(10 * np.log10(ratio)) if ratio > 0 else None


def pooled_noise(spec: SpectrogramSpec) -> float:
    """Mean power of a pixel of noise, in units of the noise floor, which is a median."""
    parts = np.random.default_rng(0).standard_normal((spec.window_samples, 2), dtype=np.float32)
    image = make_window(parts.view(np.complex64)[:, 0], spec, None, None).image
    return float((10 ** (level_db(image, spec).numpy() / 10)).mean())


def _band_of(box: PixelBox, spec: SpectrogramSpec) -> tuple[float, float]:
    """Lower and upper edge of a pixel box, in cycles per sample."""
    frame = Frame(spec, None, None, spec.cols)
    (physical,) = frame.to_boxes([box.tolist()])
    return physical.freq_low_hz, physical.freq_high_hz


def _tapered(iq: NDArray[np.complexfloating], rise: int) -> Iq:
    """``iq`` with raised-cosine ends of ``rise`` samples: a hard cut would splatter."""
    rise = min(rise, len(iq) // 4)
    envelope = np.ones(len(iq), np.float32)
    ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(rise) + 0.5) / max(rise, 1))).astype(np.float32)
    envelope[:rise], envelope[len(iq) - rise :] = ramp, ramp[::-1]
    return (iq * envelope).astype(np.complex64)
