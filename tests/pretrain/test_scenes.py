"""Training scenes: the boxes lie in the image, on something that can be seen."""

from itertools import pairwise

import numpy as np
import pytest

from rfhydra.pretrain.scenes import CROP_PX, SceneMaker, class_names
from rfhydra.synth import Burst
from tests.pretrain.given import tiny_burst_library


@pytest.mark.parametrize("library", [[], tiny_burst_library()], ids=["empty", "small"])
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


def test_what_is_boxed_can_be_seen() -> None:
    maker = SceneMaker(tiny_burst_library(), np.random.default_rng(2))
    for _ in range(8):
        scene = maker.draw()
        for box in scene.boxes:
            x0, y0, x1, y1 = np.round(box).astype(int)
            margin = max(4, (y1 - y0) // 2)
            beside = [scene.image[max(y0 - margin, 0) : y0, x0:x1], scene.image[y1 : y1 + margin, x0:x1]]
            around = np.concatenate(beside)
            brightest = np.percentile(scene.image[y0:y1, x0:x1], 80)
            assert not around.size or brightest > np.percentile(around, 80)


def test_a_seed_decides_the_scenes() -> None:
    first, again, other = (SceneMaker(tiny_burst_library(), np.random.default_rng(seed)).draw() for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(first.boxes, again.boxes)
    assert not np.array_equal(first.image, other.image)


def test_class_names_are_sorted_and_unique() -> None:
    names = class_names(tiny_burst_library())
    assert all(first < second for first, second in pairwise(names))
    assert {"linear", "ook", "ofdm", "tone", "hopper", "chirp", "comb", "keyed-pwm-slow", "keyed-far-seen"} <= set(
        names
    )
    assert class_names([]) == names


def test_a_pair_of_scenes_shares_emitters_and_has_others() -> None:
    maker, shared, alone = SceneMaker(tiny_burst_library(), np.random.default_rng(5)), 0, 0
    for _ in range(6):
        heard = [dict(zip(scene.emitters.tolist(), scene.labels, strict=True)) for scene in maker.pair()]
        both = heard[0].keys() & heard[1].keys()
        assert all(heard[0][number] == heard[1][number] for number in both)
        shared, alone = shared + len(both), alone + len(heard[0].keys() ^ heard[1].keys())
    assert shared > 3
    assert alone > 3


def test_an_emitter_is_numbered_once() -> None:
    maker = SceneMaker(tiny_burst_library(), np.random.default_rng(6))
    scenes = [maker.draw() for _ in range(4)]
    numbers = [set(scene.emitters.tolist()) for scene in scenes]
    assert sum(map(len, numbers)) == len(set.union(*numbers))
