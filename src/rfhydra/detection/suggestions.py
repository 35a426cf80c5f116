"""Suggestions: boxes of a recording that may be worth a label, the most useful first."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Final

import numpy as np

from rfhydra.detection.detector import Detection, HydraDetector, WindowDetections
from rfhydra.detection.gate import EnergyGate
from rfhydra.detection.proposals import JOINING, likely_proposals
from rfhydra.detection.regions import see_regions
from rfhydra.detection.tracker import Track, Tracker, intersection_over_minimum, intersection_over_union
from rfhydra.detection.windows import stretches, window_spans
from rfhydra.errors import InvalidMessage, TooLarge
from rfhydra.protocol.recording_suggestions import UNSURE
from rfhydra.recordings.recording import Recording
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.window import Window

SAME_IOU: Final = 0.5
"""Overlap with a surer detection above which one below its threshold says nothing new."""
CLAIMED: Final = 0.3
"""Intersection over minimum with a detection above which a proposal is claimed."""
ALTERNATIVE: Final = 0.5
"""Intersection over minimum with a likelier proposal above which one is left out."""
MAX_PROPOSED: Final = 1000
"""Proposals of one part, the likeliest."""


@dataclass(frozen=True)
class Suggestion:
    """A box in seconds from the start of the recording.

    Attributes:
        score: calibrated score of the head of ``signal_name``; objectness where that is None.
        version, threshold: of the head, None likewise.
    """

    box: Box
    score: float
    signal_name: str | None = None
    version: int | None = None
    threshold: float | None = None

    @property
    def rank(self) -> tuple[float, ...]:
        """Order of usefulness: unsure detections by distance from the threshold, proposals, sure detections."""
        if self.threshold is None:
            return (1, -self.score, *self.box.as_tuple())
        distance = abs(self.score - self.threshold)
        return (0 if distance <= UNSURE else 2, distance, *self.box.as_tuple())


def suggest_boxes(
    recording: Recording,
    detector: HydraDetector,
    start_sec: float,
    end_sec: float,
    *,
    names: Collection[str] | None = None,
    min_objectness: float,
    max_windows: int,
    progress: Callable[[int], None] = lambda samples_done: None,
    turn: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> list[Suggestion]:
    """What the loaded heads detect in a part of a recording, and what the backbone proposes beside it; see
    :attr:`Suggestion.rank` for the order. Boxes whose middle lies in the part count.

    Args:
        recording: of any length.
        detector: with any heads.
        start_sec: of the part, from the start of the recording.
        end_sec: likewise.
        names: signals to detect; None for all that are loaded.
        min_objectness: of a proposal.
        max_windows: that the part may have.
        progress: called after each window with the sample that it ended at.
        turn: held during each window, by which several users of a detector take turns.

    Raises:
        InvalidMessage: the part is empty.
        TooLarge: it has more windows.
        InvalidRecording: the recording is shorter than a column, or a sample is not a finite number.
    """
    spec, rate = detector.spec, recording.sample_rate_hz
    last_sec = min(end_sec, recording.duration_sec)
    if not 0 <= start_sec < last_sec:
        raise InvalidMessage(
            f"{recording.name} lasts {recording.duration_sec:.6g} s: there is nothing from {start_sec:.6g} s"
            f" to {end_sec:.6g} s"
        )
    first, last = (round(edge * rate) for edge in (start_sec, last_sec))
    spans = [span for span in window_spans(recording, spec) if span[0] < last and span[0] + span[1] > first]
    if len(spans) > max_windows:
        raise TooLarge(
            f"the part has {len(spans)} windows of {spec.window_samples / rate:.3g} s, the limit is {max_windows}"
            " (max_candidate_windows): ask for a shorter one"
        )
    joined = _Joined(start_sec, last_sec)
    for windows in stretches(recording, spec, first, last):
        for window in windows:
            with turn():
                joined.add(window, *_look(detector, window, names, min_objectness))
            progress((window.start_sample or 0) + window.frame.cols * spec.hop)
    return joined.suggestions()


def _look(
    detector: HydraDetector, window: Window, names: Collection[str] | None, min_objectness: float
) -> tuple[WindowDetections, list[Detection]]:
    """Detections in a window, those included that are little below a threshold, and the proposals of the backbone."""
    regions = EnergyGate(window.frame.spec).regions(window.image)
    found = detector.detect(window, 0.0, names, regions)
    seen = found.seen or see_regions(detector.backbone, window.image, regions)
    return found, [] if seen is None else likely_proposals(window, seen, min_objectness)


class _Joined:
    """What successive windows show, each emission once."""

    def __init__(self, start_sec: float, end_sec: float) -> None:
        self._start_sec, self._end_sec = start_sec, end_sec
        self._detections, self._proposals = Tracker(), Tracker(joining=JOINING)
        self._detected, self._proposed = list[Detection](), list[Detection]()
        self._thresholds: dict[str, float] = {}

    def add(self, window: Window, found: WindowDetections, proposals: list[Detection]) -> None:
        self._thresholds |= found.thresholds
        worth = [each for each in found.detections if each.score >= found.thresholds[each.signal_name] - UNSURE]
        self._detected += self._inside(self._detections.update(window, _distinct(worth, found.thresholds)))
        self._proposed += self._inside(self._proposals.update(window, proposals))

    def suggestions(self) -> list[Suggestion]:
        detected = self._detected + self._inside(self._detections.close())
        proposed = self._proposed + self._inside(self._proposals.close())
        made = [
            Suggestion(each.box, each.score, each.signal_name, each.version, self._thresholds[each.signal_name])
            for each in detected
        ]
        claimed, free = [each.box for each in detected], list[Box]()
        likeliest = sorted(proposed, key=lambda each: (-each.score, each.box))[:MAX_PROPOSED]
        for each in likeliest:
            if not (_meets(each.box, claimed, CLAIMED) or _meets(each.box, free, ALTERNATIVE)):
                free.append(each.box)
                made.append(Suggestion(each.box, each.score))
        return sorted(made, key=lambda each: each.rank)

    def _inside(self, tracks: Sequence[Track]) -> list[Detection]:
        found = [track.detection for track in tracks]
        middles = [(each.box.time_start_sec + each.box.time_end_sec) / 2 for each in found]
        return [each for each, middle in zip(found, middles, strict=True) if self._start_sec <= middle < self._end_sec]


def _distinct(detections: Sequence[Detection], thresholds: dict[str, float]) -> list[Detection]:
    """All at or above their threshold, and of those below it the strongest that lie elsewhere."""
    kept = [each for each in detections if each.score >= thresholds[each.signal_name]]
    for each in detections:
        if each.score < thresholds[each.signal_name] and not any(
            intersection_over_union(each.box, other.box, -np.inf, np.inf) > SAME_IOU for other in kept
        ):
            kept.append(each)
    return sorted(kept, key=lambda each: -each.score)


def _meets(box: Box, others: Sequence[Box], overlap: float) -> bool:
    return any(intersection_over_minimum(box, other, -np.inf, np.inf) > overlap for other in others)
