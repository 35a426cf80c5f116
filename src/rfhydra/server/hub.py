"""Who is connected, who wants to hear of what, and how a push finds them. For the event loop's thread only."""

import asyncio
from collections.abc import Hashable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from rfhydra.protocol.frames import WaterfallFrame
from rfhydra.protocol.messages import BaseMessage, Detections, TrainingEvent, TrainingProgress
from rfhydra.protocol.types import Topic
from rfhydra.server.outbox import Outbox, Payload, Render

TRY_AGAIN_LATER: Final = 1013
SLOW: Final = "messages were not taken in time"


@dataclass(eq=False)
class Client:
    """One connected client, apart from its socket.

    Attributes:
        name: its address, for the audit log.
        outbox: what it has not taken yet.
        authorised: whether it has shown the token, or needs none.
        binary: whether it takes and may send binary frames.
        topics: what it is subscribed to.
        jobs: trainings that it started, whose messages it gets without subscribing.
        closing: resolved with (code, reason) when the server wants to be rid of it.
    """

    name: str
    outbox: Outbox
    authorised: bool
    binary: bool = False
    topics: set[Topic] = field(default_factory=set)
    jobs: set[str] = field(default_factory=set)
    closing: "asyncio.Future[tuple[int, str]]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def send(self, payload: Payload) -> None:
        """Queue a control message, or close the client if it has not taken too many."""
        if not self.closing.done() and not self.outbox.put(payload):
            self.close(TRY_AGAIN_LATER, SLOW)

    def send_latest(self, key: Hashable, render: Render) -> None:
        """Queue a message that replaces the one with the same key, if that still waits."""
        if not self.closing.done():
            self.outbox.put_latest(key, render)

    def close(self, code: int, reason: str) -> None:
        """Have the connection closed; the first reason counts."""
        if not self.closing.done():
            self.closing.set_result((code, reason))


class Hub:
    """The connected clients."""

    def __init__(self) -> None:
        self._clients: set[Client] = set()
        self._dropped_by_gone = 0
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        return len(self._clients)

    @property
    def dropped(self) -> int:
        """Pushes that slow clients did not get, since the start."""
        return self._dropped_by_gone + sum(client.outbox.dropped for client in self._clients)

    def add(self, client: Client) -> None:
        self._clients.add(client)
        self._empty.clear()

    def remove(self, client: Client) -> None:
        self._clients.discard(client)
        self._dropped_by_gone += client.outbox.dropped
        if not self._clients:
            self._empty.set()

    async def dismiss(self, code: int, reason: str, flush_sec: float) -> None:
        """Have every client closed once it has taken what waits for it, or after ``flush_sec``, and see them go."""

        async def dismiss(client: Client) -> None:
            with suppress(TimeoutError):
                await asyncio.wait_for(client.outbox.emptied(), flush_sec)
            client.close(code, reason)

        await asyncio.gather(*(dismiss(client) for client in self._clients))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._empty.wait(), flush_sec)

    def all(self) -> list[Client]:
        return list(self._clients)

    def wanted(self, topic: Topic) -> bool:
        """Whether anybody is subscribed to ``topic``."""
        return any(True for _ in self._subscribers(topic))

    def publish(self, topic: Topic, message: BaseMessage) -> None:
        """Push a message that must not be lost."""
        text = message.encode()
        for client in self._subscribers(topic):
            client.send(text)

    def publish_latest(self, topic: Topic, message: BaseMessage) -> None:
        """Push a message that replaces the one before it."""
        text = message.encode()
        for client in self._subscribers(topic):
            client.send_latest(topic, lambda _: text)

    def publish_training(self, event: TrainingEvent) -> None:
        """Push what a job tells, to those who subscribed to jobs and those who started it."""
        text = event.encode()
        for client in self._clients:
            if "jobs" in client.topics or event.job_id in client.jobs:
                if isinstance(event, TrainingProgress):
                    client.send_latest(event.job_id, lambda _: text)
                else:
                    client.send(text)
                    client.jobs.discard(event.job_id)

    def publish_detections(self, detections: Detections, sender: Client) -> None:
        """Push what was found in a window, newest first, to all but the one who sent it: that one has its answer."""
        text = detections.encode()

        def render(dropped: int) -> str:
            return detections.model_copy(update={"dropped": dropped}).encode() if dropped else text

        for client in self._subscribers("detections"):
            if client is not sender:
                client.send_latest("detections", render)

    def publish_waterfall(self, frame: WaterfallFrame) -> None:
        """Push a spectrogram, newest first, to those who take binary frames."""
        for client in self._subscribers("waterfall"):
            if client.binary:
                client.send_latest("waterfall", lambda dropped: frame.with_dropped(dropped).encode())

    def _subscribers(self, topic: Topic) -> Iterator[Client]:
        return (client for client in self._clients if topic in client.topics)
