"""Whether a new head should replace the active one: evidence from boxes that neither of them was trained on.

Both heads are scored on the same scenes, so what is hard for one is mostly hard for the other, and only the boxes on
which they differ say anything. Recordings, not boxes, are what is drawn: windows of one recording go right or wrong
together. The gain in F1 gets a posterior from the Bayesian bootstrap (Rubin, 1981) over recordings, to which half a box
that only the one head finds, half a box that only the other finds, and half a false alarm of each are added: the paired
form of the half counts of Agresti and Min (2005). Without them ten boxes on which two heads agree would prove that they
always do. The page docs/promotion.md says what tilts the comparison.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray

from rfhydra.config import AUTO_PROMOTE_EXCELLENT_F1, AUTO_PROMOTE_MIN_GAIN
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
    """What the same boxes say of a candidate and of the active head. F1 and gains are fractions, not points.

    Attributes:
        f1_score, active_f1_score: of each head, at its own threshold.
        boxes: how many there are; ``new_boxes`` of them came after the active version and the candidate was held back
            from them in turn, the others are the validation split.
        recordings: how many they are from; 1 means that nothing is known beyond a single one.
        gain: ``f1_score`` less ``active_f1_score``; ``gain_interval`` is its 90 % interval.
        p_better: how likely the candidate is better at all, ``p_gain`` by at least 2 points; ``p_worse``: worse by more
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
        """From what each head reports in the same scenes, in the same order; scores play no part any more."""
        counts = np.concatenate([count(active, 0.0), count(candidate, 0.0)], axis=1)
        return cls.of_counts(*by_recording(candidate, counts), new_boxes)

    @classmethod
    def of_counts(cls, totals: NDArray[np.float64], recordings: int, new_boxes: int = 0) -> Self:
        """From the hits, false alarms and misses of the active head and of the candidate per recording, (n, 6)."""
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
    def is_confident(self) -> bool:
        """Whether there is enough evidence to promote: better, or excellent and hardly worse by more than 2 points."""
        excellent = self.f1_score >= AUTO_PROMOTE_EXCELLENT_F1 and self.p_worse <= 1 - CONFIDENCE
        return self.p_better >= CONFIDENCE or excellent

    def more_boxes(self, *, promotable: bool) -> int:
        """About how many more boxes would settle it if the gain stays what it is; two digits, at most 1,000."""
        if not promotable:  # until a gain of 2 points is out of the question
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
    """What each draw weighs the recordings (draws, recordings) and the half counts (draws, 4); always the same."""
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
    """What follows from the evidence, and in the words of an operator why.

    ``evidence`` is None where there was nothing to compare with; ``more_boxes`` is about how many more would tell,
    where nobody can tell yet.
    """

    decision: Decision
    reason: str
    more_boxes: int | None = None
    evidence: Evidence | None = None

    @property
    def promotes(self) -> bool:
        return self.decision == "promote"

    def to_dict(self) -> dict[str, Any]:
        """All numbers as JSON; the reason is told elsewhere."""
        numbers = asdict(self.evidence) | {"gain_interval": [*self.evidence.gain_interval]} if self.evidence else None
        return {"decision": self.decision, "more_boxes": self.more_boxes, "evidence": numbers}


def judge(evidence: Evidence, active: int, *, promotable: bool) -> Verdict:
    """The verdict on a candidate against version ``active``.

    Args:
        evidence: of both heads on the same boxes.
        active: the version that the candidate would replace.
        promotable: whether the least that is asked for is there: see
            :meth:`rfhydra.hydra.registry.VersionManager.should_auto_promote`.
    """
    seen = _in_words(evidence, active)
    if promotable and evidence.is_confident:
        return Verdict(decision="promote", reason=f"{seen}: {_likelihoods(evidence)}", evidence=evidence)
    if not promotable and evidence.p_gain <= 1 - CONFIDENCE:
        why = f"a gain of 2 points or more is unlikely ({_percent(evidence.p_gain)})"
        return Verdict(decision="keep", reason=f"kept version {active}: {why}; {seen}", evidence=evidence)
    more = evidence.more_boxes(promotable=promotable)
    number = f"about {more}" if more < MAX_BOXES else f"at least {MAX_BOXES:,}"
    boxes = "box in another recording" if more == 1 else "boxes in other recordings"
    advice = f"label {number} more {boxes}, or promote it yourself"
    reason = f"cannot tell yet, version {active} stays: {seen}: {_likelihoods(evidence)}; {advice}"
    return Verdict(decision="cannot tell", reason=reason, more_boxes=more, evidence=evidence)


def _in_words(evidence: Evidence, active: int) -> str:
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
