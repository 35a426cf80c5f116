"""A baseline without a network: an energy detector with a nearest-prototype classifier.

Detection: connected areas of smoothed power over the noise floor. Classification: log size and a small picture of each
area; the score compares its distance to the signal's prototype, the mean (Snell et al., 2017), with that to the nearest
other area of the training scenes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from benchmarks.scenes import SPEC, Image, RenderedScene
from rfhydra.spectrum.boxes import PixelBoxes
from rfhydra.training.metrics import ScoredScene, best_threshold, iou_matrix

SMOOTH_PX: Final = 3
OVER_FLOOR_DB: Final = 6.0
CLOSING_PX: Final = 3
MIN_AREA_PX: Final = 16
PICTURE_PX: Final = 8
SIZE_WEIGHT: Final = 4.0
OWN_IOU: Final = 0.3


def energy_boxes(image: Image) -> PixelBoxes:
    """Boxes (n, 4) around the areas of ``image`` above the noise floor."""
    scaling = SPEC.scaling
    power = 10 ** ((image.astype(np.float32) / 255 * scaling.range_db - scaling.headroom_db) / 10)
    level_db = 10 * np.log10(ndimage.uniform_filter(power, SMOOTH_PX))
    above = ndimage.binary_closing(level_db > OVER_FLOOR_DB, np.ones((CLOSING_PX, CLOSING_PX)))
    areas, _ = ndimage.label(above)
    boxes = [
        (cols.start, rows.start, cols.stop, rows.stop)
        for rows, cols in ndimage.find_objects(areas)
        if (rows.stop - rows.start) * (cols.stop - cols.start) >= MIN_AREA_PX
    ]
    return np.array(boxes, np.float32).reshape(-1, 4)


@dataclass(frozen=True, eq=False)
class EnergyPrototype:
    """``prototype`` (d,) of the signal, and feature vectors of the other areas in its scenes (n, d)."""

    prototype: NDArray[np.float64]
    others: NDArray[np.float64]
    threshold: float = 0.5

    @classmethod
    def train(cls, emitter: str, scenes: Sequence[RenderedScene]) -> "EnergyPrototype":
        """Train on the boxes of ``emitter`` in ``scenes``; the threshold is the best one there."""
        own, others = [], []
        for scene in scenes:
            truth, found = scene.pixels(emitter), energy_boxes(scene.image)
            own.append(_vectors(scene.image, truth))
            others.append(_vectors(scene.image, found[iou_matrix(found, truth).max(1, initial=0.0) < OWN_IOU]))
        made = cls(np.concatenate(own).mean(0), np.concatenate(others))
        return cls(made.prototype, made.others, best_threshold([made.detect(scene, emitter) for scene in scenes]))

    def detect(self, scene: RenderedScene, emitter: str) -> ScoredScene:
        """All areas with scores in 0..1, against the truth."""
        boxes = energy_boxes(scene.image)
        vectors = _vectors(scene.image, boxes)
        near = np.square(vectors - self.prototype).sum(1)
        if len(self.others):
            far = np.square(vectors[:, None] - self.others[None]).sum(2)
            # In a training scene an area is not compared with itself.
            far = np.where(far < 1e-12, np.inf, far).min(1)
        else:
            far = np.ones(len(vectors))
        return ScoredScene(boxes, far / (near + far + 1e-12), scene.pixels(emitter))


def _vectors(image: Image, boxes: PixelBoxes) -> NDArray[np.float64]:
    """Log width, log height and a picture of unit length of each box: (n, 2 + PICTURE_PX²)."""
    rows = [np.zeros((0, 2 + PICTURE_PX**2))]
    for x0, y0, x1, y1 in np.round(boxes).astype(int).clip(0):
        part = image[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)].astype(float)
        picture = ndimage.zoom(part, (PICTURE_PX / part.shape[0], PICTURE_PX / part.shape[1]), order=1).ravel()
        size = SIZE_WEIGHT * np.log([max(x1 - x0, 1), max(y1 - y0, 1)])
        rows.append(np.concatenate([size, picture / (np.linalg.norm(picture) + 1e-9)])[None])
    return np.concatenate(rows)
