"""Sessions of connected clients, their subscriptions, and pushes to them. For the thread of the event loop only."""

import asyncio
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from rfhydra.protocol.archives import ScanEvent, ScanProgress
from rfhydra.protocol.base import BaseMessage
from rfhydra.protocol.cards import CardEvent, CardProgress
from rfhydra.protocol.frames import StreamWaterfallFrame, WaterfallFrame
from rfhydra.protocol.live import Tracks, WaterfallSettings
from rfhydra.protocol.messages import Detections
from rfhydra.protocol.stages import JobStage
from rfhydra.protocol.streams import TrackEvent
from rfhydra.protocol.trainings import JobSnapshot, TrainingEvent, TrainingProgress
from rfhydra.protocol.types import Topic
from rfhydra.protocol.upgrades import UpgradeEvent, UpgradeProgress
from rfhydra.server.net.outbox import Outbox, Payload, Render

TRY_AGAIN_LATER: Final = 1013
SLOW: Final = "messages were not taken in time"
TOO_MANY_CLIENTS: Final = "too many clients"
_MAX_UNSENT_FRAMES: Final = 8
_MAX_UNSENT_BYTES: Final = 1 << 18
"""Of the unsent waterfall frames of a stream to one client; one is kept however large it is."""


@dataclass(frozen=True)
class WaterfallView:
    """How a client sees the waterfalls of streams: of ``stream_id`` only, or of all (None)."""

    settings: WaterfallSettings = field(default_factory=WaterfallSettings)
    stream_id: str | None = None

    def shows(self, stream_id: str) -> bool:
        """Whether it shows this stream."""
        return self.stream_id in (None, stream_id)


@dataclass(eq=False)
class Session:
    """One connected client, apart from its socket.

    Attributes:
        name: its address, for the audit log.
        outbox: its unsent messages.
        authorised: whether it has sent the token, or needs none.
        host: its address without the port.
        on_authorised: called when it has sent the token.
        binary: whether it uses binary frames.
        topics: its subscriptions.
        waterfall: how it sees the streams, if it is subscribed to ``waterfall``.
        jobs: trainings and upgrades that it started, whose messages it gets without a subscription.
        closing: resolved with (code, reason) when the server closes it.
    """

    name: str
    outbox: Outbox
    authorised: bool
    host: str | None = None
    on_authorised: Callable[[], None] = lambda: None
    binary: bool = False
    topics: set[Topic] = field(default_factory=set)
    waterfall: WaterfallView = field(default_factory=WaterfallView)
    jobs: set[str] = field(default_factory=set)
    closing: "asyncio.Future[tuple[int, str]]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def authorise(self) -> None:
        """Let it send every command."""
        self.authorised = True
        self.on_authorised()

    def send(self, payload: Payload) -> None:
        """Queue a control message; closes the session if its outbox is full."""
        if not self.closing.done() and not self.outbox.put(payload):
            self.close(TRY_AGAIN_LATER, SLOW)

    def send_latest(self, key: Hashable, render: Render, most: int = 1) -> None:
        """Queue a message that replaces the oldest unsent one with the same key, where there are ``most``."""
        if not self.closing.done():
            self.outbox.put_latest(key, render, most)

    def close(self, code: int, reason: str) -> None:
        """Close the connection; the first reason counts."""
        if not self.closing.done():
            self.closing.set_result((code, reason))


class Hub:
    """The sessions of a server."""

    def __init__(self) -> None:
        self._sessions: set[Session] = set()
        self._dropped_by_gone = 0
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        return len(self._sessions)

    @property
    def authorised(self) -> int:
        """Number of authorised sessions."""
        return sum(session.authorised for session in self._sessions)

    @property
    def dropped(self) -> int:
        """Number of pushes dropped for slow clients since the start."""
        return self._dropped_by_gone + sum(session.outbox.dropped for session in self._sessions)

    def add(self, session: Session) -> None:
        self._sessions.add(session)
        self._empty.clear()

    def remove(self, session: Session) -> None:
        self._sessions.discard(session)
        self._dropped_by_gone += session.outbox.dropped
        if not self._sessions:
            self._empty.set()

    async def dismiss(self, code: int, reason: str, flush_sec: float) -> None:
        """Close every session once its outbox is empty, or after ``flush_sec``; waits for their end."""

        async def dismiss(session: Session) -> None:
            with suppress(TimeoutError):
                await asyncio.wait_for(session.outbox.emptied(), flush_sec)
            session.close(code, reason)

        await asyncio.gather(*(dismiss(session) for session in self._sessions))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._empty.wait(), flush_sec)

    def all(self) -> list[Session]:
        return list(self._sessions)

    def wanted(self, topic: Topic) -> bool:
        """Whether any session is subscribed to ``topic``."""
        return any(True for _ in self._subscribers(topic))

    def publish(self, topic: Topic, message: BaseMessage) -> None:
        """Push a control message."""
        text = message.encode()
        for session in self._subscribers(topic):
            session.send(text)

    def publish_latest(self, topic: Topic, message: BaseMessage) -> None:
        """Push a message that replaces an unsent one of its topic."""
        self._push_latest(topic, topic, message.encode())

    def publish_queued(self, training: JobSnapshot) -> None:
        """Push a training that was queued to the subscribers of ``jobs``."""
        self._push_latest("jobs", ("job", training.job.job_id), training.encode())

    def publish_stage(self, stage: JobStage) -> None:
        """Push the stage of a training to the subscribers of ``jobs``; it replaces an unsent one of the same."""
        self._push_latest("jobs", ("stage", stage.job_id), stage.encode())

    def publish_job(self, topic: Topic, event: TrainingEvent | UpgradeEvent | CardEvent | ScanEvent) -> None:
        """Push a message of a job to the sessions that subscribed to ``topic`` or started it."""
        text = event.encode()
        for session in self._sessions:
            if topic in session.topics or event.job_id in session.jobs:
                if isinstance(event, TrainingProgress | UpgradeProgress | CardProgress | ScanProgress):
                    session.send_latest(event.job_id, lambda _: text)
                else:
                    session.send(text)
                    session.jobs.discard(event.job_id)

    def publish_detections(self, detections: Detections, sender: Session) -> None:
        """Push the detections in a window to all subscribers but ``sender``, which gets them as its answer."""
        text = detections.encode()

        def render(dropped: int) -> str:
            return detections.model_copy(update={"dropped": dropped}).encode() if dropped else text

        for session in self._subscribers("detections"):
            if session is not sender:
                session.send_latest("detections", render)

    def publish_stream_detections(self, detections: Detections) -> None:
        """Push the detections in a window of a stream; they replace unsent ones of the same stream."""
        text = detections.encode()

        def render(dropped: int) -> str:
            return detections.model_copy(update={"dropped": dropped}).encode() if dropped else text

        for session in self._subscribers("detections"):
            session.send_latest(("detections", detections.stream_id), render)

    def publish_tracks(self, stream_id: str, events: Sequence[TrackEvent], dropped: int) -> None:
        """Push events of a stream, of which ``dropped`` did not come so far."""

        def render(kept: list[TrackEvent], more_dropped: int) -> str:
            return Tracks(stream_id=stream_id, events=kept, dropped=dropped + more_dropped).encode()

        for session in self._subscribers("tracks"):
            if not session.closing.done():
                session.outbox.put_items(("tracks", stream_id), events, render)

    def waterfall_views(self) -> dict[Session, WaterfallView]:
        """How the subscribers of ``waterfall`` that use binary frames see streams."""
        return {session: session.waterfall for session in self._subscribers("waterfall") if session.binary}

    def publish_stream_waterfall(self, settings: WaterfallSettings, frame: StreamWaterfallFrame) -> None:
        """Push columns of a stream to those who see it with ``settings``; they replace the oldest unsent ones.

        A few may be unsent, so that none is lost where the loop is late by more than a frame.
        """
        most = min(max(_MAX_UNSENT_BYTES // len(frame.pixels), 1), _MAX_UNSENT_FRAMES)
        for session, view in self.waterfall_views().items():
            if view.settings == settings and view.shows(frame.stream_id):
                session.send_latest(
                    ("waterfall", frame.stream_id), lambda dropped: frame.with_dropped(dropped).encode(), most
                )

    def publish_waterfall(self, frame: WaterfallFrame) -> None:
        """Push a spectrogram to the subscribers that use binary frames."""
        for session in self._subscribers("waterfall"):
            if session.binary:
                session.send_latest("waterfall", lambda dropped: frame.with_dropped(dropped).encode())

    def _push_latest(self, topic: Topic, key: Hashable, text: str) -> None:
        """Push a message to the subscribers of ``topic``; it replaces an unsent one with the same key."""
        for session in self._subscribers(topic):
            session.send_latest(key, lambda _: text)

    def _subscribers(self, topic: Topic) -> Iterator[Session]:
        return (session for session in self._sessions if topic in session.topics)
