"""Recordings of real devices, for several sizes of the support; see :mod:`benchmarks.real_devices`."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product

import numpy as np

from benchmarks.fewshot.bench import Bench, Plan, Unit
from benchmarks.fewshot.statistics import interval
from benchmarks.real_devices import Collection
from benchmarks.results import Row
from rfhydra.config import MIN_SAMPLES_FOR_TRAINING


def units(bench: Bench) -> Iterator[Unit]:
    """Every collection, for every support and split; of pieces in order there is one split."""
    for collection in bench.collections:
        for support, seed in product(bench.plan.real_supports, range(bench.plan.real_seeds)):
            if not collection.in_order:
                yield f"{support}-{seed}", partial(_trial, bench, collection, support, seed)
            elif seed == 0 and support >= MIN_SAMPLES_FOR_TRAINING:
                yield f"{collection.only}-{support}", partial(_trial, bench, collection, support, seed)


def _trial(bench: Bench, collection: Collection, support: int, seed: int) -> list[Row]:
    split = collection.split(collection.devices, support, seed, bench.plan.real_recordings)
    rows = collection.score(bench.cached, split, bench.features)
    shared = {"support": support, "seed": seed, "in_order": collection.in_order}
    return [{"emitter": row["device"], **shared, **row} for row in rows]


def summarise(rows: Sequence[Row], plan: Plan) -> Row:
    """F1 by recordings in the support, over all devices and of each one; by samples for signals in pieces."""
    devices, pieces = ([row for row in rows if row["in_order"] == in_order] for in_order in (False, True))
    by_support = {support: [row for row in devices if row["support"] == support] for support in plan.real_supports}
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
        ],
        "pieces": [{**_of_device([row], row["device"]), "samples": row["samples"]} for row in pieces],
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
        "emissions": sum(row["tp"] + row["fn"] for row in half),
        "missed": dict(sum((Counter(row["missed"]) for row in rows), Counter[str]())),
    }
