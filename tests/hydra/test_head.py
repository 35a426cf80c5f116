from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from rfhydra.errors import Incompatible
from rfhydra.hydra.backbone import Proposals
from rfhydra.hydra.head import (
    EmbeddingHead,
    Golden,
    HeadInfo,
    HeadStack,
    ScoredBoxes,
    apply_deltas,
    deltas_between,
    head_features,
)
from rfhydra.hydra.weights import Weights, read_weights, write_weights
from tests.hydra.given import DIM, make_head, make_proposals

SIZE = (200, 300)
INFO = HeadInfo(
    kind="embedding",
    signal_name="lora",
    spec_id="spec",
    backbone_id="body",
    threshold=0.4,
    split_version=3,
    sample_ids=("a", "b"),
    metrics={"f1_score": 0.9},
    notes="first",
)


def tampered(head: EmbeddingHead, **tensors: Tensor) -> bytes:
    weights = read_weights(head.to_bytes(), "embedding-head")
    return write_weights(replace(weights, tensors={**weights.tensors, **tensors}))


def identity_head(weight: Tensor) -> EmbeddingHead:
    """Scores proposals by their embedding alone and leaves their boxes as they are."""
    return EmbeddingHead(
        info=INFO,
        weight=torch.cat([weight, torch.zeros(4)]),
        bias=torch.tensor(0.0),
        size_mean=torch.zeros(2),
        refine_mean=torch.zeros(len(weight) + 4),
        refine_weight=torch.zeros((len(weight) + 4, 4)),
        refine_offset=torch.zeros(4),
    )


def scored_proposals(*rows: tuple[float, float, float, float, float]) -> Proposals:
    """Proposals of (logit, x_min, y_min, x_max, y_max) for an identity head of weight 1."""
    table = torch.tensor(rows)
    return Proposals(table[:, 1:], torch.ones(len(rows)), table[:, :1])


def detect(head: EmbeddingHead, proposals: Proposals, threshold: float = 0.5) -> ScoredBoxes:
    (found,) = HeadStack([head]).detect(proposals, [threshold], SIZE)
    return found


def test_artifact_round_trip() -> None:
    head = replace(make_head(1), info=INFO)
    loaded = EmbeddingHead.from_bytes(head.to_bytes())
    assert loaded.info == INFO
    proposals = make_proposals(7)
    before, after = detect(head, proposals), detect(loaded, proposals)
    assert torch.equal(before.boxes, after.boxes)
    assert torch.equal(before.scores, after.scores)
    assert loaded.to_bytes() == head.to_bytes()


@pytest.mark.parametrize("name", ["weight", "bias", "size_mean", "refine_weight", "refine_offset"])
def test_failing_golden_vectors_are_refused(name: str) -> None:
    head = make_head(1)
    changed = getattr(head, name) + 0.5
    with pytest.raises(Incompatible, match="fails its golden vectors"):
        EmbeddingHead.from_bytes(tampered(head, **{name: changed}))


def test_nan_weights_are_refused() -> None:
    head = make_head(1)
    with pytest.raises(Incompatible, match="fails its golden vectors"):
        EmbeddingHead.from_bytes(tampered(head, bias=torch.tensor(torch.nan)))


def test_other_files_are_refused() -> None:
    with pytest.raises(Incompatible, match="not a file of embedding-head weights"):
        EmbeddingHead.from_bytes(b"\x80\x04pickle")
    with pytest.raises(Incompatible, match="these are body weights"):
        EmbeddingHead.from_bytes(write_weights(Weights("body", {}, {})))
    with pytest.raises(Incompatible, match="lacks metadata"):
        EmbeddingHead.from_bytes(write_weights(Weights("embedding-head", {}, {"info": {"kind": "embedding"}})))
    with pytest.raises(Incompatible, match="lacks a tensor"):
        EmbeddingHead.from_bytes(write_weights(Weights("embedding-head", {}, {"info": INFO.to_metadata()})))


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=8), st.integers(0, 1000), st.integers(0, 30))
def test_stack_equals_single_heads(seeds: list[int], proposals_seed: int, count: int) -> None:
    heads, proposals = [make_head(seed) for seed in seeds], make_proposals(proposals_seed, count)
    # Thresholds between two scores: the last bit of a matrix product depends on the shape of the matrix.
    scores = [head.score(head_features(proposals.boxes, proposals.embeddings, head.size_mean)) for head in heads]
    thresholds = [_gap(each) for each in scores]
    together = HeadStack(heads).detect(proposals, thresholds, SIZE)
    alone = [
        HeadStack([head]).detect(proposals, [limit], SIZE)[0] for head, limit in zip(heads, thresholds, strict=True)
    ]
    for one, other in zip(together, alone, strict=True):
        assert torch.allclose(one.scores, other.scores, atol=1e-5)
        assert torch.allclose(one.boxes, other.boxes, atol=1e-3)


def _gap(scores: Tensor) -> float:
    """The middle of the widest gap between ``scores``."""
    steps = torch.cat([torch.tensor([0.0, 1.0]), scores]).sort().values
    widest = int((steps[1:] - steps[:-1]).argmax())
    return float(steps[widest] + steps[widest + 1]) / 2


SIDES = st.tuples(*[st.floats(0, 200)] * 2, *[st.floats(4, 60)] * 2)


@given(st.lists(st.tuples(SIDES, SIDES), min_size=1, max_size=5))
def test_apply_deltas_inverts_deltas_between(pairs: list[tuple[tuple[float, ...], tuple[float, ...]]]) -> None:
    boxes, wanted = (torch.tensor([pair[side] for pair in pairs]) for side in (0, 1))
    boxes, wanted = (torch.cat([each[:, :2], each[:, :2] + each[:, 2:]], dim=1) for each in (boxes, wanted))
    wanted_sides, sides = wanted[:, 2:] - wanted[:, :2], boxes[:, 2:] - boxes[:, :2]
    reachable = (wanted_sides / sides).log().abs().max(1).values < 1.99
    moved = apply_deltas(boxes, deltas_between(boxes, wanted))
    assert torch.allclose(moved[reachable], wanted[reachable], atol=1e-2)
    assert torch.allclose(apply_deltas(boxes, torch.zeros_like(boxes)), boxes, atol=1e-3)


def test_features_do_not_depend_on_position() -> None:
    proposals = make_proposals(3)
    here = head_features(proposals.boxes, proposals.embeddings, torch.zeros(2))
    there = head_features(
        proposals.boxes + torch.tensor([40.0, 90.0, 40.0, 90.0]), proposals.embeddings, torch.zeros(2)
    )
    assert torch.allclose(here, there, atol=1e-5)
    assert here.shape == (len(proposals), DIM + 4)


def test_strongest_box_suppresses_overlapping_and_nested_ones() -> None:
    proposals = scored_proposals(
        (1.0, 10, 10, 110, 60),
        (3.0, 12, 10, 112, 60),  # the strongest
        (2.0, 40, 20, 60, 40),  # inside it: the IoU is small
        (0.5, 108, 10, 208, 60),  # beside it
    )
    found = detect(identity_head(torch.ones(1)), proposals)
    assert found.boxes[:, 0].tolist() == [12, 108]
    assert found.scores.tolist() == pytest.approx(torch.sigmoid(torch.tensor([3.0, 0.5])).tolist())


def test_heads_do_not_suppress_each_other() -> None:
    proposals = scored_proposals((2.0, 10, 10, 110, 60))
    stack = HeadStack([identity_head(torch.ones(1)), identity_head(2 * torch.ones(1))])
    first, second = stack.detect(proposals, [0.5, 0.5], SIZE)
    assert len(first.boxes) == len(second.boxes) == 1
    assert first.scores < second.scores


def test_boxes_are_clipped_to_the_image() -> None:
    proposals = scored_proposals((2.0, -20, -20, 50, 50), (2.0, 290, 190, 400, 400), (2.0, 310, 10, 320, 20))
    found = detect(identity_head(torch.ones(1)), proposals)
    assert sorted(found.boxes.tolist()) == [[0, 0, 50, 50], [290, 190, 300, 200]]


def test_threshold_is_the_minimum_score() -> None:
    proposals = scored_proposals((0.0, 10, 10, 20, 20), (-1.0, 100, 100, 150, 150))
    assert len(detect(identity_head(torch.ones(1)), proposals, 0.5).scores) == 1
    assert len(detect(identity_head(torch.ones(1)), proposals, 0.2).scores) == 2
    assert len(detect(identity_head(torch.ones(1)), proposals, 0.9).scores) == 0


def test_no_heads_and_no_proposals() -> None:
    assert HeadStack([]).detect(make_proposals(0), [], SIZE) == []
    assert len(detect(make_head(0), make_proposals(0, count=0)).scores) == 0


def test_golden_vectors_fail_for_another_head() -> None:
    head, proposals = make_head(5), make_proposals(5)
    golden = Golden.record(head, proposals.boxes, proposals.embeddings)
    golden.replay(head)
    with pytest.raises(Incompatible, match="fails its golden vectors"):
        golden.replay(make_head(6))
