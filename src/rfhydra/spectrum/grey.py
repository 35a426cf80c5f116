"""Levels as grey values, for displays."""

import numpy as np
from numpy.typing import NDArray


def grey_levels(level_db: NDArray[np.float32], min_db: float, max_db: float) -> NDArray[np.uint8]:
    """Levels in dB as uint8 of the same shape: 0 at ``min_db`` and below, 255 at ``max_db`` and above; NaN is 0."""
    unit = np.clip((level_db - min_db) / (max_db - min_db), 0, 1)
    grey: NDArray[np.uint8] = np.rint(255 * np.nan_to_num(unit, nan=0.0)).astype(np.uint8)
    return grey
