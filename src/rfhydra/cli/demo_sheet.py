"""The picture of the boxes that the demo learns from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from rfhydra.detection.recording import read_window
from rfhydra.files import writing_output
from rfhydra.recordings import Recording
from rfhydra.spectrum.spec import SpectrogramSpec

ACROSS: Final = 5
_SIDE: Final = 256  # pixels of a tile
_MARGIN: Final = 4
_BOX: Final = (255, 200, 0)


def draw_boxes(recordings: Sequence[Recording], spec: SpectrogramSpec, path: Path) -> None:
    """Write a PNG with a tile for the first window of each recording, its annotations as boxes.

    Raises:
        StorageFull: the disk is full; ``path`` is unchanged.
        InvalidMessage: ``path`` cannot be written.
    """
    pitch = _SIDE + _MARGIN
    down = -(-len(recordings) // ACROSS)
    sheet = Image.new("RGB", (ACROSS * pitch + _MARGIN, down * pitch + _MARGIN), "white")
    for number, recording in enumerate(recordings):
        row, column = divmod(number, ACROSS)
        sheet.paste(_tile(recording, spec), (column * pitch + _MARGIN, row * pitch + _MARGIN))
    with writing_output(path) as file:
        sheet.save(file, "PNG")


def _tile(recording: Recording, spec: SpectrogramSpec) -> Image.Image:
    """The first window of a recording, with its annotations."""
    window = read_window(recording, 0, min(recording.sample_count, spec.window_samples), spec)
    tile = Image.fromarray(window.image).convert("RGB").resize((_SIDE, _SIDE))
    scale = np.tile([_SIDE / window.image.shape[1], _SIDE / window.image.shape[0]], 2)
    draw = ImageDraw.Draw(tile)
    for box in window.frame.to_pixels([each.box(recording.sample_rate_hz) for each in recording.annotations]):
        draw.rectangle([float(edge) for edge in box * scale], outline=_BOX, width=2)
    return tile
