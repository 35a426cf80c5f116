import getpass

import pytest

from rfhydra.errors import InvalidMessage
from rfhydra.store.workspace import Workspace


def test_entries_are_listed_newest_first(workspace: Workspace) -> None:
    for number in range(3):
        workspace.audit.record(f"test.{number}", "lora" if number else None, {"number": number}, who="ada")
    assert [entry.action for entry in workspace.audit.list()] == ["test.2", "test.1", "test.0"]
    assert [entry.action for entry in workspace.audit.list("lora")] == ["test.2", "test.1"]
    assert [entry.action for entry in workspace.audit.list(limit=1)] == ["test.2"]
    newest = workspace.audit.list()[0]
    assert (newest.who, newest.signal_name, newest.detail) == ("ada", "lora", {"number": 2})
    assert newest.at.endswith("Z")


def test_the_user_of_the_process_did_it_unless_somebody_is_named(workspace: Workspace) -> None:
    workspace.audit.record("test")
    assert workspace.audit.list()[0].who == getpass.getuser()


def test_an_entry_goes_with_its_transaction(workspace: Workspace) -> None:
    def record_both() -> None:
        with workspace.db.transaction():
            workspace.audit.record("test.first")
            workspace.audit.record("test.second", detail={"not json": object()})

    with pytest.raises(InvalidMessage):
        record_both()
    assert workspace.audit.list() == []


def test_pages_go_back_without_a_gap(workspace: Workspace) -> None:
    for number in range(5):
        workspace.audit.record(f"test.{number}", "lora" if number % 2 else None)
    first = workspace.audit.page(2)
    assert [each.action for each in first] == ["test.4", "test.3"]
    workspace.audit.record("test.5")
    assert [each.action for each in workspace.audit.page(9, first[-1].entry_id)] == ["test.2", "test.1", "test.0"]
    assert [each.action for each in workspace.audit.page(9, None, "lora")] == ["test.3", "test.1"]
