"""An embedding head: what it learns, how it is calibrated, and what it says of the proposals."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rfhydra.errors import Cancelled
from rfhydra.hydra.head import HeadInfo
from rfhydra.training.calibration import Calibration
from rfhydra.training.embedding import calibrated_head, train_embedding_head
from rfhydra.training.lessons import Material, proposal_recall
from rfhydra.training.logistic import EmbeddingLearner
from rfhydra.training.metrics import Scored
from rfhydra.training.trainer import Control


def test_training_stops_for_a_cancel(material: Material, info: HeadInfo) -> None:
    with pytest.raises(Cancelled):
        train_embedding_head(material, material.own[:1], info, 5, Control(cancelled=lambda: True))


def test_what_other_signals_look_like_is_learnt(material: Material, info: HeadInfo) -> None:
    learner = EmbeddingLearner(material, material.others, info)
    losses = [learner.train_epoch() for _ in range(8)]
    assert losses[-1] < losses[0]
    _, metrics = learner.validate()
    assert metrics.precision >= 0.8


def test_proposals_are_compared_with_the_users_boxes(material: Material) -> None:
    lesson = material.own[0]
    assert proposal_recall(material.own) >= 0.8
    nothing = replace(lesson.features, regions=torch.zeros((0, 4)))
    assert proposal_recall([replace(lesson, features=nothing)]) == 0
    everything = replace(lesson.features, regions=lesson.features.positives)
    assert proposal_recall([replace(lesson, features=everything)]) == 1


def test_a_calibrated_head_gives_calibrated_scores(material: Material, info: HeadInfo) -> None:
    learner = EmbeddingLearner(material, [], info)
    learner.train_epoch()
    head = learner.head()
    calibration = Calibration(slope=0.5, offset=-0.3, threshold=0.4)
    # Small enough that no score is one of those that a float32 cannot tell from 0 or 1.
    features = 0.02 * torch.randn((9, len(head.weight)), generator=torch.Generator().manual_seed(0))
    (scene,) = calibration.apply_to([Scored(np.zeros((9, 4)), head.score(features).numpy(), np.zeros((0, 4)))])
    calibrated = calibrated_head(head, calibration)
    assert calibrated.info.threshold == 0.4
    assert calibrated.score(features).numpy() == pytest.approx(scene.scores, abs=1e-4)
