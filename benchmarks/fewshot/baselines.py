"""What else could be done, on the same scenes: so that every gain is visible.

The seed's head (``rcnn``: its own proposals and proposal heads, from noise, 50 epochs) on the backbone and on a random
one; the embedding head on a random backbone; an energy detector with the nearest prototype.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from typing import Any

import torch

from benchmarks.fewshot.bench import Bench, tracked
from benchmarks.fewshot.energy import EnergyPrototype
from benchmarks.fewshot.scenes import RenderedScene
from benchmarks.fewshot.trial import as_scored, detect_scenes, learn
from benchmarks.fewshot.units import Row
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.network import BackboneNetwork
from rfhydra.hydra.torch_backbone import TorchBackbone
from rfhydra.protocol.types import HeadKind
from rfhydra.training.evaluation.metrics import ScoredScene, best_threshold, evaluate

RANDOM_SEED = 0


def measure(bench: Bench) -> dict[str, Any]:
    """A row for every method, emitter and size, all on the first draw."""
    plan = bench.plan
    methods: dict[str, Callable[[str, int], Row]] = {
        "embedding": partial(_network, bench, bench.plain, "embedding"),
        "energy + prototype": partial(_energy, bench),
        "embedding, random body": partial(_network, bench, _random_backbone(bench.plain), "embedding"),
        "rcnn": partial(_network, bench, bench.plain, "rcnn"),
        "rcnn, random body": partial(_network, bench, _random_backbone(bench.plain), "rcnn"),
    }
    rows = []
    for (method, run), emitter, size in tracked(
        list(product(methods.items(), bench.emitters[: plan.baseline_emitters], plan.baseline_sizes)), "baselines"
    ):
        if method.startswith("rcnn") and emitter not in bench.emitters[: plan.rcnn_emitters]:
            continue
        made = bench.unit(f"{method.replace(', ', '-').replace(' ', '')}-{emitter}-{size}", partial(run, emitter, size))
        rows.append({"method": method, "emitter": emitter, "boxes": size, **made})
    return {"trials": rows}


def _network(bench: Bench, backbone: Backbone, kind: HeadKind, emitter: str, size: int) -> Row:
    support, tests = _scenes(bench, emitter, size)
    learnt = learn(backbone, emitter, support, kind)
    found = detect_scenes(backbone, [learnt], tests)
    scored = [as_scored(scene, emitter, each) for scene, each in zip(tests, found, strict=True)]
    return _row(scored, learnt.head.info.threshold, learnt.cold_s)


def _energy(bench: Bench, emitter: str, size: int) -> Row:
    support, tests = _scenes(bench, emitter, size)
    started = time.perf_counter()
    learnt = EnergyPrototype.learn(emitter, support)
    seconds = time.perf_counter() - started
    return _row([learnt.detect(scene, emitter) for scene in tests], learnt.threshold, seconds)


def _scenes(bench: Bench, emitter: str, size: int) -> tuple[Sequence[RenderedScene], Sequence[RenderedScene]]:
    return bench.pool.support(emitter, 0, size), bench.pool.test(emitter, bench.plan.baseline_rounds)


def _row(scored: Sequence[ScoredScene], threshold: float, seconds: float) -> Row:
    metrics = evaluate(scored, threshold)
    best = evaluate(scored, best_threshold(scored)).f1_score
    return {**metrics.to_dict(), "f1_oracle": best, "training_s": seconds}


def _random_backbone(like: TorchBackbone) -> Backbone:
    """A backbone of the same shape that was never trained."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(RANDOM_SEED)
        return TorchBackbone(BackboneNetwork(like.network.config), f"random-{RANDOM_SEED}", like.device)
