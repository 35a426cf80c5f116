"""Live streams across the death of their server and of their source."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rfhydra.protocol.live import NamedSource
from rfhydra.store.streams import MAX_ATTEMPTS
from rfhydra.store.workspace import Workspace
from tests.server.json_peer import WAIT_SEC, Peer, peer
from tests.server.server_process import serving
from tests.server.stream_scenes import record
from tests.streams.rtl_tcp_server import RtlTcpServer
from tests.training.given import SIGNAL


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("air") / "night")


def status_of(client: Peer, stream_id: str) -> dict[str, Any]:
    return next(each for each in client.ask("get_streams")["streams"] if each["stream_id"] == stream_id)


def until_running(client: Peer, stream_id: str, windows: int = 1) -> dict[str, Any]:
    """Ask until the stream has detected in so many windows."""
    while (status := status_of(client, stream_id))["windows"] < windows or status["state"] != "running":
        assert status["state"] in ("connecting", "running"), status
    return status


def test_a_stream_runs_again_after_a_kill_until_it_is_stopped(site: Path, body_file: Path, recording: Path) -> None:
    options = ("--backbone", body_file, "--source", f"roof={recording}?pace=1&loop=1", "--allow-addresses")
    address = {"address": f"{recording}?pace=1&loop=1"}
    with serving(site, *options) as server, peer(server.port) as client:
        client.ask("load_heads", signal_names=[SIGNAL])
        client.ask("start_stream", source={"name": "roof"}, heads=[SIGNAL])
        client.ask("start_stream", source=address, stream_id="other")
        client.ask("start_stream", source=address, stream_id="stopped")
        client.ask("stop_stream", stream_id="stopped")
        until_running(client, "roof")
        server.kill()
    with serving(site, *options) as server, peer(server.port) as client:
        assert {each["stream_id"] for each in client.ask("get_streams")["streams"]} == {"roof", "other"}
        assert until_running(client, "roof")["heads"] == {SIGNAL: 1}
        until_running(client, "other")
        assert server.stop() == 0
    with serving(site, *options) as server, peer(server.port) as client:
        until_running(client, "roof")
        assert client.ask("stop_stream", stream_id="roof")["type"] == "stream"
        assert client.ask("stop_stream", stream_id="other")["type"] == "stream"
        server.kill()
    with serving(site, *options) as server, peer(server.port) as client:
        assert client.ask("get_streams")["streams"] == []


def test_a_stream_that_cannot_be_started_again_is_told_and_the_others_run(
    site: Path, body_file: Path, recording: Path
) -> None:
    with Workspace.open(site) as workspace:
        workspace.streams.add("lost", NamedSource(name="cellar"), None)
        for name in ("deadly", "attic"):
            workspace.streams.add(name, NamedSource(name="attic"), None)
            for _ in range(MAX_ATTEMPTS):
                workspace.streams.count_attempt(name)
        workspace.streams.add("roof", NamedSource(name="roof"), None)
    sources = [option for name in ("roof", "attic") for option in ("--source", f"{name}={recording}?pace=1&loop=1")]
    with serving(site, "--backbone", body_file, *sources) as server, peer(server.port) as client:
        until_running(client, "roof")
        lost, deadly = status_of(client, "lost"), status_of(client, "deadly")
        assert (lost["state"], lost["source"], deadly["state"]) == ("failed", "cellar", "failed")
        assert "no source 'cellar' is configured" in lost["error"]
        assert f"died {MAX_ATTEMPTS} times" in deadly["error"]
        client.ask("stop_stream", stream_id="lost")
        assert server.stop() == 0
    with serving(site, "--backbone", body_file, *sources) as server, peer(server.port) as client:
        assert status_of(client, "deadly") == {**deadly, "started_at": status_of(client, "deadly")["started_at"]}
        assert status_of(client, "attic")["state"] == "failed"
        assert client.ask("stop_stream", stream_id="deadly")["stream"]["state"] == "failed"
        assert client.ask("start_stream", source={"name": "attic"})["stream"]["state"] == "connecting"
        until_running(client, "attic")
        assert server.stop() == 0
    with Workspace.open(site) as workspace:
        assert [(each.stream_id, each.attempts) for each in workspace.streams.all()] == [("roof", 0), ("attic", 0)]


def test_a_receiver_that_dies_and_comes_back_is_streamed_again_with_its_tuning(site: Path, body_file: Path) -> None:
    samples = np.random.default_rng(0).integers(0, 256, 1 << 18, np.uint8).tobytes()
    with ExitStack() as first:
        receiver = first.enter_context(RtlTcpServer())
        port = receiver.port
        options = ("--backbone", body_file, "--source", f"sdr=rtl_tcp://127.0.0.1:{port}?rate=1M&freq=433M&gain=20")
        with serving(site, *options) as server, peer(server.port) as client:
            client.ask("load_heads", signal_names=[SIGNAL])
            client.ask("start_stream", source={"name": "sdr"})
            receiver.clients.get(timeout=WAIT_SEC).sendall(samples)
            until_running(client, "sdr")
            (told,) = client.ask("list_sources")["sources"]
            assert (told["kind"], len(told["settable"]), told["center_freq_hz"]) == ("rtl_tcp", 3, 433e6)
            tuned = client.ask("tune_stream", stream_id="sdr", center_freq_hz=434e6)["stream"]
            assert (tuned["center_freq_hz"], tuned["gain_db"], tuned["sample_rate_hz"]) == (434e6, 20.0, 1e6)
            first.close()
            while (status := status_of(client, "sdr"))["state"] != "connecting":
                pass
            assert status["error"] is not None
            with RtlTcpServer(port) as again:
                again.clients.get(timeout=WAIT_SEC).sendall(samples)
                while (status := status_of(client, "sdr"))["reconnects"] < 1 or status["center_freq_hz"] != 434e6:
                    pass
                until_running(client, "sdr", status["windows"] + 1)
                server.kill()
    with RtlTcpServer(port) as again, serving(site, *options) as server, peer(server.port) as client:
        again.clients.get(timeout=WAIT_SEC).sendall(samples)
        assert until_running(client, "sdr")["center_freq_hz"] == 434e6
