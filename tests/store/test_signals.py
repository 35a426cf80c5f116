import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from rfhydra.errors import Conflict, InvalidMessage, InvalidName, NotFound
from rfhydra.protocol.live import NamedSource
from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace
from tests.live.tracks import event
from tests.store.small_data import (
    SIGNAL,
    SPEC,
    add_job,
    add_sample,
    add_version,
    box,
    create_old,
    result_of,
)

OTHER = "lora"
NEW = "gate-remote"

BEFORE_COUNTS = 11
"""Version of the database before samples counted their boxes."""


@pytest.fixture
def site(workspace: Workspace) -> Workspace:
    """Two signals that know of each other, with heads, a card, a job, a stream, and a logged track."""
    for seed in range(3):
        add_sample(workspace, seed, boxes=[box(2)], negatives=[(OTHER, box(9)), (f"!{SIGNAL}", box(15))])
        add_sample(workspace, seed, OTHER, boxes=[box(9)], negatives=[(SIGNAL, box(2)), ("burst", box(20))])
    ids = [sample.sample_id for sample in workspace.samples.list(SIGNAL)]
    split = workspace.splits.create(SIGNAL, ids[:2], ids[2:])
    for number in (1, 2):
        add_version(workspace, split_version=split, artifact=b"weights %d" % number)
        workspace.versions.activate(SIGNAL, number)
    add_version(workspace, OTHER)
    workspace.versions.activate(OTHER, 1)
    workspace.loaded.load({SIGNAL: 2, OTHER: 1})
    workspace.cards.put(SIGNAL, 2, {"signal_name": SIGNAL, "confusion": [{"signal_name": OTHER}]})
    workspace.cards.put(OTHER, 1, {"signal_name": OTHER, "confusion": [{"signal_name": SIGNAL}]})
    job = add_job(workspace)
    workspace.jobs.start_next()
    workspace.jobs.complete(job.job_id, result_of(workspace.versions.get(SIGNAL, 2)))
    workspace.streams.add("roof", NamedSource(name="sdr"), [OTHER, SIGNAL])
    workspace.detections.record([event("end", 1, signal_name=SIGNAL)])
    return workspace


def said(workspace: Workspace) -> dict[str, Any]:
    """All that a workspace says of its signals, by way of every store."""
    names = workspace.samples.signal_names()
    return {
        "samples": {name: workspace.samples.list(name) for name in names},
        "signals": workspace.signals.all(),
        "registry": workspace.versions.registry(),
        "previous": {name: workspace.versions.previous(name) for name in names},
        "versions": {name: workspace.versions.list(name) for name in names},
        "splits": {
            name: [workspace.splits.members(name, s.version) for s in workspace.splits.history(name)] for name in names
        },
        "loaded": workspace.loaded.versions(),
        "cards": {name: workspace.cards.get(name, v.version) for name in names for v in workspace.versions.list(name)},
        "jobs": [job for _, job in workspace.jobs.page(10)],
        "events": [workspace.jobs.events(job.job_id) for _, job in workspace.jobs.page(10)],
        "streams": workspace.streams.all(),
        "tracks": workspace.detections.newest(10),
    }


def plain(what: Any) -> str:
    """A text of ``said`` in which names can be replaced."""
    return repr(what)


def integrity(workspace: Workspace) -> list[Any]:
    return [tuple(row) for row in workspace.db.rows("PRAGMA foreign_key_check")]


def test_signals_are_listed_with_and_without_a_head(site: Workspace) -> None:
    add_sample(site, 9, "pager", boxes=[box(1), box(5)])
    found = {each.signal_name: each for each in site.signals.all()}
    assert [*found] == sorted(found)
    assert (found["pager"].active_version, found["pager"].box_count, found["pager"].negative_count) == (None, 2, 0)
    ours = found[SIGNAL]
    assert (ours.sample_count, ours.box_count, ours.negative_count) == (3, 3, 6)
    assert (ours.active_version, ours.f1_score, ours.provisional) == (2, 0.9, False)


def test_a_rename_changes_the_name_and_nothing_else(site: Workspace) -> None:
    before = plain(said(site))
    assert before.count(SIGNAL) > 20
    site.signals.rename(SIGNAL, NEW, who="ada")
    after = plain(said(site))
    assert SIGNAL not in after
    # the order of names is that of the alphabet: compare what is said, not where
    assert sorted(after.replace(NEW, SIGNAL)) == sorted(before)
    assert integrity(site) == []
    site.signals.rename(NEW, SIGNAL)
    assert plain(said(site)) == before


def test_a_renamed_sample_keeps_its_id_and_its_image_is_still_the_same_sample(site: Workspace) -> None:
    (first, *_) = site.samples.list(SIGNAL)
    site.signals.rename(SIGNAL, NEW)
    assert add_sample(site, 0, NEW, boxes=[box(3)]).sample_id == first.sample_id
    again = add_sample(site, 0, SIGNAL)  # another signal of the former name, with an id of its own
    assert again.sample_id != first.sample_id
    assert add_sample(site, 0, SIGNAL) == again
    assert {each.signal_name for each in site.signals.all()} == {NEW, OTHER, SIGNAL}


def test_a_rename_is_in_the_audit_log_under_both_names(site: Workspace) -> None:
    site.signals.rename(SIGNAL, NEW, who="ada")
    for name, detail in ((SIGNAL, {"to": NEW}), (NEW, {"from": SIGNAL})):
        entry = site.audit.list(name)[0]
        assert (entry.action, entry.who, entry.detail) == ("signal.rename", "ada", detail)


@pytest.mark.parametrize(
    ("names", "error", "message"),
    [
        (("unheard-of", NEW), NotFound, f"there is no signal 'unheard-of': there are {OTHER}, {SIGNAL}"),
        ((SIGNAL, OTHER), Conflict, "there is a signal 'lora' already"),
        ((SIGNAL, SIGNAL), Conflict, "already"),
        ((SIGNAL, "burst"), Conflict, "labelled 'burst'"),
        ((SIGNAL, "a b"), InvalidName, "new_name"),
        ((SIGNAL, "~1"), InvalidName, "new_name"),
        (("../a", NEW), InvalidName, "signal_name"),
    ],
)
def test_a_rename_that_would_mix_signals_is_refused(
    site: Workspace, names: tuple[str, str], error: type[Exception], message: str
) -> None:
    before = plain(said(site))
    with pytest.raises(error, match=message):
        site.signals.rename(*names)
    assert plain(said(site)) == before


def test_a_signal_that_is_being_trained_is_left_alone(site: Workspace) -> None:
    job = add_job(site)
    for change in (lambda: site.signals.rename(SIGNAL, NEW), lambda: site.signals.delete(SIGNAL)):
        with pytest.raises(Conflict, match="queued or running"):
            change()
    site.signals.rename(OTHER, NEW)  # another one is not concerned
    site.upgrade_jobs.add("r18-0002", force=False)
    with pytest.raises(Conflict, match="an upgrade"):
        site.signals.delete(NEW)
    assert site.jobs.get(job.job_id).signal_name == SIGNAL


def test_a_deleted_signal_is_nowhere_but_in_the_trash(site: Workspace) -> None:
    others = site.samples.list(OTHER)
    deleted = site.signals.delete(SIGNAL, who="ada")
    assert (deleted.signal_name, deleted.who, deleted.sample_count, deleted.version_count) == (SIGNAL, "ada", 3, 2)
    assert site.signals.trash() == [deleted]
    assert [each.signal_name for each in site.signals.all()] == [OTHER]
    assert site.samples.signal_names() == [OTHER] == [*site.versions.registry()] == site.versions.signals()
    assert site.samples.counts() == {OTHER: 3}
    assert list(site.samples.newest_negative_samples("any")) == others[::-1]
    assert site.loaded.versions() == {OTHER: 1}
    assert site.jobs.page(10) == []
    assert site.streams.all()[0].heads == (OTHER,)
    assert site.samples.list(OTHER) == others  # with their negatives
    assert site.detections.newest(1)[0].signal_name == SIGNAL  # what was received stays
    assert site.collect_garbage() == 0
    assert "~" not in plain(said(site))
    assert integrity(site) == []


def test_samples_in_the_trash_have_no_id(site: Workspace) -> None:
    sample_id = site.samples.list(SIGNAL)[0].sample_id
    site.signals.delete(SIGNAL)
    for call in (site.samples.get, site.samples.delete, site.samples.find_id):
        with pytest.raises(NotFound):
            call(sample_id)


def test_a_restored_signal_is_as_it_was_but_not_loaded(site: Workspace) -> None:
    before = said(site)
    deleted = site.signals.delete(SIGNAL)
    assert site.signals.restore(SIGNAL) == deleted
    after = said(site)
    assert after.pop("loaded") == {OTHER: 1}
    assert after.pop("streams")[0].heads == (OTHER,)
    del before["loaded"], before["streams"]
    assert after == before
    assert site.signals.trash() == []
    assert [entry.action for entry in site.audit.list(SIGNAL)[:2]] == ["signal.restore", "signal.delete"]


def test_a_signal_is_restored_although_there_was_another_of_its_name(site: Workspace) -> None:
    before = site.samples.list(SIGNAL)
    site.signals.delete(SIGNAL)
    add_sample(site, 0)  # the same image
    add_version(site)
    with pytest.raises(Conflict, match="again"):
        site.signals.restore(SIGNAL)
    with pytest.raises(NotFound, match=f"not in the trash: there are {SIGNAL}"):
        site.signals.restore(OTHER)
    site.signals.rename(SIGNAL, NEW)
    with pytest.raises(Conflict, match="trash"):
        site.signals.rename(OTHER, SIGNAL)
    site.signals.restore(SIGNAL)
    assert site.samples.list(SIGNAL) == before
    assert [each.boxes for each in site.samples.list(NEW)] == [(box(),)]


def test_labels_in_the_trash_follow_a_rename_of_another_signal(site: Workspace) -> None:
    site.signals.delete(SIGNAL)
    site.signals.rename(OTHER, NEW)
    site.signals.restore(SIGNAL)
    assert site.samples.list(SIGNAL)[0].negatives == ((f"!{SIGNAL}", box(15)), (NEW, box(9)))


def test_what_is_deleted_twice_is_restored_last_first(site: Workspace) -> None:
    site.signals.delete(SIGNAL)
    later = add_sample(site, 7)
    site.signals.delete(SIGNAL)
    site.signals.restore(SIGNAL)
    assert site.samples.list(SIGNAL) == [later]


def test_an_emptied_trash_leaves_no_row_and_no_blob(site: Workspace) -> None:
    site.signals.delete(SIGNAL)
    site.signals.delete(OTHER)
    removed = site.signals.empty_trash(who="ada")
    assert {each.signal_name for each in removed} == {SIGNAL, OTHER}
    assert site.signals.trash() == site.signals.empty_trash() == []
    site.collect_garbage()
    for table in ("samples", "label_sets", "splits", "split_members", "head_versions", "activations", "jobs", "cards"):
        assert site.db.value(f"SELECT count(*) FROM {table}") == 0, table
    assert not [each for prefix in site.blobs.prefixes() for each in (site.path / "blobs" / prefix).iterdir()]
    assert {entry.signal_name for entry in site.audit.list(limit=2)} == {SIGNAL, OTHER}
    assert integrity(site) == []


def test_a_relabelled_sample_is_one_of_the_other_signal(workspace: Workspace) -> None:
    ours = add_sample(workspace, 0, boxes=[box(2)], negatives=[("burst", box(9))])
    third = add_sample(workspace, 0, "pager", boxes=[box(20)], negatives=[(SIGNAL, box(2)), (SIGNAL, box(25))])
    moved = workspace.samples.relabel(ours.sample_id, OTHER, who="ada")
    assert (moved.signal_name, moved.boxes, moved.negatives) == (OTHER, (box(2),), (("burst", box(9)),))
    assert moved.sample_id != ours.sample_id
    assert workspace.samples.list(OTHER) == [moved]
    assert workspace.samples.list(SIGNAL) == []
    # only what was relabelled is relabelled elsewhere
    assert workspace.samples.get(third.sample_id).negatives == ((OTHER, box(2)), (SIGNAL, box(25)))
    entry = next(each for each in workspace.audit.list() if each.action == "sample.relabel")
    assert (entry.signal_name, entry.who) == (SIGNAL, "ada")
    assert entry.detail == {"sample_id": ours.sample_id, "to": OTHER, "as": moved.sample_id}
    assert workspace.signals.all()[0].box_count == 1


def test_a_relabelled_sample_joins_that_of_the_same_image(workspace: Workspace) -> None:
    ours = add_sample(workspace, 0, boxes=[box(2)])
    theirs = add_sample(workspace, 0, OTHER, boxes=[box(9)], negatives=[(SIGNAL, box(2))])
    moved = workspace.samples.relabel(ours.sample_id, OTHER)
    assert (moved.sample_id, moved.boxes, moved.negatives) == (theirs.sample_id, (box(2), box(9)), ())
    assert workspace.samples.counts() == {OTHER: 1}


def test_a_relabelled_negative_becomes_a_box(workspace: Workspace) -> None:
    rejected = add_sample(workspace, 0, boxes=[], negatives=[(f"!{SIGNAL}", box(2))])
    moved = workspace.samples.relabel(rejected.sample_id, OTHER)
    assert (moved.boxes, moved.negatives) == ((box(2),), ())


def test_a_sample_is_not_relabelled_as_what_it_is(workspace: Workspace) -> None:
    ours = add_sample(workspace, 0)
    with pytest.raises(InvalidMessage, match="already"):
        workspace.samples.relabel(ours.sample_id, SIGNAL)
    with pytest.raises(InvalidName):
        workspace.samples.relabel(ours.sample_id, "a b")
    with pytest.raises(NotFound):
        workspace.samples.relabel("0" * 64, OTHER)
    assert workspace.samples.list(SIGNAL) == [ours]


def test_a_prefix_of_an_id_is_enough(workspace: Workspace) -> None:
    added = [add_sample(workspace, seed).sample_id for seed in range(3)]
    assert [workspace.samples.find_id(each[:12]) for each in added] == added
    assert workspace.samples.find_id(added[0]) == added[0]
    with pytest.raises(NotFound):
        workspace.samples.find_id("0000")
    with pytest.raises(InvalidMessage, match="at least 4"):
        workspace.samples.find_id(added[0][:3])


def test_an_ambiguous_prefix_is_refused(workspace: Workspace) -> None:
    sample = add_sample(workspace, 0)
    twin = sample.sample_id[:8] + sample.sample_id[8:][::-1]
    with workspace.db.transaction() as connection:
        columns = ", ".join(
            name for name in column_names(workspace) if name not in ("position", "sample_id", "signal_name")
        )
        connection.execute(
            f"INSERT INTO samples (sample_id, signal_name, {columns}) SELECT ?, 'twin', {columns} FROM samples", (twin,)
        )
    with pytest.raises(InvalidMessage, match="several"):
        workspace.samples.find_id(sample.sample_id[:8])


def column_names(workspace: Workspace) -> list[str]:
    return [row["name"] for row in workspace.db.rows("SELECT name FROM pragma_table_info('samples')")]


def test_a_sample_that_shows_only_what_is_not_the_signal(workspace: Workspace) -> None:
    rejected = add_sample(workspace, 0, boxes=[], negatives=[(f"!{SIGNAL}", box(2))])
    assert (rejected.boxes, rejected.negatives) == ((), ((f"!{SIGNAL}", box(2)),))
    assert workspace.samples.list(SIGNAL) == [rejected]
    # it says nothing of other signals
    assert list(workspace.samples.newest_negative_samples(OTHER)) == []
    with pytest.raises(InvalidMessage, match="boxes is empty"):
        add_sample(workspace, 1, boxes=[], negatives=[(f"!{OTHER}", box(2))])
    with pytest.raises(InvalidName):
        add_sample(workspace, 1, negatives=[("!", box(2))])


def test_an_older_workspace_counts_its_boxes(path: Path) -> None:
    create_old(path, BEFORE_COUNTS)
    labels = json.dumps([[OTHER, [*box(9).as_tuple()]], [SIGNAL, [*box(2).as_tuple()]], [SIGNAL, [*box(5).as_tuple()]]])
    with closing(sqlite3.connect(path / "rfhydra.db")) as connection, connection:
        connection.execute("INSERT INTO label_sets VALUES (1, ?, ?)", ("a" * 64, labels))
        connection.execute(
            "INSERT INTO samples (sample_id, signal_name, spec_id, image_digest, cols, label_set_id, metadata,"
            " created_at)"
            " VALUES (?, ?, ?, ?, 32, 1, '{}', '2026-01-01T00:00:00.000000Z')",
            ("b" * 64, SIGNAL, SPEC.spec_id, "c" * 64),
        )
    with Workspace.open(path) as workspace:
        (signal,) = workspace.signals.all()
        assert (signal.box_count, signal.negative_count) == (2, 1)
        sample: Sample = workspace.samples.get("b" * 64)
        assert len(sample.boxes) == 2


def test_logged_tracks_are_renamed_in_slices_also_after_a_kill(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rfhydra.store.detections.CHANGED_AT_ONCE", 2)
    with Workspace.create(path, SPEC) as workspace:
        add_sample(workspace, 0)
        workspace.detections.record([event("end", number, signal_name=SIGNAL) for number in range(1, 6)])
        workspace.signals.rename(SIGNAL, NEW, finish=False)
        add_sample(workspace, 1)  # another signal of the former name
        workspace.detections.record([event("end", 6, signal_name=SIGNAL)])
        workspace.signals.rename(NEW, OTHER, finish=False)
        assert workspace.detections.rename_slice()
    with Workspace.open(path) as workspace:
        names = {each.track_id: each.signal_name for each in workspace.detections.newest(10)}
        assert names == {**dict.fromkeys(range(1, 6), OTHER), 6: SIGNAL}
        assert not workspace.detections.rename_slice()
