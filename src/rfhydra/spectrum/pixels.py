"""Boxes in pixels of an image."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

PixelBoxes: TypeAlias = NDArray[np.float32]
"""Shape (n, 4): x_min, y_min, x_max, y_max in pixels; y grows towards lower frequency."""
