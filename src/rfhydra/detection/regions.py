"""RegionsSeen: several parts of one image after one pass through a backbone."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from rfhydra.detection.mosaic import Mosaic
from rfhydra.hydra.backbone import MAX_PROPOSALS, Backbone, Proposals, Seen
from rfhydra.hydra.head import ScoredBoxes
from rfhydra.spectrum.rectangle import Rectangle


def see_regions(backbone: Backbone, image: NDArray[np.uint8], regions: Sequence[Rectangle] | None) -> Seen | None:
    """``image``, uint8 (rows, cols), after the pass: all of it where ``regions`` is None, else these.

    None where there is no region.
    """
    if regions is None:
        return backbone.see(image)
    return RegionsSeen(backbone, image, regions) if regions else None


class RegionsSeen(Seen):
    """The ``regions`` of an image, which do not meet. Boxes are in pixels of the image.

    Attributes:
        mosaic: the pixels that the backbone saw, uint8 (rows, cols).
        mosaic_seen: the same after the pass; boxes are in pixels of the mosaic.
    """

    def __init__(self, backbone: Backbone, image: NDArray[np.uint8], regions: Sequence[Rectangle]) -> None:
        """At least one region of ``image``, uint8 (rows, cols)."""
        self.size = (image.shape[0], image.shape[1])
        self._layout = Mosaic.of(regions)
        self.mosaic = self._layout.cut(image)
        self.mosaic_seen = backbone.see(self.mosaic)

    def propose(self, limit: int = MAX_PROPOSALS) -> Proposals:
        found = self.mosaic_seen.propose(limit)
        boxes, kept = self._layout.to_image(found.boxes)
        return Proposals(boxes[kept], found.objectness[kept], found.embeddings[kept])

    def embed(self, boxes: Tensor) -> Tensor:
        """As :meth:`Seen.embed`, each box in the region that it overlaps most."""
        return self.mosaic_seen.embed(self._layout.to_mosaic(boxes))

    def in_image(self, found: ScoredBoxes) -> ScoredBoxes:
        """Detections in the mosaic as detections in the image, without those that join two regions."""
        if not len(found.scores):
            return found
        boxes, kept = self._layout.to_image(found.boxes)
        return ScoredBoxes(boxes[kept], found.scores[kept])
