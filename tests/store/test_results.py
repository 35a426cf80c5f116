from pathlib import Path

import pytest

from rfhydra.errors import NotFound
from rfhydra.store.results import MAX_DETECTIONS, SampleResult
from rfhydra.store.schema import MIGRATIONS
from rfhydra.store.workspace import Workspace
from tests.store.small_data import SIGNAL, SPEC, add_sample, add_version, create_old

BOX = (1.0, 2.5, 3.25, 4.0)


def result(seed: int, detections: int = 2) -> SampleResult:
    boxes = tuple((float(number), 0.0, number + 1.5, 2.0) for number in range(detections))
    return SampleResult(
        sample_id=f"{seed:064x}",
        recording=f"take {seed}",
        truth=(BOX,) * seed,
        boxes=boxes,
        scores=tuple(round(0.9 - 0.0001 * number, 4) for number in range(detections)),
    )


def test_results_come_back_as_they_were_stored_and_are_replaced(path: Path) -> None:
    with Workspace.create(path, SPEC) as workspace:
        add_version(workspace)
        assert workspace.results.get(SIGNAL, 1) is None
        workspace.results.put(SIGNAL, 1, [result(9), result(8), result(7)])
        stored = workspace.results.put(SIGNAL, 1, [result(1), result(0, 0)])
    with Workspace.view(path) as view:
        assert view.results.get(SIGNAL, 1) == stored
        assert stored.samples == [result(1), result(0, 0)]


def test_the_strongest_detections_are_kept(workspace: Workspace) -> None:
    add_version(workspace)
    (kept,) = workspace.results.put(SIGNAL, 1, [result(1000, MAX_DETECTIONS + 9)]).samples
    assert kept == result(1000, MAX_DETECTIONS)


def test_retention_removes_the_results_with_the_version(workspace: Workspace) -> None:
    for version in (1, 2):
        add_version(workspace)
        workspace.results.put(SIGNAL, version, [result(1)])
    assert workspace.versions.retire(SIGNAL, keep=1) == [1]
    assert [row["version"] for row in workspace.db.rows("SELECT version FROM evaluated_samples")] == [2]
    assert [row["version"] for row in workspace.db.rows("SELECT version FROM evaluations")] == [2]
    with pytest.raises(NotFound):
        workspace.results.put(SIGNAL, 1, [result(1)])


def test_results_follow_a_signal_to_its_new_name_and_through_the_trash(workspace: Workspace) -> None:
    add_sample(workspace, 1)
    add_version(workspace)
    stored = workspace.results.put(SIGNAL, 1, [result(1)])
    workspace.signals.rename(SIGNAL, "gate")
    workspace.signals.delete("gate")
    assert workspace.results.get("gate", 1) is None
    workspace.signals.restore("gate")
    assert workspace.results.get("gate", 1) == stored
    workspace.signals.delete("gate")
    workspace.signals.empty_trash()
    assert workspace.db.rows("SELECT * FROM evaluated_samples") == []


def test_a_workspace_without_results_is_migrated(path: Path) -> None:
    create_old(path, migrations=12)
    with Workspace.open(path) as workspace:
        assert workspace.db.value("PRAGMA user_version") == len(MIGRATIONS)
        add_version(workspace)
        assert workspace.results.put(SIGNAL, 1, [result(2)]).samples == [result(2)]
