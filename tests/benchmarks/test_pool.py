"""Scenes serve every emitter in them, and are the same every time."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.fewshot.pool import PER_SCENE, Round, ScenePool, third_of
from benchmarks.scenes import FRAME, RATE_HZ, SPEC
from tests.benchmarks import given


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> ScenePool:
    directory = tmp_path_factory.mktemp("pool")
    return ScenePool(given.library(directory / "bursts"), directory / "scenes")


@pytest.mark.parametrize("which", [Round("0", 0), Round("0", 1), Round("test", 0)])
def test_every_emitter_is_in_one_scene_of_a_round(pool: ScenePool, which: Round) -> None:
    scenes = pool.round(which)
    assert len(scenes) == len(pool.emitters) / PER_SCENE
    for emitter in pool.emitters:
        counts = [len(scene.of(emitter)) for scene in scenes if scene.of(emitter)]
        assert counts == [1] or (which.pool == "test" and counts == [2])


def test_a_small_support_is_part_of_a_larger_one(pool: ScenePool) -> None:
    small, large = pool.support("gsm-1", 0, 2), pool.support("gsm-1", 0, 4)
    assert small == large[:2]
    assert all(len(scene.boxes("gsm-1")) == 1 for scene in large)
    assert len({scene.image.tobytes() for scene in large}) == len(large)


def test_the_truth_is_where_the_image_is_bright(pool: ScenePool) -> None:
    for scene in pool.round(Round("test", 0)):
        around = np.median(scene.image)
        strong = [emission for emission in scene.emissions if emission.kind in pool.emitters and emission.snr_db > 8]
        for emission in strong:
            x0, y0, x1, y1 = FRAME.to_pixels([emission.box(RATE_HZ, 0.0)]).round().astype(int)[0]
            assert np.median(scene.image[y0:y1, x0:x1]) > around + 255 * 4 / SPEC.scaling.range_db


def test_draws_differ(pool: ScenePool) -> None:
    first, second = (pool.support("gsm-1", draw, 1)[0] for draw in (0, 1))
    assert not np.array_equal(first.image, second.image)


def test_half_as_many_test_scenes_are_without_the_emitter(pool: ScenePool) -> None:
    scenes = pool.test("lora-1", 4)
    assert [bool(scene.of("lora-1")) for scene in scenes] == [True] * 4 + [False] * 2


def test_scenes_are_kept(pool: ScenePool, tmp_path: Path) -> None:
    library = given.library(tmp_path / "bursts")
    made = ScenePool(library, tmp_path / "scenes").round(Round("0", 0))
    kept = ScenePool(library, tmp_path / "scenes").round(Round("0", 0))
    fresh = pool.round(Round("0", 0))
    for one, two, three in zip(made, kept, fresh, strict=True):
        assert one.emissions == two.emissions == three.emissions
        np.testing.assert_array_equal(one.image, two.image)
        np.testing.assert_array_equal(one.image, three.image)


def test_thirds() -> None:
    assert [third_of(given.emission("gsm-1", 0, low)) for low in (-0.48, -0.05, 0.38)] == [0, 1, 2]
