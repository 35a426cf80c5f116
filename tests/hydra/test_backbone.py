"""The frozen backbone: what it makes of an image, and which files it takes for a backbone."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given as for_all
from hypothesis import strategies as st
from numpy.typing import NDArray
from torchvision.ops import box_iou

from rfhydra.config import BACKBONE_VERSION
from rfhydra.errors import Incompatible, NotFound
from rfhydra.hydra.backbone import MAX_CO_TIMED, Backbone, co_timed, digest_of, save_backbone
from rfhydra.hydra.network import BackboneNetwork, NetworkConfig
from rfhydra.hydra.weights import Weights, read_weights, write_weights
from rfhydra.spectrum.boxes import Frame
from rfhydra.spectrum.spec import SpectrogramSpec, ValueScaling
from rfhydra.spectrum.spectrogram import spectrogram
from rfhydra.synth import Burst, Receiver, Scene, make_burst

CONFIG = NetworkConfig(classes=("linear", "ook"), channels=8, embedding=16)
SIZE = (128, 160)


@pytest.fixture(scope="module")
def body() -> BackboneNetwork:
    torch.manual_seed(0)
    return BackboneNetwork(CONFIG)


@pytest.fixture(scope="module")
def path(body: BackboneNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("body")
    save_backbone(body, folder / "tiny.safetensors", {"seed": 0})
    return folder / "tiny.safetensors"


@pytest.fixture(scope="module")
def backbone(path: Path) -> Backbone:
    return Backbone.load(path)


@pytest.fixture
def image() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, SIZE, dtype=np.uint8)


def test_a_body_is_saved_in_half_precision_with_its_recipe(path: Path) -> None:
    weights = read_weights(path.read_bytes(), "body")
    assert weights.metadata["recipe"] == {"seed": 0}
    assert {tensor.dtype for tensor in weights.tensors.values()} == {torch.float16, torch.int64}
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_saved_body_is_loaded_whole(body: BackboneNetwork, path: Path, backbone: Backbone) -> None:
    assert backbone.config == CONFIG
    assert backbone.backbone_id == digest_of(path.read_bytes()) == hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    assert not any(weight.requires_grad for weight in backbone.body.parameters())
    for name, tensor in body.state_dict().items():
        torch.testing.assert_close(backbone.body.state_dict()[name], tensor, atol=1e-3, rtol=1e-3)


def test_equal_bodies_have_equal_ids(body: BackboneNetwork, path: Path, backbone: Backbone) -> None:
    again = path.with_name("again.safetensors")
    assert save_backbone(body, again, {"seed": 0}) == backbone.backbone_id
    assert save_backbone(body, again, {"seed": 1}) != backbone.backbone_id
    again.unlink()


def test_regions_lie_in_the_image_strongest_first(backbone: Backbone, image: NDArray[np.uint8]) -> None:
    proposals = backbone.propose(backbone.features(image), SIZE, limit=20)
    assert 0 < len(proposals) <= 20
    assert proposals.boxes.shape == (len(proposals), 4)
    assert proposals.boxes.dtype == proposals.objectness.dtype == proposals.embeddings.dtype == torch.float32
    assert bool((proposals.boxes[:, :2] >= 0).all())
    assert bool((proposals.boxes[:, 2:] <= torch.tensor([SIZE[1], SIZE[0]])).all())
    assert bool((proposals.boxes[:, 2:] > proposals.boxes[:, :2]).all())
    assert bool((proposals.objectness.diff() <= 0).all())
    assert bool(((proposals.objectness >= 0) & (proposals.objectness <= 1)).all())
    torch.testing.assert_close(proposals.embeddings.norm(dim=1), torch.ones(len(proposals)))


def joined(*boxes: list[float]) -> list[list[float]]:
    around: list[list[float]] = co_timed(torch.tensor(boxes), torch.linspace(0.9, 0.5, len(boxes))).tolist()
    return around


def test_what_begins_and_ends_together_in_bands_apart_is_joined() -> None:
    upper, lower, late = [10.0, 10.0, 90.0, 14.0], [12.0, 50.0, 92.0, 55.0], [40.0, 80.0, 120.0, 84.0]
    assert joined(upper, late, lower) == [[10.0, 10.0, 92.0, 55.0]]
    assert joined(upper, [10.0, 12.0, 90.0, 60.0]) == []  # their bands overlap
    assert joined(upper) == joined(late) == []


@for_all(st.lists(st.tuples(*(st.floats(0, 200) for _ in range(4))), max_size=60))
def test_few_boxes_are_joined_and_each_holds_two_bands(corners: list[tuple[float, ...]]) -> None:
    points = torch.tensor(corners).reshape(-1, 2, 2)
    boxes = torch.cat([points.amin(1), points.amax(1) + 1], dim=1)
    around = co_timed(boxes, torch.linspace(0.9, 0.2, len(boxes)))
    assert len(around) <= MAX_CO_TIMED
    for box in around:
        inside = (boxes[:, :2] >= box[:2]).all(1) & (boxes[:, 2:] <= box[2:]).all(1)
        held = boxes[inside]
        assert (held[:, None, 3] <= held[None, :, 1]).any()


@pytest.mark.parametrize("seed", range(4))
def test_two_lines_keyed_together_far_apart_are_proposed_as_one_emission(seed: int) -> None:
    spec, rng = SpectrogramSpec(fft_size=512, hop=256, rows=512, cols=256), np.random.default_rng(seed)
    backbone, scene = Backbone.load(), Scene(spec.window_samples)
    upper, lower = (make_burst("ook", rng, 30_000, 0.03).iq for _ in range(2))
    turn = np.exp(2j * np.pi * 0.15 * np.arange(len(upper)))
    pair = Burst("pair", (upper * turn + lower / turn).astype(np.complex64), -0.165, 0.165)
    sent = scene.add(pair, start=15_000, freq=0.03, snr_db=12)
    assert sent is not None
    image = spectrogram(Receiver().apply(scene, rng), spec).numpy()
    truth = Frame(spec, 1.0, 0.0, image.shape[1]).to_pixels([sent.box(1.0, 0.0)])
    proposals = backbone.propose(backbone.features(image), (spec.rows, spec.cols))
    assert box_iou(torch.from_numpy(truth), proposals.boxes).max() > 0.85


def test_the_same_image_gives_the_same_regions(backbone: Backbone, image: NDArray[np.uint8]) -> None:
    first, again = (backbone.propose(backbone.features(image), SIZE) for _ in range(2))
    assert torch.equal(first.boxes, again.boxes)
    assert torch.equal(first.embeddings, again.embeddings)


def test_embeddings_of_given_boxes(backbone: Backbone, image: NDArray[np.uint8]) -> None:
    features = backbone.features(image)
    embeddings = backbone.embed(features, torch.tensor([[0.0, 0.0, 40.0, 30.0], [5.0, 5.0, 9.0, 9.0]]), SIZE)
    assert embeddings.shape == (2, CONFIG.embedding)
    assert bool(torch.isfinite(embeddings).all())
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(2))
    assert backbone.embed(features, torch.zeros(0, 4), SIZE).shape == (0, CONFIG.embedding)


def test_several_images_at_once(backbone: Backbone, image: NDArray[np.uint8]) -> None:
    one, two = backbone.features(image), backbone.features(np.stack([image, image]))
    assert {level.dtype for level in two.values()} == {torch.float32}
    for name, level in one.items():
        torch.testing.assert_close(two[name][1:], level, atol=0.02, rtol=0.02)


@pytest.mark.parametrize("name", ["absent.safetensors", ""])
def test_no_file_is_not_found(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFound, match="rfhydra pretrain"):
        Backbone.load(tmp_path / name)


def without_config(metadata: dict[str, Any]) -> None:
    del metadata["config"]


def of_another_version(metadata: dict[str, Any]) -> None:
    metadata["backbone_version"] = BACKBONE_VERSION + 1


def with_strange_classes(metadata: dict[str, Any]) -> None:
    metadata["config"]["classes"] = 7


def with_strange_scaling(metadata: dict[str, Any]) -> None:
    metadata["config"]["scaling"]["range_db"] = -1.0


def of_another_shape(metadata: dict[str, Any]) -> None:
    metadata["config"]["embedding"] = 17


@pytest.mark.parametrize(
    "spoil", [without_config, of_another_version, with_strange_classes, with_strange_scaling, of_another_shape]
)
def test_a_file_that_is_no_body_is_refused(path: Path, tmp_path: Path, spoil: Callable[[dict[str, Any]], None]) -> None:
    weights = read_weights(path.read_bytes(), "body")
    spoil(weights.metadata)
    spoiled = tmp_path / "spoiled.safetensors"
    spoiled.write_bytes(write_weights(weights))
    with pytest.raises(Incompatible):
        Backbone.load(spoiled)


def rewired(tensors: dict[str, torch.Tensor]) -> None:
    """Weights that fit, in an order that a change of the code could have given them."""
    weight = tensors["roi_heads.box_head.fc6.weight"]
    tensors["roi_heads.box_head.fc6.weight"] = weight.flip(1)


def with_moved_boxes(tensors: dict[str, torch.Tensor]) -> None:
    tensors["golden.boxes"] = tensors["golden.boxes"] / 3


@pytest.mark.parametrize("spoil", [rewired, with_moved_boxes])
def test_a_body_that_sees_otherwise_than_when_it_was_made_is_refused(
    path: Path, tmp_path: Path, spoil: Callable[[dict[str, torch.Tensor]], None]
) -> None:
    weights = read_weights(path.read_bytes(), "body")
    tensors = dict(weights.tensors)
    spoil(tensors)
    spoiled = tmp_path / "spoiled.safetensors"
    spoiled.write_bytes(write_weights(replace(weights, tensors=tensors)))
    with pytest.raises(Incompatible, match="golden recording"):
        Backbone.load(spoiled)


@pytest.mark.parametrize("part", ["golden", "reference"])
def test_a_body_without_a_part_is_refused(path: Path, tmp_path: Path, part: str) -> None:
    weights = read_weights(path.read_bytes(), "body")
    rest = {name: tensor for name, tensor in weights.tensors.items() if not name.startswith(part)}
    spoiled = tmp_path / "spoiled.safetensors"
    spoiled.write_bytes(write_weights(replace(weights, tensors=rest)))
    with pytest.raises(Incompatible, match=f"lacks its {part}"):
        Backbone.load(spoiled)


def test_weights_of_something_else_are_refused(tmp_path: Path) -> None:
    head = tmp_path / "head.safetensors"
    head.write_bytes(write_weights(Weights("head", {"a": torch.zeros(1)}, {"config": asdict(CONFIG)})))
    with pytest.raises(Incompatible, match="head weights where body weights"):
        Backbone.load(head)


def test_what_was_made_for_another_backbone_is_refused(backbone: Backbone) -> None:
    backbone.require(backbone.backbone_id, "the head")
    with pytest.raises(Incompatible, match="the head was trained on backbone 0123"):
        backbone.require("0123", "the head")


def test_a_contract_of_another_scaling_is_refused(backbone: Backbone) -> None:
    spec = SpectrogramSpec()
    backbone.require_scaling(spec)
    with pytest.raises(Incompatible, match="value scaling"):
        backbone.require_scaling(replace(spec, scaling=ValueScaling(range_db=90.0)))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_sees_what_a_cpu_sees(path: Path, backbone: Backbone, image: NDArray[np.uint8]) -> None:
    boxes = torch.tensor([[0.0, 0.0, 40.0, 30.0]])
    other = Backbone.load(path, "cuda")
    there = other.embed(other.features(image), boxes, SIZE).cpu()
    here = backbone.embed(backbone.features(image), boxes, SIZE)
    assert float((here * there).sum()) > 0.95
