"""An embedding head: training, calibration, and the report on the proposals."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rfhydra.errors import Cancelled
from rfhydra.hydra.head import HeadInfo
from rfhydra.training.data.training_set import TrainingExample, TrainingSet
from rfhydra.training.evaluation.metrics import ScoredScene
from rfhydra.training.heads.calibration import Calibration
from rfhydra.training.heads.embedding import calibrated_head, proposal_recall, train_embedding_head
from rfhydra.training.heads.logistic import EmbeddingLearner
from rfhydra.training.trainer import Control


def test_training_stops_for_a_cancel(training_set: TrainingSet, info: HeadInfo) -> None:
    with pytest.raises(Cancelled):
        train_embedding_head(replace(training_set, val=training_set.own[:1]), info, 5, Control(cancelled=lambda: True))


def test_other_signals_are_told_apart(training_set: TrainingSet, info: HeadInfo) -> None:
    learner = EmbeddingLearner(replace(training_set, val=training_set.others), info)
    losses = [learner.train_epoch() for _ in range(8)]
    assert losses[-1] < losses[0]
    _, metrics = learner.validate()
    assert metrics.precision >= 0.8


def test_proposals_are_compared_with_the_users_boxes(training_set: TrainingSet) -> None:
    example = training_set.own[0]
    assert proposal_recall(training_set.own) >= 0.8
    for proposals, recall in ((torch.zeros((0, 4)), 0), (example.truth, 1)):
        assert proposal_recall([replace(example, features=replace(example.features, proposals=proposals))]) == recall


def test_boxes_without_a_candidate_bring_advice(training_set: TrainingSet, info: HeadInfo) -> None:
    def without_candidates(example: TrainingExample) -> TrainingExample:
        features = example.features
        return replace(
            example,
            features=replace(features, proposals=features.proposals[:0], embeddings=features.embeddings[:0]),
        )

    own = [without_candidates(example) for example in training_set.own]
    made = train_embedding_head(replace(training_set, own=own, val=own[:2]), info, 2, Control())
    assert made.metrics["proposal_recall"] == 0
    assert "0% of your boxes have a candidate at IoU 0.5" in made.metrics["advice"]
    made = train_embedding_head(replace(training_set, val=training_set.own[:2]), info, 2, Control())
    assert "advice" not in made.metrics


def test_a_calibrated_head_gives_calibrated_scores(training_set: TrainingSet, info: HeadInfo) -> None:
    learner = EmbeddingLearner(training_set, info)
    learner.train_epoch()
    head = learner.head()
    calibration = Calibration(slope=0.5, offset=-0.3, threshold=0.4)
    # Small enough that no score is one of those that a float32 cannot tell from 0 or 1.
    features = 0.02 * torch.randn((9, len(head.weight)), generator=torch.Generator().manual_seed(0))
    (scene,) = calibration.apply_to([ScoredScene(np.zeros((9, 4)), head.score(features).numpy(), np.zeros((0, 4)))])
    calibrated = calibrated_head(head, calibration)
    assert calibrated.info.threshold == 0.4
    assert calibrated.score(features).numpy() == pytest.approx(scene.scores, abs=1e-4)
