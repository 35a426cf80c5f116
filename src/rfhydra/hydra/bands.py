"""The bands of boxes in one image: the mean level of each over time, its runs above a threshold, and its edges."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import torch
from torch import Tensor

MIN_CONTRAST: Final = 3.0  # grey levels, 1 dB
MIN_EDGE: Final = 4.0  # grey levels, within EDGE_COLS
EDGE_COLS: Final = 3
LEVEL_QUANTILE: Final = 0.75  # of the levels in a seed
FLOOR_QUANTILE: Final = 0.1  # of the levels in its band


@dataclass(frozen=True, eq=False)
class Bands:
    """The bands of seeds in one image.

    Attributes:
        seeds: boxes (n, 4), at least one.
        sums: cumulative mean grey levels of each band, float32 (n, cols + 1).
        is_on: whether the level is above the threshold of the band, bool (n, cols).
        contrast: level in the seed less the floor of its band, in grey levels (n,).
    """

    seeds: Tensor
    sums: Tensor
    is_on: Tensor
    contrast: Tensor

    @classmethod
    def of(cls, down: Tensor, seeds: Tensor) -> Self:
        """The bands of ``seeds`` (n, 4); ``down``, int32 (rows + 1, cols), are sums of grey levels over the rows."""
        rows, cols = down.shape[0] - 1, down.shape[1]
        top = seeds[:, 1].round().clamp(0, rows - 1).long()
        bottom = torch.maximum(seeds[:, 3].round().clamp(1, rows).long(), top + 1)
        levels = (down[bottom] - down[top]) / (bottom - top)[:, None]
        sums = torch.nn.functional.pad(levels.cumsum(1), (1, 0))
        left = seeds[:, :1].floor().clamp(0, cols - 1)
        right = torch.maximum(seeds[:, 2:3].ceil().clamp(1, cols), left + 1)
        col = torch.arange(cols)
        inside = levels.masked_fill((col < left) | (col >= right), torch.inf).sort(dim=1).values
        high = inside.gather(1, ((right - left - 1) * LEVEL_QUANTILE).long())
        low = levels.kthvalue(1 + int(FLOOR_QUANTILE * (cols - 1)), dim=1).values[:, None]
        low = torch.minimum(low, high)
        return cls(seeds, sums, levels >= (high + low) / 2, (high - low)[:, 0])

    @cached_property
    def near(self) -> Tensor:
        """The columns near each seed, up to its width before and after it: first and last (n, 2)."""
        width = self.seeds[:, 2] - self.seeds[:, 0]
        return torch.stack([self.seeds[:, 0] - width, self.seeds[:, 2] + width], dim=1)

    @property
    def cols(self) -> int:
        return self.is_on.shape[1]

    def segments(self, own: Tensor, gap_cols: float) -> tuple[Tensor, Tensor, Tensor]:
        """Band, start and end (m,) of the segments near their seed, in the bands that the mask ``own`` (n,) selects.

        A segment is a run above the threshold, or several with pauses of at most ``gap_cols`` between them.
        """
        chosen = own[self._runs[0]]
        band, start, end = (part[chosen] for part in self._runs)
        band, start, end = close_gaps(band, start, end, gap_cols)
        near = (end > self.near[band, 0]) & (start < self.near[band, 1]) & (self.contrast[band] >= MIN_CONTRAST)
        return band[near], start[near].float(), end[near].float()

    @cached_property
    def _runs(self) -> tuple[Tensor, Tensor, Tensor]:
        return runs(self.is_on)

    @cached_property
    def rising(self) -> tuple[Tensor, Tensor]:
        """Band and column (m,) of the rising edges of the level near each seed."""
        return _peaks(self._change, self._is_near)

    @cached_property
    def falling(self) -> tuple[Tensor, Tensor]:
        """The same of the falling edges."""
        return _peaks(-self._change, self._is_near)

    @cached_property
    def _is_near(self) -> Tensor:
        col = torch.arange(self.cols + 1)
        return (col >= self.near[:, :1]) & (col <= self.near[:, 1:])

    def rise(self, owner: Tensor, col: Tensor) -> Tensor:
        """By how much the level of each band rises at a column (m,), in grey levels; negative where it falls."""
        return self._change[owner, col.round().long()]

    @cached_property
    def _change(self) -> Tensor:
        """Mean level after each border between two columns less the mean level before it, (n, cols + 1)."""
        col = torch.arange(self.cols + 1)
        return self._mean(col, col + EDGE_COLS) - self._mean(col - EDGE_COLS, col)

    def _mean(self, start: Tensor, end: Tensor) -> Tensor:
        """Mean level of each band in columns ``start`` (k,) to ``end`` (k,) inside of the image, (n, k)."""
        start, end = start.clamp(0, self.cols), end.clamp(0, self.cols)
        return (self.sums[:, end] - self.sums[:, start]) / (end - start).clamp_min(1)


def _peaks(change: Tensor, near: Tensor) -> tuple[Tensor, Tensor]:
    """Row and column (m,) of the local maxima of ``change`` (n, k) where ``near`` (n, k) holds."""
    highest = torch.nn.functional.max_pool1d(change[:, None], 2 * EDGE_COLS - 1, 1, EDGE_COLS - 1)[:, 0]
    row, col = torch.nonzero((change >= highest) & (change >= MIN_EDGE) & near, as_tuple=True)
    return row, col


def runs(mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The runs of true in ``mask`` (n, cols): row, first column and end column of each, in order."""
    edges = torch.nn.functional.pad(mask.to(torch.int8), (1, 1)).diff(dim=1)
    owner, start = torch.nonzero(edges == 1, as_tuple=True)
    return owner, start, torch.nonzero(edges == -1, as_tuple=True)[1]


def close_gaps(owner: Tensor, start: Tensor, end: Tensor, gap_cols: float) -> tuple[Tensor, Tensor, Tensor]:
    """Runs (n,), as :func:`runs` gives them, with those of one row joined that are at most ``gap_cols`` apart."""
    is_first = torch.ones(len(owner), dtype=torch.bool)
    is_first[1:] = (owner[1:] != owner[:-1]) | (start[1:] - end[:-1] > gap_cols)
    is_last = torch.ones(len(owner), dtype=torch.bool)
    is_last[:-1] = is_first[1:]
    return owner[is_first], start[is_first], end[is_last]
