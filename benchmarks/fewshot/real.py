"""Real devices: the split, the training and the scoring of :mod:`benchmarks.real_devices`, for several supports."""

from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.fewshot.bench import Bench
from benchmarks.fewshot.units import Row
from benchmarks.real_devices import BACKGROUND, open_devices, score, split
from rfhydra.recordings import Recording


def measure(bench: Bench, recordings: Path) -> dict[str, Any]:
    """A row for every support, split and device; nothing where there are no ``recordings``."""
    if not recordings.is_dir():
        return {"trials": []}
    everything = open_devices(recordings)
    plan, rows = bench.plan, []
    for support, seed in product(plan.real_supports, range(plan.real_seeds)):
        rows += bench.unit(f"{support}-{seed}", partial(_trial, bench, everything, support, seed))["rows"]
    return {"trials": rows}


def _trial(bench: Bench, everything: dict[str, list[Recording]], support: int, seed: int) -> Row:
    names = sorted(set(everything) - {BACKGROUND})
    learnt, rest = split(everything, names, support, seed, bench.plan.real_recordings)
    rows = score(bench.backbone, learnt, rest)
    return {"rows": [{"emitter": row["device"], "support": support, "seed": seed, **row} for row in rows]}
