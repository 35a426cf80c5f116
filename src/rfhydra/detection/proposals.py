"""Proposals of the backbone in a recording, numbered in the order of time, so that a box can be taken by its number."""

from collections.abc import Callable
from typing import Final

from rfhydra.detection.detector import Detection
from rfhydra.detection.gate import EnergyGate
from rfhydra.detection.regions import see_regions
from rfhydra.detection.tracker import Joining, Track, Tracker, intersection_over_union
from rfhydra.detection.windows import stretches
from rfhydra.errors import InvalidMessage, TooLarge
from rfhydra.hydra.backbone import Backbone, Seen
from rfhydra.recordings.recording import Recording
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.window import Window

PROPOSAL_SPEC: Final = SpectrogramSpec(fft_size=1024, hop=512, rows=512, cols=512)
"""The contract that boxes are numbered under where none is chosen: numbers must not depend on a workspace."""
MIN_OBJECTNESS: Final = 0.3
JOINING: Final = Joining(intersection_over_union, min_overlap=0.5, cut_margin=1 / 16)
"""Boxes inside each other are alternatives, and both are offered. Edges are less exact than those of detections."""
MAX_BOXES: Final = 1000


def propose_boxes(
    recording: Recording,
    spec: SpectrogramSpec,
    backbone: Backbone,
    start_sec: float = 0.0,
    end_sec: float | None = None,
    *,
    min_objectness: float = MIN_OBJECTNESS,
    progress: Callable[[int], None] = lambda samples_done: None,
) -> list[Box]:
    """Boxes that the backbone proposes, sorted by time; number ``n`` of a box is its place, counted from 1.

    The same arguments give the same boxes. A box that several windows show is returned once, and the parts of one that
    is longer than a window are joined. With ``start_sec`` and ``end_sec``, the boxes whose middle lies between them:
    they are those of the whole recording, numbered from 1 again, unless they reach beyond by more than a window.

    Args:
        recording: of any length.
        spec: the contract of the images, such as :data:`PROPOSAL_SPEC`.
        backbone: pretrained on the value scaling of ``spec``.
        start_sec: seconds from the start of the recording.
        end_sec: likewise; None for its end.
        min_objectness: least objectness of a box, 0 to 1.
        progress: called after each window with the sample that it ended at.

    Raises:
        InvalidMessage: there is no time between ``start_sec`` and ``end_sec``.
        InvalidRecording: the recording is shorter than a column, or cannot be read.
        Incompatible: the backbone was pretrained on another value scaling than ``spec`` has.
        TooLarge: there are more than :data:`MAX_BOXES` boxes.
    """
    backbone.require_scaling(spec)
    end_sec = recording.duration_sec if end_sec is None else min(end_sec, recording.duration_sec)
    if not 0 <= start_sec < end_sec:
        raise InvalidMessage(
            f"{recording.name} lasts {recording.duration_sec:.6g} s: there is nothing from {start_sec:.6g} s"
            f" to {end_sec:.6g} s"
        )
    first, last = (round(edge * recording.sample_rate_hz) for edge in (start_sec, end_sec))
    boxes, tracker = list[Box](), Tracker(joining=JOINING)

    def keep(closed: list[Track]) -> None:
        middles = ((each.detection.box, _middle_sec(each.detection.box)) for each in closed)
        boxes.extend(box for box, middle in middles if start_sec <= middle < end_sec)
        if len(boxes) > MAX_BOXES:
            raise TooLarge(
                f"{recording.name} has more than {MAX_BOXES} proposed boxes: choose a shorter part or more objectness"
            )

    for windows in stretches(recording, spec, first, last):
        for window in windows:
            keep(tracker.update(window, _proposals(window, backbone, min_objectness)))
            progress((window.start_sample or 0) + window.frame.cols * spec.hop)
    keep(tracker.close())
    return sorted(boxes)


def _middle_sec(box: Box) -> float:
    return (box.time_start_sec + box.time_end_sec) / 2


def _proposals(window: Window, backbone: Backbone, min_objectness: float) -> list[Detection]:
    """The proposals in ``window``, strongest first, as detections of no signal."""
    # a gate of its own: what it knew of the windows before would depend on where the part begins
    regions = EnergyGate(window.frame.spec).regions(window.image)
    seen = see_regions(backbone, window.image, regions)
    return [] if seen is None else likely_proposals(window, seen, min_objectness)


def likely_proposals(window: Window, seen: Seen, min_objectness: float) -> list[Detection]:
    """The proposals in ``window``, as ``seen`` has it, of at least ``min_objectness``, as detections of no signal."""
    found = seen.propose()
    boxes = window.frame.to_boxes(found.boxes.numpy())
    likely = zip(found.objectness.tolist(), boxes, strict=True)
    return [Detection("", 0, objectness, box) for objectness, box in likely if objectness >= min_objectness]
