"""The contrastive loss: small where an emitter resembles itself in other images and nobody else."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from rfhydra.hydra.network import BackboneNetwork, NetworkConfig
from rfhydra.pretrain.contrastive import TEMPERATURE, contrastive_loss, emitter_contrastive_loss

EAST, NORTH = [1.0, 0.0], [0.0, 1.0]


def two_emitters(first: list[float], again: list[float], other: list[float]) -> Tensor:
    """The contrast of one emitter in two images, and another one in the first."""
    embeddings = normalize(torch.tensor([first, again, other]), dim=1)
    return contrastive_loss(embeddings, torch.tensor([7, 7, 8]), torch.tensor([0, 1, 0]))


def test_likeness_of_one_emitter_is_rewarded_and_of_two_is_not() -> None:
    apart, mixed_up = two_emitters(EAST, EAST, NORTH), two_emitters(EAST, NORTH, EAST)
    assert float(apart) == pytest.approx(0, abs=1e-3)
    assert float(mixed_up) > 5


def test_what_an_emitter_sends_in_the_same_image_counts_as_neither() -> None:
    embeddings = normalize(torch.tensor([[1.0, 0.0], [0.3, 1.0], [1.0, 0.4], [-1.0, 0.5]]), dim=1)
    images, emitters = [0, 0, 1, 0], [1, 1, 1, 2]
    weights = (embeddings @ embeddings.T / TEMPERATURE).exp()
    # Of each anchor: what it should be found among, and which of these it is.
    wanted = [({2, 3}, [2]), ({2, 3}, [2]), ({0, 1, 3}, [0, 1])]
    surprises = [
        torch.stack([-(weights[anchor, each] / weights[anchor, list(among)].sum()).log() for each in right]).mean()
        for anchor, (among, right) in enumerate(wanted)
    ]
    found = contrastive_loss(embeddings, torch.tensor(emitters), torch.tensor(images))
    torch.testing.assert_close(found, torch.stack(surprises).mean())


def test_without_an_emitter_heard_twice_there_is_nothing_to_learn() -> None:
    embeddings = normalize(torch.randn(3, 4), dim=1).requires_grad_()
    loss = contrastive_loss(embeddings, torch.tensor([1, 1, 2]), torch.tensor([0, 0, 1]))
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.item() == 0
    assert embeddings.grad is not None
    assert not embeddings.grad.any()


def test_a_step_down_the_gradient_lowers_the_contrast_of_a_body() -> None:
    torch.manual_seed(0)
    body = BackboneNetwork(NetworkConfig(classes=("a",))).eval()
    images = torch.rand(2, 1, 128, 128)
    boxes = torch.tensor([[8.0, 8.0, 60.0, 40.0], [70.0, 60.0, 120.0, 110.0]])
    targets = [
        {"boxes": boxes, "emitters": torch.tensor([3, 4])},
        {"boxes": boxes.flip(0), "emitters": torch.tensor([4, 3])},
    ]
    layer = body.roi_heads.box_head.fc7.weight

    def loss() -> Tensor:
        torch.manual_seed(1)  # draws the boxes the same way
        return emitter_contrastive_loss(body, body.features(images), targets, (128, 128))

    before = loss()
    (slope,) = torch.autograd.grad(before, layer)
    with torch.no_grad():
        layer -= 0.1 * slope / slope.norm()
    assert loss().item() < before.item()
