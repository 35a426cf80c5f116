"""Main part: heads from 5 to 50 boxes of emitters that pretraining never saw."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product

import numpy as np

from benchmarks.fewshot.bench import Bench, Plan, Unit
from benchmarks.fewshot.judgement import SNR_EDGES_DB, judge, proposal_boxes, proposed
from benchmarks.fewshot.statistics import interval, ratio
from benchmarks.results import Row
from benchmarks.trial import add_samples, score, temporary_workspace, train
from rfhydra.training.service import TrainingService

RATES = ("f1_score", "f1_oracle", "ap", "precision", "recall", "f1_iou_0.3", "threshold")


def units(bench: Bench) -> Iterator[Unit]:
    """Proposal recall of every emitter, a trial for every draw, and training times."""
    for name in bench.emitters:
        yield f"proposals-{name}", partial(_proposal_recall, bench, name)
    for name, draw in product(bench.emitters, range(bench.plan.draws)):
        yield f"trial-{name}-{draw}", partial(_trial, bench, name, draw)
    for name in bench.emitters[: bench.plan.timed]:
        yield f"timing-{name}", partial(_timing, bench, name)


def _proposal_recall(bench: Bench, emitter: str) -> list[Row]:
    scenes = bench.test(emitter)
    covered = [
        proposed(proposals, scene.pixels(emitter))
        for scene, proposals in zip(scenes, proposal_boxes(bench.cached, scenes), strict=True)
    ]
    found, emissions = int(sum(each.sum() for each in covered)), sum(map(len, covered))
    return [{"emitter": emitter, "proposed": found, "emissions": emissions}]


def _trial(bench: Bench, emitter: str, draw: int) -> list[Row]:
    """All sizes of one draw."""
    support, scenes = bench.support(emitter, draw), bench.test(emitter)
    proposals = proposal_boxes(bench.cached, scenes)
    rows = []
    for size in bench.plan.sizes:
        head = bench.train(emitter, support[:size])
        row = judge(scenes, emitter, score(bench.cached, head, scenes), head.threshold, proposals)
        rows.append({"emitter": emitter, "draw": draw, "boxes": size, **row})
    return rows


def _timing(bench: Bench, emitter: str) -> list[Row]:
    """Training time of all sizes with an empty and with a full feature cache."""
    rows = []
    for size in bench.plan.sizes:
        with temporary_workspace() as workspace:
            add_samples(workspace, emitter, bench.support(emitter)[:size])
            service = TrainingService(workspace, bench.backbone)
            cold, warm = (train(service, emitter).seconds for _ in range(2))
        rows.append({"emitter": emitter, "boxes": size, "cold_s": cold, "warm_s": warm})
    return rows


def summarise(rows: Sequence[Row], plan: Plan) -> Row:
    """Rates by boxes and by emitter, proposal recall, and training times."""
    recalls, trials, times = ([row for row in rows if key in row] for key in ("proposed", "f1_score", "cold_s"))
    return {
        "by_boxes": [_of_size([row for row in trials if row["boxes"] == size], size) for size in plan.sizes],
        "by_emitter": [
            _of_emitter(recall, [row for row in trials if row["emitter"] == recall["emitter"]], plan.sizes)
            for recall in recalls
        ],
        "proposal_recall_100": interval(recalls, lambda row: row["proposed"] / row["emissions"]),
        "training": [_times([row for row in times if row["boxes"] == size], size) for size in plan.sizes],
    }


def _of_size(rows: Sequence[Row], size: int) -> Row:
    seconds, hertz = ([error for row in rows for error in row["edges"][unit]] for unit in ("s", "hz"))
    alarms = interval(rows, lambda row: row["false_alarms_in_empty"] / max(row["empty_scenes"], 1))
    return {
        "boxes": size,
        "trials": len(rows),
        **{name: interval(rows, lambda row, name=name: row[name]) for name in RATES},  # type: ignore[misc]
        "false_alarms_per_empty_scene": alarms,
        "missed": _total(rows, "missed"),
        "false": _total(rows, "false"),
        "emissions": sum(row["tp"] + row["fn"] for row in rows),
        "by_snr": [_of_bin(rows, index) for index in range(len(SNR_EDGES_DB) - 1)],
        "edge_error_s": _quantiles(seconds),
        "edge_error_hz": _quantiles(hertz),
    }


def _of_bin(rows: Sequence[Row], index: int) -> Row:
    def parts(row: Row, other: str) -> tuple[int, int]:
        counts = row["snr"][index]
        return counts["tp"], counts["tp"] + counts[other]

    return {
        "low_db": SNR_EDGES_DB[index],
        "high_db": SNR_EDGES_DB[index + 1],
        "recall": ratio(rows, partial(parts, other="fn")),
        "precision": ratio(rows, partial(parts, other="fp")),
        "emissions": sum(parts(row, "fn")[1] for row in rows),
    }


def _of_emitter(recall: Row, rows: Sequence[Row], sizes: Sequence[int]) -> Row:
    by_size = {size: [row for row in rows if row["boxes"] == size] for size in sizes}
    return {
        "emitter": recall["emitter"],
        "proposal_recall": recall["proposed"] / recall["emissions"],
        "f1": {str(size): float(np.mean([row["f1_score"] for row in of])) for size, of in by_size.items()},
        "f1_oracle": {str(size): float(np.mean([row["f1_oracle"] for row in of])) for size, of in by_size.items()},
        "missed": _total(by_size[sizes[-1]], "missed"),
        "false": _total(by_size[sizes[-1]], "false"),
    }


def _total(rows: Sequence[Row], name: str) -> dict[str, int]:
    return {cause: sum(row[name][cause] for row in rows) for cause in rows[0][name]}


def _times(rows: Sequence[Row], size: int) -> Row:
    medians = {name: float(np.median([row[name] for row in rows])) if rows else None for name in ("cold_s", "warm_s")}
    return {"boxes": size, "trainings": len(rows), **medians}


def _quantiles(errors: Sequence[float]) -> dict[str, float]:
    if not errors:
        return {}
    median, high = np.quantile(errors, [0.5, 0.9])
    return {"median": float(median), "q90": float(high)}
