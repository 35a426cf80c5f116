import pytest

from rfhydra.config import EARLY_STOP_PATIENCE
from rfhydra.errors import Cancelled
from rfhydra.protocol.types import EpochProgress
from rfhydra.training.evaluation.metrics import MatchCounts
from rfhydra.training.trainer import Control, Outcome, run_epochs


class Scripted:
    """A learner whose validation goes as told: (hits of 10, loss) by epoch."""

    def __init__(self, script: list[tuple[int, float]]) -> None:
        self.script, self.epoch = script, 0

    def train_epoch(self) -> float:
        self.epoch += 1
        return 1 / self.epoch

    def validate(self) -> tuple[float, MatchCounts]:
        hits, loss = self.script[self.epoch - 1]
        return loss, MatchCounts(tp=hits, fp=0, fn=10 - hits)

    def state(self) -> int:
        return self.epoch

    def restore(self, state: int) -> None:
        self.epoch = state


def run(script: list[tuple[int, float]]) -> tuple[Scripted, Outcome, list[EpochProgress]]:
    learner, heard = Scripted(script), list[EpochProgress]()
    return learner, run_epochs(learner, len(script), Control(callback=heard.append)), heard


def test_the_best_epoch_is_restored() -> None:
    learner, outcome, heard = run([(5, 0.9), (8, 0.7), (8, 0.6), (7, 0.1)])
    assert learner.epoch == 3
    assert vars(outcome) == {
        "epochs_trained": 4,
        "early_stopped": False,
        "best_epoch": 3,
        "val_loss": 0.6,
        "metrics": MatchCounts(8, 0, 2),
    }
    assert [each.is_best for each in heard] == [True, True, True, False]
    assert [each.epoch for each in heard] == [1, 2, 3, 4]
    assert {each.total_epochs for each in heard} == {4}
    assert [each.train_loss for each in heard] == [1, 1 / 2, 1 / 3, 1 / 4]
    assert [each.val_loss for each in heard] == [0.9, 0.7, 0.6, 0.1]
    assert heard[1].recall == 0.8


def test_it_stops_when_nothing_gets_better() -> None:
    learner, outcome, heard = run([(5, 0.5)] * 20)
    assert len(heard) == 1 + EARLY_STOP_PATIENCE
    assert learner.epoch == 1
    assert (outcome.epochs_trained, outcome.early_stopped) == (1 + EARLY_STOP_PATIENCE, True)


def test_there_is_a_best_epoch_where_f1_never_rises() -> None:
    learner, outcome, _ = run([(0, 0.9), (0, 0.8), (0, 0.85)])
    assert outcome.metrics is not None
    assert (learner.epoch, outcome.best_epoch, outcome.metrics.f1_score) == (2, 2, 0)


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_cancel_takes_effect_within_an_epoch(after: int) -> None:
    learner, heard = Scripted([(5, 0.5)] * 3), list[EpochProgress]()
    control = Control(callback=heard.append, cancelled=lambda: len(heard) >= after)
    with pytest.raises(Cancelled):
        run_epochs(learner, 3, control)
    assert len(heard) == after
