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
MIN_LEVEL_DB: Final = 12.0
"""Above the noise floor; the level of a box is what the strongest tenth of it exceeds."""
ARTEFACT_DB: Final = 6.0
ARTEFACT_SHARE: Final = 0.8
"""A proposal is an artefact of the receiver – an image, a skirt – if for so much of its time there is another one that
is :data:`ARTEFACT_DB` stronger. A weak emission that is always beside a strong one is not found."""
MAX_OVERLAP: Final = 0.3
"""Intersection over minimum with a detection, or with a likelier proposal, above which a proposal is no emission."""
CONTINUES: Final = 0.5
"""Intersection over minimum with an emission of a window before, in the time of both windows, above which it is the
same."""
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
    """

    box: Box
    in_window: Box
    embedding: NDArray[np.float32]
    objectness: float
    is_new: bool


class Unclaimed:
    """Finds the emissions of successive windows, each of which is new in one window only.

    Memory is bounded by what overlaps the last window.
    """

    def __init__(self) -> None:
        self._recent: list[tuple[Box, float]] = []  # with the ends of their windows

    def find(self, window: Window, seen: Seen, claimed: Sequence[Box]) -> list[Emission]:
        """The emissions in ``window``; ``claimed`` are the boxes that heads detected, in seconds of the stream.

        An emission that is cut by the end of a window is left to the next one, unless it is longer than half of a
        window.
        """
        start_sec, length_sec = window.start_sec, window.frame.duration_sec
        self._recent = [(box, end_sec) for box, end_sec in self._recent if end_sec > start_sec]
        candidates = _candidates(window, seen.propose())
        found = list[Emission]()
        for each in _distinct(candidates, [box.shifted(-start_sec) for box in claimed]):
            box, stream_box = each.box, each.box.shifted(start_sec)
            is_left_to_next = box.time_end_sec > length_sec * (1 - _EDGE) and _seconds(box) < length_sec / 2
            if is_left_to_next or any(_is_artefact(each, other) for other in candidates):
                continue
            is_new = not any(
                intersection_over_minimum(stream_box, other, start_sec, end_sec) > CONTINUES
                for other, end_sec in self._recent
            )
            found.append(Emission(stream_box, box, each.embedding, each.objectness, is_new))
        self._recent += [(each.box, window.end_sec) for each in found]
        return found


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A proposal with its box in seconds of the window."""

    box: Box
    embedding: NDArray[np.float32]
    objectness: float
    level_db: float


def _candidates(window: Window, proposals: Proposals) -> list[_Candidate]:
    """The proposals that are likely and strong enough, likeliest first."""
    level = level_db(window.image, window.frame.spec).numpy()
    likely = torch.nonzero(proposals.objectness >= MIN_OBJECTNESS)[:, 0]
    pixels, embeddings = proposals.boxes[likely].numpy(), proposals.embeddings[likely].numpy()
    boxes, objectness = window.frame.to_boxes(pixels), proposals.objectness[likely].tolist()
    found = map(_Candidate, boxes, embeddings, objectness, (_level_in(level, box) for box in pixels))
    return [each for each in found if each.level_db >= MIN_LEVEL_DB]


def _distinct(candidates: Sequence[_Candidate], claimed: Sequence[Box]) -> list[_Candidate]:
    """Those that overlap neither a claimed box nor a likelier one."""
    taken, kept = [*claimed], list[_Candidate]()
    for each in candidates:
        if len(kept) < MAX_EMISSIONS and not any(_overlap(each.box, other) > MAX_OVERLAP for other in taken):
            taken.append(each.box)
            kept.append(each)
    return kept


def _is_artefact(weak: _Candidate, strong: _Candidate) -> bool:
    shared = min(weak.box.time_end_sec, strong.box.time_end_sec) - max(
        weak.box.time_start_sec, strong.box.time_start_sec
    )
    is_beside = shared >= ARTEFACT_SHARE * _seconds(weak.box) and _overlap(weak.box, strong.box) <= MAX_OVERLAP
    return is_beside and strong.level_db - weak.level_db >= ARTEFACT_DB


def _seconds(box: Box) -> float:
    return box.time_end_sec - box.time_start_sec


def _level_in(level: NDArray[np.float32], box: NDArray[np.float32]) -> float:
    left, top, right, bottom = (int(each) for each in (box[0], box[1], np.ceil(box[2]), np.ceil(box[3])))
    inside = level[max(top, 0) : bottom, max(left, 0) : right]
    return float(np.quantile(inside, 0.9)) if inside.size else -np.inf


def _overlap(first: Box, second: Box) -> float:
    return intersection_over_minimum(first, second, -np.inf, np.inf)
