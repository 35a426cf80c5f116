"""Skirts of strong bursts: the band around the core that hard keying and overload lift above the noise.

Energy detectors and many operators box the whole visible band, so a strong burst has two valid boxes: the core, and the
core with its skirts.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from rfhydra.spectrum.boxes import PixelBoxes
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.spectrogram import level_db

PixelBox = NDArray[np.float32]

SKIRT_DB: Final = 24.0
"""Skirts end this far below the strongest row of the burst (docs/decisions/0016)."""
OVER_NOISE_DB: Final = 3.0
MAX_CORE_IOU: Final = 0.6
"""From this IoU with the core on, skirts get no box of their own."""
MIN_NOISE_COLS: Final = 30
SMOOTH_ROWS: Final = 5
GAP_ROWS: Final = 5


def skirts(image: NDArray[np.uint8], box: PixelBox, others: PixelBoxes, spec: SpectrogramSpec) -> PixelBox | None:
    """``box`` (4,), in pixels of uint8 ``image`` (rows, cols), extended in frequency to the visible skirts.

    It is not extended into ``others`` (n, 4). None if it hardly differs from ``box``, or if the burst is not the
    strongest of its time, whose skirts they would be.
    """
    x0, x1 = (int(edge) for edge in np.round(box[[0, 2]]).clip(0, image.shape[1]))
    y0, y1 = (int(edge) for edge in np.round(box[[1, 3]]).clip(0, image.shape[0]))
    beside = np.concatenate([image[:, :x0], image[:, x1:]], axis=1)
    if x1 <= x0 or y1 <= y0 or beside.shape[1] < MIN_NOISE_COLS:
        return None
    power = (10 ** (level_db(image[:, x0:x1], spec).numpy() / 10)).mean(1)
    row_db = 10 * np.log10(ndimage.uniform_filter1d(power, SMOOTH_ROWS))
    strongest_db = row_db[y0:y1].max()
    if strongest_db < row_db.max():
        return None
    noise_db = np.median(level_db(beside, spec).numpy(), axis=1)
    visible = row_db > np.maximum(strongest_db - SKIRT_DB, noise_db + OVER_NOISE_DB)
    visible = ndimage.binary_closing(visible, np.ones(GAP_ROWS))
    for start, low, stop, high in others:
        if start < x1 and stop > x0:
            visible[max(round(float(low)), 0) : max(round(float(high)), 0)] = False
    visible[y0:y1] = True
    areas, _ = ndimage.label(visible)
    own = np.flatnonzero(areas == areas[y0])
    low, high = own[0], own[-1] + 1
    if (box[3] - box[1]) / (high - low) >= MAX_CORE_IOU:
        return None
    return np.array([box[0], low, box[2], high], np.float32)
