"""Candidates of a head's own: packets are cut where the user cuts them, for any rule and any image, within bounds."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torchvision.ops import box_iou

from rfhydra.errors import Incompatible
from rfhydra.hydra.bands import close_gaps, runs
from rfhydra.hydra.candidates import (
    MAX_CANDIDATES,
    CandidateRule,
    GoldenCandidates,
    find_candidates,
    matched_boxes,
)

NO_PROPOSALS = torch.zeros((0, 4))
NOISE, BURST = 30, 90  # grey levels
RULE = CandidateRule(sizes=((40.0, 20.0),), gap_cols=5.0, widths=(20.0, 80.0), heights=(12.0, 32.0))
Drawn = NDArray[np.float32]


def picture(boxes: Drawn, size: tuple[int, int] = (128, 256), seed: int = 0) -> NDArray[np.uint8]:
    """Noise with a burst in each of ``boxes`` (n, 4)."""
    image = np.random.default_rng(seed).normal(NOISE, 8, size)
    for left, top, right, bottom in boxes.round().astype(int):
        image[top:bottom, left:right] += BURST - NOISE
    return image.clip(0, 255).astype(np.uint8)


def keyed(start: int, packets: int, inside: int, between: int, top: int = 50) -> Drawn:
    """Parts of ``packets`` of three pulses of 10 columns each, ``inside`` apart, packets ``between`` apart (3n, 4)."""
    period = 3 * 10 + 2 * inside + between
    lefts = [start + packet * period + pulse * (10 + inside) for packet in range(packets) for pulse in range(3)]
    return np.array([[left, top, left + 10, top + 20] for left in lefts], np.float32)


def packets_of(pulses: Drawn) -> Drawn:
    """Each three pulses as one packet (n, 4)."""
    return np.concatenate([pulses[::3, :2], pulses[2::3, 2:]], axis=1)


def coverage(boxes: Drawn, found: torch.Tensor) -> list[float]:
    """The best IoU of each box (n, 4) with one that was ``found``."""
    return [float(each) for each in box_iou(torch.from_numpy(boxes), found).amax(1)]


def test_packets_are_cut_where_the_user_cuts_them() -> None:
    pulses = keyed(20, 3, inside=4, between=9)
    image, packets = picture(pulses), packets_of(pulses)
    trains = np.array([[*packets[0, :2], *packets[-1, 2:]]], np.float32)
    for drawn in (packets, pulses, trains):
        rule = CandidateRule.learn([(image, drawn)])
        assert rule is not None
        assert min(coverage(drawn, rule.find(image, NO_PROPOSALS))) > 0.85
    as_packets, as_pulses, as_trains = (CandidateRule.learn([(image, each)]) for each in (packets, pulses, trains))
    assert as_packets is not None
    assert as_pulses is not None
    assert as_trains is not None
    assert as_pulses.gap_cols < 4 <= as_packets.gap_cols < 9 <= as_trains.gap_cols


def test_a_proposal_around_two_packets_is_cut_in_two() -> None:
    packets = np.array([[20, 40, 60, 60], [69, 40, 109, 60]], np.float32)
    both = torch.tensor([[18.0, 41.0, 112.0, 60.0]])
    found = replace(RULE, sizes=((300.0, 300.0),)).find(picture(packets), both)
    assert min(coverage(packets, found)) > 0.85


def test_bursts_that_fill_the_band_or_overlap_in_time() -> None:
    size = (64, 256)
    apart = np.array([[10, 0, 50, 64], [52, 0, 92, 64], [95, 0, 135, 64]], np.float32)
    rule = CandidateRule.learn([(picture(apart, size), apart)])
    assert rule is not None
    assert min(coverage(apart, rule.find(picture(apart, size, 1), NO_PROPOSALS))) > 0.85
    assert not rule.with_edges
    overlapping = np.array([[10, 0, 50, 64], [35, 0, 75, 64], [120, 0, 160, 64], [150, 0, 190, 64]], np.float32)
    rule = CandidateRule.learn([(picture(overlapping, size), overlapping)])
    assert rule is not None
    assert rule.with_edges
    assert min(coverage(overlapping, rule.find(picture(overlapping, size, 1), NO_PROPOSALS))) > 0.85


def test_thin_parallel_lines_have_a_candidate_each() -> None:
    lines = np.array([[16, top, 240, top + 3] for top in range(8, 120, 8)], np.float32)
    rule = CandidateRule.learn([(picture(lines), lines)])
    assert rule is not None
    assert min(coverage(lines, rule.find(picture(lines, seed=1), NO_PROPOSALS))) > 0.6


def test_noise_and_an_empty_image_have_hardly_any() -> None:
    assert len(RULE.find(picture(np.zeros((0, 4), np.float32)), NO_PROPOSALS)) <= 3
    assert len(RULE.find(np.zeros((128, 256), np.uint8), NO_PROPOSALS)) == 0


def test_no_boxes_no_rule() -> None:
    assert CandidateRule.learn([]) is None
    assert CandidateRule.learn([(picture(np.zeros((0, 4), np.float32)), np.zeros((0, 4), np.float32))]) is None


IMAGES = st.tuples(st.integers(1, 40), st.integers(1, 60), st.integers(0, 1000))
SIDES = st.floats(0.5, 300)


@given(IMAGES, st.lists(st.tuples(SIDES, SIDES), min_size=1, max_size=4), st.floats(0, 100), st.booleans())
def test_candidates_are_bounded_and_lie_in_the_image(
    made: tuple[int, int, int], sizes: list[tuple[float, float]], gap_cols: float, with_edges: bool
) -> None:
    rows, cols, seed = made
    generator = np.random.default_rng(seed)
    image = generator.integers(0, 256, (rows, cols), np.uint8)
    corners = torch.from_numpy(generator.uniform(-5, 70, (7, 2, 2)).astype(np.float32)).sort(dim=1).values
    rule = CandidateRule(tuple(sizes), gap_cols, (0.5, 300.0), (0.5, 300.0), with_edges)
    found = rule.find(image, corners.reshape(7, 4))
    assert len(found) <= MAX_CANDIDATES
    assert bool((found[:, 0] >= 0).all() and (found[:, 2] <= cols).all() and (found[:, 2] > found[:, 0]).all())
    assert torch.equal(found, rule.find(torch.from_numpy(image), corners.reshape(7, 4)))


def test_rules_do_not_influence_each_other() -> None:
    image = picture(keyed(10, 3, 4, 9))
    rules = [RULE, replace(RULE, gap_cols=2.0, widths=(8.0, 30.0)), replace(RULE, sizes=((12.0, 20.0),))]
    together = find_candidates(image, NO_PROPOSALS, rules)
    assert all(torch.equal(found, rule.find(image, NO_PROPOSALS)) for found, rule in zip(together, rules, strict=True))


@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=30), min_size=1, max_size=4))
def test_runs_hold_every_true_value_once(rows: list[list[bool]]) -> None:
    cols = max(map(len, rows))
    mask = torch.tensor([row + [False] * (cols - len(row)) for row in rows])
    owner, start, end = runs(mask)
    filled = torch.zeros_like(mask)
    for row, first, last in zip(owner.tolist(), start.tolist(), end.tolist(), strict=True):
        assert not filled[row, first : last + 1].any()  # no two runs touch
        filled[row, first:last] = True
    assert torch.equal(filled, mask)
    assert owner.tolist() == sorted(owner.tolist())


@given(st.lists(st.lists(st.booleans(), min_size=20, max_size=20), min_size=1, max_size=4), st.integers(0, 8))
def test_close_gaps_joins_what_short_gaps_part(rows: list[list[bool]], gap: int) -> None:
    found = close_gaps(*runs(torch.tensor(rows)), gap)
    expected = []
    for number, row in enumerate(rows):
        on = [index for index, value in enumerate(row) if value]
        cuts = [index for index, (first, last) in enumerate(pairwise(on), start=1) if last - first - 1 > gap]
        ends = pairwise([0, *cuts, len(on)]) if on else ()
        expected += [(number, on[first], on[last - 1] + 1) for first, last in ends]
    assert [*zip(*(part.tolist() for part in found), strict=True)] == expected


def test_the_matched_filter_peaks_on_its_box() -> None:
    box = np.array([[100, 40, 140, 60]], np.float32)
    grey = torch.from_numpy(picture(box)).int()
    area = torch.nn.functional.pad(grey.cumsum(0).cumsum(1, dtype=torch.int32), (1, 0, 1, 0))
    assert coverage(box, matched_boxes(area, (40.0, 20.0))[:1])[0] > 0.7


def test_rule_as_metadata() -> None:
    assert CandidateRule.from_metadata(RULE.to_metadata()) == RULE
    assert RULE.rule_id == replace(RULE).rule_id != replace(RULE, gap_cols=6.0).rule_id
    fields: dict[str, Any] = RULE.to_metadata()
    for wrong in ({}, {**fields, "sizes": 3}, {**fields, "widths": [1]}, {**fields, "gap_cols": "wide"}):
        with pytest.raises(Incompatible, match="candidate rule"):
            CandidateRule.from_metadata(wrong)


def test_golden_candidates_hold_for_their_rule_only() -> None:
    pulses = keyed(20, 3, 4, 9)
    packets = packets_of(pulses)
    golden = GoldenCandidates.record(RULE, picture(pulses), packets[1])
    assert len(golden.boxes)
    assert golden.hold(RULE)
    assert not golden.hold(replace(RULE, gap_cols=2.0, widths=(8.0, 30.0)))
    assert golden.image.numel() < picture(pulses).size
