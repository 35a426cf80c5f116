"""How good the detections of a head are, and what became of those that are wrong."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.fewshot.scenes import FRAME, RenderedScene
from rfhydra.config import IOU_THRESHOLD
from rfhydra.hydra.backbone import Backbone
from rfhydra.pretrain.burst_library import HELD_OUT
from rfhydra.spectrum.boxes import PixelBoxes
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
) -> dict[str, Any]:
    """Everything that is reported of one head on ``scenes``, as JSON.

    Args:
        scenes: with and without the emitter.
        emitter: whose head it is.
        scored: what it found in each scene down to a low score, against the truth.
        threshold: the head's stored one.
        proposals: what the backbone proposes in each scene.
    """
    oracle = best_threshold(scored)
    kept = [scene.at(threshold) for scene in scored]
    stored = evaluate(kept, threshold)
    empty = [len(scene.scores) for scene in kept if not len(scene.truth)]
    return {
        **stored.to_dict(),
        "tp": stored.tp,
        "fp": stored.fp,
        "fn": stored.fn,
        "threshold": threshold,
        "f1_oracle": evaluate(scored, oracle).f1_score,
        "oracle_threshold": oracle,
        "ap": average_precision(scored),
        "f1_iou_0.3": evaluate(kept, threshold, 0.3).f1_score,
        "empty_scenes": len(empty),
        "false_alarms_in_empty": sum(empty),
        "missed": _missed(scored, threshold, oracle, proposals),
        "false": _false(scenes, emitter, kept),
        "snr": _by_snr(scenes, emitter, kept),
        "edges": _edge_errors(kept),
    }


def proposal_boxes(backbone: Backbone, scenes: Sequence[RenderedScene]) -> list[PixelBoxes]:
    """The boxes that ``backbone`` proposes in each scene, (n, 4), at most 100."""
    return [backbone.see(scene.image).propose().boxes.numpy() for scene in scenes]


def proposed(proposals: PixelBoxes, truth: PixelBoxes) -> NDArray[np.bool_]:
    """Which of the ``truth`` boxes a proposal covers, bool (n,)."""
    covered: NDArray[np.bool_] = iou_matrix(truth, proposals).max(1, initial=0.0) >= IOU_THRESHOLD
    return covered


def _found(scene: ScoredScene) -> NDArray[np.bool_]:
    """Which truth boxes are matched, bool (n,)."""
    taken = np.zeros(len(scene.truth), bool)
    overlap = iou_matrix(scene.boxes[match(scene)], scene.truth)
    for row in overlap:
        row[taken] = -1
        taken[row.argmax()] = True
    return taken


def _missed(
    scored: Sequence[ScoredScene], threshold: float, oracle: float, proposals: Sequence[PixelBoxes]
) -> dict[str, int]:
    """Why emissions were missed.

    ``proposal``: no proposal covers it. ``localisation``: found, but the box is off. ``threshold``: found at the best
    threshold, not at the stored one. ``score``: the head takes it for something else.
    """
    causes: Counter[str] = Counter(proposal=0, localisation=0, threshold=0, score=0)
    for scene, boxes in zip(scored, proposals, strict=True):
        kept = scene.at(threshold)
        touched = iou_matrix(scene.truth, kept.boxes).max(1, initial=0.0) >= TOUCHING_IOU
        at_oracle = _found(scene.at(oracle))
        covered = proposed(boxes, scene.truth)
        for index in np.flatnonzero(~_found(kept)):
            if not covered[index]:
                causes["proposal"] += 1
            elif touched[index]:
                causes["localisation"] += 1
            else:
                causes["threshold" if at_oracle[index] else "score"] += 1
    return dict(causes)


def _false(scenes: Sequence[RenderedScene], emitter: str, kept: Sequence[ScoredScene]) -> dict[str, int]:
    """What false alarms lie on: part or copy of the ``target``, another ``emitter``, a ``base`` burst, ``nothing``."""
    causes: Counter[str] = Counter(target=0, emitter=0, base=0, nothing=0)
    for scene, found in zip(scenes, kept, strict=True):
        for box in found.boxes[~match(found)]:
            index = under(scene, box)
            if index is None:
                causes["nothing"] += 1
                continue
            kind = scene.emissions[index].kind
            causes["target" if kind == emitter else "emitter" if is_emitter(kind) else "base"] += 1
    return dict(causes)


def is_emitter(kind: str) -> bool:
    """Whether a burst's kind is an emitter's name, not that of a base waveform."""
    return kind.rpartition("-")[0] in HELD_OUT


def under(scene: RenderedScene, box: NDArray[np.floating[Any]]) -> int | None:
    """Which emission a box lies on most; None where it touches none."""
    overlap = iou_matrix(box, scene.all_pixels)[0]
    best = int(overlap.argmax())
    return best if overlap[best] >= TOUCHING_IOU else None


def _by_snr(scenes: Sequence[RenderedScene], emitter: str, kept: Sequence[ScoredScene]) -> list[dict[str, int]]:
    """Counts in each bin of in-band SNR: the emission's own, and for a false alarm that of what it lies on."""
    rows = [{"tp": 0, "fn": 0, "fp": 0} for _ in SNR_EDGES_DB[1:]]
    for scene, found in zip(scenes, kept, strict=True):
        for emission, hit in zip(scene.of(emitter), _found(found), strict=True):
            rows[_bin(emission.snr_db)]["tp" if hit else "fn"] += 1
        for box in found.boxes[~match(found)]:
            index = under(scene, box)
            if index is not None:
                rows[_bin(scene.emissions[index].snr_db)]["fp"] += 1
    return rows


def _bin(snr_db: float) -> int:
    return int(np.clip(np.searchsorted(SNR_EDGES_DB, snr_db, "right") - 1, 0, len(SNR_EDGES_DB) - 2))


def _edge_errors(kept: Sequence[ScoredScene]) -> dict[str, list[float]]:
    """Of each true detection, the mean error of its two edges in time (s) and in frequency (Hz)."""
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
