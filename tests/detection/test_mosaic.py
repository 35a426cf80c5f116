"""Mosaics of parts of an image: nothing is lost, nothing meets, boxes come back to where they were."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from rfhydra.detection.gate import TILE_PX
from rfhydra.detection.mosaic import SIDE_PX, Mosaic
from rfhydra.spectrum.rectangle import Rectangle

SIDE, TILES = 640, 640 // TILE_PX
NOISE = 7


@st.composite
def parts(draw: st.DrawFn) -> list[Rectangle]:
    """Rectangles of whole tiles of an image of 640² pixels, which do not meet."""
    found: list[Rectangle] = []
    for _ in range(draw(st.integers(1, 8))):
        top, left = draw(st.integers(0, TILES - 1)), draw(st.integers(0, TILES - 1))
        rows, cols = draw(st.integers(1, min(12, TILES - top))), draw(st.integers(1, min(12, TILES - left)))
        part = Rectangle(TILE_PX * top, TILE_PX * (top + rows), TILE_PX * left, TILE_PX * (left + cols))
        if not any(part.meets(other) for other in found):
            found.append(part)
    return found


def as_box(part: Rectangle) -> list[float]:
    return [part.left, part.top, part.right, part.bottom]


@given(parts())
def test_every_part_is_in_the_mosaic_and_meets_no_other(given_parts: list[Rectangle]) -> None:
    image = np.full((SIDE, SIDE), NOISE, np.uint8)
    for part in given_parts:
        part.of(image)[:] = np.random.default_rng(part.top).integers(100, 256, (part.rows, part.cols), np.uint8)
    layout = Mosaic.of(given_parts)
    mosaic = layout.cut(image)
    assert sorted(map(as_box, layout.parts)) == sorted(map(as_box, given_parts))
    for number, (part, place) in enumerate(zip(layout.parts, layout.places, strict=True)):
        np.testing.assert_array_equal(place.of(mosaic), part.of(image))
        assert not any(place.meets(other) for other in layout.places[:number])
    assert layout.rows % SIDE_PX == layout.cols % SIDE_PX == 0
    covered = np.zeros(mosaic.shape, bool)
    for place in layout.places:
        covered[place.top : place.bottom, place.left : place.right] = True
    assert (mosaic[~covered] == NOISE).all()


@given(parts(), st.data())
def test_a_box_comes_back_to_where_it_was(given_parts: list[Rectangle], data: st.DataObject) -> None:
    part = data.draw(st.sampled_from(given_parts))
    left, right = sorted(data.draw(st.lists(st.integers(part.left, part.right), min_size=2, max_size=2, unique=True)))
    top, bottom = sorted(data.draw(st.lists(st.integers(part.top, part.bottom), min_size=2, max_size=2, unique=True)))
    box = torch.tensor([[left, top, right, bottom]]).float()
    layout = Mosaic.of(given_parts)
    back, kept = layout.to_image(layout.to_mosaic(box))
    assert kept.all()
    torch.testing.assert_close(back, box)


def test_a_box_that_sticks_out_is_cut_and_one_that_joins_two_parts_is_left_out() -> None:
    upper, lower = Rectangle(0, 64, 0, 64), Rectangle(320, 384, 320, 384)
    layout = Mosaic.of([upper, lower])
    first, second = layout.places
    sticks_out = [first.left + 32.0, first.top + 0.0, first.right + 8.0, first.bottom + 8.0]
    joins = [float(min(first.left, second.left)), float(min(first.top, second.top))]
    joins += [float(max(first.right, second.right)), float(max(first.bottom, second.bottom))]
    back, kept = layout.to_image(torch.tensor([sticks_out, joins]))
    assert kept.tolist() == [True, False]
    assert back[0].tolist() == [layout.parts[0].left + 32, layout.parts[0].top, *as_box(layout.parts[0])[2:]]


def test_a_mosaic_of_everything_is_the_image() -> None:
    layout = Mosaic.of([Rectangle(0, SIDE, 0, SIDE)])
    assert (layout.rows, layout.cols, layout.pixels) == (SIDE, SIDE, SIDE**2)
    boxes = torch.tensor([[1.0, 2.0, 3.0, 4.0]])
    torch.testing.assert_close(layout.to_image(boxes)[0], boxes)


def test_there_may_be_no_box() -> None:
    layout = Mosaic.of([Rectangle(0, 64, 0, 64)])
    boxes, kept = layout.to_image(torch.zeros((0, 4)))
    assert boxes.shape == layout.to_mosaic(boxes).shape == (0, 4)
    assert kept.shape == (0,)
