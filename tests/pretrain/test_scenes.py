"""Training scenes: the boxes lie in the image, on visible emissions."""

from itertools import pairwise

import numpy as np
import pytest

from rfhydra.pretrain.burst_library import HELD_OUT
from rfhydra.pretrain.mix import ARRANGEMENTS, SceneMix
from rfhydra.pretrain.scenes import CROP_PX, SceneMaker, class_names
from rfhydra.synth import Burst
from tests.pretrain.given import tiny_library


@pytest.mark.parametrize("library", [[], tiny_library()], ids=["empty", "small"])
def test_scenes_hold_boxes_of_known_classes_inside_the_image(library: list[Burst]) -> None:
    maker, classes = SceneMaker(library, np.random.default_rng(1)), class_names(library)
    for _ in range(12):
        scene = maker.draw()
        assert scene.image.shape == (CROP_PX, CROP_PX)
        assert scene.image.dtype == np.uint8
        assert scene.boxes.dtype == np.float32
        assert len(scene.boxes) == len(scene.labels) == len(scene.emitters) > 0
        assert scene.boxes.min() >= 0
        assert scene.boxes.max() <= CROP_PX
        width, height = (scene.boxes[:, 2:] - scene.boxes[:, :2]).T
        assert width.min() >= 1.5
        assert height.min() >= 2
        assert set(scene.labels) <= set(classes)


def test_boxes_are_visible() -> None:
    maker = SceneMaker(tiny_library(), np.random.default_rng(2), SceneMix.only())
    for _ in range(8):
        scene = maker.draw()
        for box in scene.boxes:
            x0, y0, x1, y1 = np.round(box).astype(int)
            margin = max(4, (y1 - y0) // 2)
            beside = [scene.image[max(y0 - margin, 0) : y0, x0:x1], scene.image[y1 : y1 + margin, x0:x1]]
            around = np.concatenate(beside)
            brightest = np.percentile(scene.image[y0:y1, x0:x1], 80)
            assert not around.size or brightest > np.percentile(around, 80)


def test_scenes_are_deterministic_under_a_seed() -> None:
    first, second, other = (SceneMaker(tiny_library(), np.random.default_rng(seed)).draw() for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.boxes, second.boxes)
    assert not np.array_equal(first.image, other.image)


def test_class_names_are_sorted_and_unique() -> None:
    names = class_names(tiny_library())
    assert all(first < second for first, second in pairwise(names))
    assert {"linear", "ook", "ofdm", "tone", "hopper", "chirp", "comb", "keyed-pwm-slow", "keyed-far-seen"} <= set(
        names
    )
    assert class_names([]) == names
    assert not set(names) & set(HELD_OUT)


def test_a_pair_of_scenes_shares_emitters_and_has_others() -> None:
    maker, shared, alone = SceneMaker(tiny_library(), np.random.default_rng(5)), 0, 0
    for _ in range(6):
        labels = [dict(zip(scene.emitters.tolist(), scene.labels, strict=True)) for scene in maker.pair()]
        both = labels[0].keys() & labels[1].keys()
        assert all(labels[0][number] == labels[1][number] for number in both)
        shared, alone = shared + len(both), alone + len(labels[0].keys() ^ labels[1].keys())
    assert shared > 3
    assert alone > 3


def test_emitter_numbers_are_unique() -> None:
    maker = SceneMaker(tiny_library(), np.random.default_rng(6))
    scenes = [maker.draw() for _ in range(4)]
    numbers = [set(scene.emitters.tolist()) for scene in scenes]
    assert sum(map(len, numbers)) == len(set.union(*numbers))


@pytest.mark.parametrize("name", [*ARRANGEMENTS, "drift", "sideband", "squelched", "pumping", "decimation_edges"])
def test_every_part_of_the_mix_gives_visible_boxes(name: str) -> None:
    maker, classes = SceneMaker(tiny_library(), np.random.default_rng(7), SceneMix.only(name)), class_names([])
    for scene in (*maker.pair(), maker.draw()):
        assert len(scene.boxes)
        assert set(scene.labels) <= set(classes)
        for x0, y0, x1, y1 in np.round(scene.boxes).astype(int):
            assert scene.image[y0:y1, x0:x1].mean() > 3  # no box in a closed squelch, or beyond a passband


def test_images_of_small_contracts_are_stacked() -> None:
    maker, counts = SceneMaker(tiny_library(), np.random.default_rng(8), SceneMix.only("small_contract")), set[int]()
    heights = {4: 64, 2: 128, 1: 256}  # rows, by the number of images
    for _ in range(14):
        for scene in maker.pair():
            padding = (scene.image == 64).all(1)
            parts = 1 + int((np.diff(padding.astype(int)) == 1).sum()) - int(padding[-1])
            step, rows = CROP_PX // parts, heights[parts]
            counts.add(parts)
            for number in range(parts):
                inside = (scene.boxes[:, 1] >= number * step) & (scene.boxes[:, 3] <= number * step + rows)
                own = scene.emitters[inside]
                assert inside.any()
                assert not set(own.tolist()) & set(scene.emitters[~inside].tolist())
    assert counts == {1, 2, 4}


def test_emissions_of_a_fleet_are_one_emitter_in_both_scenes_of_a_pair() -> None:
    maker = SceneMaker(tiny_library(), np.random.default_rng(9), SceneMix.only("fleet"))
    pairs = [maker.pair() for _ in range(6)]
    counts = [np.unique(scene.emitters, return_counts=True)[1].max() for pair in pairs for scene in pair]
    shared = [set(first.emitters.tolist()) & set(second.emitters.tolist()) for first, second in pairs]
    assert max(counts) >= 4
    assert sum(map(bool, shared)) >= 2
