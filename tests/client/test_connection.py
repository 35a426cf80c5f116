"""What a client does when the other side refuses, breaks off, or says what it should not."""

import asyncio
from http import HTTPStatus

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from rfhydra.client import Client
from rfhydra.errors import (
    Busy,
    InvalidMessage,
    InvalidName,
    NotFound,
    RfhydraError,
    TooLarge,
    Unauthorized,
    Unreachable,
)
from rfhydra.protocol.fields import PixelBox
from tests.client.fake_server import HELLO, LOADED, answer, command, peer, push

BOX = PixelBox(x_min=0, y_min=0, x_max=9, y_max=9)


async def greet(socket: ServerConnection) -> None:
    await answer(socket, "hello", HELLO)


def test_nobody_is_there() -> None:
    async def scenario() -> None:
        async with peer(greet) as url:
            pass
        with pytest.raises(Unreachable, match="no server answers at ws:"):
            await Client(url).__aenter__()

    asyncio.run(scenario())


@pytest.mark.parametrize("url", ["", "mission", "http://127.0.0.1:1", "ws://"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(InvalidMessage, match="no address that begins with"):
        Client(url)


@pytest.mark.parametrize("status", [HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN])
def test_a_connection_that_is_refused_for_its_token(status: HTTPStatus) -> None:
    tokens = []

    async def refuse(connection: ServerConnection, request: Request) -> Response:
        tokens.append(request.headers["Authorization"])
        return connection.respond(status, "no\n")

    async def scenario() -> None:
        async with serve(greet, "127.0.0.1", 0, process_request=refuse) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            with pytest.raises(Unauthorized, match="the right token"):
                await Client(f"ws://127.0.0.1:{port}", token="guess").__aenter__()

    asyncio.run(scenario())
    assert tokens == ["Bearer guess"]


def test_a_greeting_that_is_refused_is_not_tried_again() -> None:
    async def refuse(socket: ServerConnection) -> None:
        await answer(socket, "hello", {"type": "error", "code": "unauthorized", "message": "no token"})
        await socket.wait_closed()

    async def scenario() -> None:
        async with peer(refuse) as url:
            with pytest.raises(Unauthorized, match="no token"):
                await Client(url).__aenter__()

    asyncio.run(scenario())


def test_errors_come_back_as_the_classes_of_their_codes() -> None:
    async def refuse(socket: ServerConnection) -> None:
        await greet(socket)
        for code in ("not_found", "busy", "internal", "of_the_future"):
            await answer(socket, "get_registry", {"type": "error", "code": code, "message": f"it is {code}"})

    async def scenario() -> None:
        async with peer(refuse) as url, Client(url) as client:
            for kind in (NotFound, Busy, RfhydraError):
                with pytest.raises(kind) as raised:
                    await client.get_registry()
                assert type(raised.value) is kind

    asyncio.run(scenario())


def test_what_cannot_be_right_is_not_sent() -> None:
    async def scenario() -> None:
        async with peer(greet) as url, Client(url) as client:
            with pytest.raises(InvalidName):
                await client.load_heads(["../../etc"])
            with pytest.raises(InvalidMessage, match="version"):
                await client.promote_version("lora", 0)
            with pytest.raises(TooLarge, match="takes 10000 in one message"):
                await client.add_training_sample("lora", bytes(9_000), [BOX])

    asyncio.run(scenario())


def test_answers_find_their_askers_whatever_their_order() -> None:
    async def reverse(socket: ServerConnection) -> None:
        await greet(socket)
        first, second = await command(socket, "get_loaded_heads"), await command(socket, "get_loaded_heads")
        await push(socket, {**LOADED, "heads": ["second"], "id": second["id"]})
        await push(socket, {**LOADED, "heads": ["nobody's"], "id": 999_999})
        await push(socket, {"type": "of_the_future", "id": first["id"]})
        await push(socket, {**LOADED, "heads": ["first"], "id": first["id"], "new_field": 1})
        await socket.wait_closed()

    async def scenario() -> None:
        async with peer(reverse) as url, Client(url) as client:
            answers = await asyncio.gather(client.get_loaded_heads(), client.get_loaded_heads())
            assert [each.heads for each in answers] == [["first"], ["second"]]

    asyncio.run(scenario())


def test_a_lost_read_is_repeated_and_a_lost_rollback_is_not() -> None:
    async def break_off(socket: ServerConnection) -> None:
        await greet(socket)
        await command(socket, "get_loaded_heads")
        await command(socket, "rollback_signal")
        socket.transport.abort()

    async def serve_it(socket: ServerConnection) -> None:
        await greet(socket)
        await answer(socket, "get_loaded_heads", {**LOADED, "heads": ["lora"]})
        await answer(socket, "get_registry", {"type": "registry", "backbone_version": 1, "signals": {}})
        await socket.wait_closed()

    async def scenario() -> None:
        async with peer(break_off, serve_it) as url, Client(url) as client:
            read = asyncio.create_task(client.get_loaded_heads())
            with pytest.raises(Unreachable, match="before the answer to rollback_signal"):
                await client.rollback_signal("lora")
            assert (await client.get_registry()).signals == {}  # asked while there is no connection
            assert (await read).heads == ["lora"]

    asyncio.run(scenario())


def test_a_server_that_stays_away_ends_everything() -> None:
    async def break_off(socket: ServerConnection) -> None:
        await greet(socket)
        await command(socket, "get_loaded_heads")
        socket.transport.abort()

    async def never(socket: ServerConnection) -> None:
        socket.transport.abort()

    async def scenario() -> None:
        async with peer(break_off, never) as url, Client(url, reconnect_timeout_sec=0.0) as client:
            with pytest.raises(Unreachable, match="no server answers"):
                await client.get_loaded_heads()
            with pytest.raises(Unreachable, match="no server answers"):
                await client.get_loaded_heads()

    asyncio.run(scenario())


def test_an_answer_that_never_comes() -> None:
    async def be_silent(socket: ServerConnection) -> None:
        await greet(socket)
        await socket.wait_closed()

    async def scenario() -> None:
        async with peer(be_silent) as url, Client(url, answer_sec=0.1) as client:
            with pytest.raises(Unreachable, match="no answer to get_registry within"):
                await client.get_registry()

    asyncio.run(scenario())


@pytest.mark.parametrize("nonsense", ["[]", "{", '{"type": "loaded_heads", "heads": 1}'])
def test_a_peer_that_speaks_nonsense(nonsense: str) -> None:
    async def babble(socket: ServerConnection) -> None:
        await greet(socket)
        await command(socket, "get_loaded_heads")
        await socket.send(nonsense)
        await socket.wait_closed()

    async def scenario() -> None:
        async with peer(babble) as url, Client(url) as client:
            with pytest.raises(RfhydraError):
                await client.get_loaded_heads()

    asyncio.run(scenario())


def test_an_answer_of_another_type() -> None:
    async def mistake(socket: ServerConnection) -> None:
        await greet(socket)
        await answer(socket, "get_registry", LOADED)

    async def scenario() -> None:
        async with peer(mistake) as url, Client(url) as client:
            with pytest.raises(RfhydraError, match="answered with loaded_heads instead of Registry"):
                await client.get_registry()

    asyncio.run(scenario())
