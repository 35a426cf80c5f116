"""Mosaic: parts of an image side by side in a smaller one, so that one pass of the backbone serves all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rfhydra.hydra.vision import box_iou
from rfhydra.spectrum.rectangle import Rectangle

SIDE_PX: Final = 64
"""Sides are multiples of it: convolutions are compiled for each size of image, and few sizes are soon compiled."""
MIN_INSIDE: Final = 0.5
"""More than this share of a box must lie in one part: what joins two parts is no emission."""


@dataclass(frozen=True)
class Mosaic:
    """The placement of ``parts`` of an image, which do not meet, at ``places``, without turning or scaling them.

    Attributes:
        rows: of the mosaic, as ``cols``.
    """

    parts: tuple[Rectangle, ...]
    places: tuple[Rectangle, ...]

    @classmethod
    def of(cls, parts: Sequence[Rectangle]) -> Self:
        """The smallest of the mosaics of ``parts``, at least one, in shelves as wide as one to all of the parts."""
        ordered = tuple(sorted(parts, key=lambda part: (-part.rows, -part.cols, part.top, part.left)))
        widest, widths = max(part.cols for part in ordered), np.cumsum([part.cols for part in ordered])
        tried = {_rounded(max(widest, int(width))) for width in widths}
        return min((cls(ordered, _shelves(ordered, width)) for width in sorted(tried)), key=lambda each: each.pixels)

    @property
    def rows(self) -> int:
        return _rounded(max(place.bottom for place in self.places))

    @property
    def cols(self) -> int:
        return _rounded(max(place.right for place in self.places))

    @property
    def pixels(self) -> int:
        return self.rows * self.cols

    def cut(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The mosaic of ``image``, uint8 (rows, cols). Where it has no part, it has pixels that lie in none of them.

        They are noise, where the parts are all that is not. The same image has the same mosaic.
        """
        outside = np.ones(image.shape, dtype=bool)
        for part in self.parts:
            part.of(outside)[:] = False
        noise = image[outside] if outside.any() else image.ravel()
        mosaic = np.random.default_rng(0).choice(noise, (self.rows, self.cols))
        for part, place in zip(self.parts, self.places, strict=True):
            place.of(mosaic)[:] = part.of(image)
        return mosaic

    def to_image(self, boxes: Tensor) -> tuple[Tensor, Tensor]:
        """Pixel ``boxes`` (n, 4) of the mosaic as boxes of the image, cut to their parts, and which of them to keep.

        A box is of the part that shares most of it. The mask, bool (n,), leaves out boxes that are not mostly in one.
        """
        places = _boxes(self.places)
        low = torch.maximum(boxes[:, None, :2], places[:, :2])
        high = torch.minimum(boxes[:, None, 2:], places[:, 2:])
        shared = (high - low).clamp_min(0).prod(2)
        own = shared.argmax(1)
        cut = torch.cat([torch.maximum(boxes[:, :2], places[own, :2]), torch.minimum(boxes[:, 2:], places[own, 2:])], 1)
        inside = shared.amax(1) > MIN_INSIDE * (boxes[:, 2:] - boxes[:, :2]).prod(1)
        return cut - self._shifts()[own], inside

    def to_mosaic(self, boxes: Tensor) -> Tensor:
        """Pixel ``boxes`` (n, 4) of the image as boxes of the mosaic, each in the part that it overlaps most."""
        own = box_iou(boxes, _boxes(self.parts)).argmax(1)
        return boxes + self._shifts()[own]

    def _shifts(self) -> Tensor:
        """What is added to boxes of the image to make them boxes of the mosaic, (parts, 4)."""
        return (_boxes(self.places) - _boxes(self.parts))[:, [0, 1, 0, 1]]


def _rounded(side: int) -> int:
    return -(-side // SIDE_PX) * SIDE_PX


def _shelves(parts: Sequence[Rectangle], width: int) -> tuple[Rectangle, ...]:
    """Places of ``parts``, the highest first, from left to right in shelves at most ``width`` wide."""
    places, top, left, bottom = list[Rectangle](), 0, 0, 0
    for part in parts:
        if left and left + part.cols > width:
            top, left = bottom, 0
        places.append(Rectangle(top, top + part.rows, left, left + part.cols))
        left, bottom = left + part.cols, max(bottom, top + part.rows)
    return tuple(places)


def _boxes(rectangles: Sequence[Rectangle]) -> Tensor:
    return torch.tensor([[each.left, each.top, each.right, each.bottom] for each in rectangles]).float()
