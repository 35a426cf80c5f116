"""From rows of trials to means with intervals."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.fewshot.cross import BASE, NOTHING, SECOND, STRANGER
from benchmarks.fewshot.judgement import SNR_EDGES_DB
from benchmarks.fewshot.units import Row
from rfhydra.training.evaluation.metrics import MatchCounts

DRAWS: Final = 2000
LEVEL: Final = 0.9


def interval(rows: Sequence[Row], value: Callable[[Row], float]) -> dict[str, float]:
    """Mean of ``value`` over the emitters, each the mean over its draws, with a 90 % bootstrap interval.

    Emitters are drawn anew, and then the draws of each.
    """
    by_emitter: dict[str, list[float]] = {}
    for row in rows:
        by_emitter.setdefault(row["emitter"], []).append(value(row))
    table = [np.array(values) for values in by_emitter.values()]
    if not table:
        return {"mean": 0.0, "low": 0.0, "high": 0.0}
    rng = np.random.default_rng(0)
    resampled = [_resampled(rng, values) for values in table]
    chosen = rng.integers(0, len(table), (DRAWS, len(table)))
    means = np.stack(resampled)[chosen, np.arange(DRAWS)[:, None]].mean(1)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {"mean": float(np.mean([values.mean() for values in table])), "low": float(low), "high": float(high)}


def ratio(rows: Sequence[Row], parts: Callable[[Row], tuple[int, int]]) -> dict[str, float]:
    """Total of the first of ``parts`` over that of the second, with a 90 % bootstrap interval over the emitters.

    For counts that are too few in one row to make a rate of.
    """
    by_emitter: dict[str, NDArray[np.float64]] = {}
    for row in rows:
        by_emitter[row["emitter"]] = by_emitter.get(row["emitter"], np.zeros(2)) + np.array(parts(row))
    table = np.stack(list(by_emitter.values()))
    return _ratio_of(table)


def _ratio_of(table: NDArray[np.float64]) -> dict[str, float]:
    """Of numerators and denominators (n, 2), drawn anew by row."""
    chosen = np.random.default_rng(0).integers(0, len(table), (DRAWS, len(table)))
    over, under = table[chosen].sum(1).T
    low, high = np.quantile(over / np.maximum(under, 1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    total = table.sum(0)
    return {"mean": float(total[0] / max(total[1], 1)), "low": float(low), "high": float(high)}


def _resampled(rng: np.random.Generator, values: NDArray[np.float64]) -> NDArray[np.float64]:
    means: NDArray[np.float64] = values[rng.integers(0, len(values), (DRAWS, len(values)))].mean(1)
    return means


def summarise_synthetic(measured: dict[str, Any]) -> dict[str, Any]:
    """The tables of the synthetic part."""
    rows: list[Row] = measured["trials"]
    sizes = sorted({row["boxes"] for row in rows})
    return {
        "by_boxes": [_of_size([row for row in rows if row["boxes"] == size], size) for size in sizes],
        "by_emitter": [
            _of_emitter(recall, [row for row in rows if row["emitter"] == recall["emitter"]], sizes)
            for recall in measured["proposals"]
        ],
        "proposal_recall_100": interval(measured["proposals"], lambda row: row["proposed"] / row["emissions"]),
        "training": [_times([row for row in measured["times"] if row["boxes"] == size], size) for size in sizes],
    }


def summarise_position(measured: dict[str, Any]) -> dict[str, Any]:
    """F1 at frequencies that the head knows and at others; the loss is the difference, in one emitter."""
    names = sorted({row["emitter"] for row in measured["trials"]})
    rows: list[Row] = []
    for name in names:
        own = [row for row in measured["trials"] if row["emitter"] == name]
        rows.append({"emitter": name, **{where: _pooled_f1([row[where] for row in own]) for where in _WHERE}})
    return {
        "boxes": measured["boxes"],
        "same": interval(rows, lambda row: row["same"]),
        "moved": interval(rows, lambda row: row["moved"]),
        "loss": interval(rows, lambda row: row["same"] - row["moved"]),
        "by_emitter": rows,
    }


_WHERE: Final = ("same", "moved")


def _pooled_f1(counts: Sequence[Row]) -> float:
    return MatchCounts(*(sum(row[name] for row in counts) for name in ("tp", "fp", "fn"))).f1_score


def summarise_cross(measured: dict[str, Any]) -> dict[str, Any]:
    """The confusion matrix, rows what was sent, columns whose head answered; and false alarms per scene by cause."""
    heads: list[str] = measured["heads"]
    others = [STRANGER, BASE, NOTHING, SECOND]
    answers = {(truth, head): count for truth, head, count in measured["answers"]}
    matrix = [[answers.get((truth, head), 0) for head in heads] for truth in [*heads, *others]]
    cross = np.array([[count, 1] for count in measured["cross_by_scene"]], float)
    by_cause = {cause: sum(answers.get((cause, head), 0) for head in heads) for cause in others}
    scenes = measured["scenes"]
    return {
        **{name: measured[name] for name in ("boxes", "heads", "scenes", "sent")},
        "rows": [*heads, *others],
        "matrix": matrix,
        "cross_false_alarms_per_scene": _ratio_of(cross),
        "false_alarms_per_scene": {cause: count / scenes for cause, count in by_cause.items()},
    }


def summarise_baselines(measured: dict[str, Any]) -> dict[str, Any]:
    """A row for every method and size; on the emitters that every method was measured on, and on all of its own."""
    rows: list[Row] = measured["trials"]
    methods = list(dict.fromkeys(row["method"] for row in rows))
    common = set.intersection(*({row["emitter"] for row in rows if row["method"] == method} for method in methods))
    return {
        "common": sorted(common),
        "rows": [
            _of_method([row for row in rows if (row["method"], row["boxes"]) == (method, size)], common, method, size)
            for method in methods
            for size in sorted({row["boxes"] for row in rows})
        ],
    }


def _of_method(rows: Sequence[Row], common: set[str], method: str, size: int) -> Row:
    shared = [row for row in rows if row["emitter"] in common]
    return {
        "method": method,
        "boxes": size,
        "emitters": len(rows),
        "f1_common": float(np.mean([row["f1_score"] for row in shared])),
        "f1_oracle_common": float(np.mean([row["f1_oracle"] for row in shared])),
        "f1_all": float(np.mean([row["f1_score"] for row in rows])),
        "training_s": float(np.median([row["training_s"] for row in rows])),
    }


def summarise_real(measured: dict[str, Any]) -> dict[str, Any]:
    """F1 by recordings in the support, over all devices and of each one."""
    rows: list[Row] = measured["trials"]
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
            for support in sorted({row["support"] for row in rows})
            for own in [[row for row in rows if row["support"] == support]]
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


def _of_size(rows: Sequence[Row], size: int) -> Row:
    seconds, hertz = ([error for row in rows for error in row["edges"][unit]] for unit in ("s", "hz"))
    return {
        "boxes": size,
        "trials": len(rows),
        **{
            name: interval(rows, lambda row, name=name: row[name])  # type: ignore[misc]
            for name in ("f1_score", "f1_oracle", "ap", "precision", "recall", "f1_iou_0.3", "threshold")
        },
        "false_alarms_per_empty_scene": interval(
            rows, lambda row: row["false_alarms_in_empty"] / max(row["empty_scenes"], 1)
        ),
        "missed": _total(rows, "missed"),
        "false": _total(rows, "false"),
        "emissions": sum(row["tp"] + row["fn"] for row in rows),
        "by_snr": [_of_bin(rows, index) for index in range(len(SNR_EDGES_DB) - 1)],
        "edge_error_s": _quantiles(seconds),
        "edge_error_hz": _quantiles(hertz),
    }


def _of_bin(rows: Sequence[Row], index: int) -> Row:
    def parts(row: Row, beside: str) -> tuple[int, int]:
        counts = row["snr"][index]
        return counts["tp"], counts["tp"] + counts[beside]

    return {
        "low_db": SNR_EDGES_DB[index],
        "high_db": SNR_EDGES_DB[index + 1],
        "recall": ratio(rows, partial(parts, beside="fn")),
        "precision": ratio(rows, partial(parts, beside="fp")),
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
    return {cause: sum(row[name][cause] for row in rows) for cause in rows[0][name]} if rows else {}


def _times(rows: Sequence[Row], size: int) -> Row:
    medians = {name: float(np.median([row[name] for row in rows])) if rows else None for name in ("cold_s", "warm_s")}
    return {"boxes": size, "trainings": len(rows), **medians}


def _quantiles(errors: Sequence[float]) -> dict[str, float]:
    if not errors:
        return {}
    median, high = np.quantile(errors, [0.5, 0.9])
    return {"median": float(median), "q90": float(high)}
