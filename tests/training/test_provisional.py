"""Provisional heads: made from fewer samples than can be validated."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torchvision.ops import box_iou

from rfhydra.errors import Conflict, NotEnoughSamples
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.head import HeadInfo
from rfhydra.hydra.torch_backbone import TorchBackbone
from rfhydra.protocol.types import EpochProgress, TrainingRequest
from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace
from rfhydra.synth import Scene, make_burst
from rfhydra.training.data.splits import SplitPlan
from rfhydra.training.data.training_set import TrainingSet
from rfhydra.training.evaluation.promotion import Evidence, judge_against_provisional, judge_provisional
from rfhydra.training.fitted import store
from rfhydra.training.heads.provisional import without_alike
from rfhydra.training.service import TrainingService
from rfhydra.training.trainer import Control
from rfhydra.training.upgrade import Upgrade, switch
from tests.training import given
from tests.training.given import SIGNAL
from tests.training.test_service import f1_on_fresh_scenes

RATES = ("f1_score", "precision", "recall")


@pytest.fixture
def empty(tmp_path: Path, backbone: Backbone) -> Iterator[TrainingService]:
    """An empty workspace, and the backbone that ships."""
    with Workspace.create(tmp_path / "empty", given.SPEC) as workspace:
        yield TrainingService(workspace, backbone)


def add(service: TrainingService, seeds: Sequence[int]) -> list[Sample]:
    """A sample of a scene each, in which nobody labelled the other signals."""
    return [given.add_sample(service.workspace, seed, negatives=[]) for seed in seeds]


def add_crowd(workspace: Workspace) -> tuple[Sample, Tensor]:
    """A scene with three bursts of the signal, of which the user drew the first, and another emission; in pixels."""
    made, rng = Scene(given.SPEC.window_samples), np.random.default_rng(3)
    for _ in range(3):
        burst = make_burst(given.KINDS[SIGNAL], rng, given.BURST_SAMPLES // 2, given.BURST_WIDTH)
        made.place(burst, rng, 20.0, cut=0.0, max_overlap=0.0)
    made.place(make_burst("chirp", rng, 20_000, 0.2), rng, 20.0, cut=0.0, max_overlap=0.0)
    boxes = [each.box(given.RATE_HZ, given.CENTER_HZ) for each in made.emissions]
    sample, _ = workspace.samples.add(signal_name=SIGNAL, window=given.window_of(made, 3), boxes=boxes[:1])
    return sample, torch.from_numpy(given.frame().to_pixels(boxes)).float()


def test_fewer_than_five_samples_are_refused_unless_a_provisional_head_is_asked_for(empty: TrainingService) -> None:
    add(empty, range(2))
    with pytest.raises(
        NotEnoughSamples, match=r"^Not enough samples \(minimum 5 required\): beacon has 2; label more, or"
    ):
        empty.train_new_signal(SIGNAL)
    with pytest.raises(NotEnoughSamples, match=r"^Not enough samples \(minimum 5 required\): stranger has 0$"):
        empty.train_new_signal("stranger", provisional=True)
    assert not empty.workspace.versions.list(SIGNAL)


@pytest.mark.parametrize("count", [1, 2])
def test_one_box_or_two_make_a_head_that_finds_their_like(empty: TrainingService, count: int) -> None:
    add(empty, range(count))
    heard = list[EpochProgress]()
    result = empty.train_new_signal(SIGNAL, callback=heard.append, provisional=True)
    assert f1_on_fresh_scenes(empty, SIGNAL) >= 0.6
    assert (result.version, result.sample_count, result.auto_promoted) == (1, count, True)
    assert result.promotion_reason == "provisional: nothing validates it; 5 samples make a version that is validated"
    assert [each.epoch for each in heard] == list(range(1, result.epochs_trained + 1))
    assert {(each.f1_score, each.val_loss) for each in heard} == {(None, None)}


def test_nothing_about_a_provisional_head_pretends_to_be_validated(empty: TrainingService) -> None:
    sample, *_ = add(empty, [0])
    metrics = dict(empty.train_new_signal(SIGNAL, epochs=3, provisional=True).metrics)
    assert [metrics[name] for name in RATES] == [None] * 3
    assert metrics["provisional"] is True
    assert {"f1_interval", "ap", "tp", "cross_validation"}.isdisjoint(metrics)
    assert (metrics["own_boxes_found"], metrics["own_boxes"]) == (1, 1)
    row = empty.workspace.versions.get(SIGNAL, 1)
    assert (row.is_provisional, row.split_version, row.epochs_trained) == (True, None, 3)
    assert empty.workspace.splits.active_version(SIGNAL) is None
    info = empty.version_manager.load_head(SIGNAL, 1, empty.backbone).head.info
    assert (info.provisional, info.sample_ids) == (True, (sample.sample_id,))
    (shown,) = empty.version_manager.get_version_history(SIGNAL).versions
    assert (shown.provisional, shown.is_active, shown.f1_score) == (True, True, None)
    entry = empty.version_manager.get_registry().signals[SIGNAL]
    assert (entry.provisional, entry.active_version, entry.f1_score) == (True, 1, None)


def test_five_samples_make_a_validated_head_also_where_a_provisional_one_is_allowed(service: TrainingService) -> None:
    result = service.train_new_signal(SIGNAL, provisional=True)
    assert "provisional" not in dict(result.metrics)
    assert not service.workspace.versions.get(SIGNAL, 1).is_provisional
    assert not service.version_manager.load_head(SIGNAL, 1, service.backbone).head.info.provisional
    assert not service.version_manager.get_registry().signals[SIGNAL].provisional


def test_a_provisional_head_is_replaced_by_the_next_one_and_by_a_validated_one(empty: TrainingService) -> None:
    add(empty, [0])
    empty.train_new_signal(SIGNAL, provisional=True)
    add(empty, [1])
    second = empty.extend_signal(SIGNAL, provisional=True)
    assert (second.version, second.auto_promoted, second.previous_metrics) == (2, True, None)
    known = {sample.sample_id for sample in empty.workspace.samples.list(SIGNAL)}
    add(empty, range(2, 9))
    third = empty.train_new_signal(SIGNAL)
    assert (third.version, third.auto_promoted, third.previous_metrics) == (3, True, None)
    assert third.promotion_reason == "replaces version 2, which is provisional"
    train, val = empty.split_manager.members(SIGNAL, 1)
    new = [sample for sample in (*train, *val) if sample.sample_id not in known]
    assert third.metrics["verdict"]["evidence"]["boxes"] == len(new) == 7  # none that the provisional head knows
    assert empty.workspace.versions.active(SIGNAL) == 3
    assert empty.version_manager.rollback(SIGNAL) == 2  # to go back is the operator's decision


def test_no_provisional_head_replaces_a_validated_one(service: TrainingService) -> None:
    service.train_new_signal(SIGNAL)
    for sample in service.workspace.samples.list(SIGNAL)[2:]:
        service.workspace.samples.delete(sample.sample_id)
    result = service.train_new_signal(SIGNAL, provisional=True)
    assert (result.version, result.auto_promoted) == (2, False)
    assert result.promotion_reason is not None
    assert result.promotion_reason.startswith("kept version 1: it is validated")
    before = given.everything(service.workspace)
    with pytest.raises(Conflict, match=r"version 2 of signal 'beacon' is provisional \(2 samples\) .* up to 5"):
        service.version_manager.promote_version(SIGNAL, 2)
    assert given.everything(service.workspace) == before
    assert service.version_manager.should_auto_promote(SIGNAL, dict(result.metrics))[0] is False


def test_a_validated_version_that_was_activated_meanwhile_stays(service: TrainingService) -> None:
    for sample in service.workspace.samples.list(SIGNAL)[5:]:
        service.workspace.samples.delete(sample.sample_id)
    kept = service.workspace.samples.list(SIGNAL)
    service.workspace.samples.delete(kept[0].sample_id)
    fitted = service.fit(TrainingRequest(signal_name=SIGNAL, provisional=True))
    given.add_sample(service.workspace, 30)
    service.train_new_signal(SIGNAL)
    service.version_manager.promote_version(SIGNAL, 1)
    assert not store(service.workspace, fitted).auto_promoted
    assert service.workspace.versions.active(SIGNAL) == 1


def counted(before: list[int], after: list[int]) -> Evidence:
    return Evidence.of_counts(np.array([[*before, *after]] * 12, np.float64), 12)


def test_the_rule_for_provisional_heads() -> None:
    better, worse = counted([0, 0, 1], [1, 0, 0]), counted([1, 0, 0], [0, 0, 1])
    assert judge_against_provisional(0.6, 1, None).promotes
    assert judge_against_provisional(0.6, 1, better).promotes
    assert judge_against_provisional(0.6, 1, counted([1, 0, 0], [1, 0, 0])).promotes
    refused = judge_against_provisional(0.6, 1, worse)
    assert (refused.decision, refused.evidence) == ("keep", worse)
    assert judge_against_provisional(0.0, 1, None).decision == "keep"  # it detects none of its validation boxes
    assert judge_provisional(1, None, active_is_provisional=False).promotes
    assert judge_provisional(1, 3, active_is_provisional=True).promotes
    assert judge_provisional(1, 3, active_is_provisional=False).decision == "keep"
    assert judge_provisional(0, None, active_is_provisional=False).decision == "keep"


def test_what_is_like_the_one_box_that_was_drawn_is_no_negative(empty: TrainingService) -> None:
    sample, bursts = add_crowd(empty.workspace)
    plan = SplitPlan(None, False, [sample], [])
    whole = TrainingSet.of(SIGNAL, empty.workspace, plan, empty.features, Control())
    (before,) = (example.assigned.unlabelled.boxes for example in whole.own)
    (after,) = (example.assigned.unlabelled.boxes for example in without_alike(whole).own)
    others, chirp = bursts[1:3], bursts[3:]
    assert all((box_iou(bursts[1:], before) > 0.6).any(1))
    assert not (box_iou(others, after) > 0.6).any()
    assert (box_iou(chirp, after) > 0.6).any()


def test_a_backbone_without_a_background_set_makes_a_provisional_head(
    small: Workspace, tiny_backbone: Backbone
) -> None:
    assert not len(tiny_backbone.background)
    given.add_noise(small, range(1))
    service = TrainingService(small, tiny_backbone)
    service.train_new_signal(SIGNAL, provisional=True)
    assert service.version_manager.load_head(SIGNAL, 1, tiny_backbone).head.info.provisional


def test_a_cancelled_training_makes_no_provisional_head(empty: TrainingService) -> None:
    add(empty, [0])
    heard = list[EpochProgress]()

    def stop(progress: EpochProgress) -> None:
        heard.append(progress)
        empty.cancel_training()

    with pytest.raises(Exception, match="the training was cancelled"):
        empty.train_new_signal(SIGNAL, callback=stop, provisional=True)
    assert len(heard) == 1
    assert not empty.workspace.versions.list(SIGNAL)


def test_an_upgrade_carries_provisional_heads_along(
    small: Workspace, tiny_backbone: Backbone, new_backbone: TorchBackbone
) -> None:
    for start, name in ((0, "one"), (10, "grown")):
        given.add_noise(small, range(start, start + 1), name)
    service = TrainingService(small, tiny_backbone)
    for name in ("one", "grown"):
        version = service.train_new_signal(name, epochs=2, provisional=True).version
        service.version_manager.promote_version(name, version)
    given.add_noise(small, range(11, 16), "grown")
    upgrade = Upgrade(small, new_backbone)
    assert {each.signal_name: each.left for each in upgrade.plan()} == {"grown": None, "one": None}
    report = upgrade.train()
    assert not report.left
    for head in report.heads:
        assert (head.change, head.basis, head.f1_before) == ("unknown", "none", None)
    assert [each.is_reused for each in upgrade.train().heads] == [True, True]
    switch(small, report)
    active = {head.signal_name: (head.backbone_id, head.is_provisional) for head in small.versions.active_heads()}
    assert active == {"one": ("new", True), "grown": ("new", False)}
    small.upgrades.undo()
    assert {head.backbone_id for head in small.versions.active_heads()} == {"tiny"}


def test_a_head_from_before_there_were_provisional_ones_is_not_provisional(
    service: TrainingService,
) -> None:
    service.train_new_signal(SIGNAL, epochs=1)
    info = service.version_manager.load_head(SIGNAL, 1, service.backbone).head.info
    fields = info.to_metadata()
    del fields["provisional"]
    assert HeadInfo.from_metadata(fields) == info
