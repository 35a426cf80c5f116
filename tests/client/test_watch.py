"""Trainings that are followed and topics that are read, also across a lost connection."""

import asyncio

import pytest
from websockets.asyncio.server import ServerConnection

from rfhydra.client import Client, Feed
from rfhydra.errors import Cancelled, NotFound, Unreachable
from rfhydra.protocol.frames import WaterfallFrame
from rfhydra.protocol.versions import Registry
from tests.client.fake_server import (
    HELLO,
    JOB,
    answer,
    complete,
    failed,
    peer,
    progress,
    push,
    snapshot,
    subscribed,
)

STARTED = {"type": "result", "success": True, "job_id": JOB}
REGISTRY = {"type": "registry", "backbone_version": 1, "signals": {}}


async def greet(socket: ServerConnection) -> None:
    await answer(socket, "hello", HELLO)


async def start(socket: ServerConnection) -> None:
    """Greet a client and take on the training that it asks for."""
    await greet(socket)
    await answer(socket, "subscribe", subscribed("jobs"))
    await answer(socket, "train_signal", STARTED)


def test_epochs_come_once_and_in_order_however_they_arrive() -> None:
    async def train(socket: ServerConnection) -> None:
        await start(socket)
        await push(socket, progress(1))
        await push(socket, progress(2))  # both before the client follows the job
        await answer(socket, "get_job", snapshot(progress(1), progress(2), progress(3)))
        await push(socket, progress(3))
        await push(socket, {**progress(9), "job_id": "another"})
        await push(socket, progress(5))  # 4 was coalesced
        await push(socket, complete(6))
        await socket.wait_closed()

    async def scenario() -> None:
        async with peer(train) as url, Client(url) as client:
            run = await client.train_signal("lora")
            assert [each.epoch async for each in run] == [1, 2, 3, 5]
            assert (await run.result()).epochs_trained == 5
            assert [each async for each in run] == []

    asyncio.run(scenario())


def test_a_training_goes_on_across_a_lost_connection() -> None:
    async def break_off(socket: ServerConnection) -> None:
        await start(socket)
        await answer(socket, "get_job", snapshot(progress(1)))
        await push(socket, progress(2))
        await socket.close()

    async def resume(socket: ServerConnection) -> None:
        await greet(socket)
        assert (await answer(socket, "subscribe", subscribed("jobs")))["topics"] == ["jobs"]
        await answer(socket, "get_job", snapshot(progress(1), progress(2), progress(3), progress(4)))
        await push(socket, failed(5, "cancelled"))
        await socket.wait_closed()

    async def scenario() -> None:
        async with peer(break_off, resume) as url, Client(url) as client:
            run = await client.train_signal("lora")
            assert [each.epoch async for each in run] == [1, 2, 3, 4]
            with pytest.raises(Cancelled, match="it did not work"):
                await run.result()

    asyncio.run(scenario())


def test_a_lost_start_is_repeated_under_the_same_request_id() -> None:
    asked = []

    async def break_off(socket: ServerConnection) -> None:
        await greet(socket)
        await answer(socket, "subscribe", subscribed("jobs"))
        asked.append(await socket.recv())
        socket.transport.abort()

    async def resume(socket: ServerConnection) -> None:
        await greet(socket)
        await answer(socket, "subscribe", subscribed("jobs"))
        asked.append(await socket.recv())
        await push(socket, {**STARTED, "id": 3})
        await answer(socket, "get_job", snapshot(complete(1), state="completed"))

    async def scenario() -> None:
        async with peer(break_off, resume) as url, Client(url) as client:
            await (await client.train_signal("lora")).result()

    asyncio.run(scenario())
    assert asked[0] == asked[1]
    assert '"request_id"' in asked[0]


@pytest.mark.parametrize(("state", "code", "kind"), [("completed", None, NotFound), ("failed", "not_found", NotFound)])
def test_a_job_whose_messages_are_forgotten(state: str, code: str | None, kind: type[Exception]) -> None:
    async def forget(socket: ServerConnection) -> None:
        await greet(socket)
        await answer(socket, "subscribe", subscribed("jobs"))
        await answer(socket, "get_job", snapshot(state=state, code=code))

    async def scenario() -> None:
        async with peer(forget) as url, Client(url) as client:
            run = await client.follow_training(JOB)
            assert [each async for each in run] == []
            with pytest.raises(kind):
                await run.result()

    asyncio.run(scenario())


def test_cancelling_what_has_ended_does_no_harm() -> None:
    async def train(socket: ServerConnection) -> None:
        await start(socket)
        await answer(socket, "get_job", snapshot())
        await push(socket, complete(1))
        await answer(socket, "cancel_training", {"type": "error", "code": "not_found", "message": "no such job"})
        await socket.wait_closed()

    async def scenario() -> None:
        async with peer(train) as url, Client(url) as client:
            run = await client.train_signal("lora")
            await run.result()
            await run.cancel()

    asyncio.run(scenario())


def test_a_subscription_begins_with_what_is_and_ends_when_it_is_left() -> None:
    async def serve(socket: ServerConnection) -> None:
        await greet(socket)
        await answer(socket, "subscribe", subscribed("registry", snapshots=(REGISTRY,)))
        await push(socket, {**REGISTRY, "backbone_version": 2})
        await push(socket, progress(1))  # of another topic
        await push(socket, {"type": "server_shutdown", "reason": "it is late", "grace_sec": 1.0})
        await socket.close()

    async def serve_again(socket: ServerConnection) -> None:
        await greet(socket)
        await answer(socket, "subscribe", subscribed("registry", snapshots=({**REGISTRY, "backbone_version": 3},)))
        assert (await answer(socket, "unsubscribe", subscribed()))["topics"] == ["registry"]

    async def scenario() -> None:
        async with peer(serve, serve_again) as url, Client(url) as client:
            async with client.subscribe("registry") as pushes:
                seen = [await anext(pushes) for _ in range(3)]
            assert [each.backbone_version for each in seen if isinstance(each, Registry)] == [1, 2, 3]
            assert [each async for each in pushes] == []

    asyncio.run(scenario())


def test_waterfalls_are_asked_for_and_read() -> None:
    frame = WaterfallFrame(0, 2, 3, 1e6, 433e6, 0, bytes(range(6)))

    async def serve(socket: ServerConnection) -> None:
        assert (await answer(socket, "hello", HELLO))["binary"] is True
        await answer(socket, "subscribe", subscribed("waterfall"))
        await socket.send(frame.encode())
        await answer(socket, "unsubscribe", subscribed())

    async def scenario() -> None:
        async with peer(serve) as url, Client(url, binary=True) as client, client.subscribe("waterfall") as pushes:
            assert await anext(pushes) == frame

    asyncio.run(scenario())


def test_readers_learn_that_the_server_stays_away() -> None:
    async def break_off(socket: ServerConnection) -> None:
        await start(socket)
        await answer(socket, "get_job", snapshot(progress(1)))
        await answer(socket, "subscribe", subscribed("registry"))
        socket.transport.abort()

    async def never(socket: ServerConnection) -> None:
        socket.transport.abort()

    async def scenario() -> None:
        async with peer(break_off, never) as url, Client(url, reconnect_timeout_sec=0.0) as client:
            run = await client.train_signal("lora")
            async with client.subscribe("registry") as pushes:
                with pytest.raises(Unreachable):
                    await anext(pushes)
            assert [each.epoch async for each in run] == [1]
            with pytest.raises(Unreachable):
                await run.result()

    asyncio.run(scenario())


def test_a_slow_reader_loses_the_oldest_and_can_count_them() -> None:
    async def scenario() -> None:
        feed = Feed[int](max_unread=3)
        for number in range(5):
            feed.put(number)
        feed.end()
        assert [each async for each in feed] == [2, 3, 4]
        assert feed.dropped == 2

    asyncio.run(scenario())
