"""The epoch loop that both kinds of head share: progress, early stopping, best state, cancelling."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from rfhydra.config import EARLY_STOP_PATIENCE
from rfhydra.errors import Cancelled
from rfhydra.training.evaluation.metrics import MatchCounts


@dataclass(frozen=True)
class TrainingProgress:
    """What happened in one epoch. ``elapsed_sec`` counts from the start of the training."""

    epoch: int
    total_epochs: int
    train_loss: float
    val_loss: float
    f1_score: float
    precision: float
    recall: float
    is_best: bool
    elapsed_sec: float


@dataclass(frozen=True, kw_only=True)
class Control:
    """The strings on a running training.

    Attributes:
        callback: hears of every epoch, in the training's thread.
        on_features: hears (samples done, samples in all) while embeddings are computed.
        cancelled: asked before every sample and epoch.
        started: ``time.monotonic()`` at the start of the training.
    """

    callback: Callable[[TrainingProgress], None] = lambda progress: None
    on_features: Callable[[int, int], None] = lambda done, total: None
    cancelled: Callable[[], bool] = lambda: False
    started: float = field(default_factory=time.monotonic)

    def check(self) -> None:
        """Raise :class:`Cancelled` if the training is."""
        if self.cancelled():
            raise Cancelled("the training was cancelled; the active version is as it was")


@dataclass(frozen=True)
class Outcome:
    """How a loop ended. ``val_loss`` and ``metrics`` are those of the best epoch, which the learner is back at."""

    epochs_trained: int
    early_stopped: bool
    best_epoch: int
    val_loss: float
    metrics: MatchCounts


class Learner(Protocol):
    """Something that learns in epochs. ``validate`` gives the loss on the validation split and the metrics there."""

    def train_epoch(self) -> float: ...

    def validate(self) -> tuple[float, MatchCounts]: ...

    def state(self) -> Any: ...

    def restore(self, state: Any) -> None: ...


def run_epochs(learner: Learner, epochs: int, control: Control) -> Outcome:
    """Train for at most ``epochs`` (1 or more), and leave ``learner`` at its best epoch.

    Stops when 5 epochs in a row brought nothing. An epoch is better than another if its F1 is higher or, at the same
    F1, its validation loss is lower.

    Raises:
        Cancelled: ``control`` said so.
    """
    best: tuple[float, float] | None = None
    for epoch in range(1, epochs + 1):
        control.check()
        train_loss = learner.train_epoch()
        val_loss, metrics = learner.validate()
        merit = (metrics.f1_score, -val_loss)
        is_best = best is None or merit > best
        if is_best:
            best, best_epoch, best_state, best_metrics = merit, epoch, learner.state(), metrics
        control.callback(_progress(epoch, epochs, train_loss, val_loss, metrics, is_best, control.started))
        if epoch - best_epoch >= EARLY_STOP_PATIENCE:
            break
    control.check()
    learner.restore(best_state)
    assert best is not None
    return Outcome(epoch, epoch < epochs, best_epoch, -best[1], best_metrics)


def _progress(
    epoch: int, epochs: int, train_loss: float, val_loss: float, metrics: MatchCounts, is_best: bool, started: float
) -> TrainingProgress:
    return TrainingProgress(
        epoch=epoch,
        total_epochs=epochs,
        train_loss=train_loss,
        val_loss=val_loss,
        f1_score=metrics.f1_score,
        precision=metrics.precision,
        recall=metrics.recall,
        is_best=is_best,
        elapsed_sec=time.monotonic() - started,
    )
