"""A backbone with a cache on disk, so that another recipe of heads is measured in minutes.

An entry is keyed by the image, the question, and the backbone: its id, and its answers on one picture, because its code
may change.
"""

import hashlib
from collections.abc import Callable
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save
from torch import Tensor

from rfhydra.files import write_file
from rfhydra.hydra.backbone import MAX_PROPOSALS, Backbone, Proposals, Seen

PROBE_PX: Final = 256
PROBE_BOXES: Final = ((20, 30, 60, 12), (120, 20, 8, 70), (60, 120, 90, 60), (180, 200, 40, 6), (230, 100, 10, 10))


class CachingBackbone(Backbone):
    """``backbone`` with its answers cached under ``directory``. For embedding heads, which do not train on pixels."""

    def __init__(self, backbone: Backbone, directory: Path) -> None:
        self.backbone_id, self.scaling = backbone.backbone_id, backbone.scaling
        self.embedding_dim, self.background = backbone.embedding_dim, backbone.background
        self._backbone = backbone
        self._directory = directory / f"{backbone.backbone_id}-{_fingerprint(backbone)}"
        self._directory.mkdir(parents=True, exist_ok=True)

    def see(self, image: NDArray[np.uint8] | Tensor) -> Seen:
        return _CachingSeen(self._backbone, torch.as_tensor(image), self._directory)


class _CachingSeen(Seen):
    """An image that is passed through the network only if a new question is asked about it."""

    def __init__(self, backbone: Backbone, image: Tensor, directory: Path) -> None:
        self.size = (image.shape[0], image.shape[1])
        self._backbone, self._image, self._directory = backbone, image, directory
        self._digest = hashlib.sha256(str(tuple(image.shape)).encode() + image.numpy().tobytes()).hexdigest()[:32]

    @cached_property
    def _seen(self) -> Seen:
        return self._backbone.see(self._image)

    def propose(self, limit: int = MAX_PROPOSALS) -> Proposals:
        return Proposals(**self._cached(f"proposals-{limit}", lambda: vars(self._seen.propose(limit))))

    def embed(self, boxes: Tensor) -> Tensor:
        question = hashlib.sha256(boxes.numpy().tobytes()).hexdigest()[:32]
        return self._cached(f"boxes-{question}", lambda: {"embeddings": self._seen.embed(boxes)})["embeddings"]

    def _cached(self, question: str, compute: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
        path = self._directory / self._digest[:2] / f"{self._digest}-{question}.safetensors"
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            write_file(path, save({name: tensor.contiguous() for name, tensor in compute().items()}), self._directory)
        found: dict[str, Tensor] = load_file(path)
        return found


def _fingerprint(backbone: Backbone) -> str:
    """A digest of the answers of ``backbone`` on one picture, to two decimals."""
    image = np.random.default_rng(0).integers(10, 50, (PROBE_PX, PROBE_PX), dtype=np.uint8)
    for x0, y0, width, height in PROBE_BOXES:
        image[y0 : y0 + height, x0 : x0 + width] += 80
    proposals = backbone.see(image).propose()
    answers = [getattr(proposals, field.name).numpy() for field in fields(proposals)]
    return hashlib.sha256(b"".join(np.round(each * 100).astype(np.int64).tobytes() for each in answers)).hexdigest()[
        :16
    ]
