"""Archives on a live server: scans, what they found, search by example, and what a client may not do."""

import base64
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from rfhydra.errors import NotFound
from rfhydra.protocol.limits import Limits
from rfhydra.recordings import open_recording, write_recording
from rfhydra.server.service import Service, Settings
from rfhydra.store.workspace import Workspace
from tests.archive.given import record
from tests.server.json_peer import Peer, peer, running
from tests.training.given import CENTER_HZ, RATE_HZ, SIGNAL, SMALL_SPEC

ROOF: Final = "roof"
ENDS: Final = ("scan_complete", "scan_failed")
WINDOWS: Final = 3
LENGTH_SEC: Final = WINDOWS * SMALL_SPEC.window_samples / RATE_HZ
BOX: Final = {
    "time_start_sec": 0.005,
    "time_end_sec": 0.01,
    "freq_low_hz": CENTER_HZ - 20e3,
    "freq_high_hz": CENTER_HZ + 20e3,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two recordings, one of them in a folder of its own, and a file that is none."""
    folder = tmp_path / "roof"
    (folder / "night").mkdir(parents=True)
    record(folder / "first", seed=1, windows=WINDOWS)
    record(folder / "night" / "second", seed=2, windows=WINDOWS)
    (folder / "broken.wav").write_bytes(b"RIFF")
    return folder


@pytest.fixture
def settings(folder: Path, body_file: Path) -> Settings:
    limits = Limits(max_excerpt_bytes=1 << 20)
    return Settings(backbone_path=body_file, archives={ROOF: folder}, limits=limits)


@pytest.fixture
def port(site: Path, settings: Settings) -> Iterator[int]:
    with Workspace.open(site) as workspace, running(workspace, settings) as number:
        yield number


def scanned(client: Peer, **fields: Any) -> dict[str, Any]:
    """Scan the archive to its end; the last message."""
    progress = client.ask("start_scan", archive=ROOF, **fields)
    assert (progress["type"], progress["archive"]) == ("scan_progress", ROOF)
    last = client.until(*ENDS)[-1]
    assert last["job_id"] == progress["job_id"]
    return last


def test_a_scan_tells_what_it_found_and_what_it_could_not_read(client: Peer, port: int) -> None:
    with peer(port) as other:
        (snapshot,) = other.ask("subscribe", topics=["scans"])["snapshots"]
        assert snapshot == {"type": "archives", "archives": [{"archive": ROOF, "result": None}], "progress": None}
        result = scanned(client)["result"]
        heard = other.until(*ENDS)
    assert heard[-1]["result"] == result
    assert {each["type"] for each in heard[:-1]} <= {"scan_progress"}
    assert (result["recordings"], result["failed"], result["is_searchable"]) == (2, 1, True)
    assert result["duration_sec"] == pytest.approx(2 * LENGTH_SEC)
    assert result["failures"][0].startswith("broken.wav: ")
    assert result["hits"].keys() == result["versions"].keys() == {SIGNAL}
    assert result["emissions"] > 0
    (told,) = client.ask("get_archives")["archives"]
    assert told["result"] == result


def test_only_new_recordings_are_scanned_and_other_heads_need_a_restart(client: Peer, folder: Path) -> None:
    before = scanned(client)["result"]
    shutil.copy(folder / "first.sigmf-meta", folder / "third.sigmf-meta")
    shutil.copy(folder / "first.sigmf-data", folder / "third.sigmf-data")
    client.send("start_scan", archive=ROOF)
    *progress, last = client.until(*ENDS)
    assert last["result"]["recordings"] == before["recordings"] + 1
    assert {each["recordings_total"] for each in progress} <= {None, 1}
    refused = scanned(client, signal_names=[])
    assert (refused["type"], refused["code"]) == ("scan_failed", "conflict")
    assert scanned(client, signal_names=[], restart=True)["result"]["versions"] == {}


def test_a_cancelled_scan_goes_on_where_it_was(client: Peer) -> None:
    started = client.ask("start_scan", archive=ROOF)
    assert client.ask("start_scan", archive=ROOF)["job_id"] == started["job_id"]
    client.send("cancel_scan")
    heard = client.until("scan_failed")
    assert heard[-1]["code"] == "cancelled"
    assert client.ask("cancel_scan")["code"] == "not_found"
    assert scanned(client)["result"]["recordings"] == 2


def test_the_timeline_counts_the_hits_that_the_pages_list(client: Peer) -> None:
    result = scanned(client)["result"]
    timeline = client.ask("get_archive_timeline", archive=ROOF, columns=8)
    assert (timeline["start_time"], timeline["duration_sec"]) == (None, pytest.approx(2 * LENGTH_SEC))
    assert timeline["recorded_sec"] == pytest.approx([LENGTH_SEC / 4] * 8)
    assert {row["signal_name"]: sum(row["hits"]) for row in timeline["rows"]} == result["hits"]
    hits = pages(client)
    assert [each["position_sec"] for each in hits] == sorted(each["position_sec"] for each in hits)
    assert len(hits) == sum(result["hits"].values()) > 0
    column = timeline["duration_sec"] / 8
    for row in timeline["rows"]:
        inside = pages(client, signal_name=row["signal_name"], from_sec=2 * column, to_sec=5 * column)
        assert len(inside) == sum(row["hits"][2:5])
        assert {each["signal_name"] for each in inside} <= {row["signal_name"]}
    starts = {"first.sigmf-meta": 0.0, "night/second.sigmf-meta": LENGTH_SEC}
    assert {each["recording"] for each in hits} <= starts.keys()
    for each in hits:
        assert each["position_sec"] == pytest.approx(starts[each["recording"]] + each["time_start_sec"])


def pages(client: Peer, **fields: Any) -> list[dict[str, Any]]:
    """All hits, three at a time."""
    hits, cursor = list[dict[str, Any]](), dict[str, str]()
    while True:
        page = client.ask("get_archive_hits", archive=ROOF, limit=3, **fields, **cursor)
        hits += page["hits"]
        if page["next_cursor"] is None:
            assert page["found"] == len(hits)
            return hits
        cursor = {"cursor": page["next_cursor"]}


def test_recordings_with_a_time_lie_on_the_axis_by_their_time(client: Peer, folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()
    iq = np.zeros(SMALL_SPEC.window_samples, np.complex64)
    for name, start in (("late", "2026-11-20T10:01:00Z"), ("early", "2026-11-20T10:00:00Z")):
        write_recording(folder / name, iq, RATE_HZ, CENTER_HZ, start_time=start)
    scanned(client)
    timeline = client.ask("get_archive_timeline", archive=ROOF, columns=2)
    assert timeline["start_time"] == "2026-11-20T10:00:00.000000Z"
    assert timeline["duration_sec"] == pytest.approx(60 + LENGTH_SEC / WINDOWS)
    assert timeline["recorded_sec"] == pytest.approx([LENGTH_SEC / WINDOWS] * 2)


def test_the_like_of_a_box_is_found_whichever_recording_it_is_in(client: Peer) -> None:
    assert client.ask("find_similar", archive=ROOF, recording="first.sigmf-meta", box=BOX)["code"] == "not_found"
    scanned(client)
    found = client.ask("find_similar", archive=ROOF, recording="first.sigmf-meta", box=BOX, limit=5)["emissions"]
    ranks = [each["similarity"] for each in found]
    assert ranks == sorted(ranks, reverse=True)
    assert {each["recording"] for each in found} <= {"first.sigmf-meta", "night/second.sigmf-meta"}
    copied = client.ask(
        "copy_archived", archive=ROOF, recording="first.sigmf-meta", time_start_sec=0, time_end_sec=LENGTH_SEC
    )["recording"]
    held = client.ask("find_similar", archive=ROOF, recording_id=copied["recording_id"], box=BOX, limit=5)
    assert held["emissions"][0]["similarity"] >= ranks[0] - 1e-3  # there it may find what it was copied from
    outside = BOX | {"freq_low_hz": 1.0, "freq_high_hz": 2.0}
    assert client.ask("find_similar", archive=ROOF, recording="first.sigmf-meta", box=outside)["code"] == (
        "invalid_message"
    )


def test_a_view_and_a_copy_have_the_samples_of_the_recording(client: Peer, folder: Path, site: Path) -> None:
    scanned(client)
    about = {"archive": ROOF, "recording": "night/second.sigmf-meta"}
    whole = client.ask("get_archived_view", **about, columns=64, rows=32)
    assert (whole["time_start_sec"], whole["recording"]) == (0.0, about["recording"])
    assert len(base64.b64decode(whole["image_b64"])) == whole["rows"] * whole["cols"]
    part = {"time_start_sec": 0.004, "time_end_sec": 0.02}
    answer = client.ask("copy_archived", **about, **part)
    assert (answer["type"], answer["time_start_sec"]) == ("archived_copy", 0.004)
    info = answer["recording"]
    assert (info["stream_id"], info["center_freq_hz"]) == (None, CENTER_HZ)
    assert info["name"].startswith("second-")
    (copy,) = (site / "recordings" / info["recording_id"]).glob("*.sigmf-meta")
    original = open_recording(folder / "night" / "second.sigmf-meta")
    first, count = round(0.004 * RATE_HZ), info["samples"]
    assert count == round(0.02 * RATE_HZ) - first
    np.testing.assert_allclose(open_recording(copy).read(0, count), original.read(first, count), atol=1e-4)


def test_a_copy_across_a_retuning_says_where_it_begins(client: Peer, folder: Path) -> None:
    stem = record(folder / "retuned", seed=4, windows=2)
    path = stem.with_suffix(".sigmf-meta")
    meta = json.loads(path.read_text())
    retuned = round(0.012 * RATE_HZ)
    (only,) = meta["captures"]
    only.pop("core:datetime", None)  # without times nothing else tells
    meta["captures"].append({**only, "core:sample_start": retuned, "core:frequency": CENTER_HZ + 1e6})
    path.write_text(json.dumps(meta))
    scanned(client)
    about = {"archive": ROOF, "recording": "retuned.sigmf-meta"}
    later = client.ask("copy_archived", **about, time_start_sec=0.01, time_end_sec=0.015)
    assert later["time_start_sec"] == retuned / RATE_HZ
    assert later["recording"]["samples"] == round(0.015 * RATE_HZ) - retuned
    earlier = client.ask("copy_archived", **about, time_start_sec=0.004, time_end_sec=0.013)
    assert earlier["time_start_sec"] == 0.004
    assert earlier["recording"]["samples"] == retuned - round(0.004 * RATE_HZ)


@pytest.mark.parametrize(
    ("command", "fields", "code"),
    [
        ("start_scan", {"archive": "attic"}, "not_found"),
        ("start_scan", {"archive": ROOF, "signal_names": ["nothing"]}, "not_found"),
        ("start_scan", {"archive": "../roof"}, "invalid_name"),
        ("get_archive_timeline", {"archive": ROOF}, "not_found"),
        ("get_archive_hits", {"archive": ROOF, "cursor": "x"}, "invalid_message"),
        ("get_archived_view", {"archive": ROOF, "recording": "../../etc/passwd"}, "not_found"),
        ("get_archived_view", {"archive": ROOF, "recording": "broken.wav"}, "not_found"),
        (
            "copy_archived",
            {"archive": ROOF, "recording": "x", "time_start_sec": 2, "time_end_sec": 1},
            "invalid_message",
        ),
        ("find_similar", {"archive": ROOF, "box": BOX}, "invalid_message"),
        ("find_similar", {"archive": ROOF, "box": BOX, "recording_id": "0" * 16}, "not_found"),
    ],
)
def test_what_is_refused_names_the_reason(client: Peer, command: str, fields: dict[str, Any], code: str) -> None:
    assert client.ask(command, **fields)["code"] == code


def test_a_long_stretch_is_refused_and_so_is_a_recording_that_has_changed(client: Peer, folder: Path) -> None:
    scanned(client)
    about = {"archive": ROOF, "recording": "first.sigmf-meta"}
    long = record(folder / "long", seed=3, windows=5)
    data = long.with_suffix(".sigmf-data")
    with data.open("ab") as file:
        file.truncate(2 * ((1 << 20) // 8 + 10))
    scanned(client)
    answer = client.ask("copy_archived", archive=ROOF, recording="long.sigmf-meta", time_start_sec=0, time_end_sec=1e6)
    assert answer["code"] == "too_large"
    assert "max_excerpt_bytes" in answer["message"]
    assert client.ask("copy_archived", **about, time_start_sec=1e3, time_end_sec=2e3)["code"] == "not_found"
    record(folder / "first", seed=1, windows=1)
    assert "scan again" in client.ask("get_archived_view", **about)["message"]


def test_a_server_without_archives_says_how_to_have_one(small: Workspace, body_file: Path) -> None:
    with running(small, Settings(backbone_path=body_file)) as port, peer(port) as client:
        assert client.ask("get_archives")["archives"] == []
        for command in ("start_scan", "get_archive_timeline"):
            assert "--archive" in client.ask(command, archive=ROOF)["message"]


def test_a_folder_that_is_missing_stops_the_start(small: Workspace, body_file: Path, tmp_path: Path) -> None:
    settings = Settings(backbone_path=body_file, archives={ROOF: tmp_path / "gone"})
    with pytest.raises(NotFound, match="roof"):
        Service(small, settings)
