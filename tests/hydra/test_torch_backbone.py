"""The torch runtime beyond the interface: batches, devices, co-timed proposal merging."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given as for_all
from hypothesis import strategies as st
from numpy.typing import NDArray

from rfhydra.hydra.backbone_file import load_backbone, save_backbone
from rfhydra.hydra.torch_backbone import MAX_CO_TIMED, TorchBackbone, merge_co_timed


def merged(*boxes: list[float]) -> list[list[float]]:
    around: list[list[float]] = merge_co_timed(torch.tensor(boxes), torch.linspace(0.9, 0.5, len(boxes))).tolist()
    return around


def test_co_timed_boxes_in_separate_bands_are_merged() -> None:
    upper, lower, late = [10.0, 10.0, 90.0, 14.0], [12.0, 50.0, 92.0, 55.0], [40.0, 80.0, 120.0, 84.0]
    assert merged(upper, late, lower) == [[10.0, 10.0, 92.0, 55.0]]
    assert merged(upper, [10.0, 12.0, 90.0, 60.0]) == []  # their bands overlap
    assert merged(upper) == merged(late) == []


@for_all(st.lists(st.tuples(*(st.floats(0, 200) for _ in range(4))), max_size=60))
def test_merged_boxes_are_few_and_hold_two_bands(corners: list[tuple[float, ...]]) -> None:
    points = torch.tensor(corners).reshape(-1, 2, 2)
    boxes = torch.cat([points.amin(1), points.amax(1) + 1], dim=1)
    around = merge_co_timed(boxes, torch.linspace(0.9, 0.2, len(boxes)))
    assert len(around) <= MAX_CO_TIMED
    for box in around:
        inside = (boxes[:, :2] >= box[:2]).all(1) & (boxes[:, 2:] <= box[2:]).all(1)
        held = boxes[inside]
        assert (held[:, None, 3] <= held[None, :, 1]).any()


@pytest.fixture
def image() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (128, 160), dtype=np.uint8)


def test_several_images_at_once(tiny_backbone: TorchBackbone, image: NDArray[np.uint8]) -> None:
    one, two = tiny_backbone.features(image), tiny_backbone.features(np.stack([image, image]))
    assert {level.dtype for level in two.values()} == {torch.float32}
    for name, level in one.items():
        torch.testing.assert_close(two[name][1:], level, atol=0.02, rtol=0.02)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_cpu_and_gpu_agree(tiny_backbone: TorchBackbone, image: NDArray[np.uint8], tmp_path: Path) -> None:
    save_backbone(tiny_backbone.network, tmp_path / "tiny.safetensors", {})
    boxes = torch.tensor([[0.0, 0.0, 40.0, 30.0]])
    here, there = (load_backbone(tmp_path / "tiny.safetensors", device).see(image) for device in ("cpu", "cuda"))
    assert float((here.embed(boxes) * there.embed(boxes)).sum()) > 0.95
