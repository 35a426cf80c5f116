"""The labelled boxes of an image are stored once, whatever number of samples it has."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from rfhydra.store.labels import LabelSet
from rfhydra.store.workspace import Workspace
from tests.store.small_data import SIGNAL, SPEC, add_sample, box, create_old, window


def set_count(workspace: Workspace) -> int:
    return int(workspace.db.value("SELECT count(*) FROM label_sets"))


def test_the_samples_of_an_image_share_its_labels(workspace: Workspace) -> None:
    names = [f"signal-{number}" for number in range(20)]
    labels = [(name, box(number)) for number, name in enumerate(names)]
    stored = workspace.samples.put_window(window(0), labels)
    added = workspace.samples.add_all([stored.sample(name, None, {}) for name in names])
    assert [is_new for _, is_new in added] == [True] * 20
    assert set_count(workspace) == 1
    (sample,) = workspace.samples.list("signal-3")
    assert sample.boxes == (box(3),)
    assert sample.negatives == tuple(each for each in sorted(labels) if each[0] != "signal-3")


def test_labels_without_a_sample_are_removed(workspace: Workspace) -> None:
    first, second = (add_sample(workspace, seed) for seed in (0, 1))
    assert set_count(workspace) == 1
    workspace.samples.update(first.sample_id, boxes=[box(9)])
    assert set_count(workspace) == 2
    workspace.samples.delete(second.sample_id)
    assert set_count(workspace) == 1
    assert workspace.samples.get(first.sample_id).boxes == (box(9),)


def test_boxes_and_negatives_of_an_old_workspace_become_labels(path: Path) -> None:
    create_old(path, 4)
    labels = LabelSet.of([(SIGNAL, box(1)), (SIGNAL, box(12)), ("lora", box(5))])
    rows = [(1, SIGNAL), (3, "lora")]
    with closing(sqlite3.connect(path / "rfhydra.db")) as old:
        for position, name in rows:
            boxes = json.dumps([each.as_tuple() for each in labels.boxes(name)])
            negatives = json.dumps([(label, each.as_tuple()) for label, each in labels.others(name)])
            old.execute(
                "INSERT INTO samples VALUES (?, ?, ?, ?, ?, NULL, 32, 32000, 433920000, ?, ?, 'roof', 7, '{}', 'then')",
                (position, f"{position:064x}", name, SPEC.spec_id, "a" * 64, boxes, negatives),
            )
        old.commit()
    with Workspace.open(path) as workspace:
        (ours,), (other,) = (workspace.samples.list(name) for _, name in rows)
        assert (ours.boxes, other.negatives) == ((box(1), box(12)), ((SIGNAL, box(1)), (SIGNAL, box(12))))
        assert ours.labels == other.labels == labels
        assert set_count(workspace) == 1
        assert workspace.samples.page(SIGNAL, 0, 9) == [(1, ours)]
        assert (ours.recording, ours.start_sample, ours.created_at) == ("roof", 7, "then")
        workspace.samples.update(ours.sample_id, boxes=[box(2)])
        assert set_count(workspace) == 2
