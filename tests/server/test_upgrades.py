"""Upgrades of a live server's heads to another backbone: two small ones of random weights."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from rfhydra.hydra.backbone_file import backbone_id_in, load_backbone
from rfhydra.server.jobs.queue import MAX_ATTEMPTS
from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from rfhydra.training.service import TrainingService
from tests.server.json_peer import Peer, npy_b64, peer, running, training_paused
from tests.server.server_process import serving, small_backbone
from tests.server.watched_jobs import LONGER
from tests.training.given import OTHER, SIGNAL, SMALL_SPEC, add_noise

FEW: Final = "few"
"""A signal that has lost samples since its training."""
OLD: Final = {SIGNAL: 1, OTHER: 1}
NEW: Final = {SIGNAL: 2, OTHER: 2}
ENDS: Final = ("upgrade_complete", "upgrade_failed")
WINDOW: Final = npy_b64(np.zeros((SMALL_SPEC.rows, SMALL_SPEC.cols), np.uint8))


@pytest.fixture(scope="module")
def new_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_backbone(tmp_path_factory.mktemp("new") / "new.safetensors", seed=1)


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory, body: Path) -> Path:
    """A closed workspace with three active heads of ``body``, two of them loaded. To be copied."""
    path = tmp_path_factory.mktemp("stocked") / "site"
    with Workspace.create(path, SMALL_SPEC) as workspace:
        service = TrainingService(workspace, load_backbone(body))
        for number, name in enumerate((SIGNAL, OTHER, FEW)):
            add_noise(workspace, range(10 * number, 10 * number + 6), name)
            service.train_new_signal(name, epochs=1)
            service.version_manager.promote_version(name, 1)
        for sample in workspace.samples.list(FEW)[:3]:
            workspace.samples.delete(sample.sample_id)
        workspace.loaded.load(OLD)
    return path


@pytest.fixture
def site(stocked: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(stocked, tmp_path / "site"))


@contextmanager
def served(site: Path, new: Path, former: Path | None) -> Iterator[Peer]:
    settings = Settings(backbone_path=new, former_path=former, grace_sec=0)
    with Workspace.open(site) as workspace, running(workspace, settings) as port, peer(port) as client:
        yield client


def detecting(client: Peer) -> dict[str, int]:
    """The versions that detect in a window now."""
    heads: dict[str, int] = client.answer("detect", spectrogram_b64=WINDOW)["heads"]
    return heads


def active(client: Peer) -> dict[str, int]:
    signals = client.answer("get_registry")["signals"]
    return {name: entry["active_version"] for name, entry in signals.items()}


def begin(client: Peer, **fields: Any) -> dict[str, Any]:
    """Start an upgrade, and read on until the running training process has the first head; the answer."""
    client.send("train_signal", signal_name=FEW)  # starts the process, and has too few samples
    client.until("training_failed")
    client.send("start_upgrade", **fields)
    first, second = (client.until("upgrade", "upgrade_progress")[-1] for _ in range(2))
    return first if first["type"] == "upgrade" else second


def test_the_old_set_detects_until_the_switch_and_again_after_an_undo(site: Path, body: Path, new_file: Path) -> None:
    old_id, new_id = backbone_id_in(body), backbone_id_in(new_file)
    with served(site, new_file, body) as client:
        assert client.ask("hello")["backbone"]["id"] == old_id
        begun = begin(client)
        assert (begun["type"], begun["backbone"]["id"], begun["new_backbone"]["id"]) == ("upgrade", old_id, new_id)
        assert (begun["outdated_heads"], begun["job"]["state"]) == (3, "running")
        with training_paused():
            assert detecting(client) == OLD
            assert active(client) == {**OLD, FEW: 1}
        *progress, complete = (each for each in client.until(*ENDS) if each["type"].startswith("upgrade"))
        assert complete["type"] == "upgrade_complete", complete
        assert {each["heads_total"] for each in progress} == {3}
        report = complete["report"]
        assert {head["signal_name"]: head["version"] for head in report["heads"]} == NEW
        assert {head["evidence"] is not None for head in report["heads"]} == {True}  # run beside the former heads
        assert [each["signal_name"] for each in report["left"]] == [FEW]
        assert detecting(client) == NEW
        assert client.ask("hello")["backbone"]["id"] == new_id
        assert active(client) == {**NEW, FEW: 1}
        assert client.answer("get_upgrade")["job"]["report"] == report

        client.send("train_signal", signal_name=SIGNAL, epochs=1)  # on the new backbone
        assert client.until("training_complete", "training_failed")[-1]["version"] == 3
        undone = client.answer("undo_upgrade")
        assert (undone["backbone_id"], undone["heads"]) == (old_id, OLD), undone
        assert detecting(client) == OLD
        assert client.ask("hello")["backbone"]["id"] == old_id
        assert client.answer("undo_upgrade")["code"] == "conflict"
    with Workspace.open(site) as workspace:
        assert workspace.versions.get(SIGNAL, 3).backbone_id == new_id
        assert workspace.loaded.versions() == OLD


def test_a_cancel_keeps_the_old_set(site: Path, body: Path, new_file: Path) -> None:
    with served(site, new_file, body) as client:
        client.ask("subscribe", topics=["upgrades"])
        begin(client)
        with training_paused():
            assert client.answer("start_upgrade", force=True)["code"] == "conflict"
            assert client.answer("undo_upgrade")["code"] == "busy"
            cancelled = client.answer("cancel_upgrade")["job"]["job_id"]
        failed = client.until(*ENDS)[-1]
        assert (failed["job_id"], failed["code"], failed["report"]) == (cancelled, "cancelled", None)
        assert client.answer("cancel_upgrade")["code"] == "not_found"
        assert (detecting(client), active(client)) == (OLD, {**OLD, FEW: 1})
        client.send("start_upgrade")
        assert client.until(*ENDS)[-1]["type"] == "upgrade_complete"
        assert detecting(client) == NEW


def test_a_cancel_does_not_wait_for_the_training_of_a_client(site: Path, body: Path, new_file: Path) -> None:
    with served(site, new_file, body) as client:
        client.ask("subscribe", topics=["jobs", "upgrades"])
        client.send("train_signal", signal_name=FEW, **LONGER)
        client.until("training_progress")
        with training_paused():
            client.send("start_upgrade")
            client.until("upgrade")
            client.send("cancel_upgrade")
            assert client.until(*ENDS)[-1]["code"] == "cancelled"
            client.send("start_upgrade")
            client.send("cancel_upgrade")  # while the upgrade looks for its first head
            assert client.until(*ENDS)[-1]["code"] == "cancelled"
            client.send("cancel_training")
        client.until("training_failed")
        assert detecting(client) == OLD


def test_a_loaded_head_that_would_be_lost_keeps_the_old_set_unless_forced(
    site: Path, body: Path, new_file: Path
) -> None:
    with served(site, new_file, body) as client:
        loaded = client.answer("load_heads", signal_names=[FEW])["versions"]
        client.send("start_upgrade")
        failed = client.until(*ENDS)[-1]
        assert (failed["code"], failed["error"].partition(":")[0]) == ("conflict", "nothing was switched")
        assert f"{FEW} (Not enough samples" in failed["error"]
        assert len(failed["report"]["heads"]) == 2
        assert detecting(client) == loaded == {**OLD, FEW: 1}
        client.send("start_upgrade", force=True)
        complete = client.until(*ENDS)[-1]
        assert [head["is_reused"] for head in complete["report"]["heads"]] == [True, True]
        assert detecting(client) == NEW
        assert client.answer("undo_upgrade")["type"] == "upgrade_undone"
        assert detecting(client) == loaded


def test_a_server_of_a_new_release_without_the_former_backbone_upgrades(site: Path, body: Path, new_file: Path) -> None:
    with served(site, new_file, None) as client:
        assert detecting(client) == {}
        assert client.answer("get_upgrade")["outdated_heads"] == 3
        client.send("start_upgrade")
        complete = client.until(*ENDS)[-1]
        assert {head["evidence"] for head in complete["report"]["heads"]} == {None}
        assert detecting(client) == NEW  # what was loaded is loaded again
        refused = client.answer("undo_upgrade")
        assert (refused["code"], backbone_id_in(body) in refused["message"]) == ("incompatible", True)
        assert detecting(client) == NEW
    with served(site, new_file, body) as client:  # the same command goes on with the new set
        assert detecting(client) == NEW
        client.answer("rollback_signal", signal_name=OTHER)
    with served(site, new_file, body) as client:
        assert detecting(client) == NEW


def test_a_version_that_becomes_active_during_the_upgrade_is_upgraded(site: Path, body: Path, new_file: Path) -> None:
    with served(site, new_file, body) as client:
        client.send("train_signal", signal_name=SIGNAL, epochs=1)
        client.until("training_complete")
        begin(client, force=True)
        with training_paused():
            client.answer("promote_version", signal_name=SIGNAL, version=2)
        heads = {head["signal_name"]: head for head in client.until(*ENDS)[-1]["report"]["heads"]}
        assert heads[SIGNAL]["former_version"] == 2
        assert detecting(client) == {name: head["version"] for name, head in heads.items()}


def test_a_killed_server_goes_on_with_its_upgrade(site: Path, body: Path, new_file: Path) -> None:
    options = ("--backbone", new_file, "--from", body)
    with serving(site, *options) as server, peer(server.port) as client:
        client.send("start_upgrade")
        client.until("upgrade_progress")
        server.kill()
    with Workspace.open(site) as workspace:
        assert workspace.backbone_id == backbone_id_in(body)
        assert workspace.loaded.versions() == OLD
    with serving(site, *options) as server, peer(server.port) as client:
        (state,) = client.answer("subscribe", topics=["upgrades"])["snapshots"]
        if state["job"]["finished_at"] is None:
            client.until(*ENDS)
        job = client.answer("get_upgrade")["job"]
        assert (job["state"], job["attempts"]) == ("completed", 2)
        assert detecting(client) == NEW
        server.kill()
    with serving(site, *options) as server, peer(server.port) as client:
        assert detecting(client) == NEW


def test_a_stopped_server_goes_on_and_its_stop_is_not_counted(site: Path, body: Path, new_file: Path) -> None:
    with served(site, new_file, body) as client:
        client.send("start_upgrade")
        client.until("upgrade_progress")
    with served(site, new_file, body) as client:
        (state,) = client.answer("subscribe", topics=["upgrades"])["snapshots"]
        assert state["job"]["attempts"] == 1
        if state["job"]["finished_at"] is None:
            client.until(*ENDS)
        assert detecting(client) == NEW


def test_an_upgrade_that_always_kills_its_server_is_given_up(site: Path, body: Path, new_file: Path) -> None:
    with Workspace.open(site) as workspace:
        job = workspace.upgrade_jobs.add(backbone_id_in(new_file), force=False)
        workspace.upgrade_jobs.count_attempt(job.job_id, MAX_ATTEMPTS - 1)
    with served(site, new_file, body) as client:
        ended = client.answer("get_upgrade")["job"]
        assert (ended["state"], ended["code"]) == ("failed", "internal")
        assert "killed 3 times" in ended["error"]
        assert detecting(client) == OLD
