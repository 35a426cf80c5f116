from dataclasses import replace

import pytest

from rfhydra.errors import Cancelled
from rfhydra.hydra.registry import VersionManager
from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace
from rfhydra.training.comparison import detect_samples, unseen_samples
from rfhydra.training.data.splits import SplitPlan
from rfhydra.training.evaluation.metrics import evaluate
from rfhydra.training.service import TrainingService
from rfhydra.training.trainer import Control
from tests.hydra.given import create_version, make_head
from tests.training import given
from tests.training.given import OTHER, SIGNAL


def unseen(workspace: Workspace, known: list[Sample], new: list[Sample], val: list[Sample] | None = None) -> set[str]:
    """Ids of those of ``new`` that are unseen by a head trained on ``known``."""
    head = make_head(signal_name=SIGNAL)
    head = replace(head, info=replace(head.info, sample_ids=tuple(each.sample_id for each in known)))
    split = SplitPlan(1, True, [*known, *new], val or [])
    return {each.sample_id for each in unseen_samples(workspace, head, 1, split)}


def make_version(workspace: Workspace) -> None:
    create_version(VersionManager(workspace), make_head(signal_name=SIGNAL))


def ids(*samples: Sample) -> set[str]:
    return {each.sample_id for each in samples}


def test_what_the_active_head_was_trained_on_is_not_new_to_it(small: Workspace) -> None:
    known = given.add_noise(small, range(3), recording="a")
    make_version(small)
    (another_window,) = given.add_noise(small, [3], recording="a")
    new = given.add_noise(small, [4, 5], recording="b")
    unnamed = given.add_noise(small, [6])
    assert unseen(small, known, [another_window, *new, *unnamed]) == ids(*new, *unnamed)
    assert unseen(small, known, []) == set()


def test_windows_of_a_single_recording_are_new_one_by_one(small: Workspace) -> None:
    known = given.add_noise(small, range(3), recording="a")
    make_version(small)
    new = given.add_noise(small, [3, 4], recording="a")
    assert unseen(small, known, new) == ids(*new)


def test_negatives_of_the_active_head_are_not_new_to_it(small: Workspace) -> None:
    known = given.add_noise(small, range(3), recording="a")
    given.add_noise(small, [10], OTHER)
    given.add_noise(small, [11], OTHER, recording="b")
    make_version(small)
    given.add_noise(small, [12], OTHER, recording="c")  # of no matter: it came after the head
    same_image, same_recording, neither = (
        *given.add_noise(small, [10]),
        *given.add_noise(small, [20], recording="b"),
        *given.add_noise(small, [12], recording="c"),
    )
    assert unseen(small, known, [same_image, same_recording, neither]) == ids(neither)


def test_validation_samples_are_none_of_them(small: Workspace) -> None:
    known = given.add_noise(small, range(3), recording="a")
    val = given.add_noise(small, [3], recording="b")
    make_version(small)
    new = given.add_noise(small, [4], recording="c")
    assert unseen(small, known, new, val) == ids(*new)


def test_detections_are_those_that_the_head_was_scored_on(service: TrainingService) -> None:
    result = service.train_new_signal(SIGNAL)
    head = service.version_manager.load_head(SIGNAL, 1, service.backbone).head
    val = service.split_manager.members(SIGNAL, 1)[1]
    scenes = detect_samples(head, val, service.features, Control())
    rates = ("f1_score", "precision", "recall")
    assert evaluate(scenes, 0.0).to_dict() == {name: result.metrics[name] for name in rates}
    with pytest.raises(Cancelled):
        detect_samples(head, val, service.features, Control(cancelled=lambda: True))
