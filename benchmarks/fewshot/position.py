"""F1 of heads at frequencies at which they were not trained.

A head is trained on scenes in which the emitter lies in one third of the band, and tested there and in the other two
thirds. Each third has its turn, so that every test scene counts once as "same" and twice as "moved", and differences
in difficulty between the thirds cancel.
"""

from collections.abc import Iterator, Sequence
from functools import partial

from benchmarks.fewshot.bench import Bench, Plan, Unit
from benchmarks.fewshot.pool import THIRDS, third_of
from benchmarks.fewshot.statistics import interval
from benchmarks.results import Row
from benchmarks.scenes import RenderedScene
from benchmarks.trial import TrainedHead, score
from rfhydra.training.evaluation.metrics import MatchCounts, evaluate


def units(bench: Bench) -> Iterator[Unit]:
    """All thirds of one emitter."""
    for name in bench.emitters[: bench.plan.position_emitters]:
        yield name, partial(_all_thirds, bench, name)


def _all_thirds(bench: Bench, emitter: str) -> list[Row]:
    plan = bench.plan
    drawn = [scene for draw in range(plan.position_draws) for scene in bench.support(emitter, draw)]
    support = {third: scenes[: plan.position_boxes] for third, scenes in _by_third(drawn, emitter).items()}
    thirds = [third for third, scenes in support.items() if len(scenes) == plan.position_boxes]
    if len(thirds) < 2:  # too few support scenes for a comparison
        return []
    tests = _by_third(bench.test(emitter), emitter)
    rows = []
    for third in thirds:
        head = bench.train(emitter, support[third])
        moved = [scene for other in thirds if other != third for scene in tests[other]]
        counts = {"same": _counts(bench, head, tests[third]), "moved": _counts(bench, head, moved)}
        rows.append({"emitter": emitter, "third": third, **counts})
    return rows


def _by_third(scenes: Sequence[RenderedScene], emitter: str) -> dict[int, list[RenderedScene]]:
    """Scenes whose emissions of ``emitter`` all lie in one third of the band, by third."""
    return {
        third: [scene for scene in scenes if {third_of(emission) for emission in scene.of(emitter)} == {third}]
        for third in range(THIRDS)
    }


def _counts(bench: Bench, head: TrainedHead, scenes: Sequence[RenderedScene]) -> Row:
    """Counts at the stored threshold."""
    return vars(evaluate(score(bench.cached, head, scenes), head.threshold))


def summarise(rows: Sequence[Row], plan: Plan) -> Row:
    """F1 in the thirds that heads were trained in and in the others; the loss is their difference, by emitter."""
    where = ("same", "moved")
    by_emitter = [
        {"emitter": name, **{each: _pooled_f1([row[each] for row in rows if row["emitter"] == name]) for each in where}}
        for name in sorted({row["emitter"] for row in rows})
    ]
    return {
        "boxes": plan.position_boxes,
        "same": interval(by_emitter, lambda row: row["same"]),
        "moved": interval(by_emitter, lambda row: row["moved"]),
        "loss": interval(by_emitter, lambda row: row["same"] - row["moved"]),
        "by_emitter": by_emitter,
    }


def _pooled_f1(counts: Sequence[Row]) -> float:
    return MatchCounts(*(sum(row[name] for row in counts) for name in ("tp", "fp", "fn"))).f1_score
