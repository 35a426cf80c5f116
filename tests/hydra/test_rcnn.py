from dataclasses import replace

import pytest
import torch
from torch import Tensor

from rfhydra.errors import Incompatible
from rfhydra.hydra.head import HeadInfo
from rfhydra.hydra.rcnn import GOLDEN_SIDE_PX, RcnnHead, RcnnNetwork, golden_crop
from rfhydra.hydra.torch_backbone import TorchBackbone
from rfhydra.hydra.weights import read_weights, write_weights
from tests.training import given

INFO = HeadInfo(kind="rcnn", signal_name="lora", spec_id="spec", backbone_id="tiny", sample_ids=("a",))


@pytest.fixture(scope="module")
def image() -> Tensor:
    return torch.from_numpy(given.image_of(given.scene(0), spec=given.SPEC))


@pytest.fixture(scope="module")
def head(tiny_backbone: TorchBackbone, image: Tensor) -> RcnnHead:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = RcnnNetwork(tiny_backbone.network.config)
    return RcnnHead.record(INFO, network, golden_crop(image, torch.tensor([100.0, 100, 120, 110])), tiny_backbone)


def tampered(head: RcnnHead, name: str, tensor: Tensor) -> bytes:
    weights = read_weights(head.to_bytes(), "rcnn-head")
    name = f"network.{name}"
    return write_weights(replace(weights, tensors={**weights.tensors, name: tensor.to(weights.tensors[name].dtype)}))


def test_artifact_round_trip(head: RcnnHead, tiny_backbone: TorchBackbone, image: Tensor) -> None:
    loaded = RcnnHead.from_bytes(head.to_bytes(), tiny_backbone)
    assert loaded.info == INFO
    assert len(head.golden.scores) == 1
    seen = tiny_backbone.see(image)
    before, after = head.detect(seen, 0.3), loaded.detect(seen, 0.3)
    assert len(before.scores) > 0
    assert torch.equal(before.boxes, after.boxes)
    assert torch.equal(before.scores, after.scores)
    assert (before.scores >= 0.3).all()
    assert (before.scores[1:] <= before.scores[:-1]).all()


@pytest.mark.parametrize(
    ("name", "bias"),
    [("scores", [9.0, -9.0]), ("scores", [-9.0, 9.0]), ("deltas", [9.0, 9.0, 0.0, 0.0])],
    ids=["finds nothing", "is too sure", "draws elsewhere"],
)
def test_failing_golden_vectors_are_refused(
    head: RcnnHead, tiny_backbone: TorchBackbone, name: str, bias: list[float]
) -> None:
    with pytest.raises(Incompatible, match="fails its golden detection"):
        RcnnHead.from_bytes(tampered(head, f"roi_heads.box_predictor.{name}.bias", torch.tensor(bias)), tiny_backbone)


def test_other_backbone_or_tensors_are_refused(head: RcnnHead, tiny_backbone: TorchBackbone) -> None:
    other = TorchBackbone(tiny_backbone.network, "another backbone")
    with pytest.raises(Incompatible, match="trained on backbone tiny, this one is another backbone"):
        RcnnHead.from_bytes(head.to_bytes(), other)
    with pytest.raises(Incompatible, match="do not fit the network"):
        RcnnHead.from_bytes(tampered(head, "roi_heads.box_predictor.scores.bias", torch.zeros(3)), tiny_backbone)
    weights = read_weights(head.to_bytes(), "rcnn-head")
    without = {name: tensor for name, tensor in weights.tensors.items() if name != "golden_image"}
    with pytest.raises(Incompatible, match="lacks its golden image"):
        RcnnHead.from_bytes(write_weights(replace(weights, tensors=without)), tiny_backbone)


def test_losses_are_finite_and_leave_the_network_in_eval_mode(tiny_backbone: TorchBackbone, image: Tensor) -> None:
    network = RcnnNetwork(tiny_backbone.network.config)
    network.warm_start(tiny_backbone)
    assert torch.equal(network.rpn.head.cls_logits.weight, tiny_backbone.network.rpn.head.cls_logits.weight)
    images = image[None]
    targets = [{"boxes": torch.tensor([[10.0, 20, 90, 40]]), "labels": torch.ones(1, dtype=torch.int64)}]
    losses = network.losses(tiny_backbone.features(images), images, targets)
    assert sorted(losses) == ["loss_box_reg", "loss_classifier", "loss_objectness", "loss_rpn_box_reg"]
    assert all(torch.isfinite(loss) for loss in losses.values())
    assert not network.training


@pytest.mark.parametrize("box", [(0, 0, 4, 4), (250, 250, 256, 256), (0, 0, 256, 256), (100, 30, 110, 40)])
def test_golden_crop_holds_the_centre_of_the_box(box: tuple[int, int, int, int]) -> None:
    image = torch.arange(256 * 256).reshape(256, 256)
    crop = golden_crop(image, torch.tensor(box, dtype=torch.float32))
    assert crop.shape == (GOLDEN_SIDE_PX, GOLDEN_SIDE_PX)
    middle = image[min((box[1] + box[3]) // 2, 255), min((box[0] + box[2]) // 2, 255)]
    assert (crop == middle).any()


def test_golden_crop_of_a_small_image_is_the_image() -> None:
    image = torch.zeros((64, 40), dtype=torch.uint8)
    assert golden_crop(image, torch.tensor([1.0, 1, 3, 3])).shape == (64, 40)
