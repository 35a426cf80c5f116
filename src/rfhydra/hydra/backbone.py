"""The interface of a frozen backbone: an image in, class-agnostic proposals and embeddings of boxes out.

Heads, detection and training use a backbone through this interface only. Runtimes are :mod:`.torch_backbone` and
:mod:`.openvino_backbone`; ``tests/hydra/test_backbone.py`` is the conformance suite of all runtimes.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rfhydra.errors import Incompatible
from rfhydra.spectrum.spec import SpectrogramSpec, ValueScaling

MAX_PROPOSALS: Final = 100
MAX_PARALLEL: Final = 8
"""Images at most that one process looks at at the same time."""


@dataclass(frozen=True, eq=False)
class Proposals:
    """Class-agnostic proposals in one image, sorted by falling objectness. Tensors are on the CPU.

    ``boxes`` float32 (n, 4) in pixels, ``objectness`` float32 (n,) in 0..1, ``embeddings`` float32 (n, d) of unit
    length.
    """

    boxes: Tensor
    objectness: Tensor
    embeddings: Tensor

    def __len__(self) -> int:
        return len(self.boxes)

    def with_candidates(self, boxes: Tensor, embeddings: Tensor) -> "Proposals":
        """These, and after them ``boxes`` (m, 4) with ``embeddings`` (m, d), whose objectness is not known: 0."""
        objectness = torch.cat([self.objectness, torch.zeros(len(boxes))])
        return Proposals(torch.cat([self.boxes, boxes]), objectness, torch.cat([self.embeddings, embeddings]))


@dataclass(frozen=True, eq=False)
class BackgroundSet:
    """Proposals of synthetic scenes, negatives in the training of every head.

    ``boxes`` float32 (n, 4) in pixels, ``embeddings`` float32 (n, d), ``scenes`` int64 (n,), the scene number of each
    proposal, ascending; ``emissions`` int64 (1,), the number of emissions in all scenes.
    """

    boxes: Tensor
    embeddings: Tensor
    scenes: Tensor
    emissions: Tensor

    @classmethod
    def empty(cls, embedding: int) -> Self:
        """A background set without proposals, for embeddings of ``embedding`` dimensions."""
        return cls(
            torch.zeros((0, 4)), torch.zeros((0, embedding)), torch.zeros(0, dtype=torch.int64), torch.zeros(1).long()
        )

    def __len__(self) -> int:
        return len(self.boxes)

    def part(self, chosen: Tensor) -> "BackgroundSet":
        """The proposals that the mask ``chosen`` (n,) selects."""
        return replace(self, boxes=self.boxes[chosen], embeddings=self.embeddings[chosen], scenes=self.scenes[chosen])


class Seen(ABC):
    """One image after the pass through a backbone.

    Attributes:
        size: (rows, cols) of the image.
    """

    size: tuple[int, int]

    @abstractmethod
    def propose(self, limit: int = MAX_PROPOSALS) -> Proposals:
        """At most ``limit`` proposals. Do not modify them: a second call may return the same."""

    @abstractmethod
    def embed(self, boxes: Tensor) -> Tensor:
        """Centred embeddings of unit length, float32 (n, d) on the CPU, of pixel ``boxes`` (n, 4)."""


class Backbone(ABC):
    """A frozen backbone. One instance serves any number of heads and threads.

    Attributes:
        backbone_id: first 16 hex digits of the SHA-256 of its file.
        scaling: the value scaling of the images of its pretraining.
        embedding_dim: dimensions of an embedding.
        background: the background set of its heads.
        parallel: number of images, 1 to :data:`MAX_PARALLEL`, that are best looked at at the same time, each in a
            thread with :func:`.use_one_core` if there are several.
    """

    backbone_id: str
    scaling: ValueScaling
    embedding_dim: int
    background: BackgroundSet
    parallel: int = 1

    @abstractmethod
    def see(self, image: NDArray[np.uint8] | Tensor) -> Seen:
        """Pass ``image``, uint8 (rows, cols), through the network."""

    def require(self, backbone_id: str, what: str) -> None:
        """Raise :class:`Incompatible` if ``backbone_id`` is not this backbone's."""
        if backbone_id != self.backbone_id:
            raise Incompatible(
                f"{what} was trained on backbone {backbone_id}, this one is {self.backbone_id}: train it again here"
            )

    def require_scaling(self, spec: SpectrogramSpec) -> None:
        """Raise :class:`Incompatible` if images of ``spec`` have another value scaling than the backbone's."""
        if spec.scaling != self.scaling:
            raise Incompatible("the backbone was pretrained on another value scaling than this workspace's contract")
