import threading
from dataclasses import replace

import pytest
import torch
from torchvision.ops import box_iou

from rfhydra.detection.detector import CROSS_CLASS_NMS_IOU, Detection, HydraDetector, cross_class_nms
from rfhydra.errors import Incompatible, NotFound
from rfhydra.hydra.head import EmbeddingHead, ScoredBoxes
from rfhydra.hydra.loading import LoadedHead
from rfhydra.hydra.torch_backbone import TorchBackbone
from rfhydra.spectrum.spec import ValueScaling
from rfhydra.spectrum.window import Window
from tests.hydra.given import make_head
from tests.training import given

SPEC = given.SMALL_SPEC
EVERYTHING = 20.0  # a bias at which a head detects every proposal
OUT_OF_REACH = 2.0  # a stored threshold above every score


@pytest.fixture
def detector(tiny_backbone: TorchBackbone) -> HydraDetector:
    return HydraDetector(SPEC, tiny_backbone)


@pytest.fixture(scope="module")
def window() -> Window:
    return given.window_of(given.scene(0, samples=SPEC.window_samples), spec=SPEC)


def load(detector: HydraDetector, *heads: EmbeddingHead, version: int = 1) -> list[str]:
    return detector.load_heads({each.info.signal_name: LoadedHead(version, each) for each in heads})


def all_finding_head(name: str, seed: int = 0, threshold: float = 0.5) -> EmbeddingHead:
    return make_head(seed, name, bias=EVERYTHING, threshold=threshold)


def found(detector: HydraDetector, window: Window, threshold: float | None = None) -> list[Detection]:
    return detector.detect(window, threshold).detections


def test_heads_are_loaded_and_unloaded(detector: HydraDetector) -> None:
    assert detector.get_loaded_heads() == []
    assert load(detector, make_head(0, "wifi")) == ["wifi"]
    assert load(detector, make_head(0, "wifi"), make_head(0, "lora")) == ["lora", "wifi"]
    assert load(detector, make_head(0, "dmr")) == ["dmr", "lora", "wifi"]
    assert detector.loaded_versions == {"dmr": 1, "lora": 1, "wifi": 1}
    assert detector.unload_heads(["lora", "never loaded"]) == ["dmr", "wifi"]
    assert detector.unload_heads() == []


@pytest.mark.parametrize("foreign", [{"backbone_id": "another backbone"}, {"spec_id": "another contract"}])
def test_failed_load_changes_nothing(detector: HydraDetector, window: Window, foreign: dict[str, str]) -> None:
    load(detector, all_finding_head("lora"))
    before = detector.detect(window)
    with pytest.raises(Incompatible):
        load(detector, all_finding_head("dmr"), make_head(0, "wifi", **foreign))  # type: ignore[arg-type]
    assert detector.get_loaded_heads() == ["lora"]
    assert detector.detect(window) == before


def test_a_loaded_head_is_replaced_by_another_version(detector: HydraDetector, window: Window) -> None:
    load(detector, all_finding_head("lora"))
    assert {each.version for each in found(detector, window)} == {1}
    load(detector, replace(all_finding_head("lora", seed=1)), version=7)
    assert {each.version for each in found(detector, window)} == {7}
    assert detector.detect(window).versions == {"lora": 7}


def test_the_threshold_of_a_loaded_head(detector: HydraDetector) -> None:
    load(detector, all_finding_head("lora", threshold=0.25))
    assert detector.loaded_threshold("lora") == 0.25
    with pytest.raises(NotFound):
        detector.loaded_threshold("wifi")


def test_a_threshold_that_was_set_is_used_from_the_next_window_on(detector: HydraDetector, window: Window) -> None:
    load(detector, all_finding_head("lora"), all_finding_head("wifi", seed=1, threshold=0.25))
    before = detector.detect(window)
    detector.set_threshold("lora", 1.0)
    strict = detector.detect(window)
    assert {each.signal_name for each in strict.detections if each.score < 1} <= {"wifi"}
    assert strict.thresholds == {"lora": 1.0, "wifi": 0.25}
    assert before.thresholds == {"lora": 0.5, "wifi": 0.25}
    heads = detector.loaded_heads()
    assert [(each.threshold, each.override) for each in heads.values()] == [(1.0, 1.0), (0.25, None)]
    detector.load_heads(heads)  # a set threshold goes with the head
    assert detector.loaded_threshold("lora") == 1.0
    detector.set_threshold("lora", None)
    assert detector.detect(window) == before
    with pytest.raises(NotFound, match="'dmr' is not loaded"):
        detector.set_threshold("dmr", 0.5)


def test_detections_are_physical_and_sorted_by_score(detector: HydraDetector, window: Window) -> None:
    assert found(detector, window) == []
    load(detector, make_head(0))
    every = found(detector, window, threshold=0.0)
    scores = [each.score for each in every]
    assert scores == sorted(scores, reverse=True)
    assert all(window.frame.require_inside(each.box) == each.box for each in every)
    assert every[0].to_dict() == {
        "signal_name": "lora",
        "version": 1,
        "score": round(scores[0], 4),
        "time_start_sec": every[0].box.time_start_sec,
        "time_end_sec": every[0].box.time_end_sec,
        "freq_low_hz": every[0].box.freq_low_hz,
        "freq_high_hz": every[0].box.freq_high_hz,
    }
    middle = scores[len(scores) // 2]
    load(detector, make_head(0, threshold=middle))
    assert [each.score for each in found(detector, window)] == [score for score in scores if score >= middle]


def boxes(*rows: tuple[float, float, float, float, float]) -> ScoredBoxes:
    """Detections of (x0, y0, x1, y1, score)."""
    table = torch.tensor(rows).reshape(-1, 5)
    return ScoredBoxes(table[:, :4], table[:, 4])


def test_the_higher_score_suppresses_the_other_head() -> None:
    candidates = {
        "lora": boxes((0, 0, 10, 10, 0.9), (50, 50, 60, 60, 0.6)),
        "wifi": boxes((0, 0, 10, 11, 0.8), (50, 50, 61, 60, 0.7), (80, 0, 90, 10, 0.5)),
    }
    left = cross_class_nms(candidates, {"lora": 0.5, "wifi": 0.5})
    assert left["lora"].scores.tolist() == pytest.approx([0.9])
    assert left["wifi"].scores.tolist() == pytest.approx([0.7, 0.5])


def test_a_score_below_its_own_threshold_suppresses_nothing() -> None:
    candidates = {"lora": boxes((0, 0, 10, 10, 0.6)), "wifi": boxes((0, 0, 10, 10, 0.5))}
    left = cross_class_nms(candidates, {"lora": 0.7, "wifi": 0.4})
    assert [len(each.scores) for each in left.values()] == [1, 1]
    left = cross_class_nms(candidates, {"lora": 0.6, "wifi": 0.4})
    assert [len(each.scores) for each in left.values()] == [1, 0]


def test_an_emission_is_reported_by_one_head(detector: HydraDetector, window: Window) -> None:
    load(detector, all_finding_head("lora"), all_finding_head("wifi", seed=1))
    every = found(detector, window)
    pixels = torch.from_numpy(window.frame.to_pixels(each.box for each in every))
    assert len(every) > 1
    assert torch.triu(box_iou(pixels, pixels), diagonal=1).max() <= CROSS_CLASS_NMS_IOU


def test_a_window_of_another_contract_is_refused(detector: HydraDetector) -> None:
    with pytest.raises(Incompatible, match="another contract"):
        detector.detect(given.window_of(given.scene(0)))


def test_image_of_another_size_than_the_frame_is_refused(window: Window) -> None:
    with pytest.raises(Incompatible, match="its frame is of"):
        Window(window.image[:64], window.frame)
    with pytest.raises(Incompatible, match="its frame is of"):
        Window(window.image, given.frame(64, SPEC))


def test_a_backbone_of_another_scaling_is_refused(tiny_backbone: TorchBackbone) -> None:
    with pytest.raises(Incompatible, match="another value scaling"):
        HydraDetector(replace(SPEC, scaling=ValueScaling(range_db=60.0)), tiny_backbone)


def test_a_window_never_mixes_two_loaded_sets(detector: HydraDetector, window: Window) -> None:
    """While another thread loads and unloads two heads together, every window is detected by both or by none."""
    names = ["lora", "wifi"]
    heads = [all_finding_head(name, threshold=OUT_OF_REACH) for name in names]
    seen, done = [], threading.Event()

    def watch() -> None:
        while not done.is_set():
            seen.append({each.signal_name for each in found(detector, window, threshold=0.5)})

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(20):
        load(detector, *heads)
        detector.unload_heads(names)
    load(detector, *heads)
    done.set()
    watcher.join()
    assert all(each in (set(), set(names)) for each in seen)
