import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from rfhydra.protocol.frames import WaterfallFrame
from rfhydra.protocol.messages import Detections, read_message
from rfhydra.protocol.trainings import TrainingFailed, TrainingProgress
from rfhydra.protocol.versions import Registry
from rfhydra.server.net.hub import Hub, Session
from rfhydra.server.net.outbox import Outbox
from tests.protocol.test_messages import PROGRESS

FOUND = Detections(stream_id=None, start_sample=0, heads={"a": 1}, detections=[])
FRAME = WaterfallFrame(
    dropped=0, rows=1, cols=1, sample_rate_hz=1.0, center_freq_hz=0.0, start_sample=0, pixels=b"\x05"
)
FAILED = TrainingFailed(signal_name="a", job_id="j", seq=9, ts="t", error="no", code="cancelled")


def on_loop(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    def run() -> None:
        async def main() -> None:
            await test()

        asyncio.run(main())

    run.__name__ = test.__name__
    return run


def join(hub: Hub, *topics: Any, room: int = 8) -> Session:
    client = Session("test", Outbox(room, 1 << 20), authorised=True, topics=set(topics))
    hub.add(client)
    return client


async def taken(client: Session) -> Any:
    payload = await client.outbox.take()
    return WaterfallFrame.decode(payload) if isinstance(payload, bytes) else read_message(payload)


def epoch(number: int, job_id: str = "j") -> TrainingProgress:
    return PROGRESS.model_copy(update={"epoch": number, "seq": number, "job_id": job_id})


@on_loop
async def test_a_push_goes_to_those_who_subscribed() -> None:
    hub = Hub()
    wants, other = join(hub, "registry"), join(hub, "samples")
    assert hub.wanted("registry")
    assert not hub.wanted("metrics")
    hub.publish("registry", Registry(backbone_version=1, signals={}))
    assert isinstance(await taken(wants), Registry)
    assert not await waits(other)


@on_loop
async def test_a_training_is_told_to_subscribers_and_to_who_started_it() -> None:
    hub = Hub()
    starter, subscriber, other = join(hub), join(hub, "jobs"), join(hub)
    starter.jobs.add("j")
    hub.publish_job("jobs", epoch(1))
    hub.publish_job("jobs", FAILED)
    for client in (starter, subscriber):
        assert [(await taken(client)).type for _ in range(2)] == ["training_progress", "training_failed"]
    assert not await waits(other)
    assert not starter.jobs


@on_loop
async def test_of_a_jobs_progress_the_newest_waits_before_its_end() -> None:
    hub = Hub()
    client = join(hub, "jobs")
    for number in range(1, 6):
        hub.publish_job("jobs", epoch(number))
        hub.publish_job("jobs", epoch(10 * number, "other"))
    hub.publish_job("jobs", FAILED)
    assert [(await taken(client)).seq for _ in range(3)] == [5, 50, 9]
    assert hub.dropped == 8
    hub.remove(client)
    assert (len(hub), hub.dropped) == (0, 8)


@on_loop
async def test_detections_and_waterfall_are_the_newest_and_count_what_they_replaced() -> None:
    hub = Hub()
    client, sender = join(hub, "detections", "waterfall"), join(hub, "detections", "waterfall")
    client.binary = True
    for number in range(3):
        hub.publish_detections(FOUND.model_copy(update={"start_sample": number}), sender)
        hub.publish_waterfall(FRAME)
    found, frame = await taken(client), await taken(client)
    assert (found.start_sample, found.dropped, frame.dropped) == (2, 2, 2)
    assert not await waits(sender)


@on_loop
async def test_a_client_without_room_for_a_message_is_to_be_closed() -> None:
    hub = Hub()
    slow, other = join(hub, "registry", room=1), join(hub, "registry")
    for _ in range(3):
        hub.publish("registry", Registry(backbone_version=1, signals={}))
    assert slow.closing.result()[0] == 1013
    assert not other.closing.done()
    slow.close(1001, "later")
    assert slow.closing.result()[0] == 1013


async def waits(client: Session) -> bool:
    """Whether a message waits for the client."""
    try:
        async with asyncio.timeout(0):
            await client.outbox.take()
    except TimeoutError:
        return False
    return True
