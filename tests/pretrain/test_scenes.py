"""Training scenes: the boxes lie in the image, on something that can be seen."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfhydra.pretrain.scenes import CONTRACTS, CROP_PX, SceneMaker, class_names, random_keying
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.synth import Burst
from tests.pretrain.given import tiny_bank


@pytest.mark.parametrize("bank", [[], tiny_bank()], ids=["empty", "small"])
def test_scenes_hold_boxes_of_known_classes_inside_the_image(bank: list[Burst]) -> None:
    maker, classes = SceneMaker(bank, np.random.default_rng(1)), class_names(bank)
    for _ in range(12):
        scene = maker.draw()
        assert scene.image.shape == (CROP_PX, CROP_PX)
        assert scene.image.dtype == np.uint8
        assert scene.boxes.dtype == np.float32
        assert len(scene.boxes) == len(scene.labels) > 0
        assert scene.boxes.min() >= 0
        assert scene.boxes.max() <= CROP_PX
        width, height = (scene.boxes[:, 2:] - scene.boxes[:, :2]).T
        assert width.min() >= 1.5
        assert height.min() >= 2
        assert set(scene.labels) <= set(classes)


def test_what_is_boxed_can_be_seen() -> None:
    maker = SceneMaker(tiny_bank(), np.random.default_rng(2))
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
    first, again, other = (SceneMaker(tiny_bank(), np.random.default_rng(seed)).draw() for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(first.boxes, again.boxes)
    assert not np.array_equal(first.image, other.image)


def test_class_names_are_sorted_and_unique() -> None:
    names = class_names(tiny_bank())
    assert all(first < second for first, second in pairwise(names))
    assert {"linear", "ook", "ofdm", "tone", "hopper", "chirp", "comb", "keyed-pwm-slow", "keyed-far-seen"} <= set(
        names
    )
    assert class_names([]) == names


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.sampled_from(CONTRACTS))
def test_random_keyings_can_be_sent(seed: int, spec: SpectrogramSpec) -> None:
    rng = np.random.default_rng(seed)
    keying = random_keying(rng, spec)
    burst = keying.packet(rng, 20_000)
    assert 0 < len(burst) <= 20_000
    assert np.isfinite(burst.iq).all()
    assert 0 < burst.bandwidth <= 1.01
