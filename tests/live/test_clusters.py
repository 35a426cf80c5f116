"""Leader clustering: what joins what, counts, and the bound."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rfhydra.live import clusters as clusters_module
from rfhydra.live.clusters import MAX_DISTANCE, SIZE_WEIGHT, Clusters
from rfhydra.spectrum.boxes import Box
from tests.live.tracks import BEGAN, CENTER_HZ, utc

DIMENSIONS = 16


def direction(axis: int, noise: float = 0.0, seed: int = 0) -> NDArray[np.float32]:
    vector = np.eye(DIMENSIONS)[axis] + noise * np.random.default_rng(seed).standard_normal(DIMENSIONS) / 4
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def box(duration_sec: float = 0.032, bandwidth_hz: float = 50e3, center_hz: float = CENTER_HZ) -> Box:
    return Box(1.0, 1.0 + duration_sec, center_hz - bandwidth_hz / 2, center_hz + bandwidth_hz / 2)


def test_similar_emissions_are_one_cluster_and_others_are_not() -> None:
    clusters = Clusters("r18")
    keys = [
        clusters.assign(direction(number % 3, 0.1, number), box(), BEGAN + timedelta(seconds=number))
        for number in range(30)
    ]
    assert keys == [0, 1, 2] * 10
    first = clusters[0]
    assert (first.emissions, first.first_seen, first.last_seen) == (10, utc(0), utc(27))
    assert first.center_freq_hz == pytest.approx(CENTER_HZ)


def test_the_size_tells_emissions_apart() -> None:
    clusters, octaves = Clusters("r18"), MAX_DISTANCE / SIZE_WEIGHT
    first = clusters.assign(direction(0), box(0.01), BEGAN)
    assert clusters.assign(direction(0), box(0.01 * 2 ** (octaves * 0.9)), BEGAN) == first
    assert clusters.assign(direction(0), box(0.01 / 2 ** (octaves * 1.1)), BEGAN) != first


def test_sizes_are_geometric_means() -> None:
    clusters = Clusters("r18")
    for duration_sec in (0.01, 0.04):
        clusters.assign(direction(0), box(duration_sec), BEGAN)
    assert clusters[0].duration_sec == pytest.approx(0.02)


def test_a_cluster_follows_a_slow_change() -> None:
    clusters = Clusters("r18")
    turned = [np.asarray([np.cos(a), np.sin(a), *[0.0] * 14], np.float32) for a in np.linspace(0, np.pi / 2, 2000)]
    assert {clusters.assign(each, box(), BEGAN) for each in turned} == {0}


def test_what_was_counted_before_changes_nothing() -> None:
    clusters = Clusters("r18")
    assert clusters.assign(direction(0), box(), BEGAN, is_new=False) is None
    clusters.assign(direction(0), box(), BEGAN)
    assert clusters.assign(direction(0), box(), BEGAN, is_new=False) == 0
    assert clusters[0].emissions == 1


def test_clusters_of_before_are_continued() -> None:
    before = Clusters("r18")
    before.assign(direction(3), box(), BEGAN)
    before.stored(0, 42)
    after = Clusters("r18", [before[0]])
    key = after.assign(direction(3), box(), BEGAN)
    assert key is not None
    assert (after[key].cluster_id, after[key].emissions) == (42, 2)
    after.forget(key)
    assert after.assign(direction(3), box(), BEGAN) != key


@given(st.lists(st.tuples(st.integers(0, DIMENSIONS - 1), st.booleans()), max_size=60), st.integers(1, 6))
def test_the_rarest_make_room(axes: list[tuple[int, bool]], limit: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clusters_module, "MAX_CLUSTERS", limit)
        clusters = Clusters("r18")
        for number, (axis, is_new) in enumerate(axes):
            before = [clusters[key].emissions for key in range(number) if key in clusters]
            removed = len(clusters.removed)
            clusters.assign(direction(axis), box(), BEGAN + timedelta(seconds=number), is_new=is_new)
            assert len(clusters) <= limit
            if len(clusters.removed) > removed:
                assert clusters.removed[-1].emissions == min(before)
