"""What a backbone makes of a window, with proposals that are known."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from rfhydra.hydra.backbone import MAX_PROPOSALS, Proposals, Seen
from tests.live.windows import SPEC

Pixels: TypeAlias = tuple[float, float, float, float]


class Proposed(Seen):
    """A backbone's view with known proposals: pixel boxes and their objectness."""

    def __init__(self, boxes: Sequence[Pixels], objectness: Sequence[float]) -> None:
        self.size = (SPEC.rows, SPEC.cols)
        order = np.argsort([-each for each in objectness], kind="stable")
        self._boxes = torch.tensor([boxes[index] for index in order]).reshape(-1, 4).float()
        self._objectness = torch.tensor([objectness[index] for index in order]).float()

    def propose(self, limit: int = MAX_PROPOSALS) -> Proposals:
        return Proposals(self._boxes, self._objectness, self.embed(self._boxes))

    def embed(self, boxes: Tensor) -> Tensor:
        return torch.nn.functional.normalize(boxes + 1)
