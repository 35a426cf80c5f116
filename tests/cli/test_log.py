"""``rfhydra log``."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from rfhydra.cli.log import as_length, parse_time
from rfhydra.errors import InvalidMessage
from rfhydra.protocol.streams import TrackEvent
from rfhydra.protocol.track_log import LoggedTrack
from rfhydra.store.workspace import Workspace
from tests.cli.command_runner import cramped, process, run
from tests.live.tracks import CENTER_HZ, event
from tests.store.small_data import SPEC

HOUR_AGO = "an hour ago, as a time"


def ago(seconds: float, track_id: int, **fields: Any) -> TrackEvent:
    began = datetime.now(UTC) - timedelta(seconds=seconds)
    times = [(began + timedelta(milliseconds=each)).isoformat() for each in (0, 32)]
    return event("end", track_id, start_time=times[0], end_time=times[1], **fields)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    with Workspace.create(tmp_path / "site", SPEC) as workspace:
        high = {"freq_low_hz": CENTER_HZ + 1e6, "freq_high_hz": CENTER_HZ + 1.1e6}
        workspace.detections.record(
            [ago(7000, 1), ago(3000, 2, signal_name="pager"), ago(2000, 3, signal_name="tpms", **high), ago(100, 4)]
        )
        workspace.audit.record("test", "pager", {"number": 1}, who="ada")
    return tmp_path / "site"


def as_json(*arguments: object) -> list[LoggedTrack]:
    done = run("log", *arguments, "--json")
    assert done.status == 0
    return [LoggedTrack.model_validate(each) for each in json.loads(done.stdout)["tracks"]]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ((), [1, 2, 3, 4]),
        (("--since", "1h"), [2, 3, 4]),
        (("--since", "2h", "--until", "45min"), [1, 2]),
        (("--since", HOUR_AGO), [2, 3, 4]),
        (("--signal", "pager", "--signal", "tpms"), [2, 3]),
        (("--low", "434.5M"), [3]),
        (("--high", "434M", "--since", "1h"), [2, 4]),
        (("--since", "1min"), []),
    ],
)
def test_tracks_are_chosen(site: Path, arguments: tuple[str, ...], found: list[int]) -> None:
    hour_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    given = [hour_ago if each == HOUR_AGO else each for each in arguments]
    assert [track.track_id for track in as_json(site, *given)] == found


def test_the_table_fits_80_columns(site: Path) -> None:
    done = run("log", site)
    assert done.status == 0
    assert max(map(len, done.stdout.splitlines())) <= 80
    for text in ("pager", "433.9200", "32 ms", "0.97", "22", "50.0"):
        assert text in done.stdout
    assert "state" not in done.stdout
    assert "older tracks are left out" in run("log", site, "--limit", 2).stderr


def test_tracks_that_did_not_end_say_so(site: Path) -> None:
    with Workspace.open(site) as workspace:
        workspace.detections.record([event("begin", 9)])
        done = run("log", site)  # beside the owner
    assert "open" in done.stdout
    with Workspace.open(site):
        pass
    assert "interrupted" in run("log", site).stdout


def test_csv_and_parquet_hold_what_json_does(site: Path, tmp_path: Path) -> None:
    tracks = as_json(site)
    read = [*csv.DictReader(io.StringIO(run("log", site, "--csv").stdout))]
    assert [(row["track_id"], row["start_time"], row["duty_cycle"]) for row in read] == [
        (str(track.track_id), track.start_time, "") for track in tracks
    ]
    assert [*read[0]] == [*LoggedTrack.model_fields]
    done = run("log", site, "--signal", "pager", "--parquet", tmp_path / "new" / "log.parquet")
    assert done.status == 0
    (row,) = pyarrow.parquet.read_table(tmp_path / "new" / "log.parquet").to_pylist()
    assert row["start_time"] == datetime.fromisoformat(tracks[1].start_time)
    assert {**row, "start_time": "", "end_time": ""} == {**tracks[1].model_dump(), "start_time": "", "end_time": ""}


def test_a_parquet_file_without_tracks_has_the_columns(site: Path, tmp_path: Path) -> None:
    assert run("log", site, "--since", "1s", "--parquet", tmp_path / "none.parquet").status == 0
    table = pyarrow.parquet.read_table(tmp_path / "none.parquet")
    assert (table.num_rows, table.column_names) == (0, [*LoggedTrack.model_fields])


def test_a_full_disk_leaves_no_half_of_a_file(site: Path, tmp_path: Path) -> None:
    with cramped(100):
        done = run("log", site, "--parquet", tmp_path / "log.parquet")
    assert done.status == 1
    assert "disk is full" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"site"}


def test_a_reader_that_stops_reading_is_no_error(tmp_path: Path) -> None:
    with Workspace.create(tmp_path / "long", SPEC) as workspace:
        workspace.detections.record([ago(1, number) for number in range(1, 5000)])
    with process("log", tmp_path / "long", "--csv") as child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline().startswith("stream_id")
        child.stdout.close()
        assert "Traceback" not in child.stderr.read()


def test_the_audit(site: Path) -> None:
    done = run("log", site, "--audit", "--signal", "pager")
    assert all(text in done.stdout for text in ("ada", "pager", "number 1"))
    (entry,) = json.loads(run("log", site, "--audit", "--since", "1h", "--json").stdout)["entries"]
    assert (entry["who"], entry["detail"]) == ("ada", {"number": 1})
    assert json.loads(run("log", site, "--audit", "--until", "1h", "--json").stdout)["entries"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--since", "yesterday"), "--since 'yesterday' is neither"),
        (("--until", "9999999d"), "--until '9999999d' is neither"),
        (("--low", "red"), "--low 'red' is not"),
        (("--csv", "--json"), "exclude each other"),
    ],
)
def test_wrong_usage(site: Path, arguments: tuple[str, ...], message: str) -> None:
    done = run("log", site, *arguments)
    assert done.status == 2
    assert message in done.stderr


def test_times() -> None:
    now = datetime(2026, 11, 27, 12, tzinfo=UTC)
    assert parse_time("90min", "--since", now) == datetime(2026, 11, 27, 10, 30, tzinfo=UTC)
    assert parse_time("2026-11-27T10:00", "--since", now) == datetime(2026, 11, 27, 10, tzinfo=UTC)
    assert parse_time("2026-11-27T10:00+02:00", "--since", now) == datetime(2026, 11, 27, 8, tzinfo=UTC)
    assert parse_time(None, "--since", now) is None
    with pytest.raises(InvalidMessage):
        parse_time("", "--since", now)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0321, "32.1 ms"), (0.0004, "0.4 ms"), (1.25, "1.25 s"), (599, "599 s"), (7200, "2.00 h")]
)
def test_lengths(seconds: float, text: str) -> None:
    assert as_length(seconds) == text


def test_the_audit_is_shown_with_short_ids_and_as_csv(site: Path) -> None:
    with Workspace.open(site) as workspace:
        workspace.audit.record("test.id", "pager", {"sample_id": "a" * 64}, who="ada")
    shown = run("log", site, "--audit", "--signal", "pager")
    assert "sample_id aaaaaaaaaaaa" in shown.stdout
    assert "a" * 13 not in shown.stdout
    assert "older changes are left out" in run("log", site, "--audit", "--limit", 1).stderr
    rows = [*csv.DictReader(io.StringIO(run("log", site, "--audit", "--csv", "--limit", 1).stdout))]
    assert [row["action"] for row in rows] == ["test", "test.id"]
    assert json.loads(rows[-1]["detail"]) == {"sample_id": "a" * 64}
    assert run("log", site, "--audit", "--low", "1M").status == 2
