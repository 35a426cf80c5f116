"""Rectangle: a part of an image, in whole pixels."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_Pixel = TypeVar("_Pixel", bound=np.generic)


@dataclass(frozen=True)
class Rectangle:
    """A rectangle of whole pixels: rows ``top`` to ``bottom``, columns ``left`` to ``right``, ends excluded."""

    top: int
    bottom: int
    left: int
    right: int

    @classmethod
    def around(cls, box: NDArray[np.floating]) -> "Rectangle":
        """The pixels that a box (x_min, y_min, x_max, y_max) touches."""
        x0, y0, x1, y1 = (float(edge) for edge in box)
        left, top = int(np.floor(x0 + 1e-3)), int(np.floor(y0 + 1e-3))
        return cls(top, max(int(np.ceil(y1 - 1e-3)), top + 1), left, max(int(np.ceil(x1 - 1e-3)), left + 1))

    @property
    def rows(self) -> int:
        return self.bottom - self.top

    @property
    def cols(self) -> int:
        return self.right - self.left

    @property
    def pixels(self) -> int:
        return self.rows * self.cols

    def widened(self, rows: int, cols: int) -> "Rectangle":
        """The rectangle with so many more rows and columns on each side."""
        return Rectangle(self.top - rows, self.bottom + rows, self.left - cols, self.right + cols)

    def shifted(self, cols: int) -> "Rectangle":
        """The rectangle so many columns further right."""
        return Rectangle(self.top, self.bottom, self.left + cols, self.right + cols)

    def around_both(self, other: "Rectangle") -> "Rectangle":
        """The smallest rectangle that holds both."""
        return Rectangle(
            min(self.top, other.top),
            max(self.bottom, other.bottom),
            min(self.left, other.left),
            max(self.right, other.right),
        )

    def holds(self, other: "Rectangle") -> bool:
        """Whether ``other`` lies inside."""
        return self.around_both(other) == self

    def meets(self, other: "Rectangle") -> bool:
        """Whether both share a pixel."""
        return max(self.top, other.top) < min(self.bottom, other.bottom) and max(self.left, other.left) < min(
            self.right, other.right
        )

    def of(self, image: NDArray[_Pixel]) -> NDArray[_Pixel]:
        """The pixels of ``image`` (rows, cols) inside, as a view."""
        return image[self.top : self.bottom, self.left : self.right]
