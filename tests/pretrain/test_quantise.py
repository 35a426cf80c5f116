"""Int8 layers: near to the layers that they were made from, of one backbone only, and made by a command."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from rfhydra.errors import Incompatible
from rfhydra.hydra.backbone_file import SHIPPED_PATH, load_backbone
from rfhydra.hydra.int8_file import Int8Layers, int8_path_of, load_int8_layers, save_int8_layers
from rfhydra.hydra.torch_backbone import TorchBackbone
from rfhydra.hydra.weights import Weights, write_weights
from tests.cli.command_runner import run
from tests.server.server_process import small_backbone

pytest.importorskip("nncf")
from rfhydra.hydra.openvino_backbone import OpenvinoBackbone, dense_models
from rfhydra.pretrain.quantise import calibration_images, quantise

SCENES = 3


@pytest.fixture(scope="module")
def images() -> list[NDArray[np.uint8]]:
    return list(calibration_images(SCENES, seed=2))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> TorchBackbone:
    return load_backbone(small_backbone(tmp_path_factory.mktemp("small") / "small.safetensors"))


@pytest.fixture(scope="module")
def int8_file(tmp_path_factory: pytest.TempPathFactory, small: TorchBackbone, images: list[NDArray[np.uint8]]) -> Path:
    path = tmp_path_factory.mktemp("int8") / "layers"
    save_int8_layers(quantise(small, images), path, small.backbone_id, {"scenes": SCENES})
    return path


def test_images_of_one_seed_are_the_same(images: list[NDArray[np.uint8]]) -> None:
    again = list(calibration_images(SCENES, seed=2))
    assert all(np.array_equal(one, other) for one, other in zip(images, again, strict=True))
    assert not np.array_equal(images[0], next(calibration_images(1, seed=3)))


def test_int8_features_are_near_to_those_of_the_network(
    small: TorchBackbone, int8_file: Path, images: list[NDArray[np.uint8]]
) -> None:
    layers = load_int8_layers(int8_file, small.backbone_id)
    served = OpenvinoBackbone(small.network, small.backbone_id, int8=layers)
    assert served.runtime == "openvino-int8"
    for name, expected in small.network.features(torch.as_tensor(images[0])[None, None].float() / 255).items():
        error = served.features(images[0])[name] - expected
        assert 0 < error.norm() < 0.15 * expected.norm()


def test_int8_weights_are_smaller(small: TorchBackbone, int8_file: Path) -> None:
    stored = dense_models(small.network).stored()
    for plain, quantised in zip(stored, load_int8_layers(int8_file, small.backbone_id), strict=True):
        assert len(quantised.weights) < 0.7 * len(plain.weights)  # of half precision


def test_another_backbone_is_refused(int8_file: Path) -> None:
    with pytest.raises(Incompatible, match=r"was made from backbone .*rfhydra quantise"):
        load_int8_layers(int8_file, "0123")


def test_a_file_that_lacks_layers_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(write_weights(Weights("int8", {}, {"backbone_id": "0123"})))
    with pytest.raises(Incompatible, match=r"lacks 'pyramid\.graph'"):
        load_int8_layers(tmp_path / "empty", "0123")


def test_layers_that_openvino_cannot_read_are_refused(small: TorchBackbone, int8_file: Path) -> None:
    pyramid, head = load_int8_layers(int8_file, small.backbone_id)
    broken = Int8Layers(pyramid._replace(graph=b"<net/>"), head)
    with pytest.raises(Incompatible, match=r"OpenVINO .* cannot read"):
        OpenvinoBackbone(small.network, small.backbone_id, int8=broken)


def test_the_command_makes_them_beside_the_backbone(tmp_path: Path) -> None:
    body = Path(shutil.copy(SHIPPED_PATH, tmp_path / "body.safetensors"))
    done = run("quantise", body, "--scenes", 4)
    assert (done.status, "int8 layers written" in done.stdout) == (0, True)
    assert int8_path_of(body).name == "body.int8.safetensors"
    assert load_backbone(body, runtime="openvino-int8").runtime == "openvino-int8"


def test_layers_that_fail_the_golden_test_vector_are_not_kept(tmp_path: Path) -> None:
    body = small_backbone(tmp_path / "random.safetensors")  # of random weights: what it proposes is a matter of chance
    done = run("quantise", body, "--scenes", 1)
    assert done.status == 1
    assert "too coarse" in done.stderr
    assert not int8_path_of(body).exists()
