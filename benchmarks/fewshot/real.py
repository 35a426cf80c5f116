"""Recordings of real devices, for several sizes of the support; see :mod:`benchmarks.real_devices`."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product

import numpy as np

from benchmarks.fewshot.bench import Bench, Plan, Unit
from benchmarks.fewshot.statistics import interval
from benchmarks.real_devices import Collection
from benchmarks.results import Row


def units(bench: Bench) -> Iterator[Unit]:
    """All devices, for every support and split; nothing where there are no recordings."""
    if bench.collection is not None:
        for support, seed in product(bench.plan.real_supports, range(bench.plan.real_seeds)):
            yield f"{support}-{seed}", partial(_trial, bench, bench.collection, support, seed)


def _trial(bench: Bench, collection: Collection, support: int, seed: int) -> list[Row]:
    split = collection.split(collection.devices, support, seed, bench.plan.real_recordings)
    rows = collection.score(bench.cached, split, bench.features)
    return [{"emitter": row["device"], "support": support, "seed": seed, **row} for row in rows]


def summarise(rows: Sequence[Row], plan: Plan) -> Row:
    """F1 by recordings in the support, over all devices and of each one."""
    by_support = {support: [row for row in rows if row["support"] == support] for support in plan.real_supports}
    return {
        "by_support": [
            {
                "recordings": support,
                "iou_0.5": interval(own, lambda row: row["iou_0.5"]["f1_score"]),
                "iou_0.3": interval(own, lambda row: row["iou_0.3"]["f1_score"]),
                "proposal_recall": interval(own, lambda row: row["proposal_recall"]),
                "by_device": [
                    _of_device([row for row in own if row["device"] == device], device)
                    for device in dict.fromkeys(row["device"] for row in own)
                ],
            }
            for support, own in by_support.items()
            if own
        ]
    }


def _of_device(rows: Sequence[Row], device: str) -> Row:
    half = [row["iou_0.5"] for row in rows]
    rates = {name: float(np.mean([row[name] for row in half])) for name in ("f1_score", "precision", "recall", "ap")}
    return {
        "device": device,
        "splits": len(rows),
        **rates,
        "f1_iou_0.3": float(np.mean([row["iou_0.3"]["f1_score"] for row in rows])),
        "f1_of_splits": [row["f1_score"] for row in half],
        "proposal_recall": float(np.mean([row["proposal_recall"] for row in rows])),
    }
