"""Cached proposals are those of the backbone, computed once."""

from pathlib import Path

import torch
from safetensors.torch import save_file

from benchmarks.fewshot.proposal_cache import CachedProposals
from rfhydra.hydra.torch_backbone import TorchBackbone
from tests.training.given import image_of, scene


def test_answers_are_those_of_the_backbone(tiny_backbone: TorchBackbone, tmp_path: Path) -> None:
    image, cached = image_of(scene(0)), CachedProposals(tiny_backbone, tmp_path)
    wanted, boxes = tiny_backbone.see(image), torch.tensor([[10.0, 20.0, 60.0, 50.0]])
    for _ in range(2):
        found = cached.see(image)
        assert found.size == wanted.size
        torch.testing.assert_close(vars(found.propose()), vars(wanted.propose()))
        torch.testing.assert_close(found.embed(boxes), wanted.embed(boxes))


def test_cached_proposals_are_not_computed_again(tiny_backbone: TorchBackbone, tmp_path: Path) -> None:
    image, cached = image_of(scene(0)), CachedProposals(tiny_backbone, tmp_path)
    cached.see(image).propose()
    (entry,) = tmp_path.iterdir()
    stored = {"boxes": torch.ones((1, 4)), "objectness": torch.ones(1), "embeddings": torch.ones((1, 32))}
    save_file(stored, entry)
    torch.testing.assert_close(vars(cached.see(image).propose()), stored)
