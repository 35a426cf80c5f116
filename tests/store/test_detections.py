"""The detection log at rest: rows of tracks, queries, pruning, tracks of a killed process."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rfhydra.errors import StorageFull
from rfhydra.protocol.track_log import LoggedTrack
from rfhydra.store.database import Database
from rfhydra.store.detections import DetectionStore, LogFilter
from rfhydra.store.schema import MIGRATIONS
from rfhydra.store.workspace import Workspace
from tests.cli.command_runner import cramped
from tests.live.tracks import BEGAN, CENTER_HZ, MEASURED, begin_and_end, event, utc
from tests.store.small_data import SPEC, create_old, process


def seconds(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def starts(tracks: list[LoggedTrack]) -> list[float]:
    return [track.time_start_sec for track in tracks]


def test_a_track_is_one_row_whatever_its_events_were(workspace: Workspace) -> None:
    log = workspace.detections
    log.record([event("begin"), event("update", score=0.98)])
    (track,) = log.newest(10)
    assert (track.state, track.score, track.snr_db) == ("open", 0.98, None)
    log.record([event("end", score=0.99, end_sec=1.5, duty_cycle=0.1)])
    (track,) = log.newest(10)
    assert (track.state, track.score, track.end_time, track.duty_cycle) == ("ended", 0.99, utc(1.5), 0.1)
    assert track.snr_db == MEASURED.snr_db


def test_a_track_is_logged_though_its_begin_was_dropped(workspace: Workspace) -> None:
    workspace.detections.record([event("end")])
    assert [track.state for track in workspace.detections.newest(10)] == ["ended"]


def test_a_later_stream_may_use_a_number_again(workspace: Workspace) -> None:
    workspace.detections.record([*begin_and_end(1, 1.0), *begin_and_end(1, 5.0), event("begin", 1, 9.0)])
    assert [track.state for track in workspace.detections.newest(10)] == ["ended", "ended", "open"]


def test_a_track_that_was_merged_into_another_one_is_no_row(workspace: Workspace) -> None:
    workspace.detections.record([event("begin", 1), event("begin", 2), event("end", 2, merged_into=1)])
    workspace.detections.record([event("end", 3, merged_into=1), event("end", 1)])
    assert [track.track_id for track in workspace.detections.newest(10)] == [1]


def test_times_of_other_zones_are_stored_in_utc(workspace: Workspace) -> None:
    given = event(start_time="2026-11-01T14:00:00+02:00", end_time="2026-11-01T14:00:00.5+02:00")
    workspace.detections.record([given])
    assert workspace.detections.newest(1)[0].end_time == "2026-11-01T12:00:00.500000Z"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (LogFilter(), [1.0, 2.0, 3.0]),
        (LogFilter(since=BEGAN + seconds(2.02)), [2.0, 3.0]),
        (LogFilter(until=BEGAN + seconds(2.02)), [1.0, 2.0]),
        (LogFilter(since=BEGAN + seconds(2.5), until=BEGAN + seconds(2.9)), []),
        (LogFilter(signals=["pager", "tpms"]), [2.0, 3.0]),
        (LogFilter(low_hz=CENTER_HZ + 1e6), [3.0]),
        (LogFilter(high_hz=CENTER_HZ + 1e6), [1.0, 2.0]),
        (LogFilter(signals=["pager"], since=BEGAN + seconds(2.5)), []),
    ],
)
def test_filters(workspace: Workspace, wanted: LogFilter, found: list[float]) -> None:
    high = {"freq_low_hz": CENTER_HZ + 2e6, "freq_high_hz": CENTER_HZ + 3e6}
    workspace.detections.record(
        [
            event("end", 1, 1.0),
            event("end", 2, 2.0, signal_name="pager"),
            event("end", 3, 3.0, signal_name="tpms", **high),
        ]
    )
    assert starts(workspace.detections.newest(10, wanted)) == found
    assert starts([*workspace.detections.tracks(wanted)]) == found


def test_all_tracks_are_read_a_slice_at_a_time(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rfhydra.store.detections._SLICE", 7)
    workspace.detections.record([event("end", number, number // 5) for number in range(1, 101)])
    read = [track.track_id for track in workspace.detections.tracks()]
    assert sorted(read) == [*range(1, 101)]
    assert [track.track_id for track in workspace.detections.newest(3)] == read[-3:]


@pytest.mark.parametrize("wanted", [LogFilter(since=BEGAN), LogFilter(since=BEGAN, signals=["pager"])])
def test_queries_use_an_index(workspace: Workspace, wanted: LogFilter) -> None:
    condition, parameters = wanted.condition()
    query = (
        f"EXPLAIN QUERY PLAN SELECT * FROM detections WHERE {condition} ORDER BY end_time DESC, position DESC LIMIT 9"
    )
    plan = [row["detail"] for row in workspace.db.rows(query, parameters)]
    assert "SEARCH" in plan[0]
    assert not any("TEMP B-TREE" in step for step in plan)


tracks_of_ages = st.lists(st.tuples(st.integers(0, 100), st.booleans()), max_size=30)


@given(tracks_of_ages, st.integers(0, 100), st.integers(0, 30), st.integers(1, 5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_pruning_removes_the_oldest(
    tmp_path_factory: pytest.TempPathFactory, ages: list[tuple[int, bool]], max_age: int, max_tracks: int, at_once: int
) -> None:
    with pytest.MonkeyPatch.context() as patch, Database(tmp_path_factory.mktemp("prune") / "log.db") as db:
        patch.setattr("rfhydra.store.detections.CHANGED_AT_ONCE", at_once)
        log = DetectionStore(db)
        log.record(
            [
                event("update" if is_open else "end", number, -age, end_sec=-float(age))
                for number, (age, is_open) in enumerate(ages, 1)
            ]
        )
        removed = log.prune(max_age, max_tracks, BEGAN)
        kept = [*log.tracks()]
    ended_ages = [-track.time_end_sec for track in kept if track.state == "ended"]
    open_count = sum(is_open for _, is_open in ages)
    assert len(kept) == len(ages) - removed
    assert sum(track.state == "open" for track in kept) == open_count
    assert len(kept) <= max(max_tracks, open_count)
    assert all(age <= max_age for age in ended_ages)
    gone = Counter(age for age, is_open in ages if not is_open) - Counter(map(int, ended_ages))
    assert not ended_ages or not gone or min(gone) >= max(ended_ages)
    fresh = sum(not is_open and age <= max_age for age, is_open in ages)
    assert len(ended_ages) == min(fresh, max(0, max_tracks - open_count))  # no more than necessary


def test_an_age_of_more_than_all_time_removes_nothing(workspace: Workspace) -> None:
    workspace.detections.record([event("end")])
    assert workspace.detections.prune(max_age_sec=1e300) == 0


def test_pruned_room_is_used_again(workspace: Workspace) -> None:
    def fill(first: int) -> int:
        workspace.detections.record([event("end", number, number) for number in range(first, first + 2000)])
        workspace.detections.prune(1e9, 2000)
        return int(workspace.db.value("PRAGMA page_count"))

    sizes = [fill(1 + 2000 * round_) for round_ in range(6)]
    assert sizes[-1] < 1.1 * sizes[1]


def test_a_view_reads_what_is_committed_while_a_process_owns_the_workspace(workspace: Workspace, path: Path) -> None:
    workspace.detections.record([event("begin")])
    with Workspace.view(path) as view:
        workspace.detections.record([event("end"), event("begin", 2, 3.0)])
        assert [track.state for track in view.detections.newest(10)] == ["open"]
    with Workspace.view(path) as view:
        assert [track.state for track in view.detections.newest(10)] == ["ended", "open"]


def test_open_tracks_of_one_stream_are_interrupted(workspace: Workspace) -> None:
    workspace.detections.record([event("begin"), event("begin", stream_id="2"), event("end", 2, stream_id="2")])
    assert workspace.detections.interrupt("2") == 1
    found = {(track.stream_id, track.track_id): track.state for track in workspace.detections.newest(10)}
    assert found == {("1", 1): "open", ("2", 1): "interrupted", ("2", 2): "ended"}
    assert workspace.detections.interrupt() == 1


def test_a_full_disk_stores_nothing_and_says_so(workspace: Workspace) -> None:
    workspace.detections.record([event("end", 1)])
    with cramped(workspace.db.value("PRAGMA page_size")), pytest.raises(StorageFull):
        workspace.detections.record([event("end", number, number) for number in range(2, 3000)])
    assert workspace.detections.count() == 1


def test_a_killed_writer_loses_nothing_that_it_acknowledged(path: Path) -> None:
    Workspace.create(path, SPEC).close()
    logged = 0
    for lines in (1, 4, 11):
        with process("log_writer", path, logged) as child:
            assert child.stdout is not None
            read = [child.stdout.readline() for _ in range(lines)]
            child.kill()
            acknowledged = int([*read, *child.stdout][-1])
        with Workspace.view(path) as view:  # before anybody recovers
            assert view.db.value("PRAGMA integrity_check") == "ok"
        with Workspace.open(path) as survivor:
            tracks = [*survivor.detections.tracks()]
        ids = [track.track_id for track in tracks]
        assert ids == [*range(1, len(ids) + 1)]
        assert len(ids) - acknowledged in (0, 5)  # the batch that was not acknowledged is there whole or not at all
        assert all(track.state == ("interrupted" if track.track_id % 5 == 0 else "ended") for track in tracks)
        logged = len(ids)


def test_an_old_workspace_gets_the_tables(path: Path) -> None:
    create_old(path, 9)
    with Workspace.open(path) as workspace:
        assert workspace.db.value("PRAGMA user_version") == len(MIGRATIONS)
        workspace.detections.record([event("end")])
        assert workspace.detections.count() == 1
