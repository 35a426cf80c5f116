"""Proposals of a backbone, cached on disk: scenes that many heads are tested on pass through the network once.

Features of training samples have the product's own cache, :class:`rfhydra.training.data.features.FeatureCache`.
"""

from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save
from torch import Tensor

from rfhydra.files import replacing
from rfhydra.hydra.backbone import MAX_PROPOSALS, Backbone, Proposals, Seen
from rfhydra.store.blobs import digest_of


class CachedProposals(Backbone):
    """``backbone`` with the proposals of each image cached under ``directory``; for embedding heads."""

    def __init__(self, backbone: Backbone, directory: Path) -> None:
        self.backbone_id, self.scaling = backbone.backbone_id, backbone.scaling
        self.embedding_dim, self.background = backbone.embedding_dim, backbone.background
        self._backbone, self._directory = backbone, directory
        directory.mkdir(parents=True, exist_ok=True)

    def see(self, image: NDArray[np.uint8] | Tensor) -> Seen:
        return _CachedSeen(self._backbone, torch.as_tensor(image), self._directory)


class _CachedSeen(Seen):
    """An image that passes through the network only where the cache has no answer."""

    def __init__(self, backbone: Backbone, image: Tensor, directory: Path) -> None:
        self.size = (image.shape[0], image.shape[1])
        self._backbone, self._image = backbone, image
        self._entry = directory / digest_of(str(self.size).encode() + image.numpy().tobytes())

    @cached_property
    def _seen(self) -> Seen:
        return self._backbone.see(self._image)

    def propose(self, limit: int = MAX_PROPOSALS) -> Proposals:
        entry = self._entry.with_suffix(f".{limit}.safetensors")
        if not entry.exists():
            tensors = {name: tensor.contiguous() for name, tensor in vars(self._seen.propose(limit)).items()}
            with replacing(entry, durable=False) as file:
                file.write(save(tensors))
        return Proposals(**load_file(entry))

    def embed(self, boxes: Tensor) -> Tensor:
        return self._seen.embed(boxes)
