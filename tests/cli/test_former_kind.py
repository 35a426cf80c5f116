"""A workspace with heads of kind ``rcnn``, which are no longer run: it opens, lists them, and says what to do."""

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rfhydra.errors import Incompatible
from rfhydra.hydra.backbone_file import backbone_id_in, load_backbone
from rfhydra.hydra.registry import VersionManager
from rfhydra.protocol.types import TrainingRequest
from rfhydra.server.service import Settings
from rfhydra.store.versions import PROVISIONAL
from rfhydra.store.workspace import Workspace
from rfhydra.training.fitted import store
from rfhydra.training.service import TrainingService
from tests.cli.command_runner import contents, record, run
from tests.cli.rcnn_release import ACTIVE, EMBEDDING, QUEUED, RCNN
from tests.server.json_peer import Peer, peer, running
from tests.server.server_process import small_backbone

STORED = Path(__file__).parent / "workspaces" / "rcnn-heads.tar.xz"
SAYS = "version 2 of signal 'pager' is of kind rcnn, which is no longer run: train the signal again, or upgrade"
NEW = {EMBEDDING: 2, RCNN: 3, QUEUED: 2}


@pytest.fixture
def site(tmp_path: Path, body_file: Path) -> Path:
    shutil.unpack_archive(STORED, tmp_path, filter="data")
    _move_to(tmp_path / "site", backbone_id_in(body_file))
    with Workspace.open(tmp_path / "site"):  # readers do not bring a database of that release up to date
        pass
    return tmp_path / "site"


def _move_to(site: Path, backbone_id: str) -> None:
    """Name the backbone as this processor and this torch make it, in the database and in the artifacts of heads.

    Its golden test vector is computed, and has other last digits on another processor.
    """
    with closing(sqlite3.connect(site / "rfhydra.db")) as connection, connection:
        heads = connection.execute("SELECT artifact_digest, backbone_id FROM head_versions").fetchall()
        for digest, former_id in heads:
            artifact = (site / "blobs" / digest[:2] / digest[2:]).read_bytes()
            moved = artifact.replace(former_id.encode(), backbone_id.encode())
            name = hashlib.sha256(moved).hexdigest()
            (site / "blobs" / name[:2]).mkdir(exist_ok=True)
            (site / "blobs" / name[:2] / name[2:]).write_bytes(moved)
            connection.execute(
                "UPDATE head_versions SET artifact_digest = ?, backbone_id = ? WHERE artifact_digest = ?",
                (name, backbone_id, digest),
            )
        connection.execute("UPDATE active_backbone SET backbone_id = ?", (backbone_id,))


@pytest.fixture(scope="module")
def new_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_backbone(tmp_path_factory.mktemp("new") / "new.safetensors", seed=1)


def answer(*arguments: object) -> Any:
    outcome = run(*arguments, "--json")
    assert (outcome.status, outcome.stderr) == (0, "")
    return json.loads(outcome.stdout)


def active(path: Path) -> dict[str, int | None]:
    with Workspace.open(path) as workspace:
        return {name: workspace.versions.active(name) for name in ACTIVE}


def kinds(path: Path) -> dict[str, str]:
    """The kind of the active head of each signal."""
    with Workspace.open(path) as workspace:
        return {head.signal_name: head.kind for head in workspace.versions.active_heads()}


def test_they_are_listed_as_history(site: Path) -> None:
    history = answer("versions", site, RCNN)
    assert (history["active_version"], [each["kind"] for each in history["versions"]]) == (2, ["embedding", "rcnn"])
    assert "no longer run" in run("versions", site, RCNN).stdout
    registry = answer("registry", site)["signals"]
    assert {name: entry["active_version"] for name, entry in registry.items()} == ACTIVE


def test_loading_promoting_and_returning_to_one_says_what_to_do(site: Path, body_file: Path) -> None:
    with Workspace.open(site) as workspace:
        manager = VersionManager(workspace)
        with pytest.raises(Incompatible, match=SAYS):
            manager.load_heads(ACTIVE, load_backbone(body_file))
        manager.promote_version(RCNN, 1)
    before = contents(site)
    for command in (("promote", site, RCNN, 2), ("rollback", site, RCNN)):
        outcome = run(*command, "--json")
        error = json.loads(outcome.stderr)
        assert (outcome.status, error["code"]) == (1, "incompatible")
        assert SAYS in error["message"]
    assert contents(site) == before


def test_detection_and_scans_say_it(site: Path, body_file: Path, tmp_path: Path) -> None:
    heard = record(tmp_path / "heard", 1)
    for command in ("detect", "eval"):
        chosen = ("--heads", RCNN) if command == "detect" else ()
        named = (site, heard) if command == "detect" else (site, RCNN, heard)
        outcome = run(command, *named, *chosen, "--backbone", body_file)
        assert outcome.status == 1
        assert "is of kind rcnn, which is no longer run" in " ".join(outcome.stderr.split())
    outcome = run("scan", site, heard.parent, tmp_path / "hits.parquet", "--heads", RCNN, "--backbone", body_file)
    assert "is of kind rcnn, which is no longer run" in " ".join(outcome.stderr.split())


@pytest.mark.parametrize("extend", [False, True], ids=["train", "extend"])
def test_a_new_head_takes_the_place_of_one_that_does_not_run(site: Path, body_file: Path, extend: bool) -> None:
    with Workspace.open(site) as workspace:
        service = TrainingService(workspace, load_backbone(body_file))
        fitted = service.fit(TrainingRequest(signal_name=RCNN, epochs=2, extend=extend))
        assert (fitted.previous_version, fitted.previous_metrics, fitted.evidence) == (2, None, None)
        poor = store(workspace, replace(fitted, metrics={**fitted.metrics, "f1_score": 0.0}))
        assert (poor.auto_promoted, workspace.versions.active(RCNN)) == (False, 2)
        split = service.split_manager.plan(RCNN).draft  # which the first one has made
        better = store(workspace, replace(fitted, metrics={**fitted.metrics, "f1_score": 0.5}, split=split))
        assert (better.auto_promoted, workspace.versions.active(RCNN)) == (True, 4)
        assert better.promotion_reason == "replaces version 2, which is of kind rcnn and no longer run"


def test_a_provisional_head_takes_its_place(site: Path, body_file: Path) -> None:
    with Workspace.open(site) as workspace:
        for sample in workspace.samples.list(RCNN)[:4]:
            workspace.samples.delete(sample.sample_id)
        service = TrainingService(workspace, load_backbone(body_file))
        fitted = service.fit(TrainingRequest(signal_name=RCNN, epochs=2, provisional=True))
        assert fitted.metrics[PROVISIONAL]
        result = store(workspace, replace(fitted, metrics={**fitted.metrics, "own_boxes_found": 1}))
        assert (result.auto_promoted, workspace.versions.active(RCNN)) == (True, 3)


def test_an_upgrade_trains_them_again(site: Path, new_file: Path) -> None:
    report = answer("upgrade", site, "--backbone", new_file, "--force")
    assert {head["signal_name"]: head["version"] for head in report["heads"]} == NEW
    assert (report["left"], report["current"], active(site), set(kinds(site).values())) == ([], [], NEW, {"embedding"})
    with Workspace.open(site) as workspace:
        assert workspace.loaded.versions() == NEW
        assert VersionManager(workspace).load_heads(NEW, load_backbone(new_file)).keys() == NEW.keys()
    assert answer("upgrade", site, "--undo")["heads"] == ACTIVE
    assert active(site) == ACTIVE


def test_an_upgrade_to_the_same_backbone_trains_them_alone(site: Path, new_file: Path) -> None:
    with closing(sqlite3.connect(site / "rfhydra.db")) as connection, connection:
        for table in ("head_versions", "active_backbone"):
            connection.execute(f"UPDATE {table} SET backbone_id = ?", (backbone_id_in(new_file),))
    planned = answer("upgrade", site, "--backbone", new_file, "--dry-run")
    assert [each["signal_name"] for each in planned["heads"]] == [RCNN, QUEUED]
    report = answer("upgrade", site, "--backbone", new_file, "--force")
    assert {head["signal_name"]: head["version"] for head in report["heads"]} == {RCNN: 3, QUEUED: 2}
    assert report["current"] == [EMBEDDING]
    with Workspace.open(site) as workspace:
        assert workspace.loaded.versions() == {**NEW, EMBEDDING: 1}
    assert "nothing to do" in run("upgrade", site, "--backbone", new_file).stdout
    answer("upgrade", site, "--undo")
    with Workspace.open(site) as workspace:
        assert workspace.loaded.versions() == ACTIVE
    assert active(site) == ACTIVE


@contextmanager
def served(site: Path, new: Path, former: Path) -> Iterator[Peer]:
    settings = Settings(backbone_path=new, former_path=former, grace_sec=0)
    with Workspace.open(site) as workspace, running(workspace, settings) as port, peer(port) as client:
        yield client


def test_a_server_starts_refuses_them_and_upgrades(site: Path, body_file: Path, new_file: Path) -> None:
    with served(site, new_file, body_file) as client:
        asked(client, "subscribe", topics=["jobs", "upgrades"])
        (job,) = asked(client, "list_jobs")["jobs"]
        if job["state"] != "failed":
            client.until("training_failed")
            (job,) = asked(client, "list_jobs")["jobs"]
        assert (job["kind"], job["state"], job["code"]) == ("rcnn", "failed", "invalid_message")
        assert "heads of kind rcnn are no longer trained" in job["error"]
        assert RCNN not in asked(client, "get_loaded_heads")["heads"]
        assert SAYS in asked(client, "load_heads", signal_names=[RCNN])["message"]
        refused = asked(client, "train_signal", signal_name=RCNN, kind="rcnn")
        assert (refused["code"], "kind: heads of kind rcnn" in refused["message"]) == ("invalid_message", True)
        client.send("start_upgrade", force=True)
        complete = client.until("upgrade_complete", "upgrade_failed")[-1]
        assert complete["type"] == "upgrade_complete", complete
        assert asked(client, "get_loaded_heads")["versions"] == NEW
        undone = asked(client, "undo_upgrade")
        assert undone["type"] == "upgrade_undone", undone
        assert undone["heads"] == ACTIVE


def asked(client: Peer, command: str, **fields: Any) -> Any:
    """The answer to a command, without the pushes before it."""
    client.send(command, id="asked", **fields)
    while (message := client.receive()).get("id") != "asked":
        pass
    return message
