"""Scores out of fold: by heads that saw nothing of what they look at."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rfhydra.hydra.head import HeadInfo
from rfhydra.training.folds import FOLDS, OutOfFold
from rfhydra.training.lessons import Material
from rfhydra.training.logistic import EmbeddingLearner
from rfhydra.training.metrics import evaluate


def part(material: Material, recordings: set[str], *, inside: bool) -> Material:
    own, others = (
        [each for each in lessons if (each.sample.recording in recordings) == inside]
        for lessons in (material.own, material.others)
    )
    return replace(material, own=own, others=others)


def test_every_image_is_scored_once_by_a_head_that_saw_nothing_of_its_recording(
    material: Material, info: HeadInfo
) -> None:
    scenes = OutOfFold.of(material, info, epochs=3).scenes
    assert len(scenes) == 10
    assert sum(len(scene.truth) for scene in scenes) == 10
    held_out = part(material, {"take 0"}, inside=True)
    seen = part(material, {"take 0"}, inside=False)
    seen = replace(seen, reference=material.reference.part(material.reference.scenes % FOLDS != 0))
    learner = EmbeddingLearner(seen, [], info)
    for _ in range(3):
        learner.train_epoch()
    alone = EmbeddingLearner(seen, held_out.own, info)
    alone.restore(learner.state())
    mine = [scene for scene in scenes if scene.group == "take 0"]
    assert len(mine) == 2
    assert alone.validate()[1] == evaluate(mine, 0.5)


def test_a_single_recording_is_cut_into_windows(material: Material, info: HeadInfo) -> None:
    own, others = (
        [replace(each, sample=replace(each.sample, recording="only")) for each in lessons]
        for lessons in (material.own, material.others)
    )
    assert len(OutOfFold.of(replace(material, own=own, others=others), info, epochs=1).scenes) == 10


def test_what_is_reported_out_of_fold_does_not_know_the_scores_of_its_fold(material: Material, info: HeadInfo) -> None:
    folds = OutOfFold.of(material, info, epochs=3)
    assert folds.reported(()) == {}
    first, second = (lesson.sample.sample_id for lesson in material.own[:2])  # two windows of one recording

    def turned(sample_id: str) -> OutOfFold:
        pairs = zip(folds.scenes, folds.origins, strict=True)
        scenes = [replace(each, scores=1 - each.scores) if origin[1] == sample_id else each for each, origin in pairs]
        return replace(folds, scenes=scenes)

    reported = folds.reported({first})
    assert set(reported) == {first}
    assert np.array_equal(turned(second).reported({first})[first].scores, reported[first].scores)
    other = material.own[2].sample.sample_id
    assert not np.array_equal(turned(other).reported({first})[first].scores, reported[first].scores)


def test_reference_scenes_weigh_twenty_other_emissions_for_each_of_the_signal(
    material: Material, info: HeadInfo
) -> None:
    reference = OutOfFold.of(material, info, epochs=3).reference
    assert len(reference) == len(torch.unique(material.reference.scenes)) > 0
    assert not any(len(scene.truth) for scene in reference)
    expected = 20 * sum(len(each.truth) for each in material.own) / int(material.reference.emissions)
    assert {scene.weight for scene in reference} == {expected}


@pytest.mark.parametrize(("others", "strangers"), [(0, 1.0), (1, 1.0), (2, 1.0), (3, 9 / 16), (6, 9 / 49)])
def test_the_more_signals_are_known_the_less_the_reference_counts(
    material: Material, info: HeadInfo, others: int, strangers: float
) -> None:
    lesson = material.others[0]
    named = [replace(lesson, sample=replace(lesson.sample, signal_name=f"other-{index}")) for index in range(others)]
    known = replace(material, others=named)
    assert known.strangers == pytest.approx(strangers)
    (weight,) = {scene.weight for scene in OutOfFold.of(known, info, epochs=1).reference}
    truths = sum(len(each.truth) for each in material.own)
    assert weight == pytest.approx(20 * strangers * truths / int(material.reference.emissions))
