"""Unclaimed: the emissions in the windows of a stream that no head detects."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from rfhydra.detection.tracker import intersection_over_minimum
from rfhydra.hydra.backbone import Proposals, Seen
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.spectrogram import level_db
from rfhydra.spectrum.window import Window

MIN_OBJECTNESS: Final = 0.5
MIN_LEVEL_DB: Final = 8.0
"""Of the strongest tenth of a box, above the noise floor."""
MAX_OVERLAP: Final = 0.3
"""Intersection over minimum with a detection, or with a likelier proposal, above which a proposal is no emission."""
CONTINUES: Final = 0.5
"""Intersection over minimum with an emission of a window before, above which it is the same."""
MAX_EMISSIONS: Final = 50
"""Of one window, the likeliest."""
_EDGE: Final = 1 / 64  # of a window; a box that ends closer to its edge counts as cut by it


@dataclass(frozen=True, eq=False)
class Emission:
    """An emission that no head detects.

    Attributes:
        box: seconds of the stream, Hz.
        in_window: the same in seconds of the window.
        embedding: float32 (d,), of unit length.
        objectness: 0 to 1.
        is_new: whether no window before it showed the emission.
        is_cut: whether it goes on beyond the window, as far as that shows.
    """

    box: Box
    in_window: Box
    embedding: NDArray[np.float32]
    objectness: float
    is_new: bool
    is_cut: bool


class Unclaimed:
    """Finds the emissions of successive windows, each of which is new in one window only.

    Memory is bounded by what overlaps the last window.
    """

    def __init__(self) -> None:
        self._recent: list[Box] = []

    def find(self, window: Window, seen: Seen, claimed: Sequence[Box]) -> list[Emission]:
        """The emissions in ``window``; ``claimed`` are the boxes that heads detected, in seconds of the stream.

        An emission that is cut by the end of a window is left to the next one, unless it is longer than half of a
        window.
        """
        frame = window.frame
        self._recent = [box for box in self._recent if box.time_end_sec > window.start_sec]
        taken, found = list(claimed), list[Emission]()
        for box, embedding, objectness in self._candidates(window, seen.propose()):
            stream_box = box.shifted(window.start_sec)
            if any(_overlap(stream_box, other) > MAX_OVERLAP for other in taken):
                continue
            taken.append(stream_box)
            cut_late = box.time_end_sec > frame.duration_sec * (1 - _EDGE)
            is_cut = cut_late or box.time_start_sec < frame.duration_sec * _EDGE
            if cut_late and box.time_end_sec - box.time_start_sec < frame.duration_sec / 2:
                continue
            is_new = not any(_overlap(stream_box, other) > CONTINUES for other in self._recent)
            found.append(Emission(stream_box, box, embedding, objectness, is_new, is_cut))
            if len(found) == MAX_EMISSIONS:
                break
        self._recent += [each.box for each in found]
        return found

    @staticmethod
    def _candidates(window: Window, proposals: Proposals) -> list[tuple[Box, NDArray[np.float32], float]]:
        """Boxes in seconds of the window with embedding and objectness, likeliest first, of what has enough energy."""
        level = level_db(window.image, window.frame.spec).numpy()
        likely = [index for index, each in enumerate(proposals.objectness.tolist()) if each >= MIN_OBJECTNESS]
        pixels = proposals.boxes[likely].numpy()
        loud = [index for index, box in enumerate(pixels) if _peak_db(level, box) >= MIN_LEVEL_DB]
        boxes = window.frame.to_boxes(pixels[loud])
        kept = torch.tensor(likely, dtype=torch.int64)[loud]
        return list(zip(boxes, proposals.embeddings[kept].numpy(), proposals.objectness[kept].tolist(), strict=True))


def _peak_db(level: NDArray[np.float32], box: NDArray[np.float32]) -> float:
    left, top, right, bottom = (int(each) for each in (box[0], box[1], np.ceil(box[2]), np.ceil(box[3])))
    inside = level[max(top, 0) : bottom, max(left, 0) : right]
    return float(np.quantile(inside, 0.9)) if inside.size else -np.inf


def _overlap(first: Box, second: Box) -> float:
    return intersection_over_minimum(first, second, -np.inf, np.inf)
