"""The switch of a whole set of heads, and its undoing: all of it or nothing."""

from pathlib import Path

import pytest

from rfhydra.errors import Conflict, NotFound
from rfhydra.store.workspace import Workspace
from tests.store.small_data import SIGNAL, add_version, create_old
from tests.training.given import everything

OTHER = "lora"
OLD, NEW = "b-old", "b-new"


@pytest.fixture
def outdated(workspace: Workspace) -> Workspace:
    """Two signals with an active version 1 of the old backbone and a version 2 of the new one."""
    for name in (SIGNAL, OTHER):
        add_version(workspace, signal_name=name, backbone_id=OLD)
        add_version(workspace, signal_name=name, backbone_id=NEW)
        workspace.versions.activate(name, 1)
    return workspace


def active(workspace: Workspace) -> dict[str, int | None]:
    return {name: workspace.versions.active(name) for name in workspace.versions.signals()}


def test_a_switch_activates_all_and_is_audited(outdated: Workspace) -> None:
    outdated.upgrades.switch(NEW, {SIGNAL: 2, OTHER: 2}, who="ada")
    assert active(outdated) == {SIGNAL: 2, OTHER: 2}
    assert outdated.backbone_id == NEW
    told = [(entry.action, entry.signal_name, entry.who) for entry in reversed(outdated.audit.list(limit=4))]
    assert told == [
        ("version.activate", SIGNAL, "ada"),
        ("backbone.activate", SIGNAL, "ada"),
        ("version.activate", OTHER, "ada"),
        ("upgrade.switch", None, "ada"),
    ]
    (why,) = [entry.detail for entry in outdated.audit.list(OTHER) if entry.who == "ada"]
    assert why == {"from": 1, "to": 2, "reason": f"upgrade to backbone {NEW}"}
    assert outdated.audit.list(limit=1)[0].detail == {"from": OLD, "to": NEW, "heads": 2}


@pytest.mark.parametrize(("heads", "error"), [({SIGNAL: 2, OTHER: 3}, NotFound), ({SIGNAL: 2, "new": 1}, Conflict)])
def test_a_switch_that_fails_changes_nothing(
    outdated: Workspace, heads: dict[str, int], error: type[Exception]
) -> None:
    outdated.loaded.load({SIGNAL: 1})
    before = everything(outdated)
    with pytest.raises(error):
        outdated.upgrades.switch(NEW, heads)
    assert everything(outdated) == before


def test_undoing_restores_what_was_active_and_what_a_rollback_returns_to(outdated: Workspace) -> None:
    add_version(outdated, backbone_id=OLD)
    outdated.versions.activate(SIGNAL, 3)
    outdated.upgrades.switch(NEW, {SIGNAL: 2, OTHER: 2})
    undone = outdated.upgrades.undo(who="ada")
    assert (undone.backbone_id, undone.heads) == (OLD, {SIGNAL: 3, OTHER: 1})
    assert active(outdated) == {SIGNAL: 3, OTHER: 1}
    assert outdated.backbone_id == OLD
    assert (outdated.versions.previous(SIGNAL), outdated.versions.previous(OTHER)) == (1, None)
    entry = outdated.audit.list(limit=1)[0]
    assert (entry.action, entry.who, entry.detail) == ("upgrade.undo", "ada", {"from": NEW, "to": OLD, "heads": 2})
    with pytest.raises(Conflict, match="no upgrade that could be undone"):
        outdated.upgrades.undo()


def test_undoing_forgets_what_became_active_since(outdated: Workspace) -> None:
    outdated.upgrades.switch(NEW, {SIGNAL: 2, OTHER: 2})
    add_version(outdated, backbone_id=NEW)
    outdated.versions.activate(SIGNAL, 3)
    outdated.versions.rollback(OTHER)
    outdated.upgrades.undo()
    assert active(outdated) == {SIGNAL: 1, OTHER: 1}
    assert outdated.backbone_id == OLD


def test_a_version_that_was_rolled_back_before_is_activated_again(outdated: Workspace) -> None:
    add_version(outdated, backbone_id=OLD)
    outdated.versions.activate(SIGNAL, 3)
    outdated.upgrades.switch(NEW, {SIGNAL: 2})
    outdated.versions.rollback(SIGNAL)
    outdated.versions.rollback(SIGNAL)
    assert outdated.versions.active(SIGNAL) == 1
    outdated.upgrades.undo()
    assert (outdated.versions.active(SIGNAL), outdated.versions.previous(SIGNAL)) == (3, 1)


def test_upgrades_are_undone_one_after_the_other(outdated: Workspace) -> None:
    outdated.upgrades.switch(NEW, {SIGNAL: 2, OTHER: 2})
    add_version(outdated, backbone_id="b-newest")
    outdated.upgrades.switch("b-newest", {SIGNAL: 3})
    assert outdated.upgrades.undo().backbone_id == NEW
    assert active(outdated) == {SIGNAL: 2, OTHER: 2}
    assert outdated.upgrades.undo().backbone_id == OLD
    assert active(outdated) == {SIGNAL: 1, OTHER: 1}


def test_undoing_without_the_former_versions_names_them_and_changes_nothing(outdated: Workspace) -> None:
    outdated.upgrades.switch(NEW, {SIGNAL: 2, OTHER: 2})
    for number in range(3, 9):
        add_version(outdated, backbone_id=NEW)
        outdated.versions.activate(SIGNAL, number)
        outdated.versions.retire(SIGNAL, 5)
    before = everything(outdated)
    with pytest.raises(Conflict, match=f"nothing was changed: no longer kept are {SIGNAL} version 1$"):
        outdated.upgrades.undo()
    assert everything(outdated) == before


def test_a_workspace_from_before_upgrades_has_none(path: Path) -> None:
    create_old(path, 4)
    with Workspace.open(path) as workspace:
        with pytest.raises(Conflict, match="no upgrade that could be undone"):
            workspace.upgrades.undo()
        for backbone_id in (OLD, NEW):
            add_version(workspace, backbone_id=backbone_id)
        workspace.versions.activate(SIGNAL, 1)
        workspace.upgrades.switch(NEW, {SIGNAL: 2})
        assert workspace.upgrades.undo().heads == {SIGNAL: 1}


def test_loaded_heads_follow(outdated: Workspace) -> None:
    outdated.loaded.load({SIGNAL: 1})
    outdated.upgrades.switch(NEW, {SIGNAL: 2, OTHER: 2})
    assert outdated.loaded.versions() == {SIGNAL: 2}
    outdated.upgrades.undo()
    assert outdated.loaded.versions() == {SIGNAL: 1}


def test_a_loaded_head_of_the_backbone_stays(outdated: Workspace) -> None:
    add_version(outdated, backbone_id=NEW)
    outdated.loaded.load({SIGNAL: 3, OTHER: 1})
    outdated.upgrades.switch(NEW, {SIGNAL: 2, OTHER: 2})
    assert outdated.loaded.versions() == {SIGNAL: 3, OTHER: 2}
    outdated.loaded.load({OTHER: 1})
    outdated.upgrades.undo()
    assert outdated.loaded.versions() == {SIGNAL: 1, OTHER: 1}
