from collections.abc import Sequence

import pytest
import torch

from rfhydra.training.data.assignment import (
    UNLABELLED_WEIGHT,
    AssignedRois,
    DesignMatrix,
    Rois,
    assign_proposals,
    mean_log_size,
    refinement_pairs,
)

DIM = 8
TRUTH = (10.0, 10.0, 50.0, 30.0)
OTHER = (100.0, 100.0, 140.0, 130.0)
EMPTY = (200.0, 10.0, 240.0, 40.0)
LOOSE = (12.0, 10.0, 70.0, 34.0)  # IoU 0.53 with TRUTH

Box = tuple[float, float, float, float]


def rois(boxes: Sequence[Box]) -> Rois:
    generator = torch.Generator().manual_seed(len(boxes))
    return Rois(torch.tensor([*boxes]).reshape(-1, 4), torch.randn((len(boxes), DIM), generator=generator))


def assign(
    proposals: Sequence[Box], positives: Sequence[Box], verified: Sequence[Box] = (), ignored: Sequence[Box] = ()
) -> AssignedRois:
    own, others = rois(positives), rois(verified)
    signal_boxes = rois([*positives, *ignored]).boxes
    return assign_proposals(rois(proposals), own.boxes, signal_boxes, others.boxes).with_boxes(own, others)


def listed(found: Rois) -> list[Box]:
    return [(x_min, y_min, x_max, y_max) for x_min, y_min, x_max, y_max in found.boxes.tolist()]


def test_proposals_on_the_box_are_positive_others_negative() -> None:
    assigned = assign([TRUTH, OTHER, EMPTY, LOOSE], [TRUTH], [OTHER])
    assert listed(assigned.positive) == [TRUTH, TRUTH]
    assert listed(assigned.verified) == [OTHER, OTHER]
    assert listed(assigned.unlabelled) == [EMPTY]
    assert listed(assigned.matched) == [TRUTH, LOOSE]
    assert assigned.matched_gt_boxes.tolist() == [list(TRUTH)] * 2


def test_the_best_proposal_is_positive_even_if_it_is_loose() -> None:
    assigned = assign([LOOSE], [TRUTH])
    assert listed(assigned.positive) == [LOOSE, TRUTH]
    assert len(assigned.unlabelled) == 0


def test_the_core_of_a_box_that_is_drawn_around_its_skirts_is_positive() -> None:
    core, skirts, beside = (11.0, 18.0, 49.0, 23.0), (9.0, 0.0, 51.0, 120.0), (60.0, 18.0, 98.0, 23.0)
    assigned = assign([beside, skirts, core], [TRUTH])
    assert listed(assigned.positive) == [core, TRUTH]
    assert listed(assigned.unlabelled) == [beside]  # the skirts are the same emission
    assert listed(assigned.matched) == [core]
    assert assigned.matched_gt_boxes.tolist() == [list(TRUTH)]


def test_what_is_much_shorter_than_a_box_is_not_its_core() -> None:
    piece = (11.0, 18.0, 20.0, 23.0)
    assigned = assign([piece], [TRUTH])
    assert listed(assigned.positive) == [TRUTH]
    assert listed(assigned.unlabelled) == [piece]


def test_an_image_without_proposals_has_its_labelled_boxes() -> None:
    assigned = assign([], [TRUTH], [OTHER])
    assert listed(assigned.positive) == [TRUTH]
    assert listed(assigned.verified) == [OTHER]
    inputs, deltas = refinement_pairs([assigned], mean_log_size([assigned]))
    assert inputs.shape == (0, DIM + 4)
    assert deltas.shape == (0, 4)


def test_proposals_on_boxes_of_the_signal_that_are_not_trained_on_are_no_negatives() -> None:
    skirts = (9.0, 0.0, 51.0, 120.0)
    assigned = assign([TRUTH, OTHER, EMPTY, LOOSE, skirts], [], [OTHER], ignored=[TRUTH])
    assert len(assigned.positive) == len(assigned.matched) == len(assigned.matched_gt_boxes) == 0
    assert listed(assigned.verified) == [OTHER, OTHER]
    assert listed(assigned.unlabelled) == [EMPTY]


def test_both_classes_weigh_the_same() -> None:
    assigned = [assign([TRUTH, EMPTY], [TRUTH], [OTHER]), assign([EMPTY], [TRUTH])]
    vectors = DesignMatrix.of(assigned, mean_log_size(assigned))
    positive = vectors.labels == 1
    assert vectors.inputs.shape == (len(vectors.labels), DIM + 4)
    assert float(vectors.weights[positive].sum()) == pytest.approx(0.5)
    assert float(vectors.weights[~positive].sum()) == pytest.approx(0.5)
    verified, unlabelled = vectors.weights[~positive][0], vectors.weights[~positive][-1]
    assert float(unlabelled / verified) == pytest.approx(UNLABELLED_WEIGHT)
