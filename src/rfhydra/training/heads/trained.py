"""Trained: a new head and how its training went."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rfhydra.hydra.head import EmbeddingHead
from rfhydra.store.results import SampleResult
from rfhydra.training.evaluation.metrics import ScoredScene, report
from rfhydra.training.trainer import Outcome


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained head.

    ``scenes`` are its detections at its threshold, by sample id: in the validation split, and out-of-fold ones in the
    training samples that it is to be compared on with another head. ``validation`` are those in the validation split
    down to a low score; none of a provisional head.
    """

    head: EmbeddingHead
    outcome: Outcome
    metrics: dict[str, Any]
    scenes: dict[str, ScoredScene]
    validation: tuple[SampleResult, ...] = ()


def validation_report(scenes: Sequence[ScoredScene], threshold: float, outcome: Outcome) -> dict[str, Any]:
    """The :func:`report` on the validation split, with the loss there and the epoch that gave it."""
    return {**report(scenes, threshold), "val_loss": outcome.val_loss, "best_epoch": outcome.best_epoch}
