from pathlib import Path

import pytest

from rfhydra.errors import Conflict, InvalidMessage, InvalidName, NotFound, TooLarge
from rfhydra.protocol.limits import Limits
from rfhydra.protocol.missions import MissionHead
from rfhydra.store.workspace import Workspace
from tests.store.small_data import SIGNAL, SPEC, add_version, create_old

LORA = "lora"
LIMITS = Limits(max_missions=2, max_mission_heads=3)


@pytest.fixture
def stocked(workspace: Workspace) -> Workspace:
    """With an active head of two signals, and an inactive one of a third."""
    for name in (SIGNAL, LORA, "idle"):
        add_version(workspace, name, artifact=name.encode())
    for name in (SIGNAL, LORA):
        workspace.versions.activate(name, 1)
    return workspace


def heads(**thresholds: float | None) -> list[MissionHead]:
    return [MissionHead(signal_name=name.replace("_", "-"), threshold=each) for name, each in thresholds.items()]


def seen(workspace: Workspace) -> dict[str, dict[str, float | None]]:
    return {
        each.mission_name: {head.signal_name: head.threshold for head in each.heads}
        for each in workspace.missions.all()
    }


def test_missions_are_saved_replaced_renamed_and_deleted(stocked: Workspace) -> None:
    missions = stocked.missions
    assert missions.all() == []
    missions.save("night", heads(ook_433=0.7, lora=None), LIMITS, "ada")
    missions.save("day", heads(lora=0.2), LIMITS)
    missions.save("night", heads(ook_433=0.6), LIMITS)
    assert seen(stocked) == {"day": {LORA: 0.2}, "night": {SIGNAL: 0.6}}
    missions.rename("night", "late")
    missions.delete("day")
    assert seen(stocked) == {"late": {SIGNAL: 0.6}}
    told = [(each.action, each.detail, each.who) for each in reversed(stocked.audit.list(limit=5))]
    assert told[0] == ("mission.save", {"mission_name": "night", "heads": {SIGNAL: 0.7, LORA: None}}, "ada")
    assert [action for action, _, _ in told] == [*["mission.save"] * 3, "mission.rename", "mission.delete"]


@pytest.mark.parametrize(
    ("name", "chosen", "error", "text"),
    [
        ("../x", heads(lora=None), InvalidName, "mission_name"),
        ("night", heads(idle=None), NotFound, "'idle' has no active head"),
        ("night", heads(nobody=None), NotFound, "'nobody' has no active head"),
        ("night", [], InvalidMessage, "at least one signal"),
        ("night", heads(lora=0.1) * 2, InvalidMessage, "each signal once"),
        ("third", heads(lora=None), TooLarge, "max_missions"),
        ("night", heads(lora=None, ook_433=None), TooLarge, "max_mission_heads"),
    ],
)
def test_what_cannot_be_saved_changes_nothing(
    stocked: Workspace, name: str, chosen: list[MissionHead], error: type[Exception], text: str
) -> None:
    stocked.missions.save("night", heads(lora=0.5), LIMITS)
    stocked.missions.save("day", heads(lora=None, ook_433=None), LIMITS)
    before = (seen(stocked), stocked.audit.list())
    with pytest.raises(error, match=text):
        stocked.missions.save(name, chosen, LIMITS)
    assert (seen(stocked), stocked.audit.list()) == before


def test_a_name_in_use_and_a_mission_that_is_not_there(stocked: Workspace) -> None:
    for name in ("night", "day"):
        stocked.missions.save(name, heads(lora=None), LIMITS)
    with pytest.raises(Conflict, match="'day' already"):
        stocked.missions.rename("night", "day")
    with pytest.raises(InvalidName, match="new_name"):
        stocked.missions.rename("night", "a/b")
    for change in (stocked.missions.delete, stocked.missions.get, lambda name: stocked.missions.rename(name, "x")):
        with pytest.raises(NotFound, match="no mission 'dusk': there are day, night"):
            change("dusk")


def test_a_signal_stays_in_its_missions_under_its_new_name_and_comes_back_from_the_trash(stocked: Workspace) -> None:
    stocked.missions.save("night", heads(lora=0.3, ook_433=None), LIMITS)
    stocked.signals.rename(LORA, "gate")
    assert seen(stocked) == {"night": {"gate": 0.3, SIGNAL: None}}
    stocked.signals.delete("gate")
    assert seen(stocked) == {"night": {SIGNAL: None}}
    stocked.signals.restore("gate")
    assert seen(stocked) == {"night": {"gate": 0.3, SIGNAL: None}}
    stocked.signals.delete("gate")
    stocked.signals.empty_trash()
    stocked.missions.delete("night")
    assert stocked.db.rows("SELECT * FROM mission_heads") == []


def test_thresholds_are_kept_until_the_head_is_unloaded(path: Path) -> None:
    with Workspace.create(path, SPEC) as workspace:
        for _ in range(2):
            add_version(workspace)
        workspace.loaded.load({SIGNAL: 1})
        workspace.loaded.set_threshold(SIGNAL, 0.7, "ada")
        workspace.loaded.set_threshold(SIGNAL, 0.7, "ada")
        workspace.loaded.load({SIGNAL: 2})
        with pytest.raises(NotFound, match="'lora' is not loaded"):
            workspace.loaded.set_threshold(LORA, 0.5)
    with Workspace.open(path) as workspace:
        assert (workspace.loaded.versions(), workspace.loaded.thresholds()) == ({SIGNAL: 2}, {SIGNAL: 0.7})
        changes = [each.detail for each in workspace.audit.list() if each.action == "head.threshold"]
        assert changes == [{"from": None, "to": 0.7}]
        workspace.loaded.unload()
        workspace.loaded.load({SIGNAL: 2})
        assert workspace.loaded.thresholds() == {}


def test_a_replaced_set_is_loaded_whole_or_not_at_all(stocked: Workspace) -> None:
    stocked.loaded.load({SIGNAL: 1})
    stocked.loaded.set_threshold(SIGNAL, 0.9)
    with pytest.raises(NotFound):
        stocked.loaded.replace({LORA: 1, "nobody": 1}, {})
    assert (stocked.loaded.versions(), stocked.loaded.thresholds()) == ({SIGNAL: 1}, {SIGNAL: 0.9})
    stocked.loaded.replace({LORA: 1, SIGNAL: 1}, {LORA: 0.4, SIGNAL: None})
    assert (stocked.loaded.versions(), stocked.loaded.thresholds()) == ({LORA: 1, SIGNAL: 1}, {LORA: 0.4})
    stocked.loaded.replace({SIGNAL: 1}, {})
    assert stocked.loaded.versions() == {SIGNAL: 1}


def test_loaded_heads_of_an_older_rfhydra_have_no_threshold(path: Path) -> None:
    create_old(path, migrations=12)
    with Workspace.open(path) as workspace:
        add_version(workspace)
        workspace.loaded.load({SIGNAL: 1})
        assert (workspace.loaded.versions(), workspace.loaded.thresholds()) == ({SIGNAL: 1}, {})
        assert workspace.missions.all() == []
