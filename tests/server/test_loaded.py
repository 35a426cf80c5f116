"""What is loaded survives the server: each test stops one and starts the next on the same workspace."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from rfhydra.protocol.limits import Limits
from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from tests.server.json_peer import Peer, peer, running
from tests.training.given import OTHER, SIGNAL


@pytest.fixture
def site(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "site"))


@contextmanager
def served(site: Path, settings: Settings | None = None) -> Iterator[Peer]:
    with Workspace.open(site) as workspace, running(workspace, settings) as port, peer(port) as client:
        yield client


def test_the_next_server_has_the_same_heads_in_the_same_versions(site: Path) -> None:
    with served(site) as client:
        client.ask("load_heads", signal_names=[SIGNAL, OTHER])
        client.ask("promote_version", signal_name=SIGNAL, version=1)
        client.ask("unload_heads", signal_names=[OTHER])
    with served(site, Settings(limits=Limits(max_heads=1))) as client:
        assert client.ask("get_loaded_heads")["versions"] == {SIGNAL: 2}
        signals = client.ask("get_registry")["signals"]
        assert [signals[name]["is_loaded"] for name in (SIGNAL, OTHER)] == [True, False]
        assert client.ask("load_heads", signal_names=[OTHER])["code"] == "too_large"
        assert client.ask("load_heads", signal_names=[SIGNAL])["versions"] == {SIGNAL: 1}
    with served(site) as client:
        assert client.ask("get_loaded_heads")["versions"] == {SIGNAL: 1}


def test_what_was_unloaded_stays_so(site: Path) -> None:
    with served(site) as client:
        client.ask("load_heads", signal_names=[SIGNAL, OTHER])
        assert client.ask("unload_heads")["heads"] == []
    with served(site) as client:
        assert client.ask("get_loaded_heads")["heads"] == []


def test_what_was_refused_is_not_loaded_by_the_next_server(site: Path) -> None:
    with served(site) as client:
        client.ask("load_heads", signal_names=[OTHER])
        assert client.ask("load_heads", signal_names=[SIGNAL, "nobody"])["code"] == "not_found"
    with served(site) as client:
        assert client.ask("get_loaded_heads")["heads"] == [OTHER]


def test_heads_of_another_body_are_left_out_until_their_own_is_back(
    site: Path, body: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with served(site) as client:
        client.ask("load_heads", signal_names=[SIGNAL, OTHER])
    with served(site, Settings(backbone_path=body)) as client:
        assert client.ask("get_loaded_heads")["heads"] == []
        assert client.ask("get_registry")["signals"][SIGNAL]["is_loaded"] is False
        client.ask("unload_heads", signal_names=[OTHER])
    assert f"version 2 of the head of {SIGNAL} is not loaded again" in caplog.text
    assert "workspace site uses backbone " in caplog.text
    caplog.clear()
    with served(site) as client:
        assert client.ask("get_loaded_heads")["versions"] == {SIGNAL: 2}
    assert caplog.text == ""


@pytest.mark.parametrize("is_lost", [True, False])
def test_a_damaged_head_keeps_nothing_else_from_being_loaded(
    site: Path, caplog: pytest.LogCaptureFixture, is_lost: bool
) -> None:
    with served(site) as client:
        client.ask("load_heads", signal_names=[SIGNAL, OTHER])
    with Workspace.open(site) as workspace:
        digest = workspace.versions.get(SIGNAL, 2).artifact_digest
    blob = site / "blobs" / digest[:2] / digest[2:]
    blob.unlink()
    if not is_lost:
        blob.mkdir()  # the disk answers with an error of its own, which names the file
    with served(site) as client:
        assert client.ask("get_loaded_heads")["heads"] == [OTHER]
    assert f"version 2 of the head of {SIGNAL} is not loaded again" in caplog.text
    assert str(site) not in caplog.text


def test_what_cannot_be_written_is_neither_loaded_nor_unloaded(site: Path) -> None:
    with served(site) as client, closing(sqlite3.connect(site / "rfhydra.db", isolation_level=None)) as other:
        client.ask("load_heads", signal_names=[OTHER])
        other.execute("BEGIN IMMEDIATE")
        assert client.ask("load_heads", signal_names=[SIGNAL])["code"] == "busy"
        assert client.ask("unload_heads")["code"] == "busy"
        assert client.ask("get_loaded_heads")["heads"] == [OTHER]
