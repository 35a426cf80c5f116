"""EnergyGate: where in a window there is energy above the noise floor, so that the backbone looks nowhere else.

A test of constant false-alarm rate: the mean level of blocks of several shapes is compared with what the loudest of
many blocks of white noise reaches, over the floor of their rows. The floor follows the noise of the receiver (slope of
its filters) over time; it cannot follow an emission, because it is smooth over the band and bounded. The exception are
spurs: carriers that nobody asks for and that last for many windows.

The floor of an image is its median, which lies in the emissions where they fill most of the time of a band. Such a band
is told from noise by its columns: some are quieter than the quietest of noise. All of it that is not silent passes. An
emission over the whole band that leaves no gap in a window is told by the level of the windows before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from rfhydra.detection.mosaic import Mosaic
from rfhydra.spectrum.rectangle import Rectangle
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.spectrogram import spectrogram

TILE_PX: Final = 16
"""Side of a tile, the unit of what the backbone looks at."""
MARGIN_TILES: Final = 1
"""Tiles around those with energy that the backbone sees, too. In a mosaic there is no other gap between regions."""
BLOCKS: Final = ((1, 1), (4, 4), (16, 16), (1, 32), (32, 4))
"""Shapes of the blocks, (rows, cols): impulses, short and long bursts, thin lines, short wide bursts."""
MARGIN_DB: Final = 1.0
"""Above the loudest of many blocks of white noise: real noise is less even."""
MAX_RISE_DB: Final = 2.0
"""The floor of a row is at most so much above that of the window: what is louder is an emission."""
MEMORY: Final = 0.125
"""Weight of a window in the floor."""
SPUR_WINDOWS: Final = 32
"""A carrier that stands out of the rows around it in so many windows, and that nobody wants, is a spur."""
MIN_SPUR_DB: Final = 2.0
"""Median level of a row over that of the rows around it from which it holds a carrier."""
MAX_SPUR_DRIFT_DB: Final = 3.0
"""From the mean level of a carrier; more begins another one."""
QUIET: Final = (0.02, 0.06, 0.25)
"""Parts of the columns, from the quietest, that are compared with those of noise."""
_SILENT: Final = 0.125  # mean level of a column of silence, with a line of DC in it, as a part of that of the floor
_SMOOTH_ROWS: Final = 31
_FLOOR_COLS: Final = 128  # that the floor is measured in
_NOISE_WINDOWS: Final = 4
_NOISE_COLS: Final = 512


@dataclass
class EnergyGate:
    """The gate of one stretch of windows of contract ``spec``, which come in the order of their starts."""

    spec: SpectrogramSpec
    _floor: NDArray[np.float32] | None = None
    _carrier: NDArray[np.float32] | None = None  # mean level of each row, as long as it holds one carrier
    _windows: NDArray[np.intp] | int = 0  # for which it has held it
    _lowest_db: float | None = None  # floor of the windows before
    _raised: int = 0  # windows since that are louder

    def regions(
        self, image: NDArray[np.uint8], floor_db: float | None = None, known: Sequence[Rectangle] = ()
    ) -> list[Rectangle] | None:
        """The parts of ``image``, uint8 (rows, cols), with energy, which do not meet; None for all of it.

        They are unions of tiles, with a margin. An image of noise has none. ``floor_db`` is that of the window.
        Energy that lies, with its margin, in one of the ``known`` parts is left out; these may begin left of the image.
        """
        floor = self._update_floor(image)
        if floor_db is not None and self._is_raised(floor_db):
            return None
        return _regions_of(_loud_tiles(image, floor, self.spec), image.shape, known)

    def _update_floor(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The floor of each row in grey levels, float32 (rows,)."""
        taken = image[:, :: max(image.shape[1] // _FLOOR_COLS, 1)]
        received = np.count_nonzero(taken, axis=0) > len(taken) / 2  # the rest is silence
        taken = taken[:, received] if received.any() else taken
        middle = taken.shape[1] // 2
        rows = np.partition(taken, middle, axis=1)[:, middle].astype(np.float32)
        smooth = ndimage.median_filter(rows, _SMOOTH_ROWS, mode="nearest")  # carriers are narrower
        highest = self.spec.scaling.floor_grey + MAX_RISE_DB * _grey_per_db(self.spec)
        now = np.minimum(smooth, highest)
        self._floor = now if self._floor is None else self._floor + MEMORY * (now - self._floor)
        floor = np.minimum(self._floor, highest)
        carrier = self._follow_carriers(rows, smooth)
        return np.where(self._windows > SPUR_WINDOWS, np.maximum(floor, carrier), floor)

    def _follow_carriers(self, rows: NDArray[np.float32], smooth: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mean level of the carrier in each row, and count for how many windows the row has held it.

        ``rows`` are median levels, float32 (rows,), ``smooth`` those of the rows around each.
        """
        carrier = rows if self._carrier is None else self._carrier
        unit = _grey_per_db(self.spec)
        goes_on = (rows - smooth > MIN_SPUR_DB * unit) & (np.abs(rows - carrier) <= MAX_SPUR_DRIFT_DB * unit)
        self._windows = np.where(goes_on, self._windows + 1, 0)
        self._carrier = np.where(goes_on, carrier + MEMORY * (rows - carrier), rows)
        return self._carrier

    def _is_raised(self, floor_db: float) -> bool:
        """Whether the floor of the window is no noise, by that of the windows before.

        A floor that has been higher for :data:`SPUR_WINDOWS` windows is noise: the gain was changed, or it is jammed.
        """
        lowest = floor_db if self._lowest_db is None else self._lowest_db
        self._raised = self._raised + 1 if floor_db > lowest + MAX_RISE_DB else 0
        if 0 < self._raised <= SPUR_WINDOWS:
            return True
        rise = max(floor_db - lowest, 0.0) * (1.0 if self._raised else MEMORY)
        self._lowest_db, self._raised = min(lowest, floor_db) + rise, 0
        return False

    def keep(self, rows: slice) -> None:
        """What is in ``rows`` now is wanted: it becomes a spur after :data:`SPUR_WINDOWS` further windows at best.

        So does a floor that is raised, if they are most of the band.
        """
        if len(range(*rows.indices(self.spec.rows))) > self.spec.rows / 2:
            self._raised = min(self._raised, 1)
        if not isinstance(self._windows, int):
            self._windows[rows] = 0


def _grey_per_db(spec: SpectrogramSpec) -> float:
    return 255 / spec.scaling.range_db


def _loud_tiles(image: NDArray[np.uint8], floor: NDArray[np.float32], spec: SpectrogramSpec) -> NDArray[np.bool_]:
    """Mask of the tiles, (tiles down, tiles across), in which a block stands out of the noise."""
    down, across = (-(-side // TILE_PX) for side in image.shape)
    loud = torch.zeros((down, across), dtype=torch.bool)
    for size, excess in _excess(torch.from_numpy(image), torch.from_numpy(floor)).items():
        limit = _noise_limits(spec).excess[size] + MARGIN_DB * _grey_per_db(spec)
        kernel = (max(TILE_PX // size[0], 1), max(TILE_PX // size[1], 1))
        tiles = torch.nn.functional.max_pool2d(excess[None], kernel, ceil_mode=True)[0] > limit
        for axis in (0, 1):  # a block may have several tiles
            tiles = tiles.repeat_interleave(max(size[axis] // TILE_PX, 1), axis)
        loud |= tiles[:down, :across]
    found: NDArray[np.bool_] = loud.numpy()
    gapped = _gapped(image, spec)
    if gapped.any():
        starts = (np.arange(0, side, TILE_PX) for side in image.shape)
        highest = np.maximum.reduceat(np.maximum.reduceat(image, next(starts)), next(starts), axis=1)
        found |= gapped[:, None] & (highest > 0)
    return found


def _gapped(image: NDArray[np.uint8], spec: SpectrogramSpec) -> NDArray[np.bool_]:
    """Mask of the rows of tiles, (tiles down,), in which the quietest columns lie below those of noise."""
    limits = _noise_limits(spec).depths + MARGIN_DB * _grey_per_db(spec)
    bands: NDArray[np.bool_] = np.any(_depths(image, spec) > limits, axis=1)
    return np.append(bands, False) | np.insert(bands, 0, False)


def _depths(image: NDArray[np.uint8], spec: SpectrogramSpec) -> NDArray[np.float32]:
    """How far the quietest columns of bands lie below their median, in grey levels, float32 (bands, ``QUIET``).

    A band is a row of tiles and the next one. Strong emissions count as weak ones, so that a thin line does not raise a
    band. The median leaves out silence, which may be most of a recording with a squelch.
    """
    weak = np.minimum(image, 2 * spec.scaling.floor_grey)
    levels = weak.reshape(-1, TILE_PX, image.shape[1]).sum(1, dtype=np.uint16)
    columns = np.sort(levels[:-1] + levels[1:], axis=1).astype(np.float32) / (2 * TILE_PX)
    count = columns.shape[1]
    silent = (columns <= _SILENT * spec.scaling.floor_grey).sum(1)
    middle = np.minimum((silent + count) // 2, count - 1)
    quiet = columns[:, [int(part * count) for part in QUIET]]
    depths: NDArray[np.float32] = columns[np.arange(len(columns)), middle][:, None] - quiet
    return depths


def _excess(image: Tensor, floor: Tensor) -> dict[tuple[int, int], Tensor]:
    """Mean level over the floor of its rows of every block, in grey levels, by shape of the blocks."""
    level = image.float() - floor[:, None]
    return {
        size: level
        if size == (1, 1)
        else torch.nn.functional.avg_pool2d(level[None], size, ceil_mode=True, count_include_pad=False)[0]
        for size in BLOCKS
    }


class _NoiseLimits(NamedTuple):
    """Of windows of white noise, in grey levels.

    Attributes:
        excess: highest mean of a block over the floor, by shape.
        depths: lowest quiet columns under the median of their band, float32 (``QUIET``,).
    """

    excess: dict[tuple[int, int], float]
    depths: NDArray[np.float32]


@lru_cache(maxsize=16)
def _noise_limits(spec: SpectrogramSpec) -> _NoiseLimits:
    rng, excess = np.random.default_rng(0), dict.fromkeys(BLOCKS, 0.0)
    depths = np.zeros(len(QUIET), np.float32)
    samples = min(spec.cols, _NOISE_COLS) * spec.hop
    for _ in range(_NOISE_WINDOWS):
        parts = rng.standard_normal((samples, 2), dtype=np.float32)
        image = spectrogram(parts.view(np.complex64)[:, 0], spec)
        floor = torch.full((spec.rows,), float(spec.scaling.floor_grey))
        for size, found in _excess(image, floor).items():
            excess[size] = max(excess[size], float(found.max()))
        depths = np.maximum(depths, _depths(image.numpy(), spec).max(0))
    return _NoiseLimits(excess, depths)


def _regions_of(loud: NDArray[np.bool_], shape: tuple[int, ...], known: Sequence[Rectangle]) -> list[Rectangle] | None:
    """The rectangles around connected tiles of the mask ``loud`` and their margins, joined where that is cheaper.

    Those that lie in a ``known`` one are left out.
    """
    wide = ndimage.binary_dilation(loud, np.ones((3, 3), bool), iterations=MARGIN_TILES)
    parts, _ = ndimage.label(wide, np.ones((3, 3), int))
    found: list[Rectangle] = []
    for rows, cols in ndimage.find_objects(parts):
        region = Rectangle(
            rows.start * TILE_PX,
            min(rows.stop * TILE_PX, shape[0]),
            cols.start * TILE_PX,
            min(cols.stop * TILE_PX, shape[1]),
        )
        if any(other.holds(region) for other in known):
            continue
        while (joined := next((other for other in found if _is_one(region, other)), None)) is not None:
            found.remove(joined)
            region = region.around_both(joined)
        found.append(region)
    return found if not found or Mosaic.of(found).pixels < shape[0] * shape[1] else None


def _is_one(region: Rectangle, other: Rectangle) -> bool:
    """Whether both meet, or the rectangle around both costs less than each for itself."""
    return region.meets(other) or region.around_both(other).pixels <= region.pixels + other.pixels
