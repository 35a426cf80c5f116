import sqlite3
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rfhydra.errors import Conflict, Incompatible, InvalidMessage, InvalidName, NotFound
from rfhydra.store.workspace import Workspace
from tests.store.small_data import METRICS, SIGNAL, SPEC, add_sample, add_version


class Promotions(RuleBasedStateMachine):
    """The registry against plain lists."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = TemporaryDirectory()
        self.workspace = Workspace.create(Path(self.directory.name) / "workspace", SPEC)
        self.versions = self.workspace.versions
        self.added = 0
        self.live: list[int] = []
        self.history: list[int] = []
        self.loaded: list[int] = []

    def teardown(self) -> None:
        self.workspace.close()
        self.directory.cleanup()

    def previous(self) -> int | None:
        earlier = (version for version in reversed(self.history) if version != self.history[-1])
        return next((version for version in earlier if version in self.live), None)

    @rule()
    def add(self) -> None:
        self.added += 1
        self.live.append(self.added)
        assert add_version(self.workspace).version == self.added

    @precondition(lambda self: self.live)
    @rule(data=st.data())
    def activate(self, data: st.DataObject) -> None:
        version = data.draw(st.sampled_from(self.live))
        if self.history[-1:] != [version]:
            self.history.append(version)
        self.versions.activate(SIGNAL, version)

    @precondition(lambda self: self.live)
    @rule(data=st.data())
    def load(self, data: st.DataObject) -> None:
        self.loaded = [data.draw(st.sampled_from(self.live))]
        self.workspace.loaded.load({SIGNAL: self.loaded[0]})

    @rule()
    def unload(self) -> None:
        self.loaded = []
        self.workspace.loaded.unload()

    @rule()
    def rollback(self) -> None:
        previous = self.previous()
        if previous is None:
            with pytest.raises(Conflict, match="no other version was active before"):
                self.versions.rollback(SIGNAL)
            return
        while self.history[-1] != previous:
            self.history.pop()
        assert self.versions.rollback(SIGNAL) == previous

    @rule(keep=st.integers(1, 3))
    def retire(self, keep: int) -> None:
        kept = {*self.live[-keep:], *self.history[-1:], self.previous(), *self.loaded}
        retired = [version for version in self.live if version not in kept]
        self.live = [version for version in self.live if version in kept]
        assert self.versions.retire(SIGNAL, keep) == retired

    @invariant()
    def agree(self) -> None:
        assert [head.version for head in self.versions.list(SIGNAL)] == self.live
        assert self.versions.active(SIGNAL) == (self.history[-1] if self.history else None)
        assert self.versions.previous(SIGNAL) == self.previous()
        assert list(self.workspace.loaded.versions().values()) == self.loaded


Promotions.TestCase.settings = settings(deadline=None, max_examples=15, stateful_step_count=25)
TestPromotions = Promotions.TestCase


def test_a_version_comes_back_as_it_was_added(workspace: Workspace) -> None:
    split = workspace.splits.create(SIGNAL, [add_sample(workspace, 0).sample_id], [])
    head = add_version(workspace, split_version=split, metrics={**METRICS, "ci": [0.8, 0.95]}, notes="roof only")
    assert (head.version, head.early_stopped, head.retired_at) == (1, True, None)
    assert workspace.versions.get(SIGNAL, 1) == head
    assert workspace.versions.artifact(head) == b"weights"
    assert workspace.versions.signals() == [SIGNAL]
    assert workspace.versions.active(SIGNAL) is None


def test_rollback_goes_back_in_the_order_of_promotion(workspace: Workspace) -> None:
    versions = workspace.versions
    for _ in range(3):
        versions.activate(SIGNAL, add_version(workspace).version)
    assert [versions.rollback(SIGNAL), versions.rollback(SIGNAL)] == [2, 1]
    versions.activate(SIGNAL, 3)
    assert versions.previous(SIGNAL) == 1
    assert versions.rollback(SIGNAL) == 1
    with pytest.raises(Conflict, match="'ook-433' cannot be rolled back"):
        versions.rollback(SIGNAL)


def test_a_retired_version_is_a_tombstone(workspace: Workspace) -> None:
    versions = workspace.versions
    for _ in range(3):
        add_version(workspace)
    assert versions.retire(SIGNAL, keep=1) == [1, 2]
    with pytest.raises(NotFound, match="version 1 of signal 'ook-433' was retired"):
        versions.get(SIGNAL, 1)
    with pytest.raises(NotFound):
        versions.activate(SIGNAL, 1)
    assert versions.get(SIGNAL, 1, include_retired=True).retired_at is not None
    assert add_version(workspace).version == 4


def test_signals_have_their_own_numbers_and_histories(workspace: Workspace) -> None:
    for name in (SIGNAL, "lora"):
        workspace.versions.activate(name, add_version(workspace, name).version)
    add_version(workspace)
    workspace.versions.activate(SIGNAL, 2)
    assert workspace.versions.active("lora") == 1
    assert workspace.versions.previous("lora") is None
    assert workspace.versions.signals() == ["lora", SIGNAL]


def test_every_change_is_audited_and_nothing_else(workspace: Workspace) -> None:
    versions = workspace.versions
    for _ in range(2):
        versions.activate(SIGNAL, add_version(workspace).version, reason="f1 rose", who="ada")
    versions.activate(SIGNAL, 2)
    assert versions.retire(SIGNAL, keep=2) == []
    versions.rollback(SIGNAL, reason="false alarms", who="ada")
    entries = workspace.audit.list(SIGNAL)
    assert [entry.action for entry in entries] == ["version.rollback", *["version.activate", "version.add"] * 2]
    assert entries[0].detail == {"from": 2, "to": 1, "reason": "false alarms"}
    assert entries[0].who == "ada"


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"signal_name": "a/b"}, InvalidName, "signal_name"),
        ({"spec_id": "0" * 16}, Incompatible, "the head"),
        ({"metrics": {"f1_score": 1.0}}, InvalidMessage, "metrics lacks precision, recall"),
        ({"metrics": {**METRICS, "ap": float("inf")}}, InvalidMessage, "metrics is not JSON"),
        ({"split_version": 1}, NotFound, "has no split 1"),
    ],
)
def test_what_is_not_a_version_is_refused(
    workspace: Workspace, fields: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        add_version(workspace, **fields)
    assert workspace.versions.signals() == []


def test_what_does_not_exist_is_not_found(workspace: Workspace) -> None:
    with pytest.raises(NotFound, match="signal 'ook-433' has no version 1"):
        workspace.versions.get(SIGNAL, 1)
    with pytest.raises(NotFound):
        workspace.versions.activate(SIGNAL, 1)
    with pytest.raises(InvalidMessage, match="keep 0"):
        workspace.versions.retire(SIGNAL, keep=0)


def test_registry_is_read_with_one_query_however_many_signals_there_are(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("both", "neither", "older"):
        for count in (10, 20):
            add_version(workspace, name, sample_count=count)
    workspace.versions.activate("older", 1)
    workspace.versions.activate("both", 1)
    workspace.versions.activate("both", 2)
    queries, rows = list[str](), workspace.db.rows

    def counted(query: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        queries.append(query)
        return rows(query, parameters)

    monkeypatch.setattr(workspace.db, "rows", counted)
    registry = workspace.versions.registry()
    assert len(queries) == 1
    monkeypatch.undo()
    assert [*registry] == ["both", "neither", "older"]
    entries = [(each.active_version, each.f1_score, each.sample_count) for each in registry.values()]
    assert entries == [(2, 0.9, 20), (None, None, 20), (1, 0.9, 10)]
    for name, entry in registry.items():
        assert entry.last_trained == workspace.versions.get(name, 2).created_at
