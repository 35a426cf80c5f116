import json
import urllib.error
import urllib.request
from contextlib import ExitStack, suppress
from http.client import HTTPResponse
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from rfhydra.errors import Busy
from rfhydra.protocol.limits import Limits
from rfhydra.protocol.schema import asyncapi_document
from rfhydra.server.net.app import WEBSOCKET_PATHS
from rfhydra.server.net.connection import MAX_REFUSALS
from rfhydra.server.net.security import Gate
from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from tests.server.json_peer import Peer, peer, running


def get(port: int, path: str, **headers: str) -> HTTPResponse:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    response: HTTPResponse = urllib.request.urlopen(request)
    return response


def status(port: int, path: str, **headers: str) -> int:
    try:
        with get(port, path, **headers) as response:
            return response.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.parametrize("path", WEBSOCKET_PATHS)
def test_every_path_speaks_the_protocol(port: int, path: str) -> None:
    with peer(port, path) as client:
        assert client.ask("get_loaded_heads")["type"] == "loaded_heads"


@pytest.mark.parametrize(("path", "text"), [("/healthz", "ok"), ("/readyz", "ready"), ("/", "rfhydra")])
def test_http_answers(port: int, path: str, text: str) -> None:
    with get(port, path) as response:
        assert text in response.read().decode()


def test_the_document_of_the_protocol_is_served(port: int) -> None:
    with get(port, "/docs/protocol") as response:
        assert json.load(response) == asyncapi_document()


def test_metrics_tell_what_was_done(port: int, client: Peer) -> None:
    client.ask("get_registry")
    client.ask("fly")
    with get(port, "/metrics") as response:
        lines = response.read().decode().splitlines()
    assert any(line.startswith('rfhydra_commands_total{command="get_registry",outcome="ok"}') for line in lines)
    assert any(
        line.startswith('rfhydra_commands_total{command="unreadable",outcome="unknown_command"}') for line in lines
    )
    for name in ("rfhydra_clients", "rfhydra_jobs_queued", "rfhydra_lane_waiting", "process_cpu_seconds_total"):
        assert any(line.startswith(name) for line in lines), name


def test_hello_tells_the_limits_and_the_contract(client: Peer) -> None:
    hello = client.ask("hello", id="h")
    assert hello["id"] == "h"
    assert set(Limits.model_fields) < set(hello["limits"])
    assert hello["limits"]["max_samples_per_signal"] == 12
    assert hello["spectrogram"]["fft_size"] == 512
    assert "streams" in hello["features"]


@pytest.mark.parametrize("number", [0, -5, "text", "ü" * 128, 2**53 - 1])
def test_every_answer_carries_the_id_of_its_command(client: Peer, number: Any) -> None:
    assert client.ask("get_registry", id=number)["id"] == number
    assert client.ask("get_version_history", id=number, signal_name="nobody")["id"] == number
    assert client.ask("fly", id=number)["id"] == number


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "invalid_json"),
        ("[]", "invalid_json"),
        ("{}", "invalid_message"),
        ('{"command": "fly"}', "unknown_command"),
        ('{"command": "get_version_history", "signal_name": "../../etc/passwd"}', "invalid_name"),
        ('{"command": "get_version_history", "signal_name": "nobody"}', "not_found"),
        ('{"command": "start_stream", "source": {}}', "invalid_message"),
        ('{"command": "start_stream", "source": {"name": "roof"}}', "not_found"),
        ('{"command": "stop_stream", "stream_id": "1"}', "not_found"),
        ('{"command": "get_job", "job_id": "1"}', "not_found"),
        ('{"command": "cancel_training"}', "not_found"),
        ('{"command": "subscribe", "topics": ["waterfall"]}', "invalid_message"),
    ],
)
def test_what_is_wrong_is_answered_and_the_connection_goes_on(client: Peer, text: str, code: str) -> None:
    client.socket.send(text)
    answer = client.receive()
    assert (answer["type"], answer["code"]) == ("error", code)
    assert client.ask("get_loaded_heads")["type"] == "loaded_heads"


def test_there_are_no_live_sources(client: Peer) -> None:
    assert client.ask("list_sources")["sources"] == []
    assert client.ask("get_streams")["streams"] == []


def test_a_message_over_the_limit_closes_the_connection(client: Peer) -> None:
    with suppress(ConnectionClosed):  # it may come while we still send
        client.socket.send("x" * ((4 << 20) + 1))
    assert client.close_code() == 1009


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}])
def test_pages_of_others_are_turned_away(port: int, headers: dict[str, str]) -> None:
    with pytest.raises(InvalidStatus) as refused, peer(port, additional_headers=headers):
        pass
    assert refused.value.response.status_code == 403
    assert status(port, "/metrics", **headers) == 403


def test_the_servers_own_page_may_connect(port: int) -> None:
    with peer(port, additional_headers={"Origin": f"http://127.0.0.1:{port}"}) as client:
        assert client.ask("get_loaded_heads")["type"] == "loaded_heads"


def test_a_server_with_a_token_wants_it(small: Workspace) -> None:
    settings = Settings(gate=Gate("s3cret"), limits=Limits(max_clients=2))
    with running(small, settings) as port:
        for options in ({"additional_headers": {"Authorization": "Bearer s3cret"}}, {"path": "/ws?token=s3cret"}):
            with peer(port, **options) as client:
                assert client.ask("get_registry")["type"] == "registry"
        for options in ({"additional_headers": {"Authorization": "Bearer wrong"}}, {"path": "/ws?token=wrong"}):
            with pytest.raises(InvalidStatus), peer(port, **options):
                pass
        with peer(port) as client:
            assert client.ask("get_registry")["code"] == "unauthorized"
            assert client.ask("auth", token="wrong")["code"] == "unauthorized"
            assert client.ask("auth", token="s3cret")["type"] == "result"
            assert client.ask("get_registry")["type"] == "registry"
        assert status(port, "/metrics") == 401
        assert status(port, "/metrics", Authorization="Bearer wrong") == 403
        assert status(port, "/metrics?token=s3cret") == 200
        assert status(port, "/healthz") == 200


def test_guessing_a_token_ends_the_connection(small: Workspace) -> None:
    with running(small, Settings(gate=Gate("s3cret"))) as port, peer(port) as client:
        for number in range(MAX_REFUSALS):
            client.send("auth", token=str(number))
        assert client.close_code() == 1008


def test_a_client_that_never_shows_a_token_is_closed(small: Workspace) -> None:
    with running(small, Settings(gate=Gate("s3cret"), auth_sec=0.05)) as port, peer(port) as client:
        assert client.close_code() == 1008


def test_one_client_too_many_is_told_to_try_later(small: Workspace) -> None:
    with running(small, Settings(limits=Limits(max_clients=1))) as port, peer(port) as first:
        assert first.ask("get_loaded_heads")["heads"] == []
        with peer(port) as second:
            assert second.close_code() == 1013


def test_clients_are_told_when_the_server_stops(small: Workspace) -> None:
    with ExitStack() as stack:
        with running(small) as port:
            client = stack.enter_context(peer(port))
            assert client.ask("get_loaded_heads")["heads"] == []
        assert client.receive()["type"] == "server_shutdown"
        assert client.close_code() == 1001


def test_a_workspace_is_served_by_one_process(small: Workspace) -> None:
    with running(small), pytest.raises(Busy):
        Workspace.open(small.path)
