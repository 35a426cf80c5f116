from collections.abc import Sequence

import pytest
import torch

from rfhydra.training.assignment import (
    UNLABELLED_WEIGHT,
    DesignMatrix,
    assign_other,
    assign_own,
    mean_log_size,
    refinement_pairs,
)
from rfhydra.training.features import JITTERS, SampleFeatures, jitter

DIM = 8
TRUTH = (10.0, 10.0, 50.0, 30.0)
OTHER = (100.0, 100.0, 140.0, 130.0)
EMPTY = (200.0, 10.0, 240.0, 40.0)
LOOSE = (12.0, 10.0, 70.0, 34.0)  # IoU 0.53 with TRUTH


def features(
    proposals: list[tuple[float, ...]], positives: list[tuple[float, ...]], negatives: Sequence[tuple[float, ...]] = ()
) -> SampleFeatures:
    own, drawn, others = (torch.tensor(each).reshape(-1, 4) for each in (proposals, positives, negatives))
    jittered = jitter(drawn, (256, 256), seed=0)
    random = torch.Generator().manual_seed(0)
    return SampleFeatures(
        (256, 256),
        own,
        torch.randn((len(own), DIM), generator=random),
        drawn,
        jittered,
        torch.randn((len(jittered), DIM), generator=random),
        others,
        torch.randn((len(others), DIM), generator=random),
    )


def test_regions_on_the_box_are_positive_others_negative() -> None:
    assigned = assign_own(features([TRUTH, OTHER, EMPTY, LOOSE], [TRUTH], [OTHER]))
    assert assigned.positive.boxes[0].tolist() == list(TRUTH)
    assert len(assigned.positive) == 1 + 1 + JITTERS
    assert assigned.verified.boxes.tolist() == [list(OTHER), list(OTHER)]
    assert assigned.unlabelled.boxes.tolist() == [list(EMPTY)]
    assert assigned.proposed.boxes.tolist() == [list(TRUTH), list(LOOSE)]
    assert assigned.drawn.tolist() == [list(TRUTH)] * 2


def test_the_best_region_is_positive_even_if_it_is_loose() -> None:
    assigned = assign_own(features([LOOSE], [TRUTH]))
    assert assigned.positive.boxes[0].tolist() == list(LOOSE)
    assert len(assigned.unlabelled) == 0


def test_the_core_of_a_box_that_is_drawn_around_its_skirts_is_positive() -> None:
    core, skirts, beside = (11.0, 18.0, 49.0, 23.0), (9.0, 0.0, 51.0, 120.0), (60.0, 18.0, 98.0, 23.0)
    assigned = assign_own(features([beside, skirts, core], [TRUTH]))
    assert assigned.positive.boxes[0].tolist() == list(core)
    assert len(assigned.positive) == 1 + 1 + JITTERS
    assert assigned.unlabelled.boxes.tolist() == [list(beside)]  # what spreads over the band is the same emission
    assert assigned.proposed.boxes.tolist() == [list(core)]
    assert assigned.drawn.tolist() == [list(TRUTH)]


def test_what_is_much_shorter_than_a_box_is_not_its_core() -> None:
    piece = (11.0, 18.0, 20.0, 23.0)
    assigned = assign_own(features([piece], [TRUTH]))
    assert len(assigned.positive) == 1 + JITTERS
    assert assigned.unlabelled.boxes.tolist() == [list(piece)]


def test_an_image_without_regions_still_teaches_its_boxes() -> None:
    assigned = assign_own(features([], [TRUTH], [OTHER]))
    assert len(assigned.positive) == 1 + JITTERS
    assert assigned.verified.boxes.tolist() == [list(OTHER)]
    inputs, deltas = refinement_pairs([assigned], mean_log_size([assigned]), DIM)
    assert inputs.shape == (0, DIM + 4)
    assert deltas.shape == (0, 4)


@pytest.mark.parametrize("same_image", [False, True])
def test_a_sample_of_another_signal_teaches_what_the_signal_is_not(same_image: bool) -> None:
    sample = features([TRUTH, OTHER, EMPTY, LOOSE], positives=[OTHER], negatives=[TRUTH])
    assigned = assign_other(sample, torch.tensor([True]), same_image=same_image)
    assert len(assigned.positive) == 0
    assert assigned.verified.boxes.tolist() == [list(OTHER), list(OTHER)]
    assert assigned.unlabelled.boxes.tolist() == ([] if same_image else [list(EMPTY)])
    a_third_one = assign_other(sample, torch.tensor([False]), same_image=same_image)
    assert list(TRUTH) in a_third_one.verified.boxes.tolist()


def test_both_classes_weigh_the_same() -> None:
    assigned = [assign_own(features([TRUTH, EMPTY], [TRUTH], [OTHER])), assign_own(features([EMPTY], [TRUTH]))]
    vectors = DesignMatrix.of(assigned, mean_log_size(assigned), DIM)
    positive = vectors.labels == 1
    assert vectors.inputs.shape == (len(vectors.labels), DIM + 4)
    assert float(vectors.weights[positive].sum()) == pytest.approx(0.5)
    assert float(vectors.weights[~positive].sum()) == pytest.approx(0.5)
    verified, unlabelled = vectors.weights[~positive][0], vectors.weights[~positive][-1]
    assert float(unlabelled / verified) == pytest.approx(UNLABELLED_WEIGHT)
