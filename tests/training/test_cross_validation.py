"""Scores out of fold: by heads that saw nothing of what they look at."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rfhydra.hydra.head import HeadInfo
from rfhydra.training.cross_validation import FOLDS, OutOfFold
from rfhydra.training.logistic import EmbeddingLearner
from rfhydra.training.metrics import evaluate
from rfhydra.training.training_set import TrainingSet


def part(training_set: TrainingSet, recordings: set[str], *, inside: bool) -> TrainingSet:
    own, others = (
        [each for each in examples if (each.sample.recording in recordings) == inside]
        for examples in (training_set.own, training_set.others)
    )
    return replace(training_set, own=own, others=others)


def test_every_image_is_scored_once_by_a_head_that_saw_nothing_of_its_recording(
    training_set: TrainingSet, info: HeadInfo
) -> None:
    scenes = OutOfFold.of(training_set, info, epochs=3).scenes
    assert len(scenes) == 10
    assert sum(len(scene.truth) for scene in scenes) == 10
    held_out = part(training_set, {"take 0"}, inside=True)
    seen = part(training_set, {"take 0"}, inside=False)
    seen = replace(seen, background=training_set.background.part(training_set.background.scenes % FOLDS != 0))
    learner = EmbeddingLearner(seen, [], info)
    for _ in range(3):
        learner.train_epoch()
    alone = EmbeddingLearner(seen, held_out.own, info)
    alone.restore(learner.state())
    mine = [scene for scene in scenes if scene.recording == "take 0"]
    assert len(mine) == 2
    assert alone.validate()[1] == evaluate(mine, 0.5)


def test_a_single_recording_is_cut_into_windows(training_set: TrainingSet, info: HeadInfo) -> None:
    own, others = (
        [replace(each, sample=replace(each.sample, recording="only")) for each in examples]
        for examples in (training_set.own, training_set.others)
    )
    assert len(OutOfFold.of(replace(training_set, own=own, others=others), info, epochs=1).scenes) == 10


def test_what_is_reported_out_of_fold_does_not_know_the_scores_of_its_fold(
    training_set: TrainingSet, info: HeadInfo
) -> None:
    folds = OutOfFold.of(training_set, info, epochs=3)
    assert folds.reported(()) == {}
    first, second = (example.sample.sample_id for example in training_set.own[:2])  # two windows of one recording

    def turned(sample_id: str) -> OutOfFold:
        pairs = zip(folds.scenes, folds.origins, strict=True)
        scenes = [replace(each, scores=1 - each.scores) if origin[1] == sample_id else each for each, origin in pairs]
        return replace(folds, scenes=scenes)

    reported = folds.reported({first})
    assert set(reported) == {first}
    assert np.array_equal(turned(second).reported({first})[first].scores, reported[first].scores)
    other = training_set.own[2].sample.sample_id
    assert not np.array_equal(turned(other).reported({first})[first].scores, reported[first].scores)


def test_reference_scenes_weigh_twenty_other_emissions_for_each_of_the_signal(
    training_set: TrainingSet, info: HeadInfo
) -> None:
    background = OutOfFold.of(training_set, info, epochs=3).background
    assert len(background) == len(torch.unique(training_set.background.scenes)) > 0
    assert not any(len(scene.truth) for scene in background)
    expected = 20 * sum(len(each.truth) for each in training_set.own) / int(training_set.background.emissions)
    assert {scene.weight for scene in background} == {expected}


@pytest.mark.parametrize(("others", "unknown_weight"), [(0, 1.0), (1, 1.0), (2, 1.0), (3, 9 / 16), (6, 9 / 49)])
def test_the_more_signals_are_known_the_less_the_reference_counts(
    training_set: TrainingSet, info: HeadInfo, others: int, unknown_weight: float
) -> None:
    example = training_set.others[0]
    named = [replace(example, sample=replace(example.sample, signal_name=f"other-{index}")) for index in range(others)]
    known = replace(training_set, others=named)
    assert known.unknown_weight == pytest.approx(unknown_weight)
    (weight,) = {scene.weight for scene in OutOfFold.of(known, info, epochs=1).background}
    truths = sum(len(each.truth) for each in training_set.own)
    assert weight == pytest.approx(20 * unknown_weight * truths / int(training_set.background.emissions))
