"""Epoch loop of a training: progress, early stopping, best state, cancellation."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from rfhydra.config import EARLY_STOP_PATIENCE
from rfhydra.errors import Cancelled
from rfhydra.protocol.types import EpochProgress, TrainingStage
from rfhydra.training.evaluation.metrics import MatchCounts

Stage: TypeAlias = TrainingStage
"""What a training does: the backbone looks at the samples, the head is fitted, its scores are calibrated, and it is
compared with the active head."""


@dataclass(frozen=True, kw_only=True)
class Control:
    """Callbacks of a running training.

    Attributes:
        callback: called with every epoch, in the training's thread.
        on_features: called with (samples done, samples in all) while embeddings are computed.
        on_stage: called when a stage of the training begins.
        cancelled: called before every sample and epoch.
        started: ``time.monotonic()`` at the start of the training.
    """

    callback: Callable[[EpochProgress], None] = lambda progress: None
    on_features: Callable[[int, int], None] = lambda done, total: None
    on_stage: Callable[["Stage"], None] = lambda stage: None
    cancelled: Callable[[], bool] = lambda: False
    started: float = field(default_factory=time.monotonic)

    def check(self) -> None:
        """Raise :class:`Cancelled` if the training was cancelled."""
        if self.cancelled():
            raise Cancelled("the training was cancelled; the active version is as it was")


@dataclass(frozen=True)
class Outcome:
    """Outcome of a loop. ``val_loss`` and ``metrics`` are those of the best epoch, whose state was restored.

    Both are None where there is no validation.
    """

    epochs_trained: int
    early_stopped: bool
    best_epoch: int
    val_loss: float | None
    metrics: MatchCounts | None


class Learner(Protocol):
    """A model that trains in epochs. ``validate`` returns loss and metrics on the validation split."""

    def train_epoch(self) -> float: ...

    def validate(self) -> tuple[float, MatchCounts]: ...

    def state(self) -> Any: ...

    def restore(self, state: Any) -> None: ...


def run_epochs(learner: Learner, epochs: int, control: Control) -> Outcome:
    """Train for at most ``epochs`` (1 or more), then restore the best epoch of ``learner``.

    Stops after 5 epochs in a row without a better one. An epoch is better than another if its F1 is higher or, at the
    same F1, its validation loss is lower.

    Raises:
        Cancelled: ``control.cancelled`` returned true.
    """
    control.on_stage("fitting")
    best: tuple[float, float] | None = None
    for epoch in range(1, epochs + 1):
        control.check()
        train_loss = learner.train_epoch()
        val_loss, metrics = learner.validate()
        merit = (metrics.f1_score, -val_loss)
        is_best = best is None or merit > best
        if is_best:
            best, best_epoch, best_state, best_metrics = merit, epoch, learner.state(), metrics
        progress = EpochProgress(
            epoch=epoch,
            total_epochs=epochs,
            train_loss=train_loss,
            val_loss=val_loss,
            f1_score=metrics.f1_score,
            precision=metrics.precision,
            recall=metrics.recall,
            is_best=is_best,
            elapsed_sec=time.monotonic() - control.started,
        )
        control.callback(progress)
        if epoch - best_epoch >= EARLY_STOP_PATIENCE:
            break
    control.check()
    learner.restore(best_state)
    assert best is not None
    return Outcome(epoch, epoch < epochs, best_epoch, -best[1], best_metrics)


def run_unvalidated(learner: Learner, epochs: int, control: Control) -> Outcome:
    """Train for exactly ``epochs`` (1 or more) and keep the last one: nothing tells which is the best.

    Raises:
        Cancelled: ``control.cancelled`` returned true.
    """
    control.on_stage("fitting")
    for epoch in range(1, epochs + 1):
        control.check()
        progress = EpochProgress(
            epoch=epoch,
            total_epochs=epochs,
            train_loss=learner.train_epoch(),
            val_loss=None,
            f1_score=None,
            precision=None,
            recall=None,
            is_best=True,
            elapsed_sec=time.monotonic() - control.started,
        )
        control.callback(progress)
    control.check()
    return Outcome(epochs, False, epochs, None, None)
