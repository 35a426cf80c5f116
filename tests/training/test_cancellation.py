"""Trainings that are cancelled or fail change nothing."""

import threading

import pytest

from rfhydra.errors import Busy, Cancelled
from rfhydra.protocol.types import EpochProgress
from rfhydra.training.service import TrainingService
from tests.training import given
from tests.training.given import OTHER, SIGNAL


@pytest.mark.parametrize("extend", [False, True], ids=["the first training", "an extension"])
def test_a_cancel_from_the_callback_changes_nothing(service: TrainingService, extend: bool) -> None:
    train = service.train_new_signal
    if extend:
        service.train_new_signal(SIGNAL)
        given.add_sample(service.workspace, 20)
        train = service.extend_signal
    before, heard = given.everything(service.workspace), list[EpochProgress]()

    def stop(progress: EpochProgress) -> None:
        heard.append(progress)
        if progress.epoch == 2:
            assert service.cancel_training()

    with pytest.raises(Cancelled):
        train(SIGNAL, callback=stop)
    assert len(heard) == 2
    assert given.everything(service.workspace) == before
    assert train(SIGNAL).version == 1 + extend


def test_a_cancel_while_features_are_computed_changes_nothing(service: TrainingService) -> None:
    before, seen = given.everything(service.workspace), list[int]()

    def stop(done: int, total: int) -> None:
        seen.append(done)
        service.cancel_training()

    with pytest.raises(Cancelled):
        service.train_new_signal(SIGNAL, on_features=stop)
    assert seen == [1]
    assert given.everything(service.workspace) == before


def test_a_callback_that_fails_changes_nothing(service: TrainingService) -> None:
    before = given.everything(service.workspace)

    def fail(progress: EpochProgress) -> None:
        raise ConnectionError("the client has left")

    with pytest.raises(ConnectionError):
        service.train_new_signal(SIGNAL, callback=fail)
    assert given.everything(service.workspace) == before
    assert service.train_new_signal(SIGNAL).version == 1


def test_one_training_at_a_time_and_a_cancel_from_another_thread(service: TrainingService) -> None:
    before = given.everything(service.workspace)
    running, cancelled, errors = threading.Event(), threading.Event(), list[Exception]()

    def wait(progress: EpochProgress) -> None:
        running.set()
        assert cancelled.wait(timeout=30)

    def train() -> None:
        try:
            service.train_new_signal(SIGNAL, callback=wait)
        except Cancelled as error:
            errors.append(error)

    thread = threading.Thread(target=train)
    thread.start()
    try:
        assert running.wait(timeout=30)
        with pytest.raises(Busy, match="a training is running"):
            service.train_new_signal(OTHER)
        assert service.cancel_training()
    finally:
        cancelled.set()
        thread.join()
    assert len(errors) == 1
    assert not service.cancel_training()
    assert given.everything(service.workspace) == before
