"""What is remembered is what the backbone would say."""

from pathlib import Path

import torch
from safetensors.torch import save_file

from benchmarks.fewshot.memory import CachingBackbone
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.network import BackboneNetwork
from tests.training.given import SPEC, image_of, scene

SIZE = (SPEC.rows, SPEC.cols)
BOXES = torch.tensor([[10.0, 20.0, 60.0, 50.0]])


def test_answers_as_the_body_does(tiny_backbone: Backbone, tmp_path: Path) -> None:
    image = image_of(scene(0))
    remembering = CachingBackbone(tiny_backbone, tmp_path)
    plain, seen = tiny_backbone.features(image), remembering.features(image)
    wanted = tiny_backbone.propose(plain, SIZE)
    for _ in range(2):
        found = remembering.propose(seen, SIZE)
        torch.testing.assert_close(found.boxes, wanted.boxes)
        torch.testing.assert_close(found.embeddings, wanted.embeddings)
        torch.testing.assert_close(remembering.embed(seen, BOXES, SIZE), tiny_backbone.embed(plain, BOXES, SIZE))


def test_says_what_is_kept_instead_of_asking(tiny_backbone: Backbone, tmp_path: Path) -> None:
    first = CachingBackbone(tiny_backbone, tmp_path)
    image = image_of(scene(0))
    first.embed(first.features(image), BOXES, SIZE)
    (entry,) = tmp_path.rglob("*.safetensors")
    kept = torch.arange(tiny_backbone.config.embedding).float()[None]
    save_file({"embeddings": kept}, entry)
    second = CachingBackbone(tiny_backbone, tmp_path)
    torch.testing.assert_close(second.embed(second.features(image), BOXES, SIZE), kept)


def test_another_body_is_asked_itself(tiny_backbone: Backbone, tmp_path: Path) -> None:
    image = image_of(scene(0))
    first = CachingBackbone(tiny_backbone, tmp_path)
    first.embed(first.features(image), BOXES, SIZE)
    other = Backbone(BackboneNetwork(tiny_backbone.config), tiny_backbone.backbone_id)  # as if its code had changed
    second = CachingBackbone(other, tmp_path)
    torch.testing.assert_close(
        second.embed(second.features(image), BOXES, SIZE), other.embed(other.features(image), BOXES, SIZE)
    )
