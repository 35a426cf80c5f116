"""The scene mix: its table of probabilities."""

from collections import Counter
from dataclasses import fields

import numpy as np
import pytest

from rfhydra.pretrain.mix import ARRANGEMENTS, MIXED, SceneMix


def test_probabilities_are_probabilities() -> None:
    mix = SceneMix()
    assert all(0 < getattr(mix, field.name) < 1 for field in fields(mix))
    assert sum(getattr(mix, name) for name in ARRANGEMENTS) < 1


def test_arrangements_are_as_frequent_as_the_table_says() -> None:
    mix, rng = SceneMix(), np.random.default_rng(0)
    counts = Counter(mix.draw_arrangement(rng) for _ in range(20_000))
    expected = {name: getattr(mix, name) for name in ARRANGEMENTS}
    expected[MIXED] = 1 - sum(expected.values())
    assert {name: counts[name] / 20_000 for name in expected} == pytest.approx(expected, abs=0.01)


def test_a_mix_of_one_thing_only() -> None:
    rng = np.random.default_rng(0)
    assert {SceneMix.only("lines").draw_arrangement(rng) for _ in range(20)} == {"lines"}
    assert {SceneMix.only("squelched").draw_arrangement(rng) for _ in range(20)} == {MIXED}
    assert SceneMix.only("squelched").squelched == 1
    assert SceneMix.only("squelched").pumping == 0
