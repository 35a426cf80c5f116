"""Tracks of a pipeline in the log of a workspace."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rfhydra.live import detection_log
from rfhydra.live.detection_log import DetectionLog
from rfhydra.store.workspace import Workspace
from tests.cli.command_runner import cramped
from tests.live.tracks import begin_and_end, event
from tests.store.small_data import SPEC


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.create(tmp_path / "site", SPEC) as workspace:
        yield workspace


def states(workspace: Workspace) -> dict[int, str]:
    return {track.track_id: track.state for track in workspace.detections.newest(10_000)}


def test_what_was_flushed_is_committed(workspace: Workspace) -> None:
    log = DetectionLog(workspace.detections)
    for number in range(1, 50):
        for each in begin_and_end(number, number):
            log.write(each)
    assert log.flush(30)
    with Workspace.view(workspace.path) as view:
        assert states(view) == dict.fromkeys(range(1, 50), "ended")
    log.close()


def test_tracks_without_an_end_are_interrupted_when_the_log_is_closed(workspace: Workspace) -> None:
    workspace.detections.record([event("begin", 7, stream_id="another")])
    log = DetectionLog(workspace.detections)
    log.write(event("begin", 1))
    log.close()
    assert states(workspace) == {1: "interrupted", 7: "open"}


def test_the_log_is_pruned_while_it_grows(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection_log, "PRUNE_EVERY", 50)
    log = DetectionLog(workspace.detections, max_age_sec=1e9, max_tracks=20)
    for number in range(1, 1001):
        log.write(event("end", number, number))
    log.close()
    assert workspace.detections.count() <= 20 + 500  # a batch more
    assert 1000 in states(workspace)
    assert 1 not in states(workspace)


def test_the_pipeline_does_not_wait_for_the_store(workspace: Workspace) -> None:
    log, written = DetectionLog(workspace.detections, max_queued=10), threading.Event()

    def write() -> None:
        for number in range(1, 1001):
            log.write(event("end", number, number))
        written.set()

    with workspace.db.transaction():  # as a large import does
        writer = threading.Thread(target=write)
        writer.start()
        assert written.wait(30)
    writer.join()
    log.close()
    assert log.dropped > 0
    assert len(states(workspace)) == 1000 - log.dropped


def test_tracks_wait_for_room_on_a_full_disk(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = threading.Event()
    monkeypatch.setattr(detection_log, "_FIRST_RETRY_SEC", 0.01)
    stored = DetectionLog._stored

    def watched(log: DetectionLog, events: list[object]) -> bool:
        done = stored(log, events)  # type: ignore[arg-type]
        if not done:
            failed.set()
        return done

    monkeypatch.setattr(DetectionLog, "_stored", watched)
    log = DetectionLog(workspace.detections)
    with cramped(workspace.db.value("PRAGMA page_size")):
        for number in range(1, 101):
            log.write(event("end", number, number))
        assert failed.wait(30)
    log.close()
    assert states(workspace) == dict.fromkeys(range(1, 101), "ended")
