"""RegionsSeen: several parts of one image after their passes through a backbone, as one."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rfhydra.hydra.backbone import MAX_PROPOSALS, Backbone, Proposals, Seen
from rfhydra.hydra.vision import box_iou
from rfhydra.spectrum.rectangle import Rectangle


class RegionsSeen(Seen):
    """The ``regions`` of an image, which do not meet, each seen for itself. Boxes are in pixels of the image."""

    def __init__(self, backbone: Backbone, image: NDArray[np.uint8], regions: Sequence[Rectangle]) -> None:
        """At least one region of ``image``, uint8 (rows, cols)."""
        self.size = (image.shape[0], image.shape[1])
        self.parts = [(region, backbone.see(region.of(image))) for region in regions]

    def propose(self, limit: int = MAX_PROPOSALS) -> Proposals:
        found = [(region, seen.propose(limit)) for region, seen in self.parts]
        boxes = torch.cat([each.boxes + corner(region) for region, each in found])
        objectness = torch.cat([each.objectness for _, each in found])
        best = objectness.argsort(descending=True, stable=True)[:limit]
        return Proposals(boxes[best], objectness[best], torch.cat([each.embeddings for _, each in found])[best])

    def embed(self, boxes: Tensor) -> Tensor:
        """As :meth:`Seen.embed`, each box in the region that covers most of it."""
        around = torch.tensor([[part.left, part.top, part.right, part.bottom] for part, _ in self.parts])
        nearest = box_iou(boxes, around.float()).argmax(1)
        own = [torch.nonzero(nearest == number)[:, 0] for number in range(len(self.parts))]
        found = [
            seen.embed(boxes[index] - corner(region)) for index, (region, seen) in zip(own, self.parts, strict=True)
        ]
        return torch.cat(found)[torch.cat(own).argsort()]


def corner(region: Rectangle) -> Tensor:
    """What is added to pixel boxes of ``region`` to make them boxes of the image, (4,)."""
    return torch.tensor([region.left, region.top, region.left, region.top], dtype=torch.float32)
