"""Clusters of unknown emissions at rest, their exemplars, and samples made of them."""

from dataclasses import replace

import numpy as np
import pytest

from rfhydra.errors import Conflict, InvalidName, NotFound, StorageFull
from rfhydra.store.unknowns import MAX_EXEMPLARS, Exemplar, UnknownCluster
from rfhydra.store.workspace import Workspace
from tests.cli.command_runner import cramped
from tests.store.small_data import CENTER_HZ, add_sample, box, window

SEEN = "2026-11-01T12:00:00.000000Z"


def cluster(number: int = 0, **fields: object) -> UnknownCluster:
    centroid = np.arange(number, number + 8, dtype=np.float32)
    given = UnknownCluster(
        cluster_id=None,
        backbone_id="r18",
        centroid=centroid,
        emissions=1,
        first_seen=SEEN,
        last_seen=SEEN,
        center_freq_hz=CENTER_HZ,
        duration_sec=0.032,
        bandwidth_hz=50e3,
    )
    return replace(given, **fields)  # type: ignore[arg-type]


def exemplar(seed: int, boxes: int = 1) -> Exemplar:
    return Exemplar(window(seed, start_sample=seed), [box(4 * each) for each in range(boxes)], "1", f"{SEEN}{seed:04}")


def blobs(workspace: Workspace) -> int:
    return len([*(workspace.path / "blobs").glob("??/*")])


def test_clusters_are_stored_and_changed(workspace: Workspace) -> None:
    ids = workspace.unknowns.save({7: cluster(1), 9: cluster(2, backbone_id="other")})
    stored = workspace.unknowns.get(ids[7])
    assert stored.centroid.tolist() == cluster(1).centroid.tolist()
    again = replace(stored, emissions=5, centroid=stored.centroid * 2, last_seen="2027")
    assert workspace.unknowns.save({0: again}) == {0: ids[7]}
    assert [each.cluster_id for each in workspace.unknowns.clusters()] == [ids[7], ids[9]]
    assert [each.cluster_id for each in workspace.unknowns.clusters("other")] == [ids[9]]
    assert workspace.unknowns.get(ids[7]).last_seen == "2027"


def test_no_number_is_used_twice(workspace: Workspace) -> None:
    first = workspace.unknowns.save({0: cluster()})[0]
    second = workspace.unknowns.save({0: cluster()}, removed=[first])[0]
    assert second > first
    gone = replace(cluster(), cluster_id=first)
    assert workspace.unknowns.save({0: gone}) == {}  # somebody removed it


def test_the_first_and_the_newest_exemplars_are_kept(workspace: Workspace) -> None:
    cluster_id = workspace.unknowns.save({0: cluster()})[0]
    stored = workspace.unknowns.get(cluster_id)
    for seed in range(20):
        workspace.unknowns.save({0: stored}, exemplars=[(0, exemplar(seed))])
    kept = workspace.unknowns.exemplars(cluster_id)
    assert [each.window.start_sample for each in kept] == [0, 1, 2, 3, 16, 17, 18, 19]
    workspace.collect_garbage()
    assert blobs(workspace) == MAX_EXEMPLARS
    assert (workspace.unknowns.exemplars(cluster_id)[0].window.image == window(0).image).all()


def test_a_removed_cluster_leaves_nothing(workspace: Workspace) -> None:
    cluster_id = workspace.unknowns.save({0: cluster()}, exemplars=[(0, exemplar(1))])[0]
    workspace.unknowns.save({}, removed=[cluster_id])
    workspace.collect_garbage()
    assert blobs(workspace) == 0
    assert workspace.unknowns.clusters() == []


def test_a_cluster_is_labelled_as_a_whole(workspace: Workspace) -> None:
    exemplars = [(0, exemplar(1)), (0, exemplar(2, boxes=3))]
    cluster_id = workspace.unknowns.save({0: cluster()}, exemplars=exemplars)[0]
    assert workspace.unknowns.label(cluster_id, "pager") == 2
    samples = workspace.samples.list("pager")
    assert [len(sample.boxes) for sample in samples] == [1, 3]
    assert len({sample.recording for sample in samples}) == 2  # so that a split can divide them
    workspace.collect_garbage()
    assert blobs(workspace) == 2
    assert workspace.audit.list()[0].action == "unknown.label"
    labelled = workspace.unknowns.get(cluster_id)
    assert labelled.signal_name == "pager"
    workspace.unknowns.save({0: labelled}, exemplars=[(0, exemplar(3))])
    assert workspace.unknowns.exemplars(cluster_id) == []
    with pytest.raises(Conflict, match="labelled 'pager'"):
        workspace.unknowns.label(cluster_id, "other")


def test_a_sample_that_is_known_already_is_not_new(workspace: Workspace) -> None:
    add_sample(workspace, 1, "pager")
    cluster_id = workspace.unknowns.save({0: cluster()}, exemplars=[(0, exemplar(1)), (0, exemplar(2))])[0]
    assert workspace.unknowns.label(cluster_id, "pager") == 1


def test_a_wrong_label_changes_nothing(workspace: Workspace) -> None:
    ids = workspace.unknowns.save({0: cluster(), 1: cluster()}, exemplars=[(0, exemplar(1))])
    with pytest.raises(InvalidName):
        workspace.unknowns.label(ids[0], "../x")
    with pytest.raises(NotFound, match="no window"):
        workspace.unknowns.label(ids[1], "pager")
    with pytest.raises(NotFound, match="no unknown cluster 99"):
        workspace.unknowns.label(99, "pager")
    assert workspace.samples.signal_names() == []
    assert len(workspace.unknowns.exemplars(ids[0])) == 1


def test_a_full_disk_stores_nothing(workspace: Workspace) -> None:
    with cramped(500), pytest.raises(StorageFull):
        workspace.unknowns.save({0: cluster()}, exemplars=[(0, exemplar(1))])
    assert workspace.unknowns.clusters() == []
