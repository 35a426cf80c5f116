"""All heads of a workspace of the previous release, trained again on another small backbone and switched at once."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rfhydra.errors import Cancelled, Conflict, Incompatible
from rfhydra.hydra.head import EmbeddingHead
from rfhydra.hydra.registry import Artifact, VersionManager
from rfhydra.hydra.torch_backbone import TorchBackbone
from rfhydra.protocol.upgrade_reports import UpgradeReport
from rfhydra.store.workspace import Workspace
from rfhydra.training.service import TrainingService
from rfhydra.training.trainer import Control
from rfhydra.training.upgrade import Upgrade, switch
from tests.training import given
from tests.training.given import OTHER, SIGNAL

POOR = "poor"
"""A signal whose samples were deleted after its training."""


@pytest.fixture(scope="module")
def previous_release(tmp_path_factory: pytest.TempPathFactory, tiny_backbone: TorchBackbone) -> Path:
    """A closed workspace with three active heads, with only the oldest fields in metadata and metrics. To be copied."""
    path = tmp_path_factory.mktemp("previous") / "site"
    with Workspace.create(path, given.SMALL_SPEC) as workspace:
        for start, name in ((0, SIGNAL), (10, OTHER), (20, POOR)):
            given.add_noise(workspace, range(start, start + 6), name)
        service = TrainingService(workspace, tiny_backbone)
        for name in (SIGNAL, OTHER, POOR):
            service.train_new_signal(name, epochs=2)
            store_as_old(workspace, tiny_backbone, name)
        for sample in workspace.samples.list(POOR)[2:]:
            workspace.samples.delete(sample.sample_id)
    return path


def store_as_old(workspace: Workspace, backbone: TorchBackbone, name: str) -> None:
    """Make an active version 2 of version 1, with the metadata that has no default, and the required metrics."""
    versions = VersionManager(workspace)
    head = versions.load_head(name, 1, backbone).head
    assert isinstance(head, EmbeddingHead)
    info = replace(head.info, split_version=None, metrics={}, notes=None)
    row = workspace.versions.get(name, 1)
    version = versions.create_version(
        name,
        Artifact.of(replace(head, info=info)),
        metrics={rate: row.metrics[rate] for rate in ("f1_score", "precision", "recall")},
        sample_count=row.sample_count,
        split_version=row.split_version,
        epochs_trained=row.epochs_trained,
        early_stopped=row.early_stopped,
        training_time_sec=row.training_time_sec,
    )
    versions.promote_version(name, version)


@pytest.fixture
def workspace(previous_release: Path, tmp_path: Path) -> Any:
    with Workspace.open(Path(shutil.copytree(previous_release, tmp_path / "site"))) as opened:
        yield opened


def active(workspace: Workspace) -> dict[str, int | None]:
    return {name: workspace.versions.active(name) for name in workspace.versions.signals()}


def test_a_workspace_of_the_previous_release_is_upgraded(workspace: Workspace, new_backbone: TorchBackbone) -> None:
    upgrade = Upgrade(workspace, new_backbone)
    planned = {each.signal_name: each for each in upgrade.plan()}
    assert {name: (each.sample_count, each.reused) for name, each in planned.items()} == {
        SIGNAL: (6, None),
        OTHER: (6, None),
        POOR: (2, None),
    }
    report = upgrade.train()
    assert active(workspace) == {SIGNAL: 2, OTHER: 2, POOR: 2}
    assert workspace.backbone_id == report.former_backbone_id == "tiny"
    assert [(head.signal_name, head.former_version, head.version) for head in report.heads] == [
        (SIGNAL, 2, 3),
        (OTHER, 2, 3),
    ]
    assert {head.basis for head in report.heads} == {"validation"}
    (left,) = report.left
    assert (left.signal_name, left.version) == (POOR, 2)
    assert left.reason == planned[POOR].left == "Not enough samples (minimum 5 required): poor has 2"
    switch(workspace, report, who="ada")
    assert active(workspace) == {SIGNAL: 3, OTHER: 3, POOR: 2}
    assert workspace.backbone_id == "new"
    for name in (SIGNAL, OTHER):
        head = VersionManager(workspace).load_head(name, None, new_backbone).head
        assert head.info.backbone_id == "new"
        assert workspace.versions.get(name, 3).notes == "upgrade of version 2 to backbone new"
    again = Upgrade(workspace, new_backbone).train()
    assert (again.heads, again.current) == ([], [SIGNAL, OTHER])


def test_the_former_backbone_runs_on_the_same_boxes(
    workspace: Workspace, tiny_backbone: TorchBackbone, new_backbone: TorchBackbone
) -> None:
    given.add_noise(workspace, [30, 31])  # new to the former head
    report = Upgrade(workspace, new_backbone, tiny_backbone).train()
    head = next(head for head in report.heads if head.signal_name == SIGNAL)
    assert head.basis == "paired"
    assert head.evidence is not None
    assert head.evidence["new_boxes"] == 2
    with pytest.raises(Incompatible, match="no head to upgrade runs on backbone new"):
        Upgrade(workspace, tiny_backbone, new_backbone)


def test_what_an_interrupted_upgrade_trained_is_reused(
    workspace: Workspace, tiny_backbone: TorchBackbone, new_backbone: TorchBackbone
) -> None:
    def interrupt_second(name: str, done: int, total: int) -> Control:
        return Control(cancelled=lambda: done == 1)

    with pytest.raises(Cancelled):
        Upgrade(workspace, new_backbone).train(interrupt_second)
    assert active(workspace) == {SIGNAL: 2, OTHER: 2, POOR: 2}
    upgrade = Upgrade(workspace, new_backbone)
    assert [(each.signal_name, each.reused) for each in upgrade.plan()][:2] == [(SIGNAL, 3), (OTHER, None)]
    report = upgrade.train()
    assert [(head.version, head.is_reused) for head in report.heads] == [(3, True), (3, False)]
    assert [head.is_reused for head in upgrade.train().heads] == [True, True]
    assert reused(Upgrade(workspace, new_backbone, tiny_backbone)) == [False, False]  # to be run beside the former
    assert reused(Upgrade(workspace, new_backbone, tiny_backbone)) == [True, True]
    given.add_noise(workspace, [40], OTHER)
    assert reused(Upgrade(workspace, new_backbone)) == [False, False]


def reused(upgrade: Upgrade) -> list[bool]:
    return [head.is_reused for head in upgrade.train().heads]


def test_trained_heads_survive_retention_and_garbage_collection(
    workspace: Workspace, new_backbone: TorchBackbone
) -> None:
    report = Upgrade(workspace, new_backbone).train()
    former = TrainingService(workspace, new_backbone)
    for _ in range(3):
        former.train_new_signal(SIGNAL, epochs=1)
    workspace.collect_garbage()
    again = Upgrade(workspace, new_backbone)
    assert [head.version for head in again.train().heads] == [head.version for head in report.heads]
    switch(workspace, report, force=True)
    assert active(workspace) == {SIGNAL: 3, OTHER: 3, POOR: 2}
    assert workspace.upgrades.undo().heads == {SIGNAL: 2, OTHER: 2}
    assert reused(Upgrade(workspace, new_backbone)) == [True, True]


def test_a_loss_is_refused_unless_forced(workspace: Workspace, new_backbone: TorchBackbone) -> None:
    upgrade = Upgrade(workspace, new_backbone)
    report = with_loss(upgrade.train(), OTHER)
    before = given.everything(workspace)
    with pytest.raises(Conflict, match=rf"nothing was switched: {OTHER} \(F1 1.000 → 0.900\) would lose more than 2"):
        switch(workspace, report)
    assert given.everything(workspace) == before
    switch(workspace, report, force=True)
    assert active(workspace) == {SIGNAL: 3, OTHER: 3, POOR: 2}


def with_loss(report: UpgradeReport, name: str) -> UpgradeReport:
    loss = {"f1_before": 1.0, "f1_after": 0.9, "change": "worse"}
    heads = [head.model_copy(update=loss) if head.signal_name == name else head for head in report.heads]
    return report.model_copy(update={"heads": heads})


def test_a_damaged_image_leaves_the_heads_that_need_it(workspace: Workspace, new_backbone: TorchBackbone) -> None:
    digest = workspace.samples.list(SIGNAL)[0].image_digest
    (blob,) = (path for path in (workspace.path / "blobs").rglob(f"*{digest[4:]}*") if path.is_file())
    blob.chmod(0o600)
    blob.write_bytes(b"no image")
    report = Upgrade(workspace, new_backbone).train()
    assert report.heads == []  # the samples of one signal are negatives of the other
    assert {each.signal_name for each in report.left} == {SIGNAL, OTHER, POOR}
    assert "does not match its digest" in report.left[0].reason
