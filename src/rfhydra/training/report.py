"""What is said of a trained head: its metrics as they are stored and sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rfhydra.config import IOU_THRESHOLD
from rfhydra.hydra.registry import Head
from rfhydra.training.metrics import ScoredScene, average_precision, evaluate, f1_interval
from rfhydra.training.trainer import Outcome


@dataclass(frozen=True, eq=False)
class Trained:
    """A head, how its training went, and how it does on the validation split.

    ``scenes`` are, by sample id, what it reports on the validation split, and what a head like it reports that was
    held back from the sample, on those that another head is to be compared on.
    """

    head: Head
    outcome: Outcome
    metrics: dict[str, Any]
    scenes: dict[str, ScoredScene]


def report(scenes: Sequence[ScoredScene], threshold: float, iou: float = IOU_THRESHOLD) -> dict[str, Any]:
    """MatchCounts of ``scenes`` at ``threshold`` as JSON: rates, counts, the 90 % interval of F1, and AP."""
    metrics = evaluate(scenes, threshold, iou)
    return {
        **metrics.to_dict(),
        "f1_interval": list(f1_interval(scenes, threshold, iou)),
        "ap": average_precision(scenes, iou),
        "tp": metrics.tp,
        "fp": metrics.fp,
        "fn": metrics.fn,
        "threshold": threshold,
        "iou": iou,
    }


def validation_report(scenes: Sequence[ScoredScene], threshold: float, outcome: Outcome) -> dict[str, Any]:
    """The :func:`report` on the validation split, with the loss there and the epoch that gave it."""
    return {**report(scenes, threshold), "val_loss": outcome.val_loss, "best_epoch": outcome.best_epoch}
