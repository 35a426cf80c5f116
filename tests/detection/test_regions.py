"""Detection in parts of a window."""

import torch

from rfhydra.detection.detector import HydraDetector
from rfhydra.detection.regions import RegionsSeen
from rfhydra.hydra.loading import LoadedHead
from rfhydra.hydra.torch_backbone import TorchBackbone
from rfhydra.spectrum.rectangle import Rectangle
from tests.hydra.given import make_head
from tests.training import given

SPEC = given.SMALL_SPEC
WHOLE = Rectangle(0, SPEC.rows, 0, SPEC.cols)
UPPER, LOWER = Rectangle(0, 64, 0, 128), Rectangle(64, 128, 0, 128)
IMAGE = given.image_of(given.scene(0, samples=SPEC.window_samples), spec=SPEC)


def detector(backbone: TorchBackbone) -> HydraDetector:
    made = HydraDetector(SPEC, backbone)
    made.load_heads({name: LoadedHead(3, make_head(seed, name, bias=20.0)) for seed, name in enumerate("ab")})
    return made


def test_a_region_of_the_whole_image_is_the_image(tiny_backbone: TorchBackbone) -> None:
    window, hydra = given.window_of(given.scene(0, samples=SPEC.window_samples), spec=SPEC), detector(tiny_backbone)
    whole = hydra.detect(window)
    assert whole.detections
    assert hydra.detect(window, regions=[WHOLE]) == whole


def test_where_nothing_is_looked_at_the_backbone_does_not_run(tiny_backbone: TorchBackbone) -> None:
    window = given.window_of(given.scene(0, samples=SPEC.window_samples), spec=SPEC)
    found = detector(tiny_backbone).detect(window, regions=[])
    assert (found.detections, found.seen, found.versions) == ([], None, {"a": 3, "b": 3})


def test_detections_lie_in_their_regions(tiny_backbone: TorchBackbone) -> None:
    window = given.window_of(given.scene(0, samples=SPEC.window_samples), spec=SPEC)
    found = detector(tiny_backbone).detect(window, regions=[LOWER]).detections
    pixels = window.frame.to_pixels(each.box for each in found)
    assert len(found)
    assert (pixels[:, 1] >= 64 - 0.01).all()


def test_only_named_signals_are_detected(tiny_backbone: TorchBackbone) -> None:
    window = given.window_of(given.scene(0, samples=SPEC.window_samples), spec=SPEC)
    found = detector(tiny_backbone).detect(window, names=["b", "never loaded"])
    assert found.versions == {"b": 3}
    assert {each.signal_name for each in found.detections} == {"b"}


def test_proposals_and_embeddings_of_regions_are_in_pixels_of_the_image(tiny_backbone: TorchBackbone) -> None:
    seen = RegionsSeen(tiny_backbone, IMAGE, [UPPER, LOWER])
    proposals = seen.propose(40)
    assert 0 < len(proposals) <= 40
    assert proposals.objectness.tolist() == sorted(proposals.objectness.tolist(), reverse=True)
    lower, upper = proposals.boxes[:, 1] >= 64, proposals.boxes[:, 3] <= 64
    assert (lower ^ upper).all()
    at_edge = torch.isin(proposals.boxes, torch.tensor([0.0, 64.0, 128.0])).any(1)  # perhaps cut
    assert not at_edge.all()
    torch.testing.assert_close(seen.embed(proposals.boxes)[~at_edge], proposals.embeddings[~at_edge])


def test_an_emission_is_embedded_in_a_mosaic_as_in_the_image(backbone: TorchBackbone) -> None:
    made = given.scene(0)
    window = given.window_of(made)
    box = torch.from_numpy(window.frame.to_pixels(given.boxes_of(made, given.SIGNAL)))
    corner = Rectangle(0, 32, 0, 32)
    region = Rectangle.around(box[0].numpy()).widened(16, 16).around_both(Rectangle(64, 96, 64, 96))
    similar = RegionsSeen(backbone, window.image, [corner, region]).embed(box) @ backbone.see(window.image).embed(box).T
    assert similar.item() > 0.9
