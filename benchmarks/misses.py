"""Why annotated emissions of real recordings were missed."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rfhydra.config import IOU_THRESHOLD
from rfhydra.detection.detector import Detection, HydraDetector
from rfhydra.detection.windows import recording_windows
from rfhydra.hydra.candidates import CandidateRule
from rfhydra.hydra.head import EmbeddingHead
from rfhydra.recordings import Recording
from rfhydra.spectrum.boxes import Box
from rfhydra.training.evaluation.metrics import iou_matrix
from rfhydra.training.evaluation.recordings import as_scene, corners

CAUSES: Final = ("no candidate", "unsure", "loose", "confused")
TOUCHING_IOU: Final = 0.1


def count_misses(
    recording: Recording, detections: Sequence[Detection], detector: HydraDetector, head: EmbeddingHead
) -> dict[str, int]:
    """Emissions of the signal of ``head`` in ``recording`` that no detection lies on, by cause.

    ``detections`` are those of all loaded heads, ``head`` among them, down to a low score. In this order of precedence
    an emission is ``confused``: another head's detection lies on it; ``loose``: the head's own touches it only, at an
    IoU of 0.1 to 0.5; ``no candidate``: neither a proposal nor a candidate of the head's own lies on it; else
    ``unsure``: its score is too low.
    """
    signal_name = head.info.signal_name
    counts = dict.fromkeys(CAUSES, 0)
    sure = [each for each in detections if each.score >= detector.loaded_threshold(each.signal_name)]
    own = corners([each.box for each in sure if each.signal_name == signal_name])
    others = corners([each.box for each in sure if each.signal_name != signal_name])
    truth = as_scene(recording, signal_name, []).truth
    missed = truth[_best_iou(truth, own) < IOU_THRESHOLD]
    if not len(missed):
        return counts
    candidates = corners(_candidates(recording, detector, head.info.candidates))
    found = zip(_best_iou(missed, others), _best_iou(missed, own), _best_iou(missed, candidates), strict=True)
    for by_other, by_own, by_candidate in found:
        if by_other >= IOU_THRESHOLD:
            counts["confused"] += 1
        elif by_own >= TOUCHING_IOU:
            counts["loose"] += 1
        else:
            counts["unsure" if by_candidate >= IOU_THRESHOLD else "no candidate"] += 1
    return counts


def _best_iou(boxes: NDArray[Any], others: NDArray[Any]) -> NDArray[np.float64]:
    """IoU of each box (n, 4) with the nearest of ``others`` (m, 4); 0 without any."""
    best: NDArray[np.float64] = iou_matrix(boxes, others).max(1, initial=0.0)
    return best


def _candidates(recording: Recording, detector: HydraDetector, rule: CandidateRule | None) -> list[Box]:
    """Proposals, and candidates of ``rule``, in all windows of ``recording``."""
    boxes = list[Box]()
    for window in recording_windows(recording, detector.spec):
        proposals = detector.backbone.see(window.image).propose().boxes
        own = rule.find(window.image, proposals) if rule else proposals[:0]
        found = window.frame.to_boxes(np.concatenate([proposals.numpy(), own.numpy()]))
        boxes += [box.shifted(window.start_sec) for box in found]
    return boxes
