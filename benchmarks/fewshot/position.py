"""Whether a head knows its emitter at frequencies where it never saw it.

A head learns from scenes in which the emitter lies in one third of the band, and is tested there and in the other two
thirds. Each third has its turn, so that every test scene counts once as "same" and twice as "moved": that some places
are harder than others cancels out.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from benchmarks.fewshot.bench import Bench, tracked
from benchmarks.fewshot.scenes import THIRDS, RenderedScene, third_of
from benchmarks.fewshot.trial import Learnt, as_scored, detect_scenes, learn
from benchmarks.fewshot.units import Row
from rfhydra.training.evaluation.metrics import evaluate


def measure(bench: Bench) -> dict[str, Any]:
    """A row for every emitter and third of the band that it was learnt in."""
    names = bench.emitters[: bench.plan.position_emitters]
    units = [bench.unit(name, partial(_moved, bench, name)) for name in tracked(names, "position")]
    return {"boxes": bench.plan.position_boxes, "trials": [row for unit in units for row in unit["rows"]]}


def _moved(bench: Bench, emitter: str) -> Row:
    plan = bench.plan
    seen = [
        scene for draw in range(plan.position_draws) for scene in bench.pool.support(emitter, draw, plan.support_rounds)
    ]
    support = {third: [scene for scene in seen if _thirds(scene, emitter) == {third}] for third in range(THIRDS)}
    learnable = [third for third, scenes in support.items() if len(scenes) >= plan.position_boxes]
    if len(learnable) < 2:  # the draws have too few scenes for a comparison
        return {"rows": []}
    tests = {
        third: [scene for scene in bench.pool.test(emitter, plan.test_rounds) if _thirds(scene, emitter) == {third}]
        for third in learnable
    }
    rows = []
    for third in learnable:
        learnt = learn(bench.backbone, emitter, support[third][: plan.position_boxes])
        moved = [scene for other in learnable if other != third for scene in tests[other]]
        counts = {"same": _counts(bench, learnt, tests[third]), "moved": _counts(bench, learnt, moved)}
        rows.append({"emitter": emitter, "third": third, **counts})
    return {"rows": rows}


def _counts(bench: Bench, learnt: Learnt, scenes: Sequence[RenderedScene]) -> dict[str, int]:
    """True and false answers and misses at the stored threshold."""
    found = detect_scenes(bench.backbone, [learnt], scenes)
    scored = [as_scored(scene, learnt.signal_name, each) for scene, each in zip(scenes, found, strict=True)]
    metrics = evaluate(scored, learnt.head.info.threshold)
    return {"tp": metrics.tp, "fp": metrics.fp, "fn": metrics.fn}


def _thirds(scene: RenderedScene, emitter: str) -> set[int]:
    """The thirds of the band that the emitter's bursts lie in."""
    return {third_of(emission) for emission in scene.of(emitter)}
