"""Means over emitters with 90 % bootstrap intervals."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmarks.results import Row

DRAWS: Final = 2000
LEVEL: Final = 0.9


def interval(rows: Sequence[Row], value: Callable[[Row], float]) -> dict[str, float]:
    """Mean of ``value`` over the emitters, each the mean over its rows.

    The bootstrap draws emitters, and rows of each.
    """
    by_emitter: dict[str, list[float]] = {}
    for row in rows:
        by_emitter.setdefault(row["emitter"], []).append(value(row))
    table = [np.array(values) for values in by_emitter.values()]
    if not table:
        return {"mean": 0.0, "low": 0.0, "high": 0.0}
    rng = np.random.default_rng(0)
    drawn = np.stack([values[rng.integers(0, len(values), (DRAWS, len(values)))].mean(1) for values in table])
    chosen = rng.integers(0, len(table), (DRAWS, len(table)))
    return _spread(np.mean([values.mean() for values in table]), drawn[chosen, np.arange(DRAWS)[:, None]].mean(1))


def ratio(rows: Sequence[Row], parts: Callable[[Row], tuple[int, int]]) -> dict[str, float]:
    """Ratio of the totals of ``parts`` over all emitters, for counts too small for a rate in each row.

    The bootstrap draws emitters.
    """
    by_emitter: dict[str, NDArray[np.float64]] = {}
    for row in rows:
        by_emitter[row["emitter"]] = by_emitter.get(row["emitter"], np.zeros(2)) + np.array(parts(row))
    return ratio_of_totals(list(by_emitter.values()))


def ratio_of_totals(counts: ArrayLike) -> dict[str, float]:
    """Ratio of the totals of numerators and denominators (n, 2); the bootstrap draws rows."""
    table = np.asarray(counts, np.float64)
    chosen = np.random.default_rng(0).integers(0, len(table), (DRAWS, len(table)))
    over, under = table[chosen].sum(1).T
    total = table.sum(0)
    return _spread(total[0] / max(total[1], 1), over / np.maximum(under, 1))


def _spread(mean: np.floating | float, draws: NDArray[np.float64]) -> dict[str, float]:
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {"mean": float(mean), "low": float(low), "high": float(high)}
