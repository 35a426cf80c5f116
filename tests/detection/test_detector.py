import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torchvision.ops import box_iou

from rfhydra.detection.detector import CROSS_CLASS_NMS_IOU, HydraDetector, cross_class_nms
from rfhydra.errors import Incompatible, NotFound
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.head import ScoredBoxes
from rfhydra.hydra.rcnn import RcnnHead, RcnnNetwork
from rfhydra.hydra.registry import Head, VersionManager
from rfhydra.spectrum.boxes import Frame
from rfhydra.spectrum.spec import ValueScaling
from rfhydra.store.workspace import Workspace
from tests.hydra.given import create_version, make_head
from tests.training import given

FRAME = given.frame(given.SMALL_SPEC.cols, given.SMALL_SPEC)
CONFIDENCE = 20.0  # a bias that makes a head find everything
OUT_OF_REACH = 2.0  # a stored threshold that keeps a head out of the arbitration


@pytest.fixture
def versions(small: Workspace) -> VersionManager:
    return VersionManager(small)


@pytest.fixture
def detector(versions: VersionManager, tiny_backbone: Backbone) -> HydraDetector:
    return HydraDetector(versions, tiny_backbone)


@pytest.fixture(scope="module")
def iq() -> NDArray[np.complex64]:
    return given.heard(given.scene(0, samples=given.SMALL_SPEC.window_samples))


@pytest.fixture(scope="module")
def image() -> NDArray[np.uint8]:
    return given.image_of(given.scene(0, samples=given.SMALL_SPEC.window_samples), spec=given.SMALL_SPEC)


def store(versions: VersionManager, head: Head) -> int:
    """Store ``head`` and make it the active one."""
    version = create_version(versions, head)
    versions.promote_version(head.info.signal_name, version)
    return version


def test_heads_are_loaded_and_unloaded(versions: VersionManager, detector: HydraDetector) -> None:
    for name in ("wifi", "lora", "dmr"):
        store(versions, make_head(0, name))
    assert detector.get_loaded_heads() == []
    assert detector.load_heads(["wifi"]) == ["wifi"]
    assert detector.load_heads(["lora", "wifi"]) == ["lora", "wifi"]
    assert detector.load_heads(["dmr"]) == ["dmr", "lora", "wifi"]
    assert detector.unload_heads(["lora", "never loaded"]) == ["dmr", "wifi"]
    assert detector.unload_heads() == []


def test_an_error_loads_nothing(versions: VersionManager, detector: HydraDetector, image: NDArray[np.uint8]) -> None:
    store(versions, make_head(0, "lora", bias=CONFIDENCE))
    store(versions, make_head(0, "foreign", backbone_id="another body"))
    detector.load_heads(["lora"])
    before = detector.detect(image, FRAME)
    for wrong, error in (("missing", NotFound), ("foreign", Incompatible)):
        with pytest.raises(error):
            detector.load_heads(["lora", wrong])
    assert detector.get_loaded_heads() == ["lora"]
    assert detector.detect(image, FRAME) == before


def test_loading_again_brings_the_active_version(
    versions: VersionManager, detector: HydraDetector, image: NDArray[np.uint8]
) -> None:
    store(versions, make_head(0, "lora", bias=CONFIDENCE))
    detector.load_heads(["lora"])
    store(versions, make_head(1, "lora", bias=CONFIDENCE))
    assert {each.version for each in detector.detect(image, FRAME)} == {1}
    detector.load_heads(["lora"])
    assert {each.version for each in detector.detect(image, FRAME)} == {2}


def test_a_candidate_is_loaded_without_being_stored(detector: HydraDetector, image: NDArray[np.uint8]) -> None:
    detector.load_head("lora", 7, make_head(0, "lora", bias=CONFIDENCE, threshold=0.25))
    assert {(each.signal_name, each.version) for each in detector.detect(image, FRAME)} == {("lora", 7)}
    assert detector.loaded_threshold("lora") == 0.25
    with pytest.raises(NotFound):
        detector.loaded_threshold("wifi")
    for foreign in (make_head(0, backbone_id="another body"), make_head(0, spec_id="another contract")):
        with pytest.raises(Incompatible):
            detector.load_head("lora", 8, foreign)
    assert {each.version for each in detector.detect(image, FRAME)} == {7}


def test_detections_are_physical_and_in_the_order_of_their_scores(
    detector: HydraDetector, iq: NDArray[np.complex64], image: NDArray[np.uint8]
) -> None:
    assert detector.detect(image, FRAME) == []
    detector.load_head("lora", 1, make_head(0))
    found = detector.detect(image, FRAME, threshold=0.0)
    assert detector.detect_iq(iq, given.RATE_HZ, given.CENTER_HZ, threshold=0.0) == found
    scores = [each.score for each in found]
    assert scores == sorted(scores, reverse=True)
    assert all(FRAME.require_inside(each.box) == each.box for each in found)
    assert found[0].to_dict() == {
        "signal_name": "lora",
        "version": 1,
        "score": round(scores[0], 4),
        "time_start_sec": found[0].box.time_start_sec,
        "time_end_sec": found[0].box.time_end_sec,
        "freq_low_hz": found[0].box.freq_low_hz,
        "freq_high_hz": found[0].box.freq_high_hz,
    }
    middle = scores[len(scores) // 2]
    detector.load_head("lora", 1, make_head(0, threshold=middle))
    assert [each.score for each in detector.detect(image, FRAME)] == [score for score in scores if score >= middle]


def claim(*boxes: tuple[float, float, float, float, float]) -> ScoredBoxes:
    """Detections of (x0, y0, x1, y1, score)."""
    rows = torch.tensor(boxes).reshape(-1, 5)
    return ScoredBoxes(rows[:, :4], rows[:, 4])


def test_what_two_heads_claim_goes_to_the_surer_one() -> None:
    claims = {
        "lora": claim((0, 0, 10, 10, 0.9), (50, 50, 60, 60, 0.6)),
        "wifi": claim((0, 0, 10, 11, 0.8), (50, 50, 61, 60, 0.7), (80, 0, 90, 10, 0.5)),
    }
    left = cross_class_nms(claims, {"lora": 0.5, "wifi": 0.5})
    assert left["lora"].scores.tolist() == pytest.approx([0.9])
    assert left["wifi"].scores.tolist() == pytest.approx([0.7, 0.5])


def test_what_does_not_clear_its_own_threshold_takes_nothing_away() -> None:
    claims = {"lora": claim((0, 0, 10, 10, 0.6)), "wifi": claim((0, 0, 10, 10, 0.5))}
    left = cross_class_nms(claims, {"lora": 0.7, "wifi": 0.4})
    assert [len(each.scores) for each in left.values()] == [1, 1]
    left = cross_class_nms(claims, {"lora": 0.6, "wifi": 0.4})
    assert [len(each.scores) for each in left.values()] == [1, 0]


def test_two_loaded_heads_never_claim_one_emission(detector: HydraDetector, image: NDArray[np.uint8]) -> None:
    detector.load_head("lora", 1, make_head(0, bias=CONFIDENCE))
    detector.load_head("wifi", 1, make_head(1, "wifi", bias=CONFIDENCE))
    found = detector.detect(image, FRAME)
    boxes = torch.from_numpy(FRAME.to_pixels(each.box for each in found))
    assert len(found) > 1
    assert torch.triu(box_iou(boxes, boxes), diagonal=1).max() <= CROSS_CLASS_NMS_IOU


def test_both_kinds_of_head_share_one_pass(
    detector: HydraDetector, tiny_backbone: Backbone, image: NDArray[np.uint8]
) -> None:
    info = replace(make_head(0, "wifi", threshold=OUT_OF_REACH).info, kind="rcnn")
    network = RcnnNetwork(tiny_backbone.config)
    network.warm_start(tiny_backbone)
    head = RcnnHead(info, network.requires_grad_(False), torch.from_numpy(image), ScoredBoxes.none())
    detector.load_head("lora", 1, make_head(0, bias=CONFIDENCE, threshold=OUT_OF_REACH))
    detector.load_head("wifi", 1, head)
    alone = detector.detect(image, FRAME, threshold=0.0)
    assert {each.signal_name for each in alone} == {"lora", "wifi"}
    detector.unload_heads(["lora"])
    assert detector.detect(image, FRAME, threshold=0.0) == [each for each in alone if each.signal_name == "wifi"]


def test_an_image_of_another_contract_is_refused(detector: HydraDetector, image: NDArray[np.uint8]) -> None:
    for frame in (given.frame(128), given.frame(64, given.SMALL_SPEC)):
        with pytest.raises(Incompatible, match="not one of this frame"):
            detector.detect(image, frame)
    with pytest.raises(Incompatible, match="not one of this frame"):
        detector.detect(image[:64], Frame(given.SMALL_SPEC, 1.0, 0.0, 128))


def test_a_body_of_another_scaling_is_refused(versions: VersionManager, tiny_backbone: Backbone) -> None:
    body = tiny_backbone.body
    former = body.config
    body.config = replace(former, scaling=ValueScaling(range_db=60.0))
    try:
        with pytest.raises(Incompatible, match="another value scaling"):
            HydraDetector(versions, Backbone(body, "other"))
    finally:
        body.config = former


def test_an_image_never_sees_half_a_change(
    versions: VersionManager, detector: HydraDetector, image: NDArray[np.uint8]
) -> None:
    """While another thread loads and unloads two heads together, every image is seen by both or by none."""
    names = ["lora", "wifi"]
    for name in names:
        store(versions, make_head(0, name, bias=CONFIDENCE, threshold=OUT_OF_REACH))
    seen, done = [], threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.append({each.signal_name for each in detector.detect(image, FRAME, threshold=0.5)})

    watcher = threading.Thread(target=look)
    watcher.start()
    for _ in range(20):
        detector.load_heads(names)
        detector.unload_heads(names)
    detector.load_heads(names)
    done.set()
    watcher.join()
    assert all(each in (set(), set(names)) for each in seen)
