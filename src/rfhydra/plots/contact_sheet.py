"""Contact sheet: a PNG with a crop of each sample around its boxes."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from rfhydra.config import NEGATION
from rfhydra.plots.figure import BLUE, DPI, GREY, RED, save
from rfhydra.protocol.types import SampleBox, SampleInfo

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_CROPS: Final = 60
"""Crops on one sheet."""
ID_DIGITS: Final = 12
"""Digits of a sample id that are shown: enough to tell a million samples apart."""
_COLUMNS: Final = 6
_MARGIN: Final = 0.5  # of the boxes' size, on each side
_MIN_SIDE: Final = 32  # pixels of the spectrogram
_OTHER: Final = GREY


def draw_contact_sheet(
    samples: Sequence[tuple[str, SampleInfo, NDArray[np.uint8]]], path: Path, columns: int = _COLUMNS
) -> None:
    """Write a PNG of ``samples``: signal, sample and image, uint8 (rows, cols), of each.

    Boxes of the signal are solid, those that are verified not to be it dashed and red, those of others dashed.

    Raises:
        StorageFull: the disk is full; ``path`` is unchanged.
        InvalidMessage: ``path`` cannot be written.
    """
    columns = min(columns, len(samples))
    rows = math.ceil(len(samples) / columns)
    figure = Figure(figsize=(2.4 * columns, 2.5 * rows), dpi=DPI, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis, (signal, sample, image) in zip(axes, samples, strict=False):
        _draw(axis, signal, sample, image)
    for axis in axes[len(samples) :]:
        axis.set_axis_off()
    save(figure, path)


def _draw(axis: "Axes", signal: str, sample: SampleInfo, image: NDArray[np.uint8]) -> None:
    axis.imshow(image, aspect="auto", cmap="gray_r", vmin=0, vmax=255, interpolation="nearest")
    for each in sample.negatives:
        is_rejected = each.label.startswith(NEGATION)
        axis.add_patch(_outline(each, RED if is_rejected else _OTHER, "--"))
    for box in sample.boxes:
        axis.add_patch(_outline(box, BLUE, "-"))
    left, right, top, bottom = _crop(sample.boxes or sample.negatives, image.shape)
    axis.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[])
    axis.set_title(f"{signal}\n{sample.sample_id[:ID_DIGITS]}", fontsize=7, loc="left", parse_math=False)


def _crop(boxes: Sequence[SampleBox], shape: tuple[int, ...]) -> tuple[float, float, float, float]:
    """Left, right, upper and lower edge of what is shown of an image of ``shape`` (rows, cols)."""
    left, right = _stretch(min(each.x_min for each in boxes), max(each.x_max for each in boxes), shape[1])
    top, bottom = _stretch(min(each.y_min for each in boxes), max(each.y_max for each in boxes), shape[0])
    return left, right, top, bottom


def _stretch(low: float, high: float, size: int) -> tuple[float, float]:
    margin = max(_MARGIN * (high - low), (_MIN_SIDE - (high - low)) / 2)
    return max(low - margin, 0.0), min(high + margin, float(size))


def _outline(box: SampleBox, colour: str, line: str) -> Rectangle:
    corner = (box.x_min - 0.5, box.y_min - 0.5)  # the centre of a pixel has whole coordinates
    size = (box.x_max - box.x_min, box.y_max - box.y_min)
    return Rectangle(corner, *size, fill=False, edgecolor=colour, linestyle=line, linewidth=1.2)
