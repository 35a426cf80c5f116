"""A training set: one example for each image, with all its labels."""

from rfhydra.hydra.backbone import Backbone
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.features import JITTERS, FeatureCache
from rfhydra.training.data.splits import SplitManager, SplitPlan
from rfhydra.training.data.training_set import TrainingExample, TrainingSet
from rfhydra.training.trainer import Control
from tests.training import given
from tests.training.given import OTHER, SIGNAL


def test_an_image_is_in_one_place_however_many_signals_it_is_labelled_for(
    stocked: Workspace, backbone: Backbone
) -> None:
    cache, split = FeatureCache(stocked, backbone), SplitManager(stocked).plan(SIGNAL)
    split = SplitPlan(1, True, split.train[:-1], split.val)  # the image of the last one is the other signal's alone
    made = TrainingSet.of(SIGNAL, stocked, split, cache, Control())
    parts = [[example.sample for example in part] for part in (made.own, made.val)]
    assert parts == [split.train, split.val]
    assert {example.signals for example in made.own} == {frozenset({SIGNAL, OTHER})}
    assert {example.signals for example in made.val} == {frozenset({SIGNAL})}
    (other,) = made.others
    assert (other.sample.signal_name, other.signals) == (OTHER, frozenset({OTHER}))
    images = [example.sample.image_digest for example in [*made.own, *made.others, *made.val]]
    assert len(images) == len(set(images)) == 10
    assert {example.sample.sample_id for example in made.augmented} <= {each.sample_id for each in split.train}
    rest = made.without({split.train[0].sample_id})
    assert [example.sample for example in rest.own] == split.train[1:]
    assert split.train[0] not in [example.sample for example in rest.augmented]


def test_labels_of_all_samples_of_an_image_are_merged(stocked: Workspace, backbone: Backbone) -> None:
    cache, frame = FeatureCache(stocked, backbone), given.frame()
    signal, other = (stocked.samples.list(name)[0] for name in (SIGNAL, OTHER))
    bare = stocked.samples.update(signal.sample_id, negatives=())
    complete, merged = (
        TrainingExample.of(SIGNAL, [(each, cache.get(each)) for each in samples])
        for samples in ((signal,), (bare, other))
    )
    assert merged.truth.tolist() == complete.truth.tolist() == frame.to_pixels(signal.boxes).tolist()
    assert merged.assigned.verified.boxes.tolist() == complete.assigned.verified.boxes.tolist()
    twice = TrainingExample.of(SIGNAL, [(signal, cache.get(signal)), (other, cache.get(other))])
    assert twice.assigned.verified.boxes.tolist() == complete.assigned.verified.boxes.tolist()
    assert len(merged.assigned.positive) >= len(signal.boxes) * (1 + JITTERS)


def test_boxes_that_another_signals_sample_names_are_truth_but_not_trained_on(
    stocked: Workspace, backbone: Backbone
) -> None:
    sample = stocked.samples.list(OTHER)[0]
    example = TrainingExample.of(SIGNAL, [(sample, FeatureCache(stocked, backbone).get(sample))])
    frame = given.frame()
    assert example.truth.tolist() == frame.to_pixels(box for _, box in sample.negatives).tolist()
    assert len(example.assigned.positive) == 0
    assert example.assigned.verified.boxes[-1:].tolist() == frame.to_pixels(sample.boxes).tolist()
    third = TrainingExample.of("third", [(sample, FeatureCache(stocked, backbone).get(sample))])
    assert len(third.truth) == 0
    named = set(map(tuple, frame.to_pixels(box for _, box in sample.negatives).tolist()))
    assert not named & set(map(tuple, third.assigned.verified.boxes.tolist()))


def test_a_box_that_is_not_the_signal_is_a_negative_of_that_signal_alone(
    stocked: Workspace, backbone: Backbone
) -> None:
    cache, frame = FeatureCache(stocked, backbone), given.frame()
    former = stocked.samples.list(SIGNAL)[0]
    rejected = [(f"!{SIGNAL}", box) for _, box in former.negatives]
    sample = stocked.samples.update(former.sample_id, boxes=(), negatives=rejected)
    pixels = frame.to_pixels(box for _, box in rejected).tolist()
    ours, third = (TrainingExample.of(name, [(sample, cache.get(sample))]) for name in (SIGNAL, "third"))
    assert len(ours.truth) == len(ours.assigned.positive) == len(ours.assigned.matched) == 0
    assert ours.assigned.verified.boxes[-len(pixels) :].tolist() == pixels
    assert len(third.assigned.verified) == 0
    assert len(third.assigned.unlabelled) >= len(ours.assigned.unlabelled)


def test_samples_without_a_box_of_the_signal_are_trained_on_but_not_augmented(
    stocked: Workspace, backbone: Backbone
) -> None:
    newest = stocked.samples.list(SIGNAL)[-1]
    rejected = [(f"!{SIGNAL}", box) for box in newest.boxes]
    sample = stocked.samples.update(newest.sample_id, boxes=(), negatives=rejected)
    split = SplitManager(stocked).plan(SIGNAL)
    assert sample in split.train
    made = TrainingSet.of(SIGNAL, stocked, split, FeatureCache(stocked, backbone), Control())
    assert sample in [example.sample for example in made.own]
    assert sample not in [example.sample for example in made.augmented]
