"""What a head's score means, and from which score on to report: both from scores on what the head never saw."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from scipy.special import logit as log_odds
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from rfhydra.training.metrics import ScoredScene, match

CALIBRATION_IOU: Final = 0.3  # a score says whether something is the signal, not how well the box fits
PRIOR_TRUTHS: Final = 30
MIN_SLOPE: Final = 0.1
F1_TOLERANCE: Final = 0.02  # an F1 lower by that says nothing about a handful of boxes (docs/decisions/0022)
MIN_THRESHOLD: Final = 0.1
MAX_THRESHOLD: Final = 0.5  # half of the best F1 that there is: a higher one stems from luck (docs/decisions/0022)


@dataclass(frozen=True)
class Calibration:
    """``slope`` and ``offset`` turn a logit into the log odds that a detection is true (Platt, 1999).

    ``threshold`` is the calibrated score from which on detections are reported.
    """

    slope: float = 1.0
    offset: float = 0.0
    threshold: float = 0.5

    @classmethod
    def fit(cls, scenes: Sequence[ScoredScene]) -> "Calibration":
        """The calibration of out-of-fold detections, each weighing what its scene does.

        The identity where they are all true or all false.
        """
        true = np.concatenate([match(scene, CALIBRATION_IOU) for scene in scenes])
        if not true.any() or true.all():
            return cls()
        logits = _logits(np.concatenate([scene.scores for scene in scenes]))
        weights = np.concatenate([np.full(len(scene.scores), scene.weight) for scene in scenes])
        found = cls(*_platt(*map(torch.from_numpy, (logits, true, weights))))
        truths = sum(len(scene.truth) for scene in scenes)
        threshold = _best_threshold(found._calibrated(logits), true, weights, truths)
        return replace(found, threshold=float(np.clip(threshold, MIN_THRESHOLD, MAX_THRESHOLD)))

    def apply_to(self, scenes: Sequence[ScoredScene]) -> list[ScoredScene]:
        """``scenes`` with calibrated scores."""
        return [replace(scene, scores=self._calibrated(_logits(scene.scores))) for scene in scenes]

    def _calibrated(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        scores: NDArray[np.float64] = expit(self.slope * logits + self.offset)
        return scores


def _logits(scores: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    logits: NDArray[np.float64] = log_odds(np.clip(scores.astype(np.float64), 1e-6, 1 - 1e-6))
    return logits


def _platt(logits: Tensor, true: Tensor, weights: Tensor) -> tuple[float, float]:
    """Slope and offset by maximum likelihood with Platt's smoothed targets and a weak prior on the identity."""
    positive = int(true.sum())
    negative = float((weights * ~true).sum())
    targets = torch.where(true, (positive + 1) / (positive + 2), 1 / (negative + 2)).double()
    line = torch.tensor([1.0, 0.0], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([line], max_iter=50, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        prior = 0.5 * (line[0] - 1).square() + 0.05 * line[1].square()
        surprise = binary_cross_entropy_with_logits(logits * line[0] + line[1], targets, reduction="none")
        loss = (weights * surprise).sum() + prior
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    slope, offset = line.detach().tolist()
    return max(slope, MIN_SLOPE), offset


def _best_threshold(
    scores: NDArray[np.float64], true: NDArray[np.bool_], weights: NDArray[np.float64], truths: int
) -> float:
    """The highest threshold with as good an F1 as any, part as observed and part as is to be expected.

    The best F1 that was observed hangs on the luck of the few true detections around it. What calibrated ``scores``
    (n,) promise hangs on all of them, through two numbers, and lies near half of the F1 it gives (Lipton, Elkan and
    Naryanaswamy, 2014); but where a sigmoid does not fit, it is wrong however many there are. So the promise counts as
    much as :data:`PRIOR_TRUTHS` observed emissions. Of thresholds that are within :data:`F1_TOLERANCE` of the best one
    the highest is taken: in the field are look-alikes that no sample holds.
    """
    order = np.argsort(-scores, kind="stable")
    ranked, below = scores[order], np.append(scores[order][1:], 0.0)
    reported = np.cumsum(weights[order])
    hits, promised = np.cumsum((weights * true)[order]), np.cumsum((weights * scores)[order])
    observed = 2 * hits / (reported + truths)
    expected = 2 * promised / (reported + max(float(truths), float(promised[-1])))
    f1 = (truths * observed + PRIOR_TRUTHS * expected) / (truths + PRIOR_TRUTHS)
    f1[ranked == below] = 0.0  # no threshold parts equal scores
    highest = int((f1 >= f1.max() - F1_TOLERANCE).argmax())
    return float((ranked[highest] + below[highest]) / 2)
