"""Comparison of a new head with its predecessor, which may be of a backbone that is no longer at hand.

Where several comparisons are possible, the one on the most boxes counts.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from rfhydra.config import AUTO_PROMOTE_MIN_GAIN
from rfhydra.protocol.upgrade_reports import Basis, Change
from rfhydra.training.evaluation.promotion import Evidence

MARGIN: Final = AUTO_PROMOTE_MIN_GAIN
"""Of F1: a head that loses more is worse, one that gains as much is better."""
_CROSS_VALIDATION: Final = "cross_validation"
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """F1 of a predecessor and of the new head.

    Attributes:
        f1_before: of the predecessor; None where it is provisional.
        f1_after: of the new head; likewise.
        boxes: number of boxes that both are scored on; with ``other boxes``, those of the new head.
        basis: ``paired``: both heads detected in the same windows now; ``cross-validation``: the stored out-of-fold
            results of both on the same samples; ``validation``: their stored results on the same validation split;
            ``other boxes``: the validation split has changed since the predecessor was trained; ``none``: one of them
            is provisional, so nothing validates it.
        evidence: the numbers of the paired comparison, None where the predecessor could not run.
    """

    f1_before: float | None
    f1_after: float | None
    boxes: int
    basis: Basis
    evidence: dict[str, Any] | None

    @classmethod
    def of(
        cls,
        metrics: Mapping[str, Any],
        former: Mapping[str, Any],
        evidence: Evidence | None,
        *,
        same_samples: bool,
        same_validation: bool,
    ) -> Self:
        """From the metrics of the new head and of the ``former`` one, as stored with their versions.

        Args:
            metrics: of the new head.
            former: of its predecessor; an older release may have stored fewer fields.
            evidence: of both on the same boxes, None where the predecessor could not run.
            same_samples: whether both were made from the same samples.
            same_validation: whether both have the same validation samples.
        """
        if metrics["f1_score"] is None or former["f1_score"] is None:
            before, after = former["f1_score"], metrics["f1_score"]
            return cls(f1_before=before, f1_after=after, boxes=0, basis="none", evidence=None)
        proof = None if evidence is None else {**asdict(evidence), "gain_interval": [*evidence.gain_interval]}
        found = [] if evidence is None else [cls._paired(evidence, proof)]
        new_folds, old_folds = metrics.get(_CROSS_VALIDATION), former.get(_CROSS_VALIDATION)
        if same_samples and new_folds and old_folds and _boxes(new_folds) == _boxes(old_folds):
            found.append(cls._stored(new_folds, old_folds, "cross-validation", proof))
        if same_validation and _boxes(former) in (None, _boxes(metrics)):
            found.append(cls._stored(metrics, former, "validation", proof))
        return max(
            found or [cls._stored(metrics, former, "other boxes", proof)], key=lambda comparison: comparison.boxes
        )

    @classmethod
    def _paired(cls, evidence: Evidence, proof: dict[str, Any] | None) -> Self:
        before, after = evidence.active_f1_score, evidence.f1_score
        return cls(f1_before=before, f1_after=after, boxes=evidence.boxes, basis="paired", evidence=proof)

    @classmethod
    def _stored(
        cls, metrics: Mapping[str, Any], former: Mapping[str, Any], basis: Basis, proof: dict[str, Any] | None
    ) -> Self:
        before, after = float(former["f1_score"]), float(metrics["f1_score"])
        return cls(f1_before=before, f1_after=after, boxes=_boxes(metrics) or 0, basis=basis, evidence=proof)

    @property
    def change(self) -> Change:
        """Whether the new head gains :data:`MARGIN` of F1 or more, loses more than that, or neither; else unknown."""
        if self.f1_before is None or self.f1_after is None:
            return "unknown"
        gain = self.f1_after - self.f1_before
        if gain < -MARGIN - _ROUNDING:
            return "worse"
        return "better" if gain >= MARGIN - _ROUNDING else "equal"


def _boxes(metrics: Mapping[str, Any]) -> int | None:
    """Number of boxes that ``metrics`` are of, None where that was not stored."""
    return metrics["tp"] + metrics["fn"] if {"tp", "fn"} <= metrics.keys() else None
