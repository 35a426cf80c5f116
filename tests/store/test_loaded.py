from pathlib import Path

import pytest

from rfhydra.errors import NotFound
from rfhydra.store.schema import MIGRATIONS
from rfhydra.store.workspace import Workspace
from tests.store.small_data import SIGNAL, SPEC, add_version, create_old


@pytest.fixture
def workspace(path: Path) -> Workspace:
    """With three versions of one signal's head and one of another's. Closed by whoever opens it again."""
    workspace = Workspace.create(path, SPEC)
    for number, name in enumerate((SIGNAL, SIGNAL, SIGNAL, "lora")):
        add_version(workspace, name, artifact=bytes([number]))
    return workspace


def test_what_is_loaded_is_found_again_in_its_version(workspace: Workspace) -> None:
    assert workspace.loaded.versions() == {}
    workspace.loaded.load({SIGNAL: 2, "lora": 1})
    workspace.versions.activate(SIGNAL, 3)
    workspace.close()
    with Workspace.open(workspace.path) as again:
        assert again.loaded.versions() == {"lora": 1, SIGNAL: 2}
        again.loaded.load({SIGNAL: 3})
        assert again.loaded.versions() == {"lora": 1, SIGNAL: 3}
        again.loaded.unload(["lora", "never loaded"])
    with Workspace.open(workspace.path) as again:
        assert again.loaded.versions() == {SIGNAL: 3}
        again.loaded.unload()
    with Workspace.open(workspace.path) as again:
        assert again.loaded.versions() == {}


def test_an_error_loads_nothing(workspace: Workspace) -> None:
    workspace.loaded.load({SIGNAL: 2})
    assert workspace.versions.retire(SIGNAL, keep=1) == [1]
    entries = workspace.audit.list()
    for wrong in ({"lora": 1, SIGNAL: 4}, {"lora": 1, "nobody": 1}, {"lora": 1, SIGNAL: 1}):
        with pytest.raises(NotFound):
            workspace.loaded.load(wrong)
        assert workspace.loaded.versions() == {SIGNAL: 2}
    assert workspace.audit.list() == entries
    workspace.close()


def test_a_loaded_version_is_neither_retired_nor_collected(workspace: Workspace) -> None:
    for version in (1, 2, 3):
        workspace.versions.activate(SIGNAL, version)
    workspace.loaded.load({SIGNAL: 1})
    assert workspace.versions.retire(SIGNAL, keep=1) == []
    assert workspace.collect_garbage() == 0
    assert workspace.versions.artifact(workspace.versions.get(SIGNAL, 1)) == b"\x00"
    workspace.loaded.load({SIGNAL: 3})
    assert workspace.versions.retire(SIGNAL, keep=1) == [1]
    assert workspace.collect_garbage() == 1
    workspace.close()


def test_every_change_is_audited_and_nothing_else(workspace: Workspace) -> None:
    workspace.loaded.load({SIGNAL: 1, "lora": 1}, who="ada")
    before = len(workspace.audit.list())
    workspace.loaded.load({SIGNAL: 2, "lora": 1}, who="ada")
    workspace.loaded.load({SIGNAL: 2})
    workspace.loaded.unload(["never loaded"])
    workspace.loaded.unload([SIGNAL], who="bob")
    workspace.loaded.unload([SIGNAL])
    told = [(entry.action, entry.signal_name, entry.detail, entry.who) for entry in workspace.audit.list()]
    assert told[: len(told) - before] == [
        ("head.unload", SIGNAL, {"from": 2}, "bob"),
        ("head.load", SIGNAL, {"from": 1, "to": 2}, "ada"),
    ]
    workspace.close()


def test_a_workspace_from_before_loaded_heads_were_kept_has_none(path: Path) -> None:
    create_old(path, 2)
    with Workspace.open(path) as workspace:
        assert workspace.db.value("PRAGMA user_version") == len(MIGRATIONS)
        assert workspace.loaded.versions() == {}
        workspace.loaded.load({SIGNAL: add_version(workspace).version})
        assert workspace.loaded.versions() == {SIGNAL: 1}
