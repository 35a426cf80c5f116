"""The promotion rule: whether a new head replaces the active one, on boxes that neither of them was trained on.

Both heads are scored on the same scenes, so only the boxes on which they differ say anything. Recordings, not boxes,
are resampled: the outcomes for windows of one recording are correlated. The gain in F1 gets a posterior from the
Bayesian bootstrap (Rubin, 1981) over recordings, with half counts added (Agresti and Min, 2005): half a box that only
one head finds, half a box that only the other finds, and half a false alarm of each. Without them, agreement on ten
boxes would count as proof of equality. Known biases of the comparison: docs/promotion.md.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray

from rfhydra.config import AUTO_PROMOTE_EXCELLENT_F1, AUTO_PROMOTE_MIN_GAIN
from rfhydra.hydra.registry import PROVISIONAL_KEPT, PROVISIONAL_REASON, meets_floor
from rfhydra.training.evaluation.metrics import ScoredScene, by_recording, count

Decision = Literal["promote", "keep", "cannot tell"]

CONFIDENCE: Final = 0.9
MARGIN: Final = AUTO_PROMOTE_MIN_GAIN
DRAWS: Final = 2000
PRIOR_COUNT: Final = 0.5
MAX_BOXES: Final = 1000
_Z: Final = 1.2816  # of the normal distribution, for CONFIDENCE
_SEED: Final = 0
# Columns: hits, false alarms, misses of the active head, then of the candidate.
_DISAGREEMENTS: Final = np.array(
    [[1, 0, 0, 0, 0, 1], [0, 0, 1, 1, 0, 0], [0, 1, 0, 0, 0, 0], [0, 0, 0, 0, 1, 0]], np.float64
)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Comparison of a candidate and the active head on the same boxes. F1 and gains are fractions, not points.

    Attributes:
        f1_score, active_f1_score: of each head, at its own threshold.
        boxes: number of boxes; ``new_boxes`` of them were added after the active version and scored out of fold, the
            others are the validation split.
        recordings: number of recordings that the boxes are from.
        gain: ``f1_score`` minus ``active_f1_score``; ``gain_interval`` is its 90 % interval.
        p_better: probability that the candidate is better, ``p_gain`` by at least 2 points; ``p_worse``: worse by more
            than 2 points.
        deviation: standard deviation of the gain.
    """

    f1_score: float
    active_f1_score: float
    boxes: int
    new_boxes: int
    recordings: int
    gain: float
    gain_interval: tuple[float, float]
    p_better: float
    p_gain: float
    p_worse: float
    deviation: float

    @classmethod
    def of(cls, active: Sequence[ScoredScene], candidate: Sequence[ScoredScene], new_boxes: int = 0) -> Self:
        """From the detections of each head in the same scenes, in the same order; scores are ignored."""
        counts = np.concatenate([count(active, 0.0), count(candidate, 0.0)], axis=1)
        return cls.of_counts(*by_recording(candidate, counts), new_boxes)

    @classmethod
    def of_counts(cls, totals: NDArray[np.float64], recordings: int, new_boxes: int = 0) -> Self:
        """From hits, false alarms and misses of the active head and of the candidate per recording, (n, 6)."""
        before, after = f1_scores(totals.sum(0))
        draws = _gains(totals)
        low, high = np.quantile(draws, [0.05, 0.95])
        return cls(
            f1_score=float(after),
            active_f1_score=float(before),
            boxes=int(totals[:, 0].sum() + totals[:, 2].sum()),
            new_boxes=new_boxes,
            recordings=recordings,
            gain=float(after - before),
            gain_interval=(float(low), float(high)),
            p_better=float((draws > 0).mean()),
            p_gain=float((draws >= MARGIN).mean()),
            p_worse=float((draws < -MARGIN).mean()),
            deviation=float(draws.std()),
        )

    @property
    def meets_floor(self) -> bool:
        """Whether the gain on these boxes meets the floor of the promotion rule."""
        return meets_floor(self.active_f1_score, self.f1_score)[0]

    @property
    def is_confident(self) -> bool:
        """Whether there is enough evidence to promote: better, or excellent and hardly worse by more than 2 points."""
        excellent = self.f1_score >= AUTO_PROMOTE_EXCELLENT_F1 and self.p_worse <= 1 - CONFIDENCE
        return self.p_better >= CONFIDENCE or excellent

    def in_words(self, active: int) -> str:
        """What was compared, and how likely which head is better; ``active`` is the version of the active head."""
        return f"{_compared(self, active)}: {_likelihoods(self)}"

    @property
    def more_boxes(self) -> int:
        """About how many more boxes would settle it if the gain stays what it is; two digits, at most 1,000."""
        if not self.meets_floor:  # until a gain of 2 points is unlikely
            distance = max(MARGIN - self.gain, MARGIN / 2)
        elif self.f1_score >= AUTO_PROMOTE_EXCELLENT_F1:
            distance = self.gain + MARGIN
        else:
            distance = self.gain
        needed = self.boxes * (_Z * self.deviation / distance) ** 2 - self.boxes
        return _two_digits(min(max(needed, self.boxes / 10, 1), MAX_BOXES))


def _gains(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Draws of the gain in F1 from its posterior; ``totals`` (recordings, 6) are the counts of both heads."""
    weights, halves = _weights(len(totals))
    before, after = f1_scores(weights @ totals + halves @ _DISAGREEMENTS)
    return after - before


@lru_cache(maxsize=64)
def _weights(recordings: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights of the recordings (draws, recordings) and of the half counts (draws, 4), under a fixed seed."""
    rng = np.random.default_rng(_SEED)
    weights = rng.standard_exponential((DRAWS, recordings))
    return weights, rng.standard_gamma(PRIOR_COUNT, (DRAWS, len(_DISAGREEMENTS)))


def f1_scores(counts: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """F1 of the active head and of the candidate from ``counts`` (..., 6)."""
    heads = counts.reshape(*counts.shape[:-1], 2, 3)
    hits = 2 * heads[..., 0]
    f1 = hits / np.maximum(hits + heads[..., 1] + heads[..., 2], 1e-12)
    return f1[..., 0], f1[..., 1]


def _two_digits(boxes: float) -> int:
    step = 10 ** max(math.floor(math.log10(boxes)) - 1, 0)
    return int(math.ceil(boxes / step) * step)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Decision on a candidate, with the reason as shown to the operator.

    ``evidence`` is None where the heads were not compared; ``more_boxes`` is about how many more boxes would settle it,
    where the evidence does not.
    """

    decision: Decision
    reason: str
    more_boxes: int | None = None
    evidence: Evidence | None = None

    @property
    def promotes(self) -> bool:
        return self.decision == "promote"

    def to_dict(self) -> dict[str, Any]:
        """The decision, its reason and its numbers as JSON."""
        numbers = asdict(self.evidence) | {"gain_interval": [*self.evidence.gain_interval]} if self.evidence else None
        return {"decision": self.decision, "reason": self.reason, "more_boxes": self.more_boxes, "evidence": numbers}


def judge_provisional(own_boxes_found: int, active: int | None, *, active_is_provisional: bool) -> Verdict:
    """The promotion rule for a provisional candidate, against version ``active``, None where none is active.

    ``own_boxes_found`` is the number of the boxes it was trained on that it detects.
    """
    if active is not None and not active_is_provisional:
        return Verdict(decision="keep", reason=f"kept version {active}: {PROVISIONAL_KEPT}")
    if not own_boxes_found:
        reason = "stored, but not made active: it detects none of the boxes that it was made from; add samples"
        return Verdict(decision="keep", reason=reason)
    return Verdict(decision="promote", reason=PROVISIONAL_REASON)


def judge_against_provisional(f1_score: float, active: int, evidence: Evidence | None) -> Verdict:
    """The promotion rule for a validated candidate against version ``active``, which is provisional.

    It replaces it as it would take the place of none, unless there is ``evidence`` that it is worse: the burden of
    proof is with the version that was made from fewer samples and that nothing validates.
    """
    promotes, reason = meets_floor(None, f1_score)
    if not promotes:
        return Verdict(decision="keep", reason=f"kept version {active}, which is provisional: {reason}")
    if evidence is not None and evidence.p_worse >= CONFIDENCE:
        seen = evidence.in_words(active)
        return Verdict(
            decision="keep", reason=f"kept version {active}, which is provisional: {seen}", evidence=evidence
        )
    return Verdict(decision="promote", reason=f"replaces version {active}, which is provisional", evidence=evidence)


def judge(
    f1_score: float, active: int | None, evidence: Evidence | None, *, obstacle: str = "", command: str = ""
) -> Verdict:
    """The promotion rule: the verdict on a candidate against version ``active``.

    Args:
        f1_score: of the candidate on its validation split.
        active: the version that it would replace, None where none is active.
        evidence: of both heads on the same boxes, None where they cannot be compared.
        obstacle: why they cannot be compared.
        command: the command that promotes the candidate by hand.
    """
    if active is None:
        promotes, reason = meets_floor(None, f1_score)
        if promotes:
            return Verdict(decision="promote", reason=reason)
        advice = f"label more samples and train again, or promote it with `{command}`"
        return Verdict(decision="keep", reason=f"stored, but not made active: {reason}; {advice}")
    if evidence is None:
        reason = f"cannot tell, version {active} stays: {obstacle}; compare and promote with `{command}`"
        return Verdict(decision="cannot tell", reason=reason)
    seen = _compared(evidence, active)
    if evidence.meets_floor and evidence.is_confident:
        return Verdict(decision="promote", reason=evidence.in_words(active), evidence=evidence)
    if not evidence.meets_floor and evidence.p_gain <= 1 - CONFIDENCE:
        why = f"a gain of 2 points or more is unlikely ({_percent(evidence.p_gain)})"
        return Verdict(decision="keep", reason=f"kept version {active}: {why}; {seen}", evidence=evidence)
    more = evidence.more_boxes
    number = f"about {more}" if more < MAX_BOXES else f"at least {MAX_BOXES:,}"
    boxes = "box in another recording" if more == 1 else "boxes in other recordings"
    advice = f"label {number} more {boxes}, or promote it yourself"
    reason = f"cannot tell yet, version {active} stays: {seen}: {_likelihoods(evidence)}; {advice}"
    return Verdict(decision="cannot tell", reason=reason, more_boxes=more, evidence=evidence)


def _compared(evidence: Evidence, active: int) -> str:
    boxes = "box" if evidence.boxes == 1 else "boxes"
    where = "of one recording" if evidence.recordings == 1 else f"of {evidence.recordings} recordings"
    change = f"F1 {evidence.active_f1_score:.3f} → {evidence.f1_score:.3f}"
    return f"{change} against version {active} on the same {evidence.boxes} {boxes} {where}"


def _likelihoods(evidence: Evidence) -> str:
    return (
        f"{_percent(evidence.p_better)} likely better,"
        f" {_percent(evidence.p_worse)} likely worse by more than {100 * MARGIN:.0f} points"
    )


def _percent(share: float) -> str:
    if share < 0.01:
        return "under 1 %"
    return "over 99 %" if share > 0.99 else f"{100 * share:.0f} %"
