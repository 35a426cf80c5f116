"""Backbone files: round trip, and invalid files."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from rfhydra.config import BACKBONE_VERSION
from rfhydra.errors import Incompatible, NotFound
from rfhydra.hydra.backbone_file import id_of, load_backbone, save_backbone
from rfhydra.hydra.network import BackboneNetwork, NetworkConfig
from rfhydra.hydra.torch_backbone import TorchBackbone
from rfhydra.hydra.weights import Weights, read_weights, write_weights

CONFIG = NetworkConfig(classes=("linear", "ook"), channels=8, embedding=16)


@pytest.fixture(scope="module")
def network() -> BackboneNetwork:
    torch.manual_seed(0)
    return BackboneNetwork(CONFIG)


@pytest.fixture(scope="module")
def path(network: BackboneNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backbone")
    save_backbone(network, folder / "tiny.safetensors", {"seed": 0})
    return folder / "tiny.safetensors"


@pytest.fixture(scope="module")
def backbone(path: Path) -> TorchBackbone:
    return load_backbone(path)


def test_saved_in_half_precision_with_the_recipe(path: Path) -> None:
    weights = read_weights(path.read_bytes(), "body")
    assert weights.metadata["recipe"] == {"seed": 0}
    assert {tensor.dtype for tensor in weights.tensors.values()} == {torch.float16, torch.int64}
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_loading_draws_no_random_weights(path: Path) -> None:
    before = torch.get_rng_state()
    load_backbone(path)
    assert torch.equal(torch.get_rng_state(), before)


def test_loaded_backbone_equals_the_saved_one(network: BackboneNetwork, path: Path, backbone: TorchBackbone) -> None:
    assert backbone.network.config == CONFIG
    assert backbone.backbone_id == id_of(path.read_bytes()) == hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    assert not any(weight.requires_grad for weight in backbone.network.parameters())
    assert len(backbone.background) == 0
    for name, tensor in network.state_dict().items():
        torch.testing.assert_close(backbone.network.state_dict()[name], tensor, atol=1e-3, rtol=1e-3)


def test_equal_backbones_have_equal_ids(network: BackboneNetwork, path: Path, backbone: TorchBackbone) -> None:
    second = path.with_name("second.safetensors")
    assert save_backbone(network, second, {"seed": 0}) == backbone.backbone_id
    assert save_backbone(network, second, {"seed": 1}) != backbone.backbone_id
    second.unlink()


@pytest.mark.parametrize("name", ["absent.safetensors", ""])
def test_missing_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFound, match="rfhydra pretrain"):
        load_backbone(tmp_path / name)


def without_config(metadata: dict[str, Any]) -> None:
    del metadata["config"]


def of_another_version(metadata: dict[str, Any]) -> None:
    metadata["backbone_version"] = BACKBONE_VERSION + 1


def with_invalid_classes(metadata: dict[str, Any]) -> None:
    metadata["config"]["classes"] = 7


def with_invalid_scaling(metadata: dict[str, Any]) -> None:
    metadata["config"]["scaling"]["range_db"] = -1.0


def of_another_shape(metadata: dict[str, Any]) -> None:
    metadata["config"]["embedding"] = 17


@pytest.mark.parametrize(
    "spoil", [without_config, of_another_version, with_invalid_classes, with_invalid_scaling, of_another_shape]
)
def test_invalid_metadata_is_refused(path: Path, tmp_path: Path, spoil: Callable[[dict[str, Any]], None]) -> None:
    weights = read_weights(path.read_bytes(), "body")
    spoil(weights.metadata)
    spoiled = tmp_path / "spoiled.safetensors"
    spoiled.write_bytes(write_weights(weights))
    with pytest.raises(Incompatible):
        load_backbone(spoiled)


def with_flipped_weights(tensors: dict[str, torch.Tensor]) -> None:
    """Weights of the right shape in another order, as after a change of the code."""
    weight = tensors["roi_heads.box_head.fc6.weight"]
    tensors["roi_heads.box_head.fc6.weight"] = weight.flip(1)


def with_moved_boxes(tensors: dict[str, torch.Tensor]) -> None:
    tensors["golden.boxes"] = tensors["golden.boxes"] / 3


@pytest.mark.parametrize("spoil", [with_flipped_weights, with_moved_boxes])
def test_failing_golden_test_vector_is_refused(
    path: Path, tmp_path: Path, spoil: Callable[[dict[str, torch.Tensor]], None]
) -> None:
    weights = read_weights(path.read_bytes(), "body")
    tensors = dict(weights.tensors)
    spoil(tensors)
    spoiled = tmp_path / "spoiled.safetensors"
    spoiled.write_bytes(write_weights(replace(weights, tensors=tensors)))
    with pytest.raises(Incompatible, match="fails its golden test vector"):
        load_backbone(spoiled)


@pytest.mark.parametrize("part", ["golden", "reference"])
def test_missing_tensors_are_refused(path: Path, tmp_path: Path, part: str) -> None:
    weights = read_weights(path.read_bytes(), "body")
    rest = {name: tensor for name, tensor in weights.tensors.items() if not name.startswith(part)}
    spoiled = tmp_path / "spoiled.safetensors"
    spoiled.write_bytes(write_weights(replace(weights, tensors=rest)))
    with pytest.raises(Incompatible, match=f"lacks its {part}"):
        load_backbone(spoiled)


def test_weights_of_another_kind_are_refused(tmp_path: Path) -> None:
    head = tmp_path / "head.safetensors"
    head.write_bytes(write_weights(Weights("head", {"a": torch.zeros(1)}, {"config": asdict(CONFIG)})))
    with pytest.raises(Incompatible, match="head weights where body weights"):
        load_backbone(head)
