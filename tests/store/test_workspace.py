import os
import sqlite3
from pathlib import Path

import pytest

from rfhydra.errors import Busy, Conflict, Damaged, Incompatible, NotFound
from rfhydra.spectrum.spec import SpectrogramSpec, ValueScaling
from rfhydra.store.workspace import Workspace
from tests.store.small_data import SIGNAL, SPEC, add_sample, add_version, iq, process


def test_a_workspace_is_found_again_as_it_was_made(path: Path) -> None:
    spec = SpectrogramSpec(fft_size=256, hop=64, rows=64, cols=100, scaling=ValueScaling(headroom_db=1e-05))
    Workspace.create(path, spec).close()
    with Workspace.open(path) as workspace:
        assert workspace.spec == spec
        assert workspace.path == path
        assert (path / "logs").is_dir()


def test_an_empty_directory_may_become_a_workspace(path: Path) -> None:
    path.mkdir()
    with Workspace.create(path, SPEC) as workspace:
        assert workspace.spec == SPEC


def test_a_creation_that_was_killed_is_no_workspace_and_can_be_completed(path: Path) -> None:
    Workspace.create(path, SPEC).close()
    (path / "rfhydra.toml").unlink()  # written last
    with pytest.raises(NotFound):
        Workspace.open(path)
    Workspace.create(path, SPEC).close()
    Workspace.open(path).close()


def test_a_workspace_is_not_made_over_another(workspace: Workspace) -> None:
    with pytest.raises(Conflict, match="site-a is a workspace already"):
        Workspace.create(workspace.path, SPEC)


def test_a_directory_of_something_else_is_left_alone(path: Path) -> None:
    path.mkdir()
    (path / "holiday.jpg").touch()
    with pytest.raises(Conflict, match="not an empty directory"):
        Workspace.create(path, SPEC)
    assert [entry.name for entry in path.iterdir()] == ["holiday.jpg"]


def test_a_file_is_no_place_for_a_workspace(path: Path) -> None:
    path.touch()
    with pytest.raises(Conflict, match="not an empty directory"):
        Workspace.create(path, SPEC)


@pytest.mark.parametrize("exists", [True, False])
def test_what_is_not_a_workspace_cannot_be_opened(path: Path, exists: bool) -> None:
    if exists:
        path.mkdir()
    with pytest.raises(NotFound, match="site-a is not a workspace"):
        Workspace.open(path)
    assert path.exists() == exists


def test_a_workspace_has_one_owner(workspace: Workspace) -> None:
    with pytest.raises(Busy, match="site-a is in use"):
        Workspace.open(workspace.path)
    workspace.close()
    workspace.close()
    Workspace.open(workspace.path).close()


def test_another_process_keeps_us_out_until_it_ends(path: Path) -> None:
    Workspace.create(path, SPEC).close()
    with process("holder", path) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        with pytest.raises(Busy, match="site-a is in use by another rfhydra process: stop that one"):
            Workspace.open(path)
        other.communicate()
    assert other.returncode == 0
    Workspace.open(path).close()


def test_who_finds_it_in_use_is_told_where_it_is_served(path: Path) -> None:
    with Workspace.create(path, SPEC) as workspace:
        workspace.announce("ws://127.0.0.1:8765/ws")
        with pytest.raises(Busy, match=r"site-a is served at ws://127\.0\.0\.1:8765/ws: use --server ws://127"):
            Workspace.open(path)
    address = path / "rfhydra.url"
    assert not address.exists()
    address.write_text("ws://of.a.server/that/was/killed")
    with Workspace.open(path), pytest.raises(Busy, match="another rfhydra process"):
        Workspace.open(path)
    with Workspace.open(path):
        address.write_bytes(b"\xff\x1b[2J")  # nor does a damaged one break the message
        with pytest.raises(Busy, match="another rfhydra process"):
            Workspace.open(path)


def test_a_failed_opening_leaves_the_workspace_free(path: Path) -> None:
    Workspace.create(path, SPEC).close()
    settings = path / "rfhydra.toml"
    text = settings.read_text()
    settings.write_text("[contract")
    with pytest.raises(Damaged, match=r"rfhydra\.toml of workspace site-a cannot be read"):
        Workspace.open(path)
    settings.write_text(text)
    Workspace.open(path).close()


@pytest.mark.parametrize(
    ("former", "changed", "message"),
    [
        ("hop = 32", "hop = 16", "was changed"),
        ("hop = 32", "hop = 'x'", "cannot be read"),
        ("hop = 32", "hope = 32", "cannot be read"),
        ("spec_id", "spec", "cannot be read"),
    ],
)
def test_the_contract_is_locked(path: Path, former: str, changed: str, message: str) -> None:
    Workspace.create(path, SPEC).close()
    settings = path / "rfhydra.toml"
    settings.write_text(settings.read_text().replace(former, changed))
    with pytest.raises(Damaged, match=message):
        Workspace.open(path)


def test_a_lost_database_is_not_replaced_by_an_empty_one(path: Path) -> None:
    Workspace.create(path, SPEC).close()
    (path / "rfhydra.db").unlink()
    with pytest.raises(Damaged, match="lost its database"):
        Workspace.open(path)


def test_a_database_of_a_newer_program_is_refused(path: Path) -> None:
    Workspace.create(path, SPEC).close()
    connection = sqlite3.connect(path / "rfhydra.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(Incompatible, match="database version 99"):
        Workspace.open(path)


def test_a_file_that_is_no_database_is_damage(path: Path) -> None:
    Workspace.create(path, SPEC).close()
    (path / "rfhydra.db").write_bytes(b"no database at all, but long enough to look at" * 100)
    with pytest.raises(Damaged, match="database is damaged"):
        Workspace.open(path)


def test_leftovers_of_a_killed_process_are_removed(path: Path) -> None:
    Workspace.create(path, SPEC).close()
    leftover = path / "blobs" / "tmp" / "half-written"
    leftover.touch()
    Workspace.open(path).close()
    assert not leftover.exists()


def test_garbage_is_what_no_sample_and_no_live_version_names(workspace: Workspace) -> None:
    kept, deleted = add_sample(workspace, 0, iq=iq(0)), add_sample(workspace, 1, iq=iq(1))
    versions = [add_version(workspace, artifact=bytes([number])) for number in range(3)]
    workspace.versions.activate(kept.signal_name, 2)
    workspace.samples.delete(deleted.sample_id)
    assert workspace.versions.retire(kept.signal_name, keep=1) == [1]

    assert workspace.collect_garbage() == 3
    assert workspace.collect_garbage() == 0
    assert workspace.samples.image(kept) is not None
    assert workspace.samples.iq(kept) is not None
    assert workspace.versions.artifact(versions[1]) == b"\x01"
    with pytest.raises(NotFound):
        workspace.samples.image(deleted)
    with pytest.raises(NotFound):
        workspace.versions.artifact(versions[0])


def test_garbage_is_not_collected_inside_a_transaction(workspace: Workspace) -> None:
    with pytest.raises(AssertionError, match="another transaction"), workspace.db.transaction():
        workspace.collect_garbage()


def test_a_view_shows_what_was_there_when_it_was_opened(workspace: Workspace) -> None:
    sample = add_sample(workspace, 0)
    split = workspace.splits.create(sample.signal_name, [sample.sample_id], [])
    head = add_version(workspace, artifact=b"weights", split_version=split)
    workspace.versions.activate(sample.signal_name, head.version)
    leftover = workspace.blobs.scratch / "being written"
    leftover.touch()
    with Workspace.view(workspace.path) as view:
        workspace.samples.delete(sample.sample_id)
        add_sample(workspace, 1)
        assert view.samples.list(sample.signal_name) == [sample]
        assert view.samples.image(sample).any()
        assert view.splits.members(sample.signal_name, split) == ([sample.sample_id], [])
        assert view.versions.active(sample.signal_name) == head.version
        assert view.versions.artifact(head) == b"weights"
        assert (view.path, view.spec) == (workspace.path, workspace.spec)
    with Workspace.view(workspace.path) as view:
        assert view.samples.count(sample.signal_name) == 1
        assert view.samples.list(sample.signal_name) != [sample]
    assert leftover.exists()


def test_nothing_changes_through_a_view(workspace: Workspace) -> None:
    sample = add_sample(workspace, 0)
    with Workspace.view(workspace.path) as view:
        with pytest.raises(AssertionError, match="a view does not write"):
            view.samples.delete(sample.sample_id)
        with pytest.raises(AssertionError, match="a view does not write"):
            view.collect_garbage()
    assert workspace.samples.list(sample.signal_name) == [sample]


def test_a_workspace_that_nobody_owns_can_be_viewed(workspace: Workspace) -> None:
    sample = add_sample(workspace, 0)
    workspace.close()
    with Workspace.view(workspace.path) as view, Workspace.view(workspace.path) as other:
        assert view.samples.list(sample.signal_name) == other.samples.list(sample.signal_name) == [sample]
    Workspace.open(workspace.path).close()


def test_what_cannot_be_read_cannot_be_viewed(path: Path) -> None:
    with pytest.raises(NotFound, match="site-a is not a workspace"):
        Workspace.view(path)
    Workspace.create(path, SPEC).close()
    connection = sqlite3.connect(path / "rfhydra.db")
    connection.execute("PRAGMA user_version = 0")
    connection.close()
    with pytest.raises(Incompatible, match=r"database version 0, .* upgrade it with `rfhydra serve DIR`"):
        Workspace.view(path)
    (path / "rfhydra.db").unlink()
    with pytest.raises(Damaged, match="lost its database"):
        Workspace.view(path)


def test_a_view_writes_no_file_where_the_directory_is_read_only(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = add_sample(workspace, 0)
    monkeypatch.setattr(os, "access", lambda *_: False)  # permissions do not bind root
    with Workspace.view(workspace.path) as view:  # with the log of its owner
        assert view.samples.list(SIGNAL) == [sample]
    workspace.close()
    before = sorted(workspace.path.rglob("*"))
    with Workspace.view(workspace.path) as view:
        assert view.samples.list(SIGNAL) == [sample]
        assert sorted(workspace.path.rglob("*")) == before


def test_blobs_wait_for_the_views_of_other_processes(workspace: Workspace) -> None:
    sample = add_sample(workspace, 0)
    with process("viewer", workspace.path) as viewer:
        assert viewer.stdout is not None
        assert viewer.stdout.readline() == "open\n"
        workspace.samples.delete(sample.sample_id)
        assert workspace.collect_garbage() == 0
        viewer.kill()
    assert workspace.collect_garbage() == 1
