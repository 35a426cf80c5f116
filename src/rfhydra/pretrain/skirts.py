"""Skirts of strong bursts: the band around the core that hard keying and overload lift above the noise.

Energy detectors and many operators box the whole visible band, so a strong burst has two valid boxes: the core, and the
core with its skirts.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from rfhydra.spectrum.pixels import PixelBoxes
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
_LEVELS: Final = np.arange(256, dtype=np.uint8)


def skirts(image: NDArray[np.uint8], box: PixelBox, others: PixelBoxes, spec: SpectrogramSpec) -> PixelBox | None:
    """``box`` (4,), in pixels of uint8 ``image`` (rows, cols), extended in frequency to the visible skirts.

    It is not extended into ``others`` (n, 4). None if it hardly differs from ``box``, or if the burst is not the
    strongest of its time, whose skirts they would be.
    """
    x0, x1 = (int(edge) for edge in np.round(box[[0, 2]]).clip(0, image.shape[1]))
    y0, y1 = (int(edge) for edge in np.round(box[[1, 3]]).clip(0, image.shape[0]))
    if x1 <= x0 or y1 <= y0 or image.shape[1] - (x1 - x0) < MIN_NOISE_COLS:
        return None
    powers = 10 ** (level_db(_LEVELS, spec).numpy() / 10)
    row_db = 10 * np.log10(ndimage.uniform_filter1d(powers[image[:, x0:x1]].mean(1), SMOOTH_ROWS))
    strongest_db = row_db[y0:y1].max()
    if strongest_db < row_db.max():
        return None
    around = row_db > strongest_db - SKIRT_DB
    low, high = _extent(_closed(around), (y0, y1))
    if (box[3] - box[1]) / (high - low) >= MAX_CORE_IOU:  # most boxes; the noise beside them is not needed
        return None
    beside = np.concatenate([image[:, :x0], image[:, x1:]], axis=1)
    beside = beside[:, np.count_nonzero(beside, axis=0) > len(beside) // 16]  # a closed squelch is no noise
    if beside.shape[1] < MIN_NOISE_COLS:
        return None
    enough = beside[:, :: beside.shape[1] // MIN_NOISE_COLS // 3 or 1]  # a median of all columns takes long
    noise_db = level_db(np.median(enough, axis=1), spec).numpy()
    visible = _closed(around & (row_db > noise_db + OVER_NOISE_DB))
    for start, first, stop, last in others:
        if start < x1 and stop > x0:
            visible[max(round(float(first)), 0) : max(round(float(last)), 0)] = False
    low, high = _extent(visible, (y0, y1))
    if (box[3] - box[1]) / (high - low) >= MAX_CORE_IOU:
        return None
    return np.array([box[0], low, box[2], high], np.float32)


def _closed(visible: NDArray[np.bool_]) -> NDArray[np.bool_]:
    closed: NDArray[np.bool_] = ndimage.binary_closing(visible, np.ones(GAP_ROWS))
    return closed


def _extent(visible: NDArray[np.bool_], core: tuple[int, int]) -> tuple[int, int]:
    """First row of the ``visible`` (rows,) around those of ``core``, and the one after the last."""
    below, above = np.flatnonzero(~visible[: core[0]]), np.flatnonzero(~visible[core[1] :])
    return int(below[-1]) + 1 if len(below) else 0, core[1] + int(above[0]) if len(above) else len(visible)
