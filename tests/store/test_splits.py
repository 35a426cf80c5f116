import pytest

from rfhydra.errors import InvalidMessage, InvalidName, NotFound
from rfhydra.store.workspace import Workspace
from tests.store.small_data import SIGNAL, add_sample


@pytest.fixture
def ids(workspace: Workspace) -> list[str]:
    return [add_sample(workspace, seed).sample_id for seed in range(4)]


def test_the_newest_split_is_the_active_one(workspace: Workspace, ids: list[str]) -> None:
    splits = workspace.splits
    assert splits.active_version(SIGNAL) is None
    assert splits.create(SIGNAL, train=ids[:2], val=ids[2:]) == 1
    assert splits.create(SIGNAL, train=[ids[3], ids[0], ids[1]], val=[]) == 2
    assert splits.active_version(SIGNAL) == 2
    assert splits.members(SIGNAL, 1) == (ids[:2], ids[2:])
    assert splits.members(SIGNAL, 2) == ([ids[3], ids[0], ids[1]], [])
    counts = [(split.version, split.train_count, split.val_count) for split in splits.history(SIGNAL)]
    assert counts == [(1, 2, 2), (2, 3, 0)]
    assert [entry.detail["version"] for entry in workspace.audit.list() if entry.action == "split.create"] == [2, 1]


def test_a_split_remembers_deleted_samples(workspace: Workspace, ids: list[str]) -> None:
    workspace.splits.create(SIGNAL, train=ids[:3], val=ids[3:])
    workspace.samples.delete(ids[0])
    assert workspace.splits.members(SIGNAL, 1) == (ids[:3], ids[3:])
    with pytest.raises(NotFound, match="has no sample"):
        workspace.splits.create(SIGNAL, train=ids, val=[])


def test_what_is_not_a_split_is_refused(workspace: Workspace, ids: list[str]) -> None:
    other = add_sample(workspace, 0, signal_name="lora").sample_id
    with pytest.raises(NotFound, match="has no sample"):
        workspace.splits.create(SIGNAL, train=ids, val=[other])
    with pytest.raises(InvalidMessage, match="train is empty"):
        workspace.splits.create(SIGNAL, train=[], val=ids)
    with pytest.raises(InvalidMessage, match="named twice"):
        workspace.splits.create(SIGNAL, train=ids, val=ids[:1])
    with pytest.raises(InvalidName):
        workspace.splits.create("..", train=ids, val=[])
    with pytest.raises(NotFound, match="has no split 1"):
        workspace.splits.members(SIGNAL, 1)
    assert workspace.splits.history(SIGNAL) == []
