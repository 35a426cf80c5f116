"""The backbone that a workspace uses: set by its first version, changed by activations, filled in by a migration."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from rfhydra.errors import NotFound
from rfhydra.store.workspace import Workspace
from tests.store.small_data import SIGNAL, SPEC, add_version, create_old


def test_the_first_version_sets_it(workspace: Workspace) -> None:
    assert workspace.backbone_id is None
    assert workspace.backbone_mismatch("any") is None
    add_version(workspace, backbone_id="b-1")
    add_version(workspace, backbone_id="b-2")
    assert workspace.backbone_id == "b-1"


def test_a_version_that_is_not_stored_does_not_set_it(workspace: Workspace) -> None:
    with pytest.raises(NotFound):
        add_version(workspace, backbone_id="b-1", split_version=1)
    assert workspace.backbone_id is None


def test_an_activation_or_rollback_changes_it_and_is_audited(workspace: Workspace) -> None:
    for backbone_id in ("b-1", "b-1", "b-2"):
        add_version(workspace, backbone_id=backbone_id)
    for version in (1, 2):
        workspace.versions.activate(SIGNAL, version)
    assert [entry.action for entry in workspace.audit.list() if entry.action == "backbone.activate"] == []
    workspace.versions.activate(SIGNAL, 3, "upgrade", "ada")
    assert workspace.backbone_id == "b-2"
    entry = workspace.audit.list(limit=1)[0]
    assert (entry.action, entry.who) == ("backbone.activate", "ada")
    assert entry.detail == {"from": "b-1", "to": "b-2", "reason": "upgrade"}
    workspace.versions.rollback(SIGNAL)
    assert workspace.backbone_id == "b-1"


def test_a_mismatch_names_both(workspace: Workspace) -> None:
    add_version(workspace, backbone_id="b-1")
    assert workspace.backbone_mismatch("b-1") is None
    warning = workspace.backbone_mismatch("b-2")
    assert warning is not None
    assert "uses backbone b-1, this is backbone b-2" in warning


@pytest.mark.parametrize(("activations", "backbone_id"), [([1, 2], "b-2"), ([1, 2, 1], "b-1"), ([], None)])
def test_the_migration_takes_that_of_the_newest_activation(
    path: Path, tmp_path: Path, activations: list[int], backbone_id: str | None
) -> None:
    with Workspace.create(tmp_path / "new", SPEC) as source:
        add_version(source, backbone_id="b-1")
        add_version(source, backbone_id="b-2")
        rows = [tuple(row) for row in source.db.rows("SELECT * FROM head_versions")]
    create_old(path, 3)
    with closing(sqlite3.connect(path / "rfhydra.db", isolation_level=None)) as old:
        old.executemany(f"INSERT INTO head_versions VALUES ({', '.join('?' * len(rows[0]))})", rows)
        old.executemany(
            "INSERT INTO activations (signal_name, version) VALUES (?, ?)", [(SIGNAL, n) for n in activations]
        )
    with Workspace.open(path) as workspace:
        assert workspace.backbone_id == backbone_id
