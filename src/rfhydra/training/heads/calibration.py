"""Calibration: the probability behind a score and the threshold for reporting, from out-of-fold detections."""

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

from rfhydra.training.evaluation.metrics import ScoredScene, match, thresholds_near_best

CALIBRATION_IOU: Final = 0.3  # a score tells whether a box is the signal, not how well it fits
PRIOR_TRUTHS: Final = 30
MIN_SLOPE: Final = 0.1
F1_TOLERANCE: Final = 0.02  # less than the standard error with fifty boxes (docs/decisions/0022)
MIN_THRESHOLD: Final = 0.1
MAX_THRESHOLD: Final = 0.5  # of calibrated scores the best is half of its F1, at most a half (docs/decisions/0022)


@dataclass(frozen=True)
class Calibration:
    """Platt scaling (1999) of logits by ``slope`` and ``offset``, and the least calibrated score that is reported."""

    slope: float = 1.0
    offset: float = 0.0
    threshold: float = 0.5

    @classmethod
    def fit(cls, scenes: Sequence[ScoredScene]) -> "Calibration":
        """Fit out-of-fold detections, with their scenes' weights; the identity if all are true or all are false."""
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
        losses = binary_cross_entropy_with_logits(logits * line[0] + line[1], targets, reduction="none")
        loss = (weights * losses).sum() + prior
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    slope, offset = line.detach().tolist()
    return max(slope, MIN_SLOPE), offset


def _best_threshold(
    scores: NDArray[np.float64], true: NDArray[np.bool_], weights: NDArray[np.float64], truths: int
) -> float:
    """The highest threshold whose F1 is within :data:`F1_TOLERANCE` of the best.

    F1 is a mean of the observed one, which depends on the few true detections around its best, and of the one that the
    calibrated ``scores`` (n,) predict, which depends on all detections (Lipton, Elkan and Naryanaswamy, 2014) but is
    wrong where a sigmoid does not fit. The prediction counts as much as :data:`PRIOR_TRUTHS` observed emissions.
    """
    order = np.argsort(-scores, kind="stable")
    reported = np.cumsum(weights[order])
    hits, predicted_hits = np.cumsum((weights * true)[order]), np.cumsum((weights * scores)[order])
    observed = 2 * hits / (reported + truths)
    predicted = 2 * predicted_hits / (reported + max(float(truths), float(predicted_hits[-1])))
    f1 = (truths * observed + PRIOR_TRUTHS * predicted) / (truths + PRIOR_TRUTHS)
    return float(thresholds_near_best(scores[order], f1, F1_TOLERANCE)[0])
