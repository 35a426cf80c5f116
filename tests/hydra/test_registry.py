from dataclasses import replace
from typing import Any

import pytest

from rfhydra.config import BACKBONE_VERSION
from rfhydra.errors import Conflict, Damaged, Incompatible, NotFound
from rfhydra.hydra.registry import VersionManager
from rfhydra.hydra.torch_backbone import TorchBackbone
from rfhydra.protocol.versions import Registry
from rfhydra.store.workspace import Workspace
from tests.hydra.given import METRICS, create_version, make_head

SIGNAL = "lora"


@pytest.fixture
def versions(small: Workspace) -> VersionManager:
    return VersionManager(small)


def create(versions: VersionManager, seed: int = 0, signal_name: str = SIGNAL, **fields: Any) -> int:
    return create_version(versions, make_head(seed, signal_name), **fields)


@pytest.mark.parametrize(
    ("before", "after", "promotes", "reason"),
    [
        (None, 0.1, True, "first version"),
        (None, 0.0, False, "finds none of its validation boxes"),
        (0.80, 0.82, True, "F1 improved 2.0 points"),
        (0.80, 0.8199, False, "kept version 1"),
        (0.80, 0.80, False, "kept version 1"),
        (0.80, 0.50, False, "kept version 1"),
        (0.94, 0.95, True, "did not regress"),
        (0.95, 0.95, True, "did not regress"),
        (0.97, 0.96, False, "kept version 1"),
        (0.96, 0.97, True, "did not regress"),
        (0.97, 0.99, True, "F1 improved 2.0 points"),
    ],
)
def test_the_rule_of_promotion(
    versions: VersionManager, before: float | None, after: float, promotes: bool, reason: str
) -> None:
    if before is not None:
        versions.promote_version(SIGNAL, create(versions, metrics={**METRICS, "f1_score": before}))
    decision, why = versions.should_auto_promote(SIGNAL, {**METRICS, "f1_score": after})
    assert decision == promotes
    assert reason in why


def test_the_rule_compares_on_the_same_boxes_where_it_can(versions: VersionManager) -> None:
    versions.promote_version(SIGNAL, create(versions))
    rescored = {**METRICS, "f1_score": 0.6}
    promotes, why = versions.should_auto_promote(SIGNAL, {**METRICS, "f1_score": 0.7}, rescored)
    assert promotes
    assert "on the same validation boxes" in why
    assert "as stored" in versions.should_auto_promote(SIGNAL, METRICS)[1]


def test_the_history_is_a_message_of_the_protocol(versions: VersionManager) -> None:
    create(versions, notes="first")
    versions.promote_version(SIGNAL, create(versions, sample_count=20))
    history = versions.get_version_history(SIGNAL)
    assert (history.signal_name, history.active_version) == (SIGNAL, 2)
    first, second = history.versions
    assert first.model_dump(exclude={"created_at"}) == {
        "version": 1,
        "is_active": False,
        "kind": "embedding",
        **METRICS,
        "sample_count": 10,
        "split_version": None,
        "epochs_trained": 12,
        "early_stopped": True,
        "training_time_sec": 0.4,
        "notes": "first",
        "provisional": False,
    }
    assert first.created_at.endswith("Z")
    assert (second.version, second.is_active, second.sample_count) == (2, True, 20)


def test_the_registry_is_a_message_of_the_protocol(versions: VersionManager) -> None:
    assert versions.get_registry() == Registry(backbone_version=BACKBONE_VERSION, signals={})
    versions.promote_version(SIGNAL, create(versions))
    create(versions, sample_count=30, metrics={**METRICS, "f1_score": 0.1})
    create(versions, signal_name="wifi")
    signals = versions.get_registry().with_loaded({"wifi"}).signals
    assert list(signals) == [SIGNAL, "wifi"]
    assert signals[SIGNAL].model_dump() == {
        "active_version": 1,
        "active_head_version": 1,
        **METRICS,
        "sample_count": 10,
        "last_trained": versions.get_version_history(SIGNAL).versions[-1].created_at,
        "is_loaded": False,
        "provisional": False,
    }
    wifi = signals["wifi"]
    assert (wifi.active_version, wifi.f1_score, wifi.sample_count, wifi.is_loaded) == (None, None, 10, True)


def test_retention_drops_neither_the_active_nor_the_previous_version(versions: VersionManager) -> None:
    for seed in range(9):
        create(versions, seed)
    versions.promote_version(SIGNAL, 2)
    versions.promote_version(SIGNAL, 1)
    assert versions.cleanup_old_versions(SIGNAL) == [3, 4]
    assert [row.version for row in versions.get_version_history(SIGNAL).versions] == [1, 2, 5, 6, 7, 8, 9]
    assert versions.rollback(SIGNAL) == 2


def test_rollback_follows_the_history_not_the_numbers(versions: VersionManager) -> None:
    for seed in range(3):
        create(versions, seed)
    for version in (3, 1, 2):
        versions.promote_version(SIGNAL, version, "told to", "eve")
    for previous in (1, 3):
        assert versions.get_version_history(SIGNAL).previous_version == previous
        assert versions.rollback(SIGNAL, "drifts", "eve") == previous
    assert versions.get_version_history(SIGNAL).previous_version is None
    entry = versions.workspace.audit.list(limit=1)[0]
    assert (entry.action, entry.who, entry.detail["reason"]) == ("version.rollback", "eve", "drifts")
    with pytest.raises(Conflict, match="no other version was active"):
        versions.rollback(SIGNAL)


def test_what_is_not_there_is_not_found(versions: VersionManager, tiny_backbone: TorchBackbone) -> None:
    for call in (versions.rollback, versions.get_version_history, versions.require_active):
        with pytest.raises(NotFound):
            call(SIGNAL)
    create(versions)
    with pytest.raises(NotFound, match="no active head"):
        versions.require_active(SIGNAL)
    with pytest.raises(NotFound):
        versions.promote_version(SIGNAL, 2)
    with pytest.raises(NotFound):
        versions.load_head(SIGNAL, 2, tiny_backbone)


def test_a_head_is_loaded_only_where_it_fits(versions: VersionManager, tiny_backbone: TorchBackbone) -> None:
    create(versions)
    assert versions.load_head(SIGNAL, 1, tiny_backbone).head.info == make_head(0, SIGNAL).info
    with pytest.raises(Incompatible, match="another backbone"):
        versions.load_head(SIGNAL, 1, TorchBackbone(tiny_backbone.network, "another backbone"))
    foreign = make_head(0, SIGNAL, spec_id="another contract")
    with pytest.raises(Incompatible, match="another contract"):
        create_version(versions, foreign)


def test_a_damaged_artifact_is_not_loaded(versions: VersionManager, tiny_backbone: TorchBackbone) -> None:
    create(versions)
    row = versions.workspace.versions.get(SIGNAL, 1)
    (blob,) = versions.workspace.path.glob(f"blobs/*/{row.artifact_digest[2:]}")
    blob.write_bytes(replace(make_head(1), info=make_head(0, SIGNAL).info).to_bytes())
    with pytest.raises(Damaged):
        versions.load_head(SIGNAL, 1, tiny_backbone)
