"""Which comparison of a head with its predecessor counts, and what it says."""

from typing import Any

import numpy as np
import pytest

from rfhydra.training.evaluation.predecessor import Comparison
from rfhydra.training.evaluation.promotion import Evidence


def metrics(f1_score: float, boxes: int = 4, folds: float | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"f1_score": f1_score, "tp": boxes - 1, "fp": 0, "fn": 1}
    return found if folds is None else {**found, "cross_validation": metrics(folds, 3 * boxes)}


def evidence(boxes: int) -> Evidence:
    """The predecessor finds every box, the new head none."""
    return Evidence.of_counts(np.array([[1, 0, 0, 0, 0, 1]] * boxes, np.float64), boxes)


def compare(
    after: dict[str, Any],
    before: dict[str, Any],
    paired: Evidence | None = None,
    *,
    same_samples: bool = True,
    same_validation: bool = True,
) -> Comparison:
    return Comparison.of(after, before, paired, same_samples=same_samples, same_validation=same_validation)


def test_without_the_predecessor_its_stored_results_count() -> None:
    found = compare(metrics(0.9), metrics(0.8))
    assert (found.f1_before, found.f1_after, found.boxes, found.basis) == (0.8, 0.9, 4, "validation")
    assert found.evidence is None


def test_most_boxes_count() -> None:
    both = metrics(0.9, folds=0.7), metrics(0.8, folds=0.6)
    found = compare(*both)
    assert (found.f1_before, found.f1_after, found.boxes, found.basis) == (0.6, 0.7, 12, "cross-validation")
    assert compare(*both, evidence(3)).basis == "cross-validation"
    found = compare(*both, evidence(12))
    assert (found.f1_before, found.f1_after, found.boxes, found.basis) == (1.0, 0.0, 12, "paired")
    assert compare(metrics(0.9), metrics(0.8), evidence(4)).basis == "paired"


def test_paired_numbers_are_kept_whatever_counts() -> None:
    found = compare(metrics(0.9, folds=0.7), metrics(0.8, folds=0.6), evidence(3))
    assert found.evidence is not None
    assert (found.evidence["boxes"], found.evidence["gain"]) == (3, -1.0)


def test_stored_results_on_other_boxes_are_told_apart() -> None:
    folds = metrics(0.9, folds=0.7), metrics(0.8, folds=0.6)
    assert compare(*folds, same_samples=False).basis == "validation"
    assert compare(*folds, same_samples=False, same_validation=False).basis == "other boxes"
    relabelled = compare(metrics(0.9, boxes=5), metrics(0.8, boxes=4))
    assert (relabelled.basis, relabelled.boxes) == ("other boxes", 5)


def test_a_predecessor_of_a_release_that_stored_less() -> None:
    found = compare(metrics(0.9, folds=0.7), {"f1_score": 0.8, "precision": 0.8, "recall": 0.8})
    assert (found.f1_before, found.boxes, found.basis) == (0.8, 4, "validation")


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (0.90, 0.88, "equal"),
        (0.90, 0.8799, "worse"),
        (0.90, 0.9199, "equal"),
        (0.90, 0.92, "better"),
        (0.0, 0.0, "equal"),
        (1.0, 0.0, "worse"),
    ],
)
def test_the_change(before: float, after: float, change: str) -> None:
    assert compare(metrics(after), metrics(before)).change == change
