"""Means over emitters, and their intervals."""

from benchmarks.fewshot import position
from benchmarks.fewshot.bench import FULL
from benchmarks.fewshot.statistics import interval, ratio


def rows(**values: list[float]) -> list[dict[str, object]]:
    return [{"emitter": name, "f1": value} for name, every in values.items() for value in every]


def test_emitters_weigh_the_same_however_many_draws_they_have() -> None:
    found = interval(rows(a=[1.0, 1.0, 1.0], b=[0.0]), lambda row: row["f1"])
    assert found["mean"] == 0.5
    assert (found["low"], found["high"]) == (0.0, 1.0)


def test_no_interval_where_all_are_equal() -> None:
    assert interval(rows(a=[0.7, 0.7], b=[0.7]), lambda row: row["f1"])["low"] == 0.7


def test_a_ratio_pools_counts_and_draws_emitters() -> None:
    counts: list[dict[str, object]] = [
        {"emitter": "a", "hits": 9, "of": 10},
        {"emitter": "a", "hits": 0, "of": 0},
        {"emitter": "b", "hits": 1, "of": 10},
    ]
    found = ratio(counts, lambda row: (row["hits"], row["of"]))
    assert (found["mean"], found["low"], found["high"]) == (0.5, 0.1, 0.9)


def test_loss_is_the_difference_between_pooled_scores() -> None:
    full, half = {"tp": 10, "fp": 0, "fn": 0}, {"tp": 5, "fp": 5, "fn": 5}
    trials: list[dict[str, object]] = [
        {"emitter": "a", "third": third, "same": full, "moved": half} for third in range(3)
    ]
    found = position.summarise(trials, FULL)
    assert (found["same"]["mean"], found["moved"]["mean"], found["loss"]["mean"]) == (1.0, 0.5, 0.5)
