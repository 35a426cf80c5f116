"""`rfhydra watch` with its outputs, on a recording, and what the other commands make of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from rfhydra.recordings import open_recording
from rfhydra.store.workspace import Workspace
from tests.cli.command_runner import CONTRACT, SIGNAL, run
from tests.live.broker import MOSQUITTO, Mosquitto, Subscriber
from tests.live.http_server import HttpServer
from tests.server.forked import forked


def ended(lines: str) -> list[dict[str, Any]]:
    """The tracks that ended, from JSON lines."""
    events = [json.loads(line) for line in lines.splitlines()]
    return [each for each in events if each["event"] == "end" and each["merged_into"] is None]


def test_every_output_is_told_of_every_track(workspace: Path, fresh: Path, tmp_path: Path) -> None:
    hook = tmp_path / "hook"
    hook.mkdir()
    with HttpServer() as server:
        done = run(
            *("watch", workspace, fresh, "--json"),
            *("--webhook", f"http://127.0.0.1:{server.port}/hook"),
            *("--exec", f"cat > {hook}/$RFHYDRA_EVENT-$RFHYDRA_TRACK_ID", "--shell"),
            *("--record", tmp_path / "recordings", "--pre", "50ms", "--post", "50ms", "--quota", "1G"),
            *("--sigmf", tmp_path / "tracks.sigmf-meta"),
        )
        posted = [event for _ in range(server.posts.qsize()) for event in server.next().body["events"]]
    assert done.status == 0, done.stderr
    tracks = ended(done.stdout)
    ids = {each["track_id"] for each in tracks}
    assert len(ids) >= 4  # of six beacons
    assert {each["track_id"] for each in posted if each["event"] == "end" and not each["merged_into"]} == ids
    assert {int(path.name.partition("-")[2]) for path in hook.glob("end-*")} >= ids
    logged = json.loads(run("log", workspace, "--json").stdout)["tracks"]
    assert {each["track_id"]: each["state"] for each in logged} == dict.fromkeys(ids, "ended")
    annotations = json.loads((tmp_path / "tracks.sigmf-meta").read_text())["annotations"]
    assert {each["rfhydra:track_id"] for each in annotations} == ids
    recordings = [open_recording(path, verify=True) for path in (tmp_path / "recordings").glob("*.sigmf-meta")]
    assert sum(len(each.annotations) for each in recordings) == len(ids)
    assert run("import", workspace, *(each.path for each in recordings)).status == 0
    with Workspace.view(workspace) as view:
        assert view.samples.count(SIGNAL) > 8
    assert "failed" not in done.stderr


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
def test_tracks_are_published(workspace: Path, fresh: Path, tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as server, Subscriber(server.port, "roof") as subscriber:
        done = run("watch", workspace, fresh, "--json", "--no-log", "--mqtt", f"mqtt://127.0.0.1:{server.port}/roof")
        messages = []
        while (message := subscriber.next())[1] != "offline":
            messages.append(message)
    assert done.status == 0
    topics = [topic for topic, *_ in messages]
    assert topics.count(f"roof/1/{SIGNAL}/begin") == topics.count(f"roof/1/{SIGNAL}/end") > 0
    assert json.loads(run("log", workspace, "--json").stdout)["tracks"] == []


def test_unknown_emissions_are_clustered_and_labelled(tmp_path: Path, fresh: Path) -> None:
    """In a workspace without a head everything is unknown: six beacons, and what is sent beside them."""
    site = tmp_path / "new"
    assert run("init", site, *CONTRACT).status == 0
    assert "no unknown emission" in run("unknown", site).stdout
    assert run("watch", site, fresh, "--json").status == 1  # there is nothing to detect
    done = run("watch", site, fresh, "--json", "--novel")
    assert (done.status, done.stdout) == (0, ""), done.stderr
    clusters = json.loads(run("unknown", site, "--json", "--least", 1).stdout)["clusters"]
    assert sum(each["emissions"] for each in clusters) >= 6
    assert max(map(len, run("unknown", site, "--least", 1).stdout.splitlines())) <= 80
    done = run("unknown", site, "--label", clusters[0]["cluster_id"], "stranger")
    assert done.status == 0, done.stderr
    with Workspace.view(site) as view:
        assert view.samples.count("stranger") >= 1
    again = run("unknown", site, "--label", clusters[0]["cluster_id"], "stranger")
    assert (again.status, "labelled 'stranger'" in again.stderr) == (1, True)


def test_what_heads_detect_is_not_unknown(workspace: Path, fresh: Path) -> None:
    done = run("watch", workspace, fresh, "--json", "--novel")
    tracks = ended(done.stdout)
    with Workspace.view(workspace) as view:
        clusters = view.unknowns.clusters()
        boxes = [
            (each.window.start_sec + box.time_start_sec, each.window.start_sec + box.time_end_sec, box.freq_low_hz)
            for cluster in clusters
            for each in view.unknowns.exemplars(cluster.cluster_id or 0)
            for box in each.boxes
        ]
    assert clusters
    for track in tracks:
        same = [
            low
            for start, end, low in boxes
            if abs(start - track["time_start_sec"]) < 0.02 and abs(end - track["time_end_sec"]) < 0.02
            if abs(low - track["freq_low_hz"]) < 5e3
        ]
        assert not same


@pytest.fixture
def in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--mqtt", "http://x"), "MQTT URL"),
        (("--webhook", "x"), "webhook's URL"),
        (("--exec", "'"), "command cannot be read"),
        (("--shell",), "--exec"),
        (("--record", "r", "--pre", "long"), "--pre 'long'"),
        (("--record", "r", "--quota", "0"), "--quota '0'"),
        (("--record", "r", "--post", "20s"), "post-roll"),
        (("--sigmf", "x.json"), "must end in"),
        (("--log-age", "old"), "--log-age 'old'"),
        (("--log-age", "0d"), "above 0"),
    ],
)
def test_wrong_options(
    workspace: Path,
    fresh: Path,
    arguments: tuple[str, ...],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("watch", workspace, fresh, *arguments)
    assert (done.status, message in done.stderr) == (2, True), done.stderr


def test_a_workspace_that_is_in_use_is_watched_without_a_log(workspace: Path, fresh: Path) -> None:
    with Workspace.open(workspace):
        refused = run("watch", workspace, fresh, "--json")
        assert (refused.status, "--no-log" in refused.stderr) == (1, True)
        assert run("watch", workspace, fresh, "--json", "--no-log").status == 0


def test_a_killed_watch_leaves_whole_files_and_closes_its_tracks(workspace: Path, fresh: Path, tmp_path: Path) -> None:
    child = forked("watch", workspace, f"{fresh}?loop=1&pace=1", "--json", "--record", tmp_path / "recordings")
    with child:
        assert child.stdout is not None
        events: list[dict[str, Any]] = []
        while [each["event"] for each in events].count("end") < 3:
            events.append(json.loads(child.stdout.readline()))
        child.kill()
    with Workspace.open(workspace) as survivor:
        states = {track.state for track in survivor.detections.newest(1000)}
    assert states <= {"ended", "interrupted"}
    for path in (tmp_path / "recordings").glob("*.sigmf-meta"):
        open_recording(path, verify=True)


def test_a_reader_that_stops_reading_ends_the_watch(workspace: Path, fresh: Path) -> None:
    with forked("watch", workspace, f"{fresh}?loop=1", "--json") as child:
        assert child.stdout is not None
        assert child.stderr is not None
        json.loads(child.stdout.readline())
        child.stdout.close()
        assert "Traceback" not in child.stderr.read()
        assert child.wait(60) != 0
