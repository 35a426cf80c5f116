"""Room: the free places of a window, where neither a label nor an emission is."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from rfhydra.spectrum.pixels import PixelBoxes
from rfhydra.spectrum.rectangle import Rectangle
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.spectrogram import level_db

BRIGHT_DB: Final = 9.0
"""Level above the floor of the rows around it that counts as an emission: 0.4 % of the noise reaches it."""
MAX_BRIGHT: Final = 0.015
"""Share of bright pixels that a free place has at most."""
GUARD_PX: Final = 2
BAND_INNER: Final = 0.94
"""Inner part of the band that bursts are placed in: the filters of receivers attenuate the rest."""
_FLOOR_ROWS: Final = 31
_MAX_TILT_DB: Final = 6.0


class Room:
    """The free places of one image."""

    def __init__(self, image: NDArray[np.uint8], spec: SpectrogramSpec, labelled: PixelBoxes) -> None:
        """``image`` uint8 (rows, cols) with the ``labelled`` boxes (n, 4) of any signal in pixels."""
        levels = level_db(image, spec).numpy()
        floor = median_filter(np.median(levels, axis=1), _FLOOR_ROWS, mode="nearest")
        taken = (levels > BRIGHT_DB + np.clip(floor, -_MAX_TILT_DB, _MAX_TILT_DB)[:, None]).astype(np.float64)
        for box in labelled:
            area = Rectangle.around(box).widened(GUARD_PX, GUARD_PX)
            taken[max(area.top, 0) : area.bottom, max(area.left, 0) : area.right] = taken.size  # never free
        self._sums = np.pad(taken.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
        self._size = image.shape

    def place(
        self, rows: int, cols: int, rng: np.random.Generator, position: float | None = None, slack: float = 0.1
    ) -> tuple[int, int] | None:
        """The top left pixel (row, column) of a random free place of ``rows`` by ``cols``, None where there is none.

        Args:
            rows: height.
            cols: width.
            rng: random numbers.
            position: where in the band, 0 the highest place and 1 the lowest, within ``slack``; None is anywhere.
            slack: share of the band.
        """
        edge = round(self._size[0] * (1 - BAND_INNER) / 2)
        lowest = self._size[0] - edge - rows
        first, last = edge, lowest
        if position is not None:
            middle, reach = edge + position * (lowest - edge), slack * (lowest - edge)
            first, last = max(round(middle - reach), edge), min(round(middle + reach), lowest)
        if first > last or cols > self._size[1]:
            return None
        sums = self._sums
        area = sums[rows:, cols:] - sums[:-rows, cols:] - sums[rows:, :-cols] + sums[:-rows, :-cols]
        free = np.argwhere(area[first : last + 1] <= MAX_BRIGHT * rows * cols)
        if not len(free):
            return None
        row, col = free[rng.integers(len(free))].tolist()
        return row + first, col
