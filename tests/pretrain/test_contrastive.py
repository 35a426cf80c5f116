"""The contrastive loss of emitters."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from rfhydra.hydra.network import BackboneNetwork, NetworkConfig
from rfhydra.pretrain.contrastive import TEMPERATURE, contrastive_loss, emitter_contrastive_loss

EAST, NORTH = [1.0, 0.0], [0.0, 1.0]


def two_emitters(first: list[float], second: list[float], other: list[float]) -> Tensor:
    """The loss of one emitter in two images, and another emitter in the first."""
    embeddings = normalize(torch.tensor([first, second, other]), dim=1)
    return contrastive_loss(embeddings, torch.tensor([7, 7, 8]), torch.tensor([0, 1, 0]))


def test_loss_is_low_for_separated_emitters_and_high_for_mixed_ones() -> None:
    apart, mixed_up = two_emitters(EAST, EAST, NORTH), two_emitters(EAST, NORTH, EAST)
    assert float(apart) == pytest.approx(0, abs=1e-3)
    assert float(mixed_up) > 5


def test_same_emitter_in_the_same_image_is_neither_positive_nor_negative() -> None:
    embeddings = normalize(torch.tensor([[1.0, 0.0], [0.3, 1.0], [1.0, 0.4], [-1.0, 0.5]]), dim=1)
    images, emitters = [0, 0, 1, 0], [1, 1, 1, 2]
    weights = (embeddings @ embeddings.T / TEMPERATURE).exp()
    # Of each anchor: all candidates, and the positives among them.
    candidates = [({2, 3}, [2]), ({2, 3}, [2]), ({0, 1, 3}, [0, 1])]
    losses = [
        torch.stack([-(weights[anchor, each] / weights[anchor, list(others)].sum()).log() for each in positives]).mean()
        for anchor, (others, positives) in enumerate(candidates)
    ]
    found = contrastive_loss(embeddings, torch.tensor(emitters), torch.tensor(images))
    torch.testing.assert_close(found, torch.stack(losses).mean())


def test_no_loss_without_positives() -> None:
    embeddings = normalize(torch.randn(3, 4), dim=1).requires_grad_()
    loss = contrastive_loss(embeddings, torch.tensor([1, 1, 2]), torch.tensor([0, 0, 1]))
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.item() == 0
    assert embeddings.grad is not None
    assert not embeddings.grad.any()


def test_gradient_step_lowers_the_loss() -> None:
    torch.manual_seed(0)
    network = BackboneNetwork(NetworkConfig(classes=("a",))).eval()
    images = torch.rand(2, 1, 128, 128)
    boxes = torch.tensor([[8.0, 8.0, 60.0, 40.0], [70.0, 60.0, 120.0, 110.0]])
    targets = [
        {"boxes": boxes, "emitters": torch.tensor([3, 4])},
        {"boxes": boxes.flip(0), "emitters": torch.tensor([4, 3])},
    ]
    layer = network.roi_heads.box_head.fc7.weight

    def loss() -> Tensor:
        torch.manual_seed(1)  # draws the boxes the same way
        return emitter_contrastive_loss(network, network.features(images), targets, (128, 128))

    before = loss()
    (slope,) = torch.autograd.grad(before, layer)
    with torch.no_grad():
        layer -= 0.1 * slope / slope.norm()
    assert loss().item() < before.item()
