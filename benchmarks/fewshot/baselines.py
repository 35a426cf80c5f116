"""Other methods on the same scenes.

The head on a random backbone, and an energy detector with a nearest-prototype classifier: connected areas of smoothed
power over the noise floor, of which log size and a small picture are compared with the signal's prototype, the mean
(Snell et al., 2017), and with the nearest other area of the training scenes. The original training loop is the baseline
of :mod:`benchmarks.cold_start`.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from benchmarks.fewshot.bench import Bench, Plan, Unit
from benchmarks.results import Row
from benchmarks.scenes import SPEC, Image, RenderedScene
from benchmarks.trial import score, train_on
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.network import BackboneNetwork
from rfhydra.hydra.torch_backbone import TorchBackbone
from rfhydra.spectrum.pixels import PixelBoxes
from rfhydra.training.evaluation.metrics import ScoredScene, best_threshold, evaluate, iou_matrix

RANDOM_SEED: Final = 0
SMOOTH_PX: Final = 3
OVER_FLOOR_DB: Final = 6.0
CLOSING_PX: Final = 3
MIN_AREA_PX: Final = 16
PICTURE_PX: Final = 8
SIZE_WEIGHT: Final = 4.0
OWN_IOU: Final = 0.3

Scenes = Sequence[RenderedScene]
Trial = tuple[Sequence[ScoredScene], float, float]
"""Scored scenes, stored threshold, seconds of training."""


def units(bench: Bench) -> Iterator[Unit]:
    """Every method, emitter and size, all on the first draw."""
    plan, random = bench.plan, _random_backbone(bench.backbone)
    methods: dict[str, Callable[[str, Scenes, Scenes], Trial]] = {
        "embedding": partial(_head, bench.backbone),
        "energy + prototype": _energy,
        "embedding, random backbone": partial(_head, random),
    }
    for method, run in methods.items():
        for emitter, size in product(bench.emitters[: plan.baseline_emitters], plan.baseline_sizes):
            name = f"{method.replace(', ', '-').replace(' ', '')}-{emitter}-{size}"
            yield name, partial(_trial, bench, method, run, emitter, size)


def _trial(
    bench: Bench, method: str, run: Callable[[str, Scenes, Scenes], Trial], emitter: str, size: int
) -> list[Row]:
    support, tests = bench.pool.support(emitter, 0, size), bench.pool.test(emitter, bench.plan.baseline_rounds)
    scored, threshold, seconds = run(emitter, support, tests)
    rates = evaluate(scored, threshold).to_dict()
    best = evaluate(scored, best_threshold(scored)).f1_score
    return [{"method": method, "emitter": emitter, "boxes": size, **rates, "f1_oracle": best, "training_s": seconds}]


def _head(backbone: Backbone, emitter: str, support: Scenes, tests: Scenes) -> Trial:
    head = train_on(backbone, emitter, support)
    return score(backbone, head, tests), head.threshold, head.seconds


def _energy(emitter: str, support: Scenes, tests: Scenes) -> Trial:
    started = time.perf_counter()
    trained = EnergyPrototype.train(emitter, support)
    seconds = time.perf_counter() - started
    return [trained.detect(scene, emitter) for scene in tests], trained.threshold, seconds


def _random_backbone(like: TorchBackbone) -> Backbone:
    """A backbone of the same shape with random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(RANDOM_SEED)
        return TorchBackbone(BackboneNetwork(like.network.config), f"random-{RANDOM_SEED}", like.device)


def summarise(rows: Sequence[Row], plan: Plan) -> Row:
    """A row for every method and size, on the emitters that all methods were measured on and on all of its own."""
    methods = list(dict.fromkeys(row["method"] for row in rows))
    common = set.intersection(*({row["emitter"] for row in rows if row["method"] == method} for method in methods))
    return {
        "common": sorted(common),
        "rows": [
            _of_method([row for row in rows if (row["method"], row["boxes"]) == (method, size)], common)
            for method, size in product(methods, plan.baseline_sizes)
        ],
    }


def _of_method(rows: Sequence[Row], common: set[str]) -> Row:
    shared = [row for row in rows if row["emitter"] in common]
    return {
        "method": rows[0]["method"],
        "boxes": rows[0]["boxes"],
        "emitters": len(rows),
        "f1_common": float(np.mean([row["f1_score"] for row in shared])),
        "f1_oracle_common": float(np.mean([row["f1_oracle"] for row in shared])),
        "f1_all": float(np.mean([row["f1_score"] for row in rows])),
        "training_s": float(np.median([row["training_s"] for row in rows])),
    }


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
