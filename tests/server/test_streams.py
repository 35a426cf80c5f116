"""Live streams of a live server."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.protocol.limits import Limits
from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from tests.server.json_peer import Peer, http_get, iq_b64, peer, running
from tests.server.stream_scenes import WINDOWS, ended, events_of, expected_events, record, without_clock
from tests.training.given import CENTER_HZ, OTHER, RATE_HZ, SIGNAL, SMALL_SPEC

WHERE = {"sample_rate_hz": RATE_HZ, "center_freq_hz": CENTER_HZ}


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("air") / "night")


@pytest.fixture
def workspace(site: Path) -> Iterator[Workspace]:
    with Workspace.open(site) as opened:
        yield opened


@pytest.fixture
def port(workspace: Workspace, body_file: Path, recording: Path) -> Iterator[int]:
    sources = {"roof": str(recording), "loop": f"{recording}?pace=1&loop=1", "gone": "/nowhere/x.sigmf-meta"}
    with running(workspace, Settings(backbone_path=body_file, sources=sources)) as number:
        yield number


@pytest.fixture
def watcher(port: int) -> Iterator[Peer]:
    with peer(port) as client:
        client.ask("load_heads", signal_names=[SIGNAL])
        client.ask("subscribe", topics=["tracks", "detections", "streams"])
        yield client


def test_a_configured_source_is_streamed_and_what_is_found_is_pushed(
    watcher: Peer, workspace: Workspace, body_file: Path, recording: Path
) -> None:
    watcher.send("start_stream", id=1, source={"name": "roof"})
    status, heard = ended(watcher, "roof")
    (answer,) = (each for each in heard if each.get("id") == 1)
    assert (answer["type"], answer["stream"]["stream_id"], answer["stream"]["source"]) == ("stream", "roof", "roof")
    expected = expected_events(workspace, load_backbone(body_file), str(recording), "roof")
    events = events_of(heard, "roof")
    assert {event["event"] for event in events} >= {"begin", "end"}
    assert without_clock(events) == without_clock(expected)
    pushed = [each for each in heard if each["type"] == "detections"]
    assert {each["stream_id"] for each in pushed} == {"roof"}
    assert {box["track_id"] for each in pushed for box in each["detections"]} <= {event["track_id"] for event in events}
    assert (status["state"], status["heads"], status["tracks"]) == (
        "ended",
        {SIGNAL: 1},
        sum(event["event"] == "begin" for event in events),
    )
    while workspace.detections.count() < status["tracks"]:
        pass  # the log is written by a thread of its own


def test_a_stream_belongs_to_the_server(port: int, watcher: Peer) -> None:
    with peer(port) as starter:
        assert starter.ask("start_stream", source={"name": "loop"})["stream"]["stream_id"] == "loop"
    windows = [each for each in (watcher.receive() for _ in range(40)) if each["type"] == "detections"]
    assert windows
    with peer(port) as other:
        (source,) = (each for each in other.ask("list_sources")["sources"] if each["name"] == "loop")
        assert (source["kind"], source["settable"], source["stream_id"]) == ("recording", [], "loop")
        assert source["sample_rate_hz"] == RATE_HZ
        (running,) = other.ask("get_streams")["streams"]
        assert running["state"] == "running"
        stopped = other.ask("stop_stream", stream_id="loop")["stream"]
        assert (stopped["state"], stopped["error"]) == ("ended", None)
        assert stopped["samples"] >= running["samples"] > 0
        assert other.ask("get_streams")["streams"] == []
        assert other.ask("start_stream", source={"name": "loop"})["type"] == "stream"


def test_a_subscriber_begins_with_the_present_streams(port: int, watcher: Peer) -> None:
    watcher.send("start_stream", source={"name": "gone"}, stream_id="first")
    status, _ = ended(watcher, "first")
    assert (status["state"], status["stream_id"]) == ("failed", "first")
    assert "nowhere" not in status["error"]
    with peer(port) as late:
        (snapshot,) = late.ask("subscribe", topics=["streams", "tracks"])["snapshots"]
        assert [each["error"] for each in snapshot["streams"]] == [status["error"]]
        assert late.ask("stop_stream", stream_id="first")["stream"] == status
        assert late.ask("get_streams")["streams"] == []


@pytest.mark.parametrize(
    ("command", "fields", "code"),
    [
        ("start_stream", {"source": {"name": "cellar"}}, "not_found"),
        ("start_stream", {"source": {"name": "../roof"}}, "invalid_name"),
        ("start_stream", {"source": {"address": "/etc/passwd"}}, "invalid_message"),
        ("start_stream", {"source": {"name": "roof"}, "heads": [OTHER]}, "not_found"),
        ("start_stream", {"source": {"name": "roof"}, "stream_id": "a/b"}, "invalid_name"),
        ("start_stream", {"source": {"name": "loop"}}, "conflict"),
        ("start_stream", {"source": {"name": "roof"}, "stream_id": "loop"}, "conflict"),
        (
            "start_stream",
            {"source": {"kind": "push", "sample_rate_hz": 0, "center_freq_hz": 0, "tag": 1}},
            "invalid_message",
        ),
        ("start_stream", {"source": {"kind": "push", **WHERE, "tag": 1}, "stream_id": "loop"}, "conflict"),
        ("start_stream", {"source": "roof"}, "invalid_message"),
        ("stop_stream", {"stream_id": "roof"}, "not_found"),
        ("tune_stream", {"stream_id": "roof", "gain_db": 3}, "not_found"),
        ("tune_stream", {"stream_id": "loop", "gain_db": 3}, "invalid_message"),
        ("tune_stream", {"stream_id": "loop"}, "invalid_message"),
        ("set_waterfall", {"fft_size": 100}, "invalid_message"),
        ("set_waterfall", {"fft_size": 16384, "columns_per_frame": 65}, "invalid_message"),
        ("set_waterfall", {"min_db": 0, "max_db": 0}, "invalid_message"),
        ("set_waterfall", {"columns_per_sec": 0}, "invalid_message"),
    ],
)
def test_what_cannot_be_is_refused(port: int, command: str, fields: dict[str, Any], code: str) -> None:
    with peer(port) as client:
        client.ask("start_stream", source={"name": "loop"})
        while client.ask("get_streams")["streams"][0]["state"] != "running":
            pass
        answer = client.ask(command, id=7, **fields)
        assert (answer["type"], answer.get("code"), answer["id"]) == ("error", code, 7)
        assert [each["stream_id"] for each in client.ask("get_streams")["streams"]] == ["loop"]


def test_no_more_streams_run_than_may(workspace: Workspace, body_file: Path, recording: Path) -> None:
    sources = dict.fromkeys(("a", "b", "c"), f"{recording}?pace=1&loop=1")
    settings = Settings(backbone_path=body_file, sources=sources, limits=Limits(max_streams=2))
    with running(workspace, settings) as port, peer(port) as client:
        answers = [client.ask("start_stream", source={"name": name}) for name in sources]
        assert [each.get("code") for each in answers] == [None, None, "busy"]
        client.ask("stop_stream", stream_id="a")
        assert client.ask("start_stream", source={"name": "c"})["type"] == "stream"


def test_addresses_are_taken_where_the_operator_said_so(workspace: Workspace, body_file: Path, recording: Path) -> None:
    settings = Settings(backbone_path=body_file, allow_addresses=True)
    with running(workspace, settings) as port, peer(port) as client:
        assert client.ask("list_sources")["addresses_allowed"]
        client.ask("subscribe", topics=["streams"])
        client.send("start_stream", source={"address": str(recording)}, stream_id="file")
        status, _ = ended(client, "file")
        assert (status["state"], status["lost_samples"]) == ("ended", 0)
        assert client.ask("start_stream", source={"address": "magic://x"})["code"] == "invalid_message"


def test_a_window_sees_the_old_heads_or_the_new_ones(watcher: Peer) -> None:
    watcher.send("start_stream", source={"name": "loop"})
    seen: list[dict[str, int]] = []

    def look_until(heads: dict[str, int]) -> None:
        while not seen or seen[-1] != heads:
            message = watcher.receive()
            if message["type"] == "detections":
                seen.append(message["heads"])

    look_until({SIGNAL: 1})
    watcher.send("promote_version", signal_name=SIGNAL, version=2)
    watcher.send("load_heads", signal_names=[SIGNAL])
    look_until({SIGNAL: 2})
    watcher.send("unload_heads")
    look_until({})
    assert [heads for heads, _ in groupby(seen)] == [{SIGNAL: 1}, {SIGNAL: 2}, {}]


def test_a_window_of_a_client_is_answered_while_a_stream_runs_at_full_speed(
    workspace: Workspace, body_file: Path, recording: Path
) -> None:
    settings = Settings(backbone_path=body_file, sources={"fast": f"{recording}?loop=1"})
    iq = np.zeros(SMALL_SPEC.window_samples, np.complex64)
    with running(workspace, settings) as port, peer(port) as client:
        client.ask("load_heads", signal_names=[SIGNAL])
        client.ask("start_stream", source={"name": "fast"})
        before = client.ask("get_streams")["streams"][0]["windows"]
        for _ in range(10):
            assert client.ask("detect", iq_b64=iq_b64(iq), **WHERE)["type"] == "detections"
        while client.ask("get_streams")["streams"][0]["windows"] <= before:
            pass


def test_metrics_have_a_label_for_each_source_and_none_for_what_clients_name(port: int, watcher: Peer) -> None:
    for number in range(3):
        watcher.send("start_stream", source={"name": "roof"}, stream_id=f"run-{number}")
        ended(watcher, f"run-{number}")
    text = http_get(port, "/metrics")
    lines = [line for line in text.splitlines() if line.startswith("rfhydra_stream_samples_total{")]
    assert len(lines) == 1
    assert lines[0].startswith('rfhydra_stream_samples_total{source="roof"}')
    assert float(lines[0].split()[1]) == 3 * WINDOWS * SMALL_SPEC.window_samples
    assert "rfhydra_streams_running 0.0" in text
