"""``rfhydra watch --server``: a stream of a server that lives as long as the command."""

import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.store.workspace import Workspace
from tests.cli.command_runner import process, run
from tests.server.json_peer import peer
from tests.server.server_process import Server, serving
from tests.server.stream_scenes import expected_events, record
from tests.training.given import SIGNAL


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("air") / "night")


@pytest.fixture(scope="module")
def server(
    shared_site: Path, tmp_path_factory: pytest.TempPathFactory, body_file: Path, recording: Path
) -> Iterator[Server]:
    path = shutil.copytree(shared_site, tmp_path_factory.mktemp("served") / "site-b")
    sources = ("--source", f"roof={recording}", "--source", f"loop={recording}?pace=1&loop=1")
    with serving(path, "--backbone", body_file, *sources, "--allow-addresses") as started:
        with peer(started.port) as client:
            client.ask("load_heads", signal_names=[SIGNAL])
        yield started


def streams(server: Server) -> list[dict[str, Any]]:
    with peer(server.port) as client:
        found: list[dict[str, Any]] = client.ask("get_streams")["streams"]
    return found


@pytest.mark.parametrize("is_named", [True, False])
def test_tracks_are_those_of_the_source(
    server: Server, shared_site: Path, body_file: Path, recording: Path, is_named: bool
) -> None:
    outcome = run("watch", "--server", server.url, "roof" if is_named else recording, "--heads", SIGNAL, "--json")
    assert outcome.status == 0, outcome.stderr
    events = [json.loads(line) for line in outcome.stdout.splitlines()]
    with Workspace.view(shared_site) as workspace:
        expected = expected_events(workspace, load_backbone(body_file), str(recording), "x")
    assert [(each["event"], each["signal_name"], each["score"]) for each in events] == [
        (each["event"], each["signal_name"], each["score"]) for each in expected
    ]
    state = json.loads(outcome.stderr)["stream"]
    assert (state["state"], state["heads"], state["lost_samples"]) == ("ended", {SIGNAL: 1}, 0)
    assert streams(server) == []


def test_interrupted_it_stops_the_stream_and_shows_the_ends_of_its_tracks(server: Server) -> None:
    with process("watch", "--server", server.url, "loop", "--json") as child:
        assert child.stdout is not None
        assert child.stderr is not None
        lines = [child.stdout.readline()]
        child.send_signal(signal.SIGINT)
        lines += child.stdout.readlines()  # communicate would lose what is buffered
        message = child.stderr.read()
    assert child.returncode == 130
    state, cancelled = map(json.loads, message.splitlines())
    assert (state["stream"]["state"], cancelled["code"]) == ("ended", "cancelled")
    events = [json.loads(line) for line in lines]
    began, ended = ({each["track_id"] for each in events if each["event"] == kind} for kind in ("begin", "end"))
    assert began == ended != set()
    assert streams(server) == []


def test_it_ends_after_its_time(server: Server) -> None:
    outcome = run("watch", "--server", server.url, "loop", "--for", "200ms")
    assert outcome.status == 0, outcome.stderr
    assert outcome.stdout.splitlines()[-1].startswith("ended · ")
    assert streams(server) == []


def test_a_stream_that_fails_is_an_error_and_removed(server: Server) -> None:
    outcome = run("watch", "--server", server.url, "/nowhere/x.sigmf-meta")
    assert (outcome.status, "nowhere" in outcome.stderr) == (1, False)
    assert outcome.stderr.startswith("error")
    assert streams(server) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("roof", "--record", "iq"), "--record does not go with --server"),
        (("roof", "--no-log"), "--log does not go with --server"),
        (("roof", "--backbone", "x"), "--backbone does not go with --server"),
        (("roof", "--heads", "ghost"), "'ghost' is not loaded"),
        (("magic://x",), "magic"),
    ],
)
def test_what_a_server_does_not_do_is_refused(server: Server, arguments: tuple[str, ...], message: str) -> None:
    outcome = run("watch", "--server", server.url, *arguments)
    assert (outcome.status in (1, 2), message in outcome.stderr) == (True, True), outcome.stderr
    assert streams(server) == []


def test_a_server_without_addresses_says_what_it_has(shared_site: Path, tmp_path: Path, body_file: Path) -> None:
    path = shutil.copytree(shared_site, tmp_path / "site-b")
    with serving(path, "--backbone", body_file, "--source", "roof=/nowhere/x.sigmf-meta") as other:
        outcome = run("watch", "--server", other.url, "rtl_tcp://127.0.0.1:1?rate=1M&freq=1M")
    assert (outcome.status, "it has roof, and takes no addresses" in outcome.stderr) == (1, True), outcome.stderr
