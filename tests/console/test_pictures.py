"""The graphics card and the processor draw the same picture of a spectrogram."""

from typing import Any, Final

import numpy as np
import pytest

from tests.console.conftest import OpenPage

COLUMNS, ROWS, CAPACITY = 150, 40, 100
WIDTH, HEIGHT = 160, 90
GRID: Final = {"startS": 10, "secondsPerColumn": 0.5, "topHz": 4000, "hzPerRow": 100, "minDb": -120, "maxDb": -20}
RANGE: Final = {"minDb": -100, "maxDb": -40}
NEXT_COLOR: Final = 6
"""Most that a colour differs from the next one of the map: a level between two may be rounded either way."""
_DRAW: Final = """async ({kind, grid, rows, columns, capacity, values, extent, range, width, height}) => {
  const {Levels} = await import("/console/parts/levels.js");
  const {GlPicture} = await import("/console/parts/gl_picture.js");
  const {CanvasPicture} = await import("/console/parts/canvas_picture.js");
  const levels = new Levels(grid, rows, capacity);
  levels.append(new Uint8Array(values), columns);
  levels.skip(5);
  const [canvas, copy] = [0, 1].map(() => Object.assign(document.createElement("canvas"), {width, height}));
  const picture = kind === "gl" ? new GlPicture(canvas) : new CanvasPicture(canvas);
  picture.setColors("viridis");
  picture.draw(levels, extent, range);
  const context = copy.getContext("2d");
  context.drawImage(canvas, 0, 0);
  picture.release();
  return [...context.getImageData(0, 0, width, height).data];
}"""


@pytest.mark.parametrize(
    "extent",
    [
        {"startS": 37.57, "stopS": 87.44, "lowHz": 3, "highHz": 3998},
        {"startS": 40.03, "stopS": 47.7, "lowHz": 1210, "highHz": 1990},
        {"startS": 20.03, "stopS": 120, "lowHz": -3004, "highHz": 6000},
    ],
    ids=["nearly the whole", "magnified", "beyond its edges"],
)
def test_both_drawings_of_levels_are_alike(extent: dict[str, float], console_port: int, open_page: OpenPage) -> None:
    values = np.random.default_rng(5).integers(1, 256, (ROWS, COLUMNS), dtype=np.uint8)
    given = {"grid": GRID, "rows": ROWS, "columns": COLUMNS, "capacity": CAPACITY, "values": values.ravel().tolist()}
    with open_page(console_port) as page:
        card, processor = (
            _pixels(
                page.evaluate(
                    _DRAW, given | {"kind": kind, "extent": extent, "range": RANGE, "width": WIDTH, "height": HEIGHT}
                )
            )
            for kind in ("gl", "canvas")
        )
    assert len(np.unique(card, axis=0)) > 20
    assert np.abs(card - processor).max() <= NEXT_COLOR


def _pixels(found: list[Any]) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.asarray(found).reshape(-1, 4)
