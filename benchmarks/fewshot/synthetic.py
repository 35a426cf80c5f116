"""The main table: heads from 5 to 50 boxes of emitters that pretraining never saw."""

from functools import partial
from itertools import product
from typing import Any

from benchmarks.fewshot.bench import Bench, tracked
from benchmarks.fewshot.judgement import judge, proposal_boxes, proposed
from benchmarks.fewshot.scenes import Round
from benchmarks.fewshot.trial import as_scored, detect_scenes, learn, look
from benchmarks.fewshot.units import Row


def measure(bench: Bench) -> dict[str, Any]:
    """A row for every emitter, draw and size, the recall of proposals for each emitter, and training times."""
    _look_ahead(bench)
    recalls = [bench.unit(f"proposals-{name}", partial(_proposal_recall, bench, name)) for name in bench.emitters]
    rows: list[Row] = []
    for name, draw in tracked(product(bench.emitters, range(bench.plan.draws)), "synthetic"):
        rows += bench.unit(f"trial-{name}-{draw}", partial(_trial, bench, name, draw))["rows"]
    times = [bench.unit(f"timing-{name}", partial(_timing, bench, name)) for name in _timed(bench)]
    return {"proposals": recalls, "trials": rows, "times": [row for unit in times for row in unit["rows"]]}


def _look_ahead(bench: Bench) -> None:
    """See every support scene once, for all emitters in it: their units then only remember."""
    rounds = [
        Round(str(draw), number) for draw in range(bench.plan.draws) for number in range(bench.plan.support_rounds)
    ]
    for which in tracked(rounds, "looking at support scenes"):
        bench.unit(f"looked-{which.pool}-{which.number}", partial(_look, bench, which))


def _look(bench: Bench, which: Round) -> Row:
    look(bench.backbone, bench.pool.round(which), bench.emitters)
    return {}


def _proposal_recall(bench: Bench, emitter: str) -> Row:
    scenes = bench.pool.test(emitter, bench.plan.test_rounds)
    covered = [
        proposed(proposals, scene.pixels(emitter))
        for scene, proposals in zip(scenes, proposal_boxes(bench.backbone, scenes), strict=True)
    ]
    return {
        "emitter": emitter,
        "proposed": int(sum(each.sum() for each in covered)),
        "emissions": sum(map(len, covered)),
    }


def _trial(bench: Bench, emitter: str, draw: int) -> Row:
    """All sizes of one draw."""
    support = bench.pool.support(emitter, draw, bench.plan.support_rounds)
    scenes = bench.pool.test(emitter, bench.plan.test_rounds)
    proposals = proposal_boxes(bench.backbone, scenes)
    rows = []
    for size in bench.plan.sizes:
        learnt = learn(bench.backbone, emitter, support[:size])
        found = detect_scenes(bench.backbone, [learnt], scenes)
        scored = [as_scored(*each) for each in zip(scenes, [emitter] * len(scenes), found, strict=True)]
        row = judge(scenes, emitter, scored, learnt.head.info.threshold, proposals)
        rows.append({"emitter": emitter, "draw": draw, "boxes": size, **row})
    return {"rows": rows}


def _timed(bench: Bench) -> list[str]:
    return bench.emitters[: bench.plan.timed]


def _timing(bench: Bench, emitter: str) -> Row:
    support = bench.pool.support(emitter, 0, bench.plan.support_rounds)
    rows = []
    for size in bench.plan.sizes:
        learnt = learn(bench.plain, emitter, support[:size], twice=True)
        rows.append({"emitter": emitter, "boxes": size, "cold_s": learnt.cold_s, "warm_s": learnt.warm_s})
    return {"rows": rows}
