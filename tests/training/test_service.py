import shutil
from pathlib import Path

import pytest
import torch

from rfhydra.config import EARLY_STOP_PATIENCE
from rfhydra.detection.detector import HydraDetector
from rfhydra.detection.recording import detect_recording
from rfhydra.errors import InvalidMessage, InvalidName, NotEnoughSamples, NotFound
from rfhydra.hydra.backbone import Backbone
from rfhydra.protocol.types import EpochProgress, TrainingResult
from rfhydra.recordings import open_recording, write_recording
from rfhydra.store.workspace import Workspace
from rfhydra.training.evaluation.metrics import ScoredScene, evaluate
from rfhydra.training.evaluation.recordings import score_recordings, summarise
from rfhydra.training.service import TrainingService
from tests.training import given
from tests.training.given import OTHER, SIGNAL

FRESH_SCENES = range(1000, 1008)


def loaded_detector(service: TrainingService, signal_name: str) -> HydraDetector:
    """A detector with the active head of the signal."""
    detector = HydraDetector(service.workspace.spec, service.backbone)
    heads = service.version_manager.load_heads([signal_name], service.backbone)
    assert detector.load_heads(heads) == [signal_name]
    return detector


def f1_on_fresh_scenes(service: TrainingService, signal_name: str) -> float:
    detector = loaded_detector(service, signal_name)
    frame, scenes = given.frame(), []
    for seed in FRESH_SCENES:
        made = given.scene(seed)
        found = detector.detect(given.window_of(made, seed)).detections
        scores = torch.tensor([each.score for each in found]).numpy()
        truth = frame.to_pixels(given.boxes_of(made, signal_name))
        scenes.append(ScoredScene(frame.to_pixels(each.box for each in found), scores, truth))
    return evaluate(scenes, 0.0).f1_score


def test_ten_samples_teach_a_signal(service: TrainingService) -> None:
    for name in (SIGNAL, OTHER):
        result = service.train_new_signal(name, "first")
        assert f1_on_fresh_scenes(service, name) >= 0.7
        assert (result.signal_name, result.version, result.sample_count) == (name, 1, 10)
        assert (result.auto_promoted, result.promotion_reason) == (True, "first version of this signal")
        assert (result.previous_version, result.previous_metrics) == (None, None)
        assert service.workspace.versions.active(name) == 1


def test_progress_is_true(trained: tuple[TrainingResult, list[EpochProgress]]) -> None:
    result, heard = trained
    assert [each.epoch for each in heard] == list(range(1, len(heard) + 1))
    assert result.epochs_trained == len(heard)
    assert result.early_stopped == (len(heard) < 50)
    assert {each.total_epochs for each in heard} == {50}
    elapsed = [each.elapsed_sec for each in heard]
    assert elapsed == sorted(elapsed)
    assert elapsed[0] > 0
    assert elapsed[-1] <= result.training_time_sec < 60
    best = [each for each in heard if each.is_best][-1]
    assert best.f1_score == max(each.f1_score or 0.0 for each in heard)
    assert best.val_loss is not None
    assert heard[0].val_loss is not None
    assert best.val_loss < heard[0].val_loss
    assert best.train_loss < heard[0].train_loss
    assert result.metrics["val_loss"] == best.val_loss
    assert result.metrics["best_epoch"] == best.epoch
    assert not any(each.is_best for each in heard[best.epoch :])
    assert len(heard) == min(50, best.epoch + EARLY_STOP_PATIENCE)


def test_a_version_says_what_it_was_made_from(
    service: TrainingService, trained: tuple[TrainingResult, list[EpochProgress]]
) -> None:
    result, _ = trained
    row = service.workspace.versions.get(SIGNAL, 1)
    assert (row.kind, row.sample_count, row.split_version, row.notes) == ("embedding", 10, 1, "first")
    assert (row.epochs_trained, row.early_stopped) == (result.epochs_trained, result.early_stopped)
    assert row.metrics == dict(result.metrics)
    low, high = result.metrics["f1_interval"]
    assert 0 <= low <= result.metrics["f1_score"] <= high <= 1
    assert result.metrics["tp"] + result.metrics["fn"] == 2
    assert result.metrics["cross_validation"]["tp"] + result.metrics["cross_validation"]["fn"] == 10
    assert result.metrics["proposal_recall"] >= 0.8
    head = service.version_manager.load_head(SIGNAL, 1, service.backbone).head
    train, _ = service.split_manager.members(SIGNAL, 1)
    assert head.info.sample_ids == tuple(sample.sample_id for sample in train)
    assert {**head.info.metrics, "verdict": result.metrics["verdict"]} == dict(result.metrics)
    assert (head.info.split_version, head.info.threshold) == (1, result.metrics["threshold"])
    assert len(given.artifact(service.workspace, 1)) < 200_000


def test_the_same_samples_give_the_same_head(library: Path, tmp_path: Path, backbone: Backbone) -> None:
    heads = []
    for name in ("one", "two"):
        shutil.copytree(library, tmp_path / name)
        with Workspace.open(tmp_path / name) as workspace:
            service = TrainingService(workspace, backbone)
            torch.rand(1)  # what else is drawn in the process has no part in it
            service.train_new_signal(SIGNAL)
            heads.append(given.artifact(service.workspace, 1))
    assert heads[0] == heads[1]


def test_training_leaves_the_callers_random_numbers_alone(service: TrainingService) -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    service.train_new_signal(SIGNAL, epochs=1)
    assert torch.equal(torch.rand(1), expected)


def test_a_second_training_computes_no_features(service: TrainingService, stocked: Workspace) -> None:
    def entries() -> dict[str, int]:
        return {path.name: path.stat().st_mtime_ns for path in (stocked.path / "cache").iterdir()}

    service.train_new_signal(SIGNAL)
    before = entries()
    # 20 samples and 8 augmented ones, each once as the backbone sees it and at most once for the head's own candidates.
    assert 20 + 8 <= len(before) <= 2 * (20 + 8)
    seen: list[tuple[int, int]] = []
    service.train_new_signal(SIGNAL, on_features=lambda done, total: seen.append((done, total)))
    assert entries() == before
    done, total = zip(*seen, strict=True)
    assert list(done) == list(range(1, total[0] + 1))
    # Not the two samples of the other signal that share their image with validation; but the own ones twice.
    assert set(total) == {10 + 8 + 8}


def test_four_samples_are_not_enough(service: TrainingService) -> None:
    given.add_noise(service.workspace, range(4), "new")
    before = given.everything(service.workspace)
    with pytest.raises(NotEnoughSamples, match=r"Not enough samples \(minimum 5 required\)"):
        service.train_new_signal("new")
    assert given.everything(service.workspace) == before


def test_what_cannot_be_trained_is_refused(service: TrainingService) -> None:
    before = given.everything(service.workspace)
    with pytest.raises(InvalidName):
        service.train_new_signal("../etc/passwd")
    with pytest.raises(InvalidMessage, match="kind: Input should be 'embedding'"):
        service.train_new_signal(SIGNAL, kind="yolo")  # type: ignore[call-arg]
    with pytest.raises(InvalidMessage, match="kind: heads of kind rcnn are no longer trained: leave it out"):
        service.train_new_signal(SIGNAL, kind="rcnn")  # type: ignore[call-arg]
    with pytest.raises(InvalidMessage, match="epochs: Input should be greater than or equal to 1"):
        service.train_new_signal(SIGNAL, epochs=0)
    with pytest.raises(NotFound, match="no active version to extend"):
        service.extend_signal(SIGNAL)
    assert given.everything(service.workspace) == before
    assert not service.cancel_training()


def test_every_burst_of_a_recording_is_found_once(
    service: TrainingService, trained: tuple[TrainingResult, list[EpochProgress]], tmp_path: Path
) -> None:
    made = given.scene(77, beacons=5, samples=4 * given.SPEC.window_samples + 1000)
    meta = write_recording(
        tmp_path / "long", given.heard(made, 77), given.RATE_HZ, given.CENTER_HZ, given.annotations_of(made)
    )
    recording = open_recording(meta)
    detector = loaded_detector(service, SIGNAL)
    found = detect_recording(recording, detector)
    assert [each.box.time_start_sec for each in found] == sorted(each.box.time_start_sec for each in found)
    names: list[str] = []
    scenes = score_recordings(detector, SIGNAL, [recording], names.append)
    report = summarise(scenes, detector.loaded_threshold(SIGNAL), iou=0.5)
    assert names == ["long"]
    assert report["recordings"] == 1
    assert report["tp"] + report["fn"] == 5
    assert report["tp"] > 0
    assert report["fp"] == 0  # a burst found twice is a false alarm
    assert report["ap"] >= 0.9


def reject_pagers(workspace: Workspace, seeds: range) -> None:
    """Windows of a recording each without the signal, whose pagers are verified not to be it."""
    for seed in seeds:
        made = given.scene(seed, beacons=0)
        negatives = [(f"!{SIGNAL}", box) for box in given.boxes_of(made, OTHER)]
        window = given.window_of(made, seed)
        workspace.samples.add(
            signal_name=SIGNAL, window=window, boxes=[], negatives=negatives, recording=f"rejected {seed}"
        )


def test_a_head_is_extended_with_what_is_not_its_signal(service: TrainingService) -> None:
    service.train_new_signal(SIGNAL)
    reject_pagers(service.workspace, range(40, 43))
    result = service.extend_signal(SIGNAL)
    assert (result.version, result.sample_count) == (2, 13)
    evidence = result.metrics["verdict"]["evidence"]
    assert (evidence["new_boxes"], evidence["recordings"]) == (0, 5)  # two validation windows, three rejected ones
    head = service.version_manager.load_head(SIGNAL, 2, service.backbone).head
    assert len(head.info.sample_ids) == 8 + 3
    assert f1_on_fresh_scenes(service, SIGNAL) >= 0.7


def test_a_provisional_head_learns_from_what_is_not_its_signal(small: Workspace, tiny_backbone: Backbone) -> None:
    (first, *_) = given.add_noise(small, range(1))
    given.add_noise(small, range(1, 3))
    for sample in small.samples.list(SIGNAL)[1:]:
        small.samples.update(sample.sample_id, boxes=[], negatives=[(f"!{SIGNAL}", box) for box in first.boxes])
    result = TrainingService(small, tiny_backbone).train_new_signal(SIGNAL, provisional=True, epochs=3)
    assert (result.sample_count, result.metrics["own_boxes"]) == (3, 1)


def test_a_head_of_a_renamed_signal_has_the_new_name(service: TrainingService) -> None:
    service.train_new_signal(SIGNAL)
    before = service.version_manager.load_head(SIGNAL, 1, service.backbone).head.info
    service.workspace.signals.rename(SIGNAL, "gate")
    info = service.version_manager.load_head("gate", 1, service.backbone).head.info
    assert (info.signal_name, info.sample_ids) == ("gate", before.sample_ids)
    result = service.extend_signal("gate")  # compared with it, on the same validation samples
    assert (result.version, result.previous_version) == (2, 1)
    assert result.previous_metrics is not None
    assert result.metrics["verdict"]["evidence"]["new_boxes"] == 0
