"""Upgrades of a live server's heads to another backbone: two small ones of random weights."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from rfhydra.hydra.backbone_file import backbone_id_in, load_backbone
from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from rfhydra.training.service import TrainingService
from tests.server.json_peer import Peer, npy_b64, peer, running, training_paused
from tests.server.server_process import small_backbone
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
    heads: dict[str, int] = answer(client, "detect", spectrogram_b64=WINDOW)["heads"]
    return heads


def answer(client: Peer, command: str, **fields: Any) -> dict[str, Any]:
    """The answer to a command, without the pushes before it."""
    client.send(command, id="asked", **fields)
    while (message := client.receive()).get("id") != "asked":
        pass
    return message


def active(client: Peer) -> dict[str, int]:
    signals = answer(client, "get_registry")["signals"]
    return {name: entry["active_version"] for name, entry in signals.items()}


def until_epoch(client: Peer) -> None:
    """Read on until a head is being trained."""
    while client.until("upgrade_progress", *ENDS)[-1]["epoch"] is None:
        pass


def test_the_old_set_detects_until_the_switch_and_again_after_an_undo(site: Path, body: Path, new_file: Path) -> None:
    old_id, new_id = backbone_id_in(body), backbone_id_in(new_file)
    with served(site, new_file, body) as client:
        assert client.ask("hello")["backbone"]["id"] == old_id
        begun = client.ask("start_upgrade", id=1)
        while begun.get("id") != 1:
            begun = client.receive()
        assert (begun["type"], begun["backbone"]["id"], begun["new_backbone"]["id"]) == ("upgrade", old_id, new_id)
        assert (begun["outdated_heads"], begun["job"]["state"]) == (3, "running")
        until_epoch(client)
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
        assert answer(client, "get_upgrade")["job"]["report"] == report

        client.send("train_signal", signal_name=SIGNAL, epochs=1)  # on the new backbone
        assert client.until("training_complete", "training_failed")[-1]["version"] == 3
        undone = answer(client, "undo_upgrade")
        assert (undone["backbone_id"], undone["heads"]) == (old_id, OLD)
        assert detecting(client) == OLD
        assert client.ask("hello")["backbone"]["id"] == old_id
        assert answer(client, "undo_upgrade")["code"] == "conflict"
    with Workspace.open(site) as workspace:
        assert workspace.versions.get(SIGNAL, 3).backbone_id == new_id
        assert workspace.loaded.versions() == OLD
