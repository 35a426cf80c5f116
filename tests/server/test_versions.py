import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from rfhydra.store.workspace import Workspace
from tests.server.json_peer import Peer, peer, running
from tests.training.given import OTHER, SIGNAL


@pytest.fixture
def port(trained: Path, tmp_path: Path) -> Iterator[int]:
    """A server of one's own: these tests change what is active."""
    shutil.copytree(trained, tmp_path / "site")
    with Workspace.open(tmp_path / "site") as workspace, running(workspace) as number:
        yield number


def test_history_tells_every_version(client: Peer) -> None:
    history = client.ask("get_version_history", signal_name=SIGNAL)
    assert history["active_version"] == 2
    assert [(each["version"], each["is_active"], each["notes"]) for each in history["versions"]] == [
        (1, False, "made for tests"),
        (2, True, "made for tests"),
    ]
    assert all(each["created_at"].endswith("Z") and each["sample_count"] == 10 for each in history["versions"])


def test_promotion_and_rollback_go_back_and_forth_and_subscribers_hear_of_it(port: int, client: Peer) -> None:
    with peer(port) as other:
        snapshot = other.ask("subscribe", topics=["registry"])["snapshots"][0]
        assert snapshot["signals"][SIGNAL]["active_version"] == 2
        assert client.ask("promote_version", signal_name=SIGNAL, version=1) == {
            "type": "version_promoted",
            "signal_name": SIGNAL,
            "version": 1,
        }
        assert other.receive()["signals"][SIGNAL]["active_version"] == 1
        assert client.ask("rollback_signal", signal_name=SIGNAL, id=4) == {
            "type": "version_rollback",
            "id": 4,
            "signal_name": SIGNAL,
            "active_version": 2,
        }
        assert other.receive()["signals"][SIGNAL]["active_version"] == 2


def test_a_promotion_that_cannot_be_changes_nothing(client: Peer) -> None:
    assert client.ask("promote_version", signal_name=SIGNAL, version=99)["code"] == "not_found"
    assert client.ask("rollback_signal", signal_name=OTHER)["code"] == "conflict"
    registry = client.ask("get_registry")
    assert registry["signals"][SIGNAL]["active_version"] == 2
    assert registry["signals"][OTHER]["active_version"] == 1


def test_heads_are_loaded_and_unloaded(client: Peer) -> None:
    assert client.ask("get_loaded_heads") == {"type": "loaded_heads", "heads": [], "versions": {}, "thresholds": {}}
    assert client.ask("load_heads", signal_names=[SIGNAL])["heads"] == [SIGNAL]
    assert client.ask("load_heads", signal_names=[SIGNAL, OTHER])["heads"] == sorted([SIGNAL, OTHER])
    signals = client.ask("get_registry")["signals"]
    assert [signals[name]["is_loaded"] for name in (SIGNAL, OTHER)] == [True, True]
    assert client.ask("unload_heads", signal_names=[SIGNAL, "never-loaded"])["heads"] == [OTHER]
    assert client.ask("unload_heads")["heads"] == []


def test_loading_what_does_not_exist_changes_nothing(client: Peer) -> None:
    client.ask("load_heads", signal_names=[OTHER])
    assert client.ask("load_heads", signal_names=[SIGNAL, "nobody"])["code"] == "not_found"
    assert client.ask("get_loaded_heads")["heads"] == [OTHER]


def test_a_promotion_does_not_change_what_is_loaded(client: Peer) -> None:
    client.ask("load_heads", signal_names=[SIGNAL])
    client.ask("promote_version", signal_name=SIGNAL, version=1)
    assert client.ask("get_loaded_heads")["versions"] == {SIGNAL: 2}
    assert client.ask("load_heads", signal_names=[SIGNAL])["versions"] == {SIGNAL: 1}


def test_what_was_acknowledged_is_there_after_a_restart(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path / "twice")
    with Workspace.open(tmp_path / "twice") as workspace, running(workspace) as port, peer(port) as client:
        client.ask("promote_version", signal_name=SIGNAL, version=1)
    with Workspace.open(tmp_path / "twice") as workspace, running(workspace) as port, peer(port) as client:
        assert client.ask("get_registry")["signals"][SIGNAL]["active_version"] == 1
