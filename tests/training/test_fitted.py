"""What storing a trained head does: versions, evidence, promotion, retention."""

from dataclasses import replace

import numpy as np
import pytest

from rfhydra.errors import NotFound
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.head import EmbeddingHead, Golden
from rfhydra.hydra.registry import Artifact
from rfhydra.hydra.torch_backbone import TorchBackbone
from rfhydra.protocol.types import EpochProgress, TrainingRequest, TrainingResult
from rfhydra.store.workspace import Workspace
from rfhydra.training.evaluation.promotion import Evidence
from rfhydra.training.fitted import store
from rfhydra.training.service import TrainingService
from tests.training import given
from tests.training.given import SIGNAL


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
    service: TrainingService, trained: tuple[TrainingResult, list[EpochProgress]], backbone: TorchBackbone
) -> None:
    other = TorchBackbone(backbone.network, "another backbone")
    upgraded = TrainingService(service.workspace, other)
    result = upgraded.extend_signal(SIGNAL)
    assert (result.previous_version, result.previous_metrics, result.auto_promoted) == (1, None, False)
    assert result.metrics["verdict"]["decision"] == "cannot tell"
    assert result.promotion_reason is not None
    assert f"was trained on backbone {service.backbone.backbone_id} and cannot run here" in result.promotion_reason
    assert f"`rfhydra promote DIR {SIGNAL} 2`" in result.promotion_reason
    assert service.workspace.versions.active(SIGNAL) == 1


def test_a_fit_from_a_view_changes_nothing_until_it_is_stored(service: TrainingService, backbone: Backbone) -> None:
    workspace = service.workspace
    before = given.everything(workspace)
    with Workspace.view(workspace.path) as view:
        fitted = TrainingService(view, backbone).fit(TrainingRequest(signal_name=SIGNAL, notes="apart"))
    assert given.everything(workspace) == before
    result = store(workspace, fitted)
    assert (result.version, result.auto_promoted) == (1, True)
    assert workspace.versions.get(SIGNAL, 1).notes == "apart"
    assert given.artifact(service.workspace, 1) == fitted.artifact.data
    assert {**fitted.metrics, "verdict": result.metrics["verdict"]} == dict(result.metrics)
    again = dict(service.train_new_signal(SIGNAL).metrics)
    assert {**again, "verdict": None} == {**fitted.metrics, "verdict": None}
    assert given.artifact(service.workspace, 2) != given.artifact(service.workspace, 1)  # it carries its notes


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
