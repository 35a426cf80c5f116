"""Whether a head knows its emitter at frequencies where it never saw it.

A head learns from scenes in which the emitter lies in one third of the band, and is tested there and in the other two
thirds. Each third has its turn, so that every test scene counts once as "same" and twice as "moved".
"""

from functools import partial
from typing import Any

from benchmarks.fewshot.bench import Bench, tracked
from benchmarks.fewshot.scenes import THIRDS, Heard, third_of
from benchmarks.fewshot.trial import Watch, as_scored, learn, workspace
from benchmarks.fewshot.units import Row
from rfhydra.training.metrics import evaluate


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
    tests = [scene for scene in bench.pool.test(emitter, plan.test_rounds) if _thirds(scene, emitter)]
    rows = []
    with workspace() as made:
        watch = Watch(bench.backbone, made)
        for third in range(THIRDS):
            support = [scene for scene in seen if _thirds(scene, emitter) == {third}][: plan.position_boxes]
            if len(support) < plan.position_boxes:
                continue
            learnt = learn(bench.backbone, emitter, support)
            found = watch.detections([learnt], tests)
            counts = {}
            for where in ("same", "moved"):
                scored = [
                    as_scored(scene, emitter, detections)
                    for scene, detections in zip(tests, found, strict=True)
                    if (_thirds(scene, emitter) == {third}) == (where == "same") and len(_thirds(scene, emitter)) == 1
                ]
                metrics = evaluate(scored, learnt.head.info.threshold)
                counts[where] = {"tp": metrics.tp, "fp": metrics.fp, "fn": metrics.fn}
            rows.append({"emitter": emitter, "third": third, **counts})
    return {"rows": rows}


def _thirds(scene: Heard, emitter: str) -> set[int]:
    """The thirds of the band that the emitter's bursts lie in."""
    return {third_of(emission) for emission in scene.of(emitter)}
