"""A backbone that remembers on disk what it saw, so that another recipe of heads is measured in minutes.

An entry is keyed by the image, the question, and the backbone: its id, and how it answers on one picture, for its code
may change.
"""

import hashlib
import threading
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save
from torch import Tensor

from rfhydra.files import write_file
from rfhydra.hydra.backbone import Backbone, Proposals

PROBE_PX: Final = 256
PROBE_BOXES: Final = ((20, 30, 60, 12), (120, 20, 8, 70), (60, 120, 90, 60), (180, 200, 40, 6), (230, 100, 10, 10))


class _Pyramid(dict[str, Tensor]):
    """Stands for the features of an image, which are computed only if something new is asked about it."""

    def __init__(self, image: Tensor) -> None:
        super().__init__()
        self.image = image
        self.digest = hashlib.sha256(str(tuple(image.shape)).encode() + image.numpy().tobytes()).hexdigest()[:32]


def _manner(backbone: Backbone) -> str:
    """A digest of what ``backbone`` makes of one picture, to two decimals."""
    image = np.random.default_rng(0).integers(10, 50, (PROBE_PX, PROBE_PX), dtype=np.uint8)
    for x0, y0, width, height in PROBE_BOXES:
        image[y0 : y0 + height, x0 : x0 + width] += 80
    proposals = backbone.propose(backbone.features(image), image.shape)
    answers = [getattr(proposals, field.name).cpu().numpy() for field in fields(proposals)]
    rounded = b"".join(np.round(each * 100).astype(np.int64).tobytes() for each in answers)
    return hashlib.sha256(rounded).hexdigest()[:16]


class CachingBackbone(Backbone):
    """Answers as ``backbone`` does, from memory where it can. For embedding heads, which do not train on pixels."""

    def __init__(self, backbone: Backbone, directory: Path) -> None:
        super().__init__(backbone.body, backbone.backbone_id, backbone.device, backbone.background)
        self._directory = directory / f"{backbone.backbone_id}-{_manner(backbone)}"
        self._directory.mkdir(parents=True, exist_ok=True)
        self._last = threading.local()  # the features of each thread's last image

    def features(self, images: NDArray[np.uint8] | Tensor) -> dict[str, Tensor]:
        return _Pyramid(torch.as_tensor(images))

    def propose(self, features: dict[str, Tensor], size: tuple[int, int], limit: int = 100) -> Proposals:
        def compute() -> dict[str, Tensor]:
            proposals = super(CachingBackbone, self).propose(self._seen(features), size, limit)
            return {field.name: getattr(proposals, field.name).cpu() for field in fields(proposals)}

        return Proposals(**self._remember(features, f"regions {limit}", compute))

    def embed(self, features: dict[str, Tensor], boxes: Tensor, size: tuple[int, int]) -> Tensor:
        if not isinstance(features, _Pyramid):  # a part of another answer
            return super().embed(features, boxes, size)

        def compute() -> dict[str, Tensor]:
            embeddings = super(CachingBackbone, self).embed(self._seen(features), boxes, size)
            return {"embeddings": embeddings.cpu()}

        question = hashlib.sha256(boxes.cpu().numpy().tobytes()).hexdigest()[:32]
        return self._remember(features, f"boxes {question}", compute)["embeddings"]

    def _remember(self, features: dict[str, Tensor], question: str, compute: Any) -> dict[str, Tensor]:
        assert isinstance(features, _Pyramid), "features of another backbone"
        path = self._directory / features.digest[:2] / f"{features.digest} {question}.safetensors".replace(" ", "-")
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            write_file(path, save({name: tensor.contiguous() for name, tensor in compute().items()}), self._directory)
        found: dict[str, Tensor] = load_file(path)
        return found

    def _seen(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        """The real features; the last ones are kept, for the next question is mostly about the same image."""
        assert isinstance(features, _Pyramid)
        if getattr(self._last, "digest", None) != features.digest:
            self._last.features, self._last.digest = super().features(features.image), features.digest
        seen: dict[str, Tensor] = self._last.features
        return seen
