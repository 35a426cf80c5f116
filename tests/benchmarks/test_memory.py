"""The caching backbone answers as the backbone behind it does."""

from pathlib import Path

import torch
from safetensors.torch import save_file

from benchmarks.fewshot.memory import CachingBackbone
from rfhydra.hydra.network import BackboneNetwork
from rfhydra.hydra.torch_backbone import TorchBackbone
from tests.training.given import image_of, scene

BOXES = torch.tensor([[10.0, 20.0, 60.0, 50.0]])


def test_answers_are_those_of_the_backbone(tiny_backbone: TorchBackbone, tmp_path: Path) -> None:
    image, caching = image_of(scene(0)), CachingBackbone(tiny_backbone, tmp_path)
    wanted = tiny_backbone.see(image)
    for _ in range(2):
        found = caching.see(image)
        assert found.size == wanted.size
        torch.testing.assert_close(found.propose().boxes, wanted.propose().boxes)
        torch.testing.assert_close(found.propose().embeddings, wanted.propose().embeddings)
        torch.testing.assert_close(found.embed(BOXES), wanted.embed(BOXES))


def test_a_cached_answer_is_not_computed_again(tiny_backbone: TorchBackbone, tmp_path: Path) -> None:
    image = image_of(scene(0))
    CachingBackbone(tiny_backbone, tmp_path).see(image).embed(BOXES)
    (entry,) = tmp_path.rglob("*.safetensors")
    cached = torch.arange(tiny_backbone.embedding_dim).float()[None]
    save_file({"embeddings": cached}, entry)
    torch.testing.assert_close(CachingBackbone(tiny_backbone, tmp_path).see(image).embed(BOXES), cached)


def test_a_backbone_that_answers_otherwise_has_a_cache_of_its_own(tiny_backbone: TorchBackbone, tmp_path: Path) -> None:
    image = image_of(scene(0))
    CachingBackbone(tiny_backbone, tmp_path).see(image).embed(BOXES)
    changed = TorchBackbone(BackboneNetwork(tiny_backbone.network.config), tiny_backbone.backbone_id)
    second = CachingBackbone(changed, tmp_path)
    torch.testing.assert_close(second.see(image).embed(BOXES), changed.see(image).embed(BOXES))
