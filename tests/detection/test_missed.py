"""Annotations that no detection meets."""

from dataclasses import replace

from rfhydra.detection.detector import Detection
from rfhydra.detection.missed import missed_annotations
from rfhydra.recordings import Annotation
from rfhydra.spectrum.boxes import Box
from tests.detection.given import RATE_HZ, recording


def test_only_what_was_looked_for_is_missed() -> None:
    at = [
        Annotation(start, 1000, -50.0, 50.0, label)
        for start, label in ((0, "a"), (2000, "a"), (4000, "b"), (6000, "c"))
    ]
    annotated = replace(recording(8000), annotations=tuple(at))

    def found(name: str, annotation: Annotation, share: float) -> Detection:
        box = annotation.box(RATE_HZ)
        return Detection(name, 1, 0.9, replace(box, time_end_sec=box.time_start_sec + share))

    detections = [found("a", at[0], 0.6), found("a", at[1], 0.4), found("a", at[2], 1.0)]
    assert missed_annotations(annotated, detections, ["a", "b"]) == [at[1], at[2]]
    assert missed_annotations(annotated, detections, ["a", "b"], iou=0.3) == [at[2]]
    assert missed_annotations(annotated, [], []) == []
    assert missed_annotations(annotated, [Detection("c", 1, 1.0, Box(6.0, 7.0, -50.0, 50.0))], ["c"]) == []
