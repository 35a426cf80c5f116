"""RoIAlign: values and gradients equal torchvision's."""

import pytest
import torch
from hypothesis import given as for_all
from hypothesis import strategies as st
from torch import Tensor
from torchvision.ops import MultiScaleRoIAlign

from rfhydra.hydra.roi_align import BINS, SAMPLES_PER_BIN, STRIDES, RoiAlign

reference = MultiScaleRoIAlign(list(STRIDES), output_size=BINS, sampling_ratio=SAMPLES_PER_BIN)


def pyramid(images: int, size: tuple[int, int]) -> dict[str, Tensor]:
    """Noise, 3 channels, channels last as the backbone's."""
    torch.manual_seed(0)
    shapes = {name: (images, 3, size[0] // stride, size[1] // stride) for name, stride in STRIDES.items()}
    return {name: torch.randn(shape).to(memory_format=torch.channels_last) for name, shape in shapes.items()}


@st.composite
def boxes_of(draw: st.DrawFn, size: tuple[int, int]) -> Tensor:
    corners = st.tuples(*[st.floats(0, side, width=32) for side in (size[1], size[0]) * 2])
    found = draw(st.lists(corners, max_size=6))
    return torch.tensor([(min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d in found]).reshape(-1, 4)


SIZES = [(32, 32), (64, 256), (512, 96)]


@for_all(st.data(), st.sampled_from(SIZES))
def test_values_equal_torchvision(data: st.DataObject, size: tuple[int, int]) -> None:
    boxes = [data.draw(boxes_of(size)) for _ in range(data.draw(st.integers(1, 2)))]
    features, sizes = pyramid(len(boxes), size), [size] * len(boxes)
    expected = reference(features, boxes, sizes)
    torch.testing.assert_close(RoiAlign()(features, boxes, sizes), expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("size", SIZES)
def test_gradients_equal_torchvision(size: tuple[int, int]) -> None:
    boxes = [torch.tensor([[1.0, 2.0, 30.0, 31.0], [0.0, 0.0, size[1], size[0]]])]
    gradients = []
    for pool in (RoiAlign(), reference):
        features = {name: level.requires_grad_() for name, level in pyramid(1, size).items()}
        pool(features, boxes, [size]).square().sum().backward()
        gradients.append([torch.zeros_like(level) if level.grad is None else level.grad for level in features.values()])
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)
