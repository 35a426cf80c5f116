"""EmbeddingLearner: logistic regression on cached features, and ridge regression of the boxes.

The loss is convex, so L-BFGS converges in milliseconds from any start: an extended head starts at zero, too. An epoch
is a few iterations.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from rfhydra.hydra.backbone import Proposals
from rfhydra.hydra.head import EmbeddingHead, HeadInfo, HeadStack, ScoredBoxes
from rfhydra.training.data.assignment import BACKGROUND_SHARE, DesignMatrix, Rois, mean_log_size, refinement_pairs
from rfhydra.training.data.training_set import TrainingExample, TrainingSet
from rfhydra.training.evaluation.metrics import MatchCounts, ScoredScene, evaluate

INPUT_SCALE: Final = 20.0
L2: Final = 1e-4
RIDGE: Final = 1.0
MAX_DUAL_PAIRS: Final = 4096  # a solution takes the cube of the number of equations
ITERATIONS_PER_EPOCH: Final = 4


class EmbeddingLearner:
    """Trains one head in epochs (see :class:`.trainer.Learner`)."""

    def __init__(self, training_set: TrainingSet, info: HeadInfo) -> None:
        examples = (*training_set.own, *training_set.augmented, *training_set.others)
        assigned = [example.assigned for example in examples]
        self._info, self._val = info, training_set.val
        self._size_mean = mean_log_size(assigned)
        background = Rois(training_set.background.boxes, training_set.background.embeddings)
        share = BACKGROUND_SHARE * training_set.unknown_weight
        self._train_set = DesignMatrix.of(assigned, self._size_mean, background, share)
        self._refinement = _ridge(*refinement_pairs(assigned, self._size_mean))
        self._weight = torch.zeros(self._train_set.inputs.shape[1], requires_grad=True)
        self._bias = torch.zeros((), requires_grad=True)
        self._optimiser = torch.optim.LBFGS(
            [self._weight, self._bias], max_iter=ITERATIONS_PER_EPOCH, history_size=20, line_search_fn="strong_wolfe"
        )

    def train_epoch(self) -> float:
        return float(self._optimiser.step(self._closure))  # type: ignore[no-untyped-call]

    def _closure(self) -> Tensor:
        self._optimiser.zero_grad()
        loss = self._loss(self._train_set) + L2 * self._weight.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def _loss(self, vectors: DesignMatrix) -> Tensor:
        logits = vectors.inputs @ self._weight * INPUT_SCALE + self._bias
        return (vectors.weights * binary_cross_entropy_with_logits(logits, vectors.labels, reduction="none")).sum()

    @cached_property
    def _val_set(self) -> DesignMatrix:
        return DesignMatrix.of([example.assigned for example in self._val], self._size_mean)

    @torch.no_grad()
    def validate(self) -> tuple[float, MatchCounts]:
        scenes = detect_examples(self.head(), self._val, threshold=0.5)
        return float(self._loss(self._val_set)), evaluate(scenes, 0.5)

    def state(self) -> tuple[Tensor, Tensor]:
        return self._weight.detach().clone(), self._bias.detach().clone()

    @torch.no_grad()
    def restore(self, state: tuple[Tensor, Tensor]) -> None:
        self._weight.copy_(state[0])
        self._bias.copy_(state[1])

    def head(self) -> EmbeddingHead:
        """The head in its present state, not calibrated."""
        mean, weight, offset = self._refinement
        return EmbeddingHead(
            info=self._info,
            weight=self._weight.detach() * INPUT_SCALE,
            bias=self._bias.detach().clone(),
            size_mean=self._size_mean,
            refine_mean=mean,
            refine_weight=weight,
            refine_offset=offset,
        )


def detect_examples(head: EmbeddingHead, examples: Sequence[TrainingExample], threshold: float) -> list[ScoredScene]:
    """Detections of ``head`` in each example, as the detector would give them, with the ground truth."""
    stack = HeadStack([head])
    scenes = []
    for example in examples:
        features = example.features
        found = detect_proposals(stack, features.proposals, features.embeddings, threshold, features.size)
        truth = example.truth.numpy()
        scenes.append(ScoredScene(found.boxes.numpy(), found.scores.numpy(), truth, example.sample.recording))
    return scenes


def detect_proposals(
    stack: HeadStack, boxes: Tensor, embeddings: Tensor, threshold: float, size: tuple[int, int]
) -> ScoredBoxes:
    """Detections of the one head of ``stack``, regardless of objectness."""
    (found,) = stack.detect(Proposals(boxes, torch.ones(len(boxes)), embeddings), [threshold], size)
    return found


def _ridge(inputs: Tensor, deltas: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean of the inputs (d,), weights (d, 4) and offset (4,) of a ridge regression; all zero without pairs.

    With few pairs the weights vanish and the mean of the deltas is left.
    """
    dim = inputs.shape[1]
    if not len(inputs):
        return torch.zeros(dim), torch.zeros((dim, 4)), torch.zeros(4)
    mean, offset = inputs.mean(0), deltas.mean(0)
    centred = inputs - mean
    if len(inputs) > MAX_DUAL_PAIRS:  # the primal form: as many equations as inputs
        gram = centred.T @ centred + RIDGE * torch.eye(dim)
        return mean, torch.linalg.solve(gram, centred.T @ (deltas - offset)), offset
    # The dual form: as many equations as pairs.
    gram = centred @ centred.T + RIDGE * torch.eye(len(inputs))
    return mean, centred.T @ torch.linalg.solve(gram, deltas - offset), offset
