"""Out-of-fold detections: by heads that were not trained on what they are run on."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rfhydra.hydra.head import HeadInfo
from rfhydra.training.data.training_set import TrainingSet
from rfhydra.training.evaluation.metrics import evaluate
from rfhydra.training.heads.cross_validation import FOLDS, CrossValidation, Fold
from rfhydra.training.heads.logistic import EmbeddingLearner


def part(training_set: TrainingSet, recordings: set[str], *, inside: bool) -> TrainingSet:
    own, others = (
        [each for each in examples if (each.sample.recording in recordings) == inside]
        for examples in (training_set.own, training_set.others)
    )
    return replace(training_set, own=own, others=others)


def test_every_image_is_scored_once_by_a_head_that_was_not_trained_on_its_recording(
    training_set: TrainingSet, info: HeadInfo
) -> None:
    scenes = CrossValidation.of(training_set, info, epochs=3).scenes
    assert len(scenes) == 10
    assert sum(len(scene.truth) for scene in scenes) == 10
    held_out = part(training_set, {"take 0"}, inside=True)
    background = training_set.background.part(training_set.background.scenes % FOLDS != 0)
    rest = replace(part(training_set, {"take 0"}, inside=False), background=background, val=held_out.own)
    learner = EmbeddingLearner(rest, info)
    for _ in range(3):
        learner.train_epoch()
    mine = [scene for scene in scenes if scene.recording == "take 0"]
    assert len(mine) == 2
    assert learner.validate()[1] == evaluate(mine, 0.5)


def test_a_single_recording_is_cut_into_windows(training_set: TrainingSet, info: HeadInfo) -> None:
    own, others = (
        [replace(each, sample=replace(each.sample, recording="only")) for each in examples]
        for examples in (training_set.own, training_set.others)
    )
    assert len(CrossValidation.of(replace(training_set, own=own, others=others), info, epochs=1).scenes) == 10


def test_the_threshold_of_a_fold_does_not_depend_on_its_scores(training_set: TrainingSet, info: HeadInfo) -> None:
    out_of_fold = CrossValidation.of(training_set, info, epochs=3)
    assert out_of_fold.reported(()) == {}
    first, second, other = (training_set.own[index].sample.sample_id for index in range(3))  # other: another recording

    def inverted(sample_id: str) -> CrossValidation:
        """As if the scores in one image had been the opposite."""
        folds = []
        for fold in out_of_fold.folds:
            scenes = {
                each: replace(scene, scores=1 - scene.scores) if each == sample_id else scene
                for each, scene in fold.scenes.items()
            }
            folds.append(Fold(scenes, fold.background))
        return CrossValidation(folds)

    reported = out_of_fold.reported({first})
    assert set(reported) == {first}
    assert np.array_equal(inverted(second).reported({first})[first].scores, reported[first].scores)
    assert not np.array_equal(inverted(other).reported({first})[first].scores, reported[first].scores)


def test_background_scenes_weigh_twenty_unlabelled_emissions_for_each_of_the_signal(
    training_set: TrainingSet, info: HeadInfo
) -> None:
    background = [scene for fold in CrossValidation.of(training_set, info, epochs=3).folds for scene in fold.background]
    assert len(background) == len(torch.unique(training_set.background.scenes)) > 0
    assert not any(len(scene.truth) for scene in background)
    emissions = sum(len(each.truth) for each in [*training_set.own, *training_set.others])
    assert {scene.weight for scene in background} == {20 * emissions / int(training_set.background.emissions)}


@pytest.mark.parametrize(("others", "unknown_weight"), [(0, 1.0), (1, 1.0), (2, 1.0), (3, 9 / 16), (6, 9 / 49)])
def test_the_more_signals_are_known_the_less_the_background_counts(
    training_set: TrainingSet, others: int, unknown_weight: float
) -> None:
    example = training_set.others[0]
    named = [replace(example, signals=frozenset({f"other-{index}"})) for index in range(others)]
    assert replace(training_set, others=named).unknown_weight == pytest.approx(unknown_weight)
