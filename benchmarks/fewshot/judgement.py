"""Metrics of one head's detections, and the causes of its errors."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.results import Row
from benchmarks.scenes import FRAME, RenderedScene
from rfhydra.config import IOU_THRESHOLD
from rfhydra.hydra.backbone import Backbone
from rfhydra.pretrain.burst_library import HELD_OUT
from rfhydra.spectrum.pixels import PixelBoxes
from rfhydra.training.evaluation.metrics import (
    ScoredScene,
    average_precision,
    best_threshold,
    evaluate,
    iou_matrix,
    match,
)

SNR_EDGES_DB: Final = (3.0, 8.0, 13.0, 20.0, 30.0)
TOUCHING_IOU: Final = 0.1


def judge(
    scenes: Sequence[RenderedScene],
    emitter: str,
    scored: Sequence[ScoredScene],
    threshold: float,
    proposals: Sequence[PixelBoxes],
) -> Row:
    """Everything that is reported of one head on ``scenes``, as JSON.

    Args:
        scenes: with and without the emitter.
        emitter: the emitter that the head was trained on.
        scored: detections in each scene, down to a low score, against the truth.
        threshold: the stored threshold of the head.
        proposals: proposals of the backbone in each scene.
    """
    oracle = best_threshold(scored)
    kept = [scene.at(threshold) for scene in scored]
    stored = evaluate(kept, threshold)
    empty = [len(scene.scores) for scene in kept if not len(scene.truth)]
    return {
        **stored.to_dict(),
        **vars(stored),
        "threshold": threshold,
        "f1_oracle": evaluate(scored, oracle).f1_score,
        "oracle_threshold": oracle,
        "ap": average_precision(scored),
        "f1_iou_0.3": evaluate(kept, threshold, 0.3).f1_score,
        "empty_scenes": len(empty),
        "false_alarms_in_empty": sum(empty),
        **_errors(scenes, emitter, kept, [scene.at(oracle) for scene in scored], proposals),
        "edges": _edge_errors(kept),
    }


def proposal_boxes(backbone: Backbone, scenes: Sequence[RenderedScene]) -> list[PixelBoxes]:
    """Proposals in each scene, (n, 4), at most 100."""
    return [backbone.see(scene.image).propose().boxes.numpy() for scene in scenes]


def proposed(proposals: PixelBoxes, truth: PixelBoxes, iou: float = IOU_THRESHOLD) -> NDArray[np.bool_]:
    """Whether a proposal covers each of the ``truth`` boxes, bool (n,)."""
    covered: NDArray[np.bool_] = iou_matrix(truth, proposals).max(1, initial=0.0) >= iou
    return covered


def is_emitter(kind: str) -> bool:
    """Whether the kind of a burst is the name of an emitter, not of a base waveform."""
    return kind.rpartition("-")[0] in HELD_OUT


def emission_under(scene: RenderedScene, box: NDArray[np.floating[Any]]) -> int | None:
    """Index of the emission that overlaps a box most, None where it touches none."""
    overlap = iou_matrix(box, scene.all_pixels)[0]
    best = int(overlap.argmax())
    return best if overlap[best] >= TOUCHING_IOU else None


def _errors(
    scenes: Sequence[RenderedScene],
    emitter: str,
    kept: Sequence[ScoredScene],
    at_oracle: Sequence[ScoredScene],
    proposals: Sequence[PixelBoxes],
) -> Row:
    """Counts of errors by cause, and of all outcomes by in-band SNR.

    Causes of a missed emission: ``proposal``, no proposal covers it; ``localisation``, detected with too inaccurate a
    box; ``threshold``, detected at the best threshold only; ``score``, classified as something else. A false alarm
    lies on a part or copy of the ``target``, another ``emitter``, a ``base`` burst or ``nothing``, and is counted at
    the SNR of the emission under it.
    """
    missed = dict.fromkeys(("proposal", "localisation", "threshold", "score"), 0)
    false = dict.fromkeys(("target", "emitter", "base", "nothing"), 0)
    snr = [{"tp": 0, "fn": 0, "fp": 0} for _ in SNR_EDGES_DB[1:]]
    for scene, found, best, boxes in zip(scenes, kept, at_oracle, proposals, strict=True):
        covered, touched = proposed(boxes, found.truth), proposed(found.boxes, found.truth, TOUCHING_IOU)
        hits, best_hits = _detected(found), _detected(best)
        for index, emission in enumerate(scene.of(emitter)):
            snr[_bin(emission.snr_db)]["tp" if hits[index] else "fn"] += 1
            if hits[index]:
                continue
            if not covered[index]:
                missed["proposal"] += 1
            elif touched[index]:
                missed["localisation"] += 1
            else:
                missed["threshold" if best_hits[index] else "score"] += 1
        for box in found.boxes[~match(found)]:
            under = emission_under(scene, box)
            if under is None:
                false["nothing"] += 1
                continue
            emission = scene.emissions[under]
            false["target" if emission.kind == emitter else "emitter" if is_emitter(emission.kind) else "base"] += 1
            snr[_bin(emission.snr_db)]["fp"] += 1
    return {"missed": missed, "false": false, "snr": snr}


def _detected(scene: ScoredScene) -> NDArray[np.bool_]:
    """Whether each truth box is matched, bool (n,)."""
    taken = np.zeros(len(scene.truth), bool)
    for row in iou_matrix(scene.boxes[match(scene)], scene.truth):
        row[taken] = -1
        taken[row.argmax()] = True
    return taken


def _bin(snr_db: float) -> int:
    return int(np.clip(np.searchsorted(SNR_EDGES_DB, snr_db, "right") - 1, 0, len(SNR_EDGES_DB) - 2))


def _edge_errors(kept: Sequence[ScoredScene]) -> dict[str, list[float]]:
    """Mean error of the two edges of each true detection in time (s) and in frequency (Hz)."""
    pixels = [np.zeros((0, 4))]
    for scene in kept:
        boxes = scene.boxes[match(scene)]
        if len(boxes):
            pixels.append(np.abs(boxes - scene.truth[iou_matrix(boxes, scene.truth).argmax(1)]))
    errors = np.concatenate(pixels)
    seconds, hertz = errors[:, [0, 2]].mean(1), errors[:, [1, 3]].mean(1)
    return {
        "s": (seconds * FRAME.seconds_per_col).round(7).tolist(),
        "hz": (hertz * FRAME.hz_per_row).round(1).tolist(),
    }
