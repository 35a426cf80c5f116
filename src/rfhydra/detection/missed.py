"""Annotations of a recording that no detection meets."""

from collections.abc import Collection, Sequence

from rfhydra.config import IOU_THRESHOLD
from rfhydra.detection.detector import Detection
from rfhydra.detection.tracker import intersection_over_union
from rfhydra.recordings import Annotation, Recording


def missed_annotations(
    recording: Recording, found: Sequence[Detection], names: Collection[str], iou: float = IOU_THRESHOLD
) -> list[Annotation]:
    """The annotations with one of ``names`` that no box of the same signal in ``found`` overlaps by ``iou``.

    Annotations of other signals are not missed: nobody looked for them.
    """

    def is_found(annotation: Annotation) -> bool:
        box = annotation.box(recording.sample_rate_hz)
        return any(
            each.signal_name == annotation.label
            and intersection_over_union(box, each.box, 0.0, recording.duration_sec) >= iou
            for each in found
        )

    return [each for each in recording.annotations if each.label in names and not is_found(each)]
