"""Other methods on the same scenes.

The seed's head (``rcnn``: its own proposal network and RoI heads, from random weights, 50 epochs) on the backbone and
on a random one; the embedding head on a random backbone; an energy detector with the nearest prototype.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from typing import Final

import numpy as np
import torch

from benchmarks.fewshot.bench import Bench, Plan, Unit
from benchmarks.fewshot.energy import EnergyPrototype
from benchmarks.results import Row
from benchmarks.scenes import RenderedScene
from benchmarks.trial import score, train_on
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.network import BackboneNetwork
from rfhydra.hydra.torch_backbone import TorchBackbone
from rfhydra.protocol.fields import HeadKind
from rfhydra.training.metrics import ScoredScene, best_threshold, evaluate

RANDOM_SEED: Final = 0

Scenes = Sequence[RenderedScene]
Trial = tuple[Sequence[ScoredScene], float, float]
"""Scored scenes, stored threshold, seconds of training."""


def units(bench: Bench) -> Iterator[Unit]:
    """Every method, emitter and size, all on the first draw."""
    plan, random = bench.plan, _random_backbone(bench.backbone)
    methods: dict[str, Callable[[str, Scenes, Scenes], Trial]] = {
        "embedding": partial(_head, bench.backbone, "embedding"),
        "energy + prototype": _energy,
        "embedding, random backbone": partial(_head, random, "embedding"),
        "rcnn": partial(_head, bench.backbone, "rcnn"),
        "rcnn, random backbone": partial(_head, random, "rcnn"),
    }
    for method, run in methods.items():
        emitters = bench.emitters[: plan.rcnn_emitters if method.startswith("rcnn") else plan.baseline_emitters]
        for emitter, size in product(emitters, plan.baseline_sizes):
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


def _head(backbone: Backbone, kind: HeadKind, emitter: str, support: Scenes, tests: Scenes) -> Trial:
    head = train_on(backbone, emitter, support, kind)
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
