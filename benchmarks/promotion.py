"""Simulated promotions: how often a head of known true gain is promoted, by evidence and by the "+2 points" rule alone.

    python -m benchmarks.promotion

Two heads are compared on the same boxes. A latent normal variable, with a part per recording and a part per box, each
correlated between the heads, decides whether a head detects a box and whether it detects one of as many other
emissions. A head of quality q detects a box with probability q and another emission with 1 - q, so q is its true
precision, recall and F1. Recordings have 1 + Poisson boxes. Other tests on the same counts are simulated, too.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.stats import binomtest, norm, t

from benchmarks.results import Row, write_result
from benchmarks.tables import show, table, tracked
from rfhydra.hydra.registry import meets_floor
from rfhydra.synth import Rng
from rfhydra.training.evaluation.promotion import CONFIDENCE, DRAWS, Evidence, f1_scores, judge

GAINS: Final = (-0.03, 0.0, 0.03, 0.10)
GAIN_NAMES: Final = tuple(f"{100 * gain:+.0f}" for gain in GAINS)
SIZES: Final = (5, 10, 20, 50, 100, 200)
BEST_QUALITY: Final = 0.999
PLOT: Final = Path(__file__).parent.parent / "docs" / "images" / "promotion.png"


@dataclass(frozen=True, kw_only=True)
class Regime:
    """Properties of the two heads and of the recordings.

    ``quality`` is the active head's true F1, ``correlation`` between the heads, ``clustering`` the share of the latent
    variance that a recording's boxes have in common.
    """

    quality: float = 0.8
    correlation: float = 0.9
    boxes_per_recording: float = 5.0
    clustering: float = 0.2


def measure(
    cases: Annotated[int, typer.Option(help="Simulated comparisons per number.")] = 2000,
    seed: Annotated[int, typer.Option(help="Random seed of the simulation.")] = 0,
) -> None:
    """Simulate, show, write."""
    rng = np.random.default_rng(seed)
    cells = [_simulate(rng, *each, cases) for each in tracked(_situations(), "simulating")]
    methods = [_compare(rng, *each, cases // 4) for each in tracked(COMPARISONS, "other methods")]
    main = [cell for cell in cells if cell.items() >= asdict(Regime()).items()]
    _show(main, "true F1 of the active head 0.80, correlation 0.9, 5 boxes per recording")
    _show([cell for cell in cells if cell not in main], "50 boxes, other regimes")
    for each in methods:
        rows = [(name, *(f"{100 * rate:.1f}" for rate in rates)) for name, rates in each["rates"].items()]
        title = f"promoted in %, {each['boxes']} boxes, {each['boxes_per_recording']:.0f} per recording"
        show(table((f"{title}, F1 {each['quality']}", *GAIN_NAMES), *rows))
    _draw(main)
    body = {"cases": cases, "seed": seed, "cells": cells, "methods": methods}
    write_result("promotion", body, None)


def _situations() -> Iterator[tuple[Regime, int, float]]:
    """Regime, boxes and gain of every simulated number."""
    yield from product([Regime()], SIZES, GAINS)
    others = [Regime(quality=quality) for quality in (0.6, 0.7, 0.87, 0.96)]
    others += [Regime(correlation=correlation) for correlation in (0.7, 0.8, 0.95)]
    others += [Regime(quality=0.6, correlation=0.7)]
    others += [Regime(boxes_per_recording=each) for each in (1.0, 15.0)]
    others += [Regime(clustering=each) for each in (0.0, 0.5)]
    yield from ((regime, 50, gain) for regime, gain in product(others, GAINS) if regime.quality + gain <= BEST_QUALITY)


def _simulate(rng: Rng, regime: Regime, boxes: int, gain: float, cases: int) -> Row:
    """Rates of promotion by evidence, by the seed's rule alone, and of cases that cannot be told."""
    counts = dict.fromkeys(("evidence", "seed", "cannot_tell"), 0)
    for _ in range(cases):
        drawn = _counts(rng, regime, boxes, gain)
        found = Evidence.of_counts(drawn, len(drawn))
        decision = judge(found.f1_score, 1, found).decision
        counts["seed"] += found.meets_floor
        counts["evidence"] += decision == "promote"
        counts["cannot_tell"] += decision == "cannot tell"
    rates = {name: _rate(count, cases) for name, count in counts.items()}
    return {**asdict(regime), "boxes": boxes, "gain": gain, "cases": cases, **rates}


def _counts(rng: Rng, regime: Regime, boxes: int, gain: float) -> NDArray[np.float64]:
    """Hits, false alarms and misses of both heads in each recording, (recordings, 6)."""
    sizes: list[int] = []
    while (left := boxes - sum(sizes)) > 0:
        sizes.append(min(1 + int(rng.poisson(regime.boxes_per_recording - 1)), left))
    number = len(sizes)
    truth = np.repeat(np.arange(number), sizes)
    others = np.repeat(np.arange(number), rng.poisson(sizes))
    columns = []
    found, confused = _latent(rng, regime, number, truth), _latent(rng, regime, number, others)
    for head, quality in enumerate((regime.quality, regime.quality + gain)):
        limit = norm.ppf(min(quality, BEST_QUALITY))
        hits = np.bincount(truth[found[head] < limit], minlength=number)
        alarms = np.bincount(others[confused[head] > limit], minlength=number)
        columns += [hits, alarms, np.array(sizes) - hits]
    return np.stack(columns, axis=1).astype(np.float64)


def _latent(rng: Rng, regime: Regime, recordings: int, owner: NDArray[np.int64]) -> NDArray[np.float64]:
    """Difficulty of the emissions for each head, standard normal, (2, n); ``owner`` (n,) is their recording."""

    def both(count: int) -> NDArray[np.float64]:
        shared, own = rng.standard_normal(count), rng.standard_normal((2, count))
        mixed: NDArray[np.float64] = np.sqrt(regime.correlation) * shared + np.sqrt(1 - regime.correlation) * own
        return mixed

    together = both(recordings)[:, owner]
    alone: NDArray[np.float64] = both(len(owner))
    mixed: NDArray[np.float64] = np.sqrt(regime.clustering) * together + np.sqrt(1 - regime.clustering) * alone
    return mixed


def _compare(rng: Rng, regime: Regime, boxes: int, cases: int) -> Row:
    """Rates of promotion for each gain, by each method for the probability that the candidate is better."""
    rates: dict[str, list[float]] = {name: [] for name in METHODS}
    for gain in GAINS:
        promoted = dict.fromkeys(METHODS, 0)
        for _ in range(cases):
            counts = _counts(rng, regime, boxes, gain)
            before, after = f1_scores(counts.sum(0))
            if meets_floor(float(before), float(after))[0]:
                for name, p_better in METHODS.items():
                    promoted[name] += p_better(rng, counts) >= CONFIDENCE
        for name, count in promoted.items():
            rates[name].append(count / cases)
    return {**asdict(regime), "boxes": boxes, "gains": GAINS, "rates": rates}


def _drawn(totals: NDArray[np.float64]) -> float:
    before, after = f1_scores(totals)
    return float((after > before).mean() + 0.5 * (after == before).mean())


def _bootstrap(rng: Rng, counts: NDArray[np.float64]) -> float:
    """Recordings drawn with replacement (Efron, 1979)."""
    return _drawn(rng.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), DRAWS) @ counts)


def _bayesian(rng: Rng, counts: NDArray[np.float64]) -> float:
    """The Bayesian bootstrap over recordings, without prior counts (Rubin, 1981)."""
    return _drawn(rng.standard_exponential((DRAWS, len(counts))) @ counts)


def _sign_flips(rng: Rng, counts: NDArray[np.float64]) -> float:
    """One minus the p-value of the permutation test that swaps the heads, recording by recording."""
    heads = counts.reshape(-1, 2, 3)
    swap = rng.integers(0, 2, (DRAWS, len(heads)))
    straight, crossed = (1 - swap) @ counts, swap @ heads[:, ::-1].reshape(-1, 6)
    before, after = f1_scores(straight + crossed)
    seen_before, seen_after = f1_scores(counts.sum(0))
    return 1 - float((after - before >= seen_after - seen_before - 1e-12).mean())


def _student(rng: Rng, counts: NDArray[np.float64]) -> float:
    """Student's t test on each recording's contribution to the linearised gain."""
    if len(counts) < 2:
        return 0.0
    scores = f1_scores(counts.sum(0))
    parts = []
    for columns, f1 in zip((counts[:, :3], counts[:, 3:]), scores, strict=True):
        all_boxes = 2 * columns[:, 0] + columns[:, 1] + columns[:, 2]
        parts.append((2 * columns[:, 0] - f1 * all_boxes) / max(all_boxes.sum(), 1))
    deviation = np.sqrt(((parts[1] - parts[0]) ** 2).sum() * len(counts) / (len(counts) - 1))
    return float(t.cdf((scores[1] - scores[0]) / max(deviation, 1e-9), len(counts) - 1))


def _ours(rng: Rng, counts: NDArray[np.float64]) -> float:
    return Evidence.of_counts(counts, len(counts)).p_better


METHODS: Final[dict[str, Callable[[Rng, NDArray[np.float64]], float]]] = {
    "+2 points alone": lambda rng, counts: 1.0,
    "bootstrap": _bootstrap,
    "Bayesian bootstrap": _bayesian,
    "sign flips": _sign_flips,
    "Student's t": _student,
    "Bayesian bootstrap and half counts": _ours,
}
COMPARISONS: Final = [
    (regime, boxes)
    for boxes in (20, 50)
    for regime in (Regime(), Regime(boxes_per_recording=15.0), Regime(quality=0.6))
]


def _rate(count: int, cases: int) -> dict[str, float]:
    """Share of the cases with its 95 % interval (Wilson)."""
    interval = binomtest(count, cases).proportion_ci(method="wilson")
    return {"rate": count / cases, "low": float(interval.low), "high": float(interval.high)}


def _show(cells: Sequence[Row], title: str) -> None:
    rows: dict[tuple[float, ...], dict[float, str]] = {}
    for cell in cells:
        situation = tuple(cell[name] for name in ("boxes", *vars(Regime())))
        rates = [f"{100 * cell[rule]['rate']:.1f}" for rule in ("evidence", "seed")]
        rows.setdefault(situation, {})[cell["gain"]] = f"{rates[0]} ({rates[1]})"
    show(f"Promoted in % of cases: by evidence (by +2 points alone); {title}")
    columns = ("boxes", "F1", "correlation", "boxes per recording", "clustering", *GAIN_NAMES)
    show(table(columns, *((*key, *(by_gain.get(gain, "–") for gain in GAINS)) for key, by_gain in rows.items())))


def _draw(cells: Sequence[Row]) -> None:
    """Rates over the number of boxes, a panel per rule, with the 95 % intervals."""
    figure = Figure(figsize=(10.5, 3.6), dpi=110, layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for panel, rule, title in zip(panels, ("seed", "evidence"), ("+2 points alone", "evidence"), strict=True):
        for gain, colour in zip(GAINS, ("tab:red", "tab:orange", "tab:olive", "tab:green"), strict=True):
            mine = [cell for cell in cells if cell["gain"] == gain]
            rates = [cell[rule] for cell in mine]
            middle = np.array([100 * each["rate"] for each in rates])
            spread = np.abs([[100 * each[end] for each in rates] for end in ("low", "high")] - middle)
            label = "equal" if gain == 0 else f"{abs(100 * gain):.0f} points {'better' if gain > 0 else 'worse'}"
            panel.errorbar([cell["boxes"] for cell in mine], middle, spread, color=colour, marker=".", label=label)
        panel.axhline(5, color="grey", linewidth=0.6, linestyle=":")
        panel.set(title=title, xscale="log", xlabel="validation boxes", ylim=(-2, 102))
        panel.set_xticks(SIZES, [str(size) for size in SIZES])
        panel.minorticks_off()
    panels[0].set_ylabel("promoted, % of cases")
    panels[1].legend(title="truly", frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    figure.savefig(PLOT)


if __name__ == "__main__":
    typer.run(measure)
