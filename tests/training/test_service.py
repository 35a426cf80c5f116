import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rfhydra.config import EARLY_STOP_PATIENCE
from rfhydra.detection.detector import HydraDetector
from rfhydra.detection.recording import detect_recording
from rfhydra.errors import Busy, Cancelled, InvalidMessage, InvalidName, NotEnoughSamples, NotFound
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.head import EmbeddingHead, Golden
from rfhydra.hydra.registry import Artifact
from rfhydra.hydra.torch_backbone import TorchBackbone, require_torch
from rfhydra.protocol.types import EpochProgress, TrainingRequest, TrainingResult
from rfhydra.recordings import open_recording, write_recording
from rfhydra.store.workspace import Workspace
from rfhydra.training.evaluation.metrics import ScoredScene, evaluate
from rfhydra.training.evaluation.promotion import Evidence
from rfhydra.training.evaluation.recordings import score_recordings, summarise
from rfhydra.training.fitted import store
from rfhydra.training.service import TrainingService
from tests.training import given
from tests.training.given import OTHER, SIGNAL

FRESH_SCENES = range(1000, 1008)


@pytest.fixture
def trained(service: TrainingService) -> tuple[TrainingResult, list[EpochProgress]]:
    heard: list[EpochProgress] = []
    return service.train_new_signal(SIGNAL, "first", heard.append), heard


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


def artifact(service: TrainingService, version: int) -> bytes:
    versions = service.workspace.versions
    return versions.artifact(versions.get(SIGNAL, version))


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
    assert best.f1_score == max(each.f1_score for each in heard)
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
    assert len(artifact(service, 1)) < 200_000


def test_the_same_samples_give_the_same_head(library: Path, tmp_path: Path, backbone: Backbone) -> None:
    heads = []
    for name in ("one", "two"):
        shutil.copytree(library, tmp_path / name)
        with Workspace.open(tmp_path / name) as workspace:
            service = TrainingService(workspace, backbone, seed=3)
            torch.rand(1)  # what else is drawn in the process has no part in it
            service.train_new_signal(SIGNAL)
            heads.append(artifact(service, 1))
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

    for sample in service.split_manager.plan(SIGNAL).train:
        service.features.get_snr_augmented(sample)
    before = entries()
    assert 20 < len(before) <= 20 + 8
    seen: list[tuple[int, int]] = []
    service.train_new_signal(SIGNAL, on_features=lambda done, total: seen.append((done, total)))
    assert entries() == before
    done, total = zip(*seen, strict=True)
    assert list(done) == list(range(1, total[0] + 1))
    # Not the two samples of the other signal that share their image with validation; but the own ones twice.
    assert set(total) == {10 + 8 + 8}


def test_an_extension_keeps_validation_and_compares_on_it(
    service: TrainingService, trained: tuple[TrainingResult, list[EpochProgress]]
) -> None:
    first, _ = trained
    val = service.split_manager.members(SIGNAL, 1)[1]
    for seed in range(20, 23):
        given.add_sample(service.workspace, seed)
    second = service.extend_signal(SIGNAL, "more")
    assert (second.version, second.sample_count, second.previous_version) == (2, 13, 1)
    assert service.workspace.versions.get(SIGNAL, 2).split_version == 2
    assert service.split_manager.members(SIGNAL, 2)[1] == val
    before = second.previous_metrics
    assert before is not None
    same = ("f1_score", "precision", "recall", "ap", "tp", "fp", "fn", "threshold")
    assert {name: before[name] for name in same} == pytest.approx({name: first.metrics[name] for name in same})
    assert second.auto_promoted == (service.workspace.versions.active(SIGNAL) == 2)
    third = service.train_new_signal(SIGNAL)
    assert service.workspace.versions.get(SIGNAL, 3).split_version == 2
    assert third.sample_count == 13


def test_an_extension_is_judged_on_every_box_that_is_new_to_both_heads(
    service: TrainingService, trained: tuple[TrainingResult, list[EpochProgress]]
) -> None:
    for seed in range(20, 24):
        given.add_sample(service.workspace, seed)
    result = service.extend_signal(SIGNAL)
    evidence = result.metrics["verdict"]["evidence"]
    assert (evidence["boxes"], evidence["new_boxes"], evidence["recordings"]) == (2 + 4, 4, 6)
    assert result.auto_promoted == (result.metrics["verdict"]["decision"] == "promote")
    assert result.promotion_reason is not None
    assert "against version 1 on the same 6 boxes of 6 recordings" in result.promotion_reason
    again = service.train_new_signal(SIGNAL)  # nothing came since version 2, but version 1 is what is active
    service.version_manager.promote_version(SIGNAL, again.version)
    last = service.train_new_signal(SIGNAL)
    assert (last.metrics["verdict"]["evidence"]["boxes"], last.metrics["verdict"]["evidence"]["gain"]) == (2, 0)
    assert last.metrics["verdict"]["decision"] == "cannot tell"
    assert last.metrics["verdict"]["more_boxes"] > 0
    assert service.workspace.versions.active(SIGNAL) == again.version


def test_a_ruined_head_is_replaced_by_a_good_one(service: TrainingService, backbone: Backbone) -> None:
    service.train_new_signal(SIGNAL)
    good = service.version_manager.load_head(SIGNAL, 1, backbone).head
    assert isinstance(good, EmbeddingHead)
    ruined = replace(good, weight=-good.weight, golden=None)
    assert good.golden is not None
    ruined = replace(ruined, golden=Golden.record(ruined, good.golden.boxes, good.golden.embeddings))
    fitted = service.fit(TrainingRequest(signal_name=SIGNAL, extend=True))
    store(service.workspace, replace(fitted, artifact=Artifact.of(ruined)))
    service.version_manager.promote_version(SIGNAL, 2)
    for seed in range(20, 30):
        given.add_sample(service.workspace, seed)
    result = service.extend_signal(SIGNAL)
    assert result.metrics["verdict"]["decision"] == "promote"
    assert "over 99 % likely better" in (result.promotion_reason or "")
    assert service.workspace.versions.active(SIGNAL) == 3
    # And the other way round: the ruined head as the candidate, on the evidence turned about.
    worse = Evidence.of_counts(np.array([[1, 0, 0, 0, 0, 1]] * 12, np.float64), 12)
    fitted = service.fit(TrainingRequest(signal_name=SIGNAL, extend=True))
    kept = store(service.workspace, replace(fitted, artifact=Artifact.of(ruined), evidence=worse))
    assert (kept.auto_promoted, service.workspace.versions.active(SIGNAL)) == (False, 3)
    assert (kept.promotion_reason or "").startswith("kept version 3: a gain of 2 points or more is unlikely")


def test_old_versions_are_retired(service: TrainingService) -> None:
    for _ in range(7):
        service.train_new_signal(SIGNAL, epochs=1)
    kept = [row.version for row in service.workspace.versions.list(SIGNAL)]
    assert kept[-5:] == [3, 4, 5, 6, 7]
    assert {service.workspace.versions.active(SIGNAL), service.workspace.versions.previous(SIGNAL)} - {None} <= {*kept}
    live = {row.artifact_digest for row in service.workspace.versions.list(SIGNAL)}
    assert service.workspace.versions.digests() == live


def test_a_head_that_cannot_run_here_is_not_replaced_without_evidence(
    service: TrainingService, trained: tuple[TrainingResult, list[EpochProgress]]
) -> None:
    other = TorchBackbone(require_torch(service.backbone).network, "another backbone")
    upgraded = TrainingService(service.workspace, other)
    result = upgraded.extend_signal(SIGNAL)
    assert (result.previous_version, result.previous_metrics, result.auto_promoted) == (1, None, False)
    assert result.metrics["verdict"]["decision"] == "cannot tell"
    assert result.promotion_reason is not None
    assert f"was trained on backbone {service.backbone.backbone_id} and cannot run here" in result.promotion_reason
    assert f"`rfhydra promote DIR {SIGNAL} 2`" in result.promotion_reason
    assert service.workspace.versions.active(SIGNAL) == 1


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
    with pytest.raises(InvalidMessage, match="kind: Input should be 'embedding' or 'rcnn'"):
        service.train_new_signal(SIGNAL, kind="yolo")  # type: ignore[arg-type]
    with pytest.raises(InvalidMessage, match="epochs: Input should be greater than or equal to 1"):
        service.train_new_signal(SIGNAL, epochs=0)
    with pytest.raises(NotFound, match="no active version to extend"):
        service.extend_signal(SIGNAL)
    assert given.everything(service.workspace) == before
    assert not service.cancel_training()


@pytest.mark.parametrize("extend", [False, True], ids=["the first training", "an extension"])
def test_a_cancel_from_the_callback_changes_nothing(service: TrainingService, extend: bool) -> None:
    train = service.train_new_signal
    if extend:
        service.train_new_signal(SIGNAL)
        given.add_sample(service.workspace, 20)
        train = service.extend_signal
    before, heard = given.everything(service.workspace), list[EpochProgress]()

    def stop(progress: EpochProgress) -> None:
        heard.append(progress)
        if progress.epoch == 2:
            assert service.cancel_training()

    with pytest.raises(Cancelled):
        train(SIGNAL, callback=stop)
    assert len(heard) == 2
    assert given.everything(service.workspace) == before
    assert train(SIGNAL).version == 1 + extend


def test_a_cancel_while_features_are_computed_changes_nothing(service: TrainingService) -> None:
    before, seen = given.everything(service.workspace), list[int]()

    def stop(done: int, total: int) -> None:
        seen.append(done)
        service.cancel_training()

    with pytest.raises(Cancelled):
        service.train_new_signal(SIGNAL, on_features=stop)
    assert seen == [1]
    assert given.everything(service.workspace) == before


def test_a_callback_that_fails_changes_nothing(service: TrainingService) -> None:
    before = given.everything(service.workspace)

    def fail(progress: EpochProgress) -> None:
        raise ConnectionError("the client has left")

    with pytest.raises(ConnectionError):
        service.train_new_signal(SIGNAL, callback=fail)
    assert given.everything(service.workspace) == before
    assert service.train_new_signal(SIGNAL).version == 1


def test_one_training_at_a_time_and_a_cancel_from_another_thread(service: TrainingService) -> None:
    before = given.everything(service.workspace)
    running, cancelled, errors = threading.Event(), threading.Event(), list[Exception]()

    def wait(progress: EpochProgress) -> None:
        running.set()
        assert cancelled.wait(timeout=30)

    def train() -> None:
        try:
            service.train_new_signal(SIGNAL, callback=wait)
        except Cancelled as error:
            errors.append(error)

    thread = threading.Thread(target=train)
    thread.start()
    try:
        assert running.wait(timeout=30)
        with pytest.raises(Busy, match="a training is running"):
            service.train_new_signal(OTHER)
        assert service.cancel_training()
    finally:
        cancelled.set()
        thread.join()
    assert len(errors) == 1
    assert not service.cancel_training()
    assert given.everything(service.workspace) == before


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


def test_a_fit_from_a_view_changes_nothing_until_it_is_stored(service: TrainingService, backbone: Backbone) -> None:
    workspace = service.workspace
    before = given.everything(workspace)
    with Workspace.view(workspace.path) as view:
        fitted = TrainingService(view, backbone).fit(TrainingRequest(signal_name=SIGNAL, notes="apart"))
    assert given.everything(workspace) == before
    result = store(workspace, fitted)
    assert (result.version, result.auto_promoted) == (1, True)
    assert workspace.versions.get(SIGNAL, 1).notes == "apart"
    assert artifact(service, 1) == fitted.artifact.data
    assert {**fitted.metrics, "verdict": result.metrics["verdict"]} == dict(result.metrics)
    again = dict(service.train_new_signal(SIGNAL).metrics)
    assert {**again, "verdict": None} == {**fitted.metrics, "verdict": None}
    assert artifact(service, 2) != artifact(service, 1)  # it carries its notes


def test_a_version_that_became_active_during_the_training_stays(
    service: TrainingService, trained: tuple[TrainingResult, list[EpochProgress]]
) -> None:
    fitted = service.fit(TrainingRequest(signal_name=SIGNAL, extend=True))
    service.train_new_signal(SIGNAL)
    service.version_manager.promote_version(SIGNAL, 2)
    result = store(service.workspace, fitted)
    assert (result.version, result.previous_version, result.auto_promoted) == (3, 1, False)
    assert result.promotion_reason is not None
    assert "version 2 was made active during the training" in result.promotion_reason
    assert service.workspace.versions.active(SIGNAL) == 2


def test_a_sample_that_was_deleted_during_the_training_is_missed(service: TrainingService) -> None:
    fitted = service.fit(TrainingRequest(signal_name=SIGNAL))
    service.workspace.samples.delete(fitted.split.train[0])
    before = given.everything(service.workspace)
    with pytest.raises(NotFound, match="has no sample"):
        store(service.workspace, fitted)
    assert given.everything(service.workspace) == before
