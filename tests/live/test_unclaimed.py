"""Emissions that no head detects: what is one, and in which window it is new."""

from collections.abc import Sequence

import numpy as np
import pytest

from rfhydra.live.unclaimed import MAX_EMISSIONS, Emission, Unclaimed
from rfhydra.spectrum.boxes import Box, Frame
from rfhydra.spectrum.window import Window
from tests.live.proposed import Pixels, Proposed
from tests.live.windows import RATE_HZ, SPEC, WINDOW

CENTER_HZ = 433.92e6
STRONG, WEAK, NOISE = 200, 120, 40  # grey levels


def look(
    unclaimed: Unclaimed,
    *emissions: tuple[Pixels, int],
    start: int = 0,
    objectness: Sequence[float] | None = None,
    claimed: Sequence[Box] = (),
) -> list[Emission]:
    """A window from sample ``start`` with rectangles of a grey level, each of which is proposed."""
    image = np.full((SPEC.rows, SPEC.cols), NOISE, np.uint8)
    for (left, top, right, bottom), level in emissions:
        image[int(top) : int(bottom), int(left) : int(right)] = level
    window = Window(image, Frame(SPEC, RATE_HZ, CENTER_HZ, SPEC.cols), start)
    boxes = [box for box, _ in emissions]
    return unclaimed.find(window, Proposed(boxes, objectness or [0.9] * len(boxes)), claimed)


def test_strong_likely_proposals_are_emissions() -> None:
    found = look(
        Unclaimed(),
        ((4, 4, 10, 8), STRONG),
        ((14, 4, 18, 8), NOISE),
        ((22, 4, 26, 8), STRONG),
        objectness=[0.9, 0.9, 0.4],
    )
    (emission,) = found
    column_sec = SPEC.hop / RATE_HZ
    assert (emission.box.time_start_sec, emission.box.time_end_sec) == pytest.approx((4 * column_sec, 10 * column_sec))
    assert emission.is_new
    assert np.linalg.norm(emission.embedding) == pytest.approx(1)


def test_what_a_head_detects_is_none() -> None:
    found = look(Unclaimed(), ((4, 4, 10, 8), STRONG), ((14, 14, 20, 18), STRONG))
    (left,) = look(Unclaimed(), ((4, 4, 10, 8), STRONG), ((14, 14, 20, 18), STRONG), claimed=[found[0].box])
    assert left.box == found[1].box


def test_of_nested_proposals_the_likeliest_counts() -> None:
    nested: list[tuple[Pixels, int]] = [((4, 4, 14, 8), STRONG), ((5, 4, 8, 8), STRONG), ((10, 4, 13, 8), STRONG)]
    assert len(look(Unclaimed(), *nested, objectness=[0.9, 0.8, 0.7])) == 1
    assert len(look(Unclaimed(), *nested, objectness=[0.7, 0.8, 0.9])) == 2


def test_a_weak_image_of_a_strong_emission_is_none() -> None:
    assert len(look(Unclaimed(), ((4, 4, 10, 8), STRONG), ((4, 20, 10, 24), WEAK))) == 1
    assert len(look(Unclaimed(), ((4, 4, 10, 8), STRONG), ((14, 20, 20, 24), WEAK))) == 2
    assert len(look(Unclaimed(), ((4, 4, 10, 8), STRONG), ((4, 20, 10, 24), STRONG))) == 2


def test_so_is_one_of_an_emission_that_a_head_detects() -> None:
    (known,) = look(Unclaimed(), ((4, 4, 10, 8), STRONG))
    assert look(Unclaimed(), ((4, 4, 10, 8), STRONG), ((4, 20, 10, 24), WEAK), claimed=[known.box]) == []


def test_a_box_around_a_strong_core_is_no_artefact_of_it() -> None:
    wide, core = ((4, 4, 10, 24), WEAK), ((4, 13, 10, 14), STRONG)
    (found,) = look(Unclaimed(), wide, core, objectness=[0.9, 0.8])
    assert found.box.freq_high_hz - found.box.freq_low_hz == pytest.approx(20 * RATE_HZ / SPEC.rows)


def test_an_emission_is_new_in_one_of_the_windows_that_show_it() -> None:
    unclaimed, half = Unclaimed(), SPEC.cols // 2
    assert [each.is_new for each in look(unclaimed, ((20, 4, 26, 8), STRONG))] == [True]
    second = look(unclaimed, ((20 - half, 4, 26 - half, 8), STRONG), ((20, 4, 26, 8), STRONG), start=WINDOW // 2)
    assert [each.is_new for each in sorted(second, key=lambda each: each.box)] == [False, True]


def test_an_emission_that_a_window_cuts_is_left_to_the_next_one() -> None:
    unclaimed, half = Unclaimed(), SPEC.cols // 2
    assert look(unclaimed, ((26, 4, 32, 8), STRONG)) == []
    assert [each.is_new for each in look(unclaimed, ((10, 4, 18, 8), STRONG), start=half * SPEC.hop)] == [True]


def test_one_that_is_longer_than_windows_is_new_once() -> None:
    unclaimed, new = Unclaimed(), 0
    for number in range(10):
        new += sum(each.is_new for each in look(unclaimed, ((0, 4, 32, 8), STRONG), start=number * WINDOW // 2))
    assert new == 1
    assert len(unclaimed._recent) <= 4


def test_a_window_has_a_bounded_number() -> None:
    many: list[tuple[Pixels, int]] = [
        ((left, top, left + 1.9, top + 1.9), STRONG) for left in range(0, 30, 2) for top in range(0, 32, 2)
    ]
    assert len(look(Unclaimed(), *many)) == MAX_EMISSIONS
