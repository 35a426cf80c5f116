"""What a connection costs before its token, and what one costs that keeps the rules of WebSockets only."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Final

import pytest

from rfhydra.protocol.limits import Limits
from rfhydra.server.net.connection import MAX_REFUSALS
from rfhydra.server.net.guesses import FREE_GUESSES
from rfhydra.server.net.security import Gate
from rfhydra.server.net.websocket import MAX_CONTROL_FRAMES, MAX_FRAGMENTS, MAX_UNAUTHORISED_BYTES
from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from tests.server.json_peer import WAIT_SEC, Peer, http_get, peer, running
from tests.server.raw_client import BINARY, CONT, PING, TEXT, close_code, frame, raw, rest, upgrade, upgraded
from tests.training.given import SMALL_SPEC

TOKEN = "s3cret"
LOCKED = Settings(gate=Gate(TOKEN), auth_sec=WAIT_SEC, handshake_sec=WAIT_SEC)
BEARER = b"Authorization: Bearer s3cret"
WINDOW: Final = {"command": "detect", "spectrogram_b64": "A" * (600 << 10)}


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a server without a token, of an empty workspace."""
    path = tmp_path_factory.mktemp("bounds") / "site"
    with Workspace.create(path, SMALL_SPEC) as workspace, running(workspace) as number:
        yield number


def test_before_the_token_a_large_message_is_refused_by_its_header(small: Workspace) -> None:
    with running(small, LOCKED) as port, upgraded(port) as client:
        client.sendall(frame(TEXT, length=MAX_UNAUTHORISED_BYTES + 1))
        assert close_code(rest(client)) == 1009


def test_before_the_token_only_auth_is_read(small: Workspace) -> None:
    with running(small, LOCKED) as port, peer(port) as client:
        assert client.ask("add_training_sample", boxes=[{}] * 9)["code"] == "unauthorized"
        assert client.ask("hello", binary=5)["code"] == "unauthorized"
        client.socket.send(b"frame")
        assert client.receive()["code"] == "unauthorized"
        assert client.ask("auth", id=1, token=TOKEN)["success"]
        assert client.ask("add_training_sample", metadata={"text": "x" * MAX_UNAUTHORISED_BYTES})["code"] != "internal"


def test_before_the_token_nonsense_is_a_refusal(small: Workspace) -> None:
    with running(small, LOCKED) as port, peer(port) as client:
        for _ in range(MAX_REFUSALS):
            client.try_send("auth")
        assert client.close_code() == 1008


def test_clients_without_a_token_keep_no_place_from_those_with_one(small: Workspace) -> None:
    settings = Settings(limits=Limits(max_clients=1), gate=Gate(TOKEN), auth_sec=WAIT_SEC)
    shown = {"Authorization": f"Bearer {TOKEN}"}
    with running(small, settings) as port, peer(port) as waiting, peer(port, additional_headers=shown) as client:
        assert client.ask("get_loaded_heads")["type"] == "loaded_heads"
        waiting.send("auth", token=TOKEN)
        assert waiting.close_code() == 1013


@pytest.mark.parametrize("said", [b"", b"GET /ws HTTP/1.1\r\n", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET"])
def test_a_connection_without_a_handshake_ends(small: Workspace, said: bytes) -> None:
    with running(small, Settings(handshake_sec=0.1)) as port, raw(port) as client:
        client.sendall(said)
        rest(client)


def test_a_handshake_with_too_many_headers_ends(small: Workspace) -> None:
    with running(small, Settings(handshake_sec=0.1)) as port, raw(port) as client:
        client.sendall(upgrade(port, *[b"X: 1"] * 200))
        assert b" 101 " not in rest(client)


def test_silent_connections_keep_nobody_out(small: Workspace) -> None:
    settings = Settings(limits=Limits(max_pending_connections=2), handshake_sec=WAIT_SEC)
    with running(small, settings) as port, ExitStack() as stack:
        first, *_ = [stack.enter_context(raw(port)) for _ in range(4)]
        assert rest(first) == b""
        with peer(port) as client:
            for _ in range(3):
                stack.enter_context(raw(port))
            assert client.ask("get_loaded_heads")["type"] == "loaded_heads"


def test_the_body_of_a_request_is_not_read(small: Workspace) -> None:
    with running(small, Settings(handshake_sec=WAIT_SEC)) as port, raw(port) as client:
        head = f"GET /healthz HTTP/1.1\r\nHost: localhost:{port}\r\nTransfer-Encoding: chunked\r\n\r\n"
        client.sendall(head.encode())
        assert b"200 OK" in rest(client)


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("piece", [b"", b"x"])
def test_a_message_in_crumbs_closes_the_connection(port: int, opcode: int, piece: bytes) -> None:
    with upgraded(port) as client:
        client.sendall(frame(opcode, piece, fin=False) + frame(CONT, piece, fin=False) * (MAX_FRAGMENTS + 1))
        assert close_code(rest(client)) == 1008


def test_a_message_in_fragments_is_one_message(client: Peer) -> None:
    text = json.dumps({"command": "get_registry", "id": 1, "extra": "x" * (1 << 20)})
    client.socket.send(text[start : start + 1200] for start in range(0, len(text), 1200))
    assert client.receive()["type"] == "registry"


def test_pings_without_end_close_the_connection(port: int) -> None:
    with upgraded(port) as client:
        client.sendall(frame(PING) * (MAX_CONTROL_FRAMES + 1))
        assert close_code(rest(client)) == 1008


def test_a_ping_is_answered(client: Peer) -> None:
    assert client.socket.ping().wait(WAIT_SEC)


def test_unfinished_messages_do_not_use_up_the_memory_of_others(small: Workspace) -> None:
    limits = Limits(max_message_bytes=1 << 20, max_received_bytes=1 << 20)
    with running(small, Settings(limits=limits)) as port, upgraded(port) as slow, peer(port) as client:
        slow.sendall(frame(TEXT, b"x" * (700 << 10), length=1 << 20))
        _until(port, "rfhydra_received_bytes", 600 << 10)
        assert client.ask(**WINDOW)["code"] == "invalid_message"
        assert close_code(rest(slow)) == 1013
        assert client.ask(**WINDOW)["code"] == "invalid_message"
        _until(port, "rfhydra_received_bytes", 0, most=True)


@pytest.mark.parametrize(
    "text",
    [
        '{"command":"hello","x":[' + "[]," * 50_000 + "0]}",
        '{"command":"hello","x":{' + '"":0,' * 100_000 + '"":0}}',
        '{"command":"hello","x":"' + "\\n" * 100_001 + '"}',
        '{"command":"hello","x":[' + ("9" * 4300 + ",") * 800 + "0]}",
        '{"command":"hello","x":"\\"' + '","y":' + " " * 3_300_000 + "0}",
    ],
    ids=["lists", "keys", "escapes", "integers", "space"],
)
def test_what_costs_too_much_to_read_is_too_large(client: Peer, text: str) -> None:
    client.socket.send(text)
    answer = client.receive()
    assert (answer["code"], "max_message_values" in answer["message"]) == ("too_large", True)


def test_a_large_text_that_is_not_utf8_is_refused(port: int) -> None:
    with upgraded(port) as client:
        client.sendall(frame(TEXT, b'{"a": "' + b"\xff" * (1 << 17) + b'"}'))
        assert b"invalid_json" in client.recv(1 << 16)


@pytest.mark.parametrize("wrong", ["ü", "\u00fc" * 3, "\ud800", "s3cret\u00a0"])
def test_a_token_beyond_ascii_is_wrong_however_it_is_shown(small: Workspace, wrong: str) -> None:
    with running(small, LOCKED) as port:
        with peer(port) as client:
            assert client.ask("auth", token=wrong)["code"] in ("unauthorized", "invalid_json")
        encoded = wrong.encode("utf-8", "surrogatepass")
        percent = "".join(f"%{byte:02x}" for byte in encoded)
        for request in (
            upgrade(port, b"Authorization: Bearer " + encoded),
            upgrade(port, query=f"?token={percent}"),
        ):
            with raw(port) as bare:
                bare.sendall(request)
                assert b" 403 " in rest(bare)


@pytest.mark.parametrize("way", [{"headers": [BEARER]}, {"query": "?token=s3cret"}, {"query": "?token=%733cret"}])
def test_the_token_is_shown_in_the_handshake(small: Workspace, way: dict[str, Any]) -> None:
    with running(small, LOCKED) as port, upgraded(port, *way.get("headers", []), query=way.get("query", "")) as client:
        client.sendall(frame(TEXT, b'{"command":"get_loaded_heads"}'))
        assert b"loaded_heads" in client.recv(1 << 16)


def test_wrong_tokens_are_counted(small: Workspace) -> None:
    with running(small, LOCKED) as port:
        with peer(port) as client:
            for _ in range(MAX_REFUSALS):
                client.try_send("auth", token="guess")
            assert client.close_code() == 1008
        with raw(port) as bare:  # the first that is delayed
            bare.sendall(upgrade(port, query="?token=guess"))
            assert b" 403 " in rest(bare)
        metrics = http_get(port, f"/metrics?token={TOKEN}")
        assert f"rfhydra_token_failures_total {FREE_GUESSES + 1}.0" in metrics


def _until(port: int, name: str, bound: float, *, most: bool = False) -> None:
    """Wait until a metric is at least ``bound``, or at most."""
    while True:
        lines = http_get(port, "/metrics").splitlines()
        value = next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))
        if (value <= bound) if most else (value >= bound):
            return


def test_a_client_that_reads_no_pongs_costs_one(port: int) -> None:
    with upgraded(port) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(frame(PING, b"x" * 125) * MAX_CONTROL_FRAMES)
        client.sendall(frame(TEXT, b'{"command":"get_loaded_heads"}'))
        received = b""
        while b"loaded_heads" not in received:
            received += client.recv(1 << 16)
        assert received.count(b"x" * 125) == MAX_CONTROL_FRAMES
