"""Async iterators over pushes: the epochs of a training, and subscriptions.

A reader that is too slow loses the oldest unread items; ``dropped`` counts them.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import ClassVar, Final, Generic, Self, TypeVar

from rfhydra.errors import NotFound, error_of
from rfhydra.protocol.archives import Archives, ScanComplete, ScanEvent, ScanFailed, ScanProgress
from rfhydra.protocol.cards import CardComplete, CardEvent, CardFailed, CardProgress
from rfhydra.protocol.frames import StreamWaterfallFrame, WaterfallFrame
from rfhydra.protocol.live import Streams, Tracks
from rfhydra.protocol.messages import Detections, SampleCounts
from rfhydra.protocol.missions import LoadedHeads, Missions
from rfhydra.protocol.recordings import Recordings
from rfhydra.protocol.stages import JobStage
from rfhydra.protocol.state import ServerMetrics
from rfhydra.protocol.trainings import (
    Jobs,
    JobSnapshot,
    TrainingComplete,
    TrainingEvent,
    TrainingFailed,
    TrainingProgress,
)
from rfhydra.protocol.types import Topic
from rfhydra.protocol.upgrade_reports import UpgradeJob, UpgradeReport
from rfhydra.protocol.upgrades import UpgradeComplete, UpgradeEvent, UpgradeFailed, UpgradeProgress, UpgradeState
from rfhydra.protocol.versions import Registry

MAX_UNREAD: Final = 1000

Push = (
    Jobs
    | JobSnapshot
    | TrainingEvent
    | Registry
    | SampleCounts
    | Detections
    | ServerMetrics
    | Tracks
    | Streams
    | WaterfallFrame
    | StreamWaterfallFrame
    | UpgradeState
    | UpgradeEvent
    | Recordings
    | JobStage
    | CardEvent
    | LoadedHeads
    | Missions
    | Archives
    | ScanEvent
)
PUSHES: Final[dict[Topic, tuple[type[Push], ...]]] = {
    "jobs": (Jobs, JobSnapshot, JobStage, TrainingProgress, TrainingComplete, TrainingFailed),
    "registry": (Registry,),
    "samples": (SampleCounts,),
    "detections": (Detections,),
    "tracks": (Tracks,),
    "streams": (Streams,),
    "waterfall": (WaterfallFrame, StreamWaterfallFrame),
    "metrics": (ServerMetrics,),
    "upgrades": (UpgradeState, UpgradeProgress, UpgradeComplete, UpgradeFailed),
    "recordings": (Recordings,),
    "cards": (CardProgress, CardComplete, CardFailed),
    "heads": (LoadedHeads,),
    "missions": (Missions,),
    "scans": (Archives, ScanProgress, ScanComplete, ScanFailed),
}
"""Types of the pushes of each topic."""

T = TypeVar("T")
R = TypeVar("R")


class Feed(Generic[T]):
    """Items for one reader, in order.

    Attributes:
        dropped: number of items that the reader was too slow for.
    """

    def __init__(self, max_unread: int = MAX_UNREAD) -> None:
        self.dropped = 0
        self._items: deque[T] = deque(maxlen=max_unread)
        self._changed = asyncio.Event()
        self._ended = False
        self._error: Exception | None = None

    def put(self, item: T) -> None:
        self.dropped += len(self._items) == self._items.maxlen
        self._items.append(item)
        self._changed.set()

    def end(self, error: Exception | None = None) -> None:
        """End the feed; the reader still gets the unread items, then ``error`` if there is one."""
        self._ended, self._error = True, error
        self._changed.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while not self._items:
            if self._ended:
                if self._error is not None:
                    raise self._error
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        return self._items.popleft()


class Run(Feed[T], Generic[T, R]):
    """A job on the server: its progress, and in the end its result or an error. It continues when the connection is
    lost or this client closes.
    """

    def __init__(self, job_id: str) -> None:
        super().__init__()
        self.job_id = job_id
        self._outcome: R | Exception | None = None
        self._over = asyncio.Event()

    async def result(self) -> R:
        """Wait for the end.

        Raises:
            RfhydraError: the error of the job, for example ``Cancelled``.
            Unreachable: the server does not answer; the job runs again when it is back.
        """
        await self._over.wait()
        assert self._outcome is not None
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome

    @property
    def is_over(self) -> bool:
        return self._over.is_set()

    def finish(self, outcome: R | Exception) -> None:
        if not self.is_over:
            self._outcome = outcome
            self._over.set()
            self.end()


class TrainingRun(Run[TrainingProgress, TrainingComplete]):
    """A training on the server, from its first epoch.

    Iterating gives the epochs and stops with the training; :meth:`result` returns its result. The training continues
    when the connection is lost or this client closes.

    Attributes:
        stage: what it does now, None before the first report of this server.
    """

    def __init__(
        self,
        job_id: str,
        cancel: Callable[[str], Awaitable[object]],
        on_stage: Callable[[JobStage], None] = lambda stage: None,
    ) -> None:
        """``on_stage`` is called with every report of its stage."""
        super().__init__(job_id)
        self.stage: JobStage | None = None
        self._on_stage = on_stage
        self._cancel = cancel
        self._seq = 0
        self._early: list[TrainingEvent] | None = []

    async def cancel(self) -> None:
        """Stop it within one epoch; no error if it has ended."""
        try:
            await self._cancel(self.job_id)
        except NotFound:
            if not self.is_over:
                raise

    def await_snapshot(self) -> None:
        """Buffer pushes until :meth:`catch_up`, because earlier messages may be missing."""
        self._early = []

    def take(self, event: TrainingEvent) -> None:
        """Process a message of this job; known messages are ignored."""
        if self._early is not None:
            self._early.append(event)
            return
        if event.seq <= self._seq:
            return
        self._seq = event.seq
        match event:
            case TrainingProgress():
                self.put(event)
            case TrainingComplete():
                self.finish(event)
            case TrainingFailed():
                self.finish(error_of(event.code, event.error))

    def take_stage(self, stage: JobStage) -> None:
        """Process a report of its stage."""
        self.stage = stage
        self._on_stage(stage)

    def catch_up(self, snapshot: JobSnapshot) -> None:
        """Process the messages of a snapshot, then the buffered pushes."""
        if snapshot.stage is not None:
            self.take_stage(snapshot.stage)
        early, self._early = self._early or [], None
        for event in (*snapshot.events, *early):
            self.take(event)
        job = snapshot.job
        if self.is_over or job.finished_at is None:
            return
        if job.code is not None:  # its messages have been dropped
            self.finish(error_of(job.code, job.error or job.code))
        else:
            self.finish(NotFound(f"job {job.job_id} made version {job.version}; its messages have been dropped"))


class UnstoredRun(Run[T, R]):
    """A job that the server does not store: it continues when the connection is lost or this client closes, but not
    when the server stops.

    Iterating gives its progress from now on and stops with it.

    Attributes:
        topic: of its messages.
        lost: the error where it ended without a connection.
    """

    topic: ClassVar[Topic]
    lost: ClassVar[str]

    def take(self, event: CardEvent | ScanEvent) -> None:
        """Process a message of this job."""
        match event:
            case CardProgress() | ScanProgress():
                self.put(event)  # type: ignore[arg-type]  # T is the progress of its topic
            case CardComplete() | ScanComplete():
                self.finish(event)  # type: ignore[arg-type]
            case CardFailed() | ScanFailed():
                self.finish(error_of(event.code, event.error))


class CardRun(UnstoredRun[CardProgress, CardComplete]):
    """The measurement of a detectability card on the server; :meth:`result` returns the card."""

    topic = "cards"
    lost = "the measurement ended while there was no connection: ask for the card"


class ScanRun(UnstoredRun[ScanProgress, ScanComplete]):
    """The scan of an archive on the server; :meth:`result` returns what all scans of it have found."""

    topic = "scans"
    lost = "the scan ended while there was no connection: ask for the archives"


class UpgradeRun(Run[UpgradeProgress, UpgradeReport]):
    """An upgrade on the server.

    Iterating gives its progress from now on and stops with the upgrade; :meth:`result` returns its report. The upgrade
    continues when the connection is lost or this client closes.

    Attributes:
        report: of an upgrade that has ended with all heads trained, also where it has not switched them.
    """

    def __init__(self, job_id: str) -> None:
        super().__init__(job_id)
        self.report: UpgradeReport | None = None

    def take(self, event: UpgradeEvent) -> None:
        """Process a message of this job."""
        match event:
            case UpgradeProgress():
                self.put(event)
            case UpgradeComplete():
                self.report = event.report
                self.finish(event.report)
            case UpgradeFailed():
                self.report = event.report
                self.finish(error_of(event.code, event.error))

    def catch_up(self, job: UpgradeJob | None) -> None:
        """Process the newest upgrade of the server, which may have ended without a connection."""
        if job is None or job.job_id != self.job_id:
            self.finish(NotFound(f"upgrade {self.job_id} is not the newest of the server any more"))
        elif job.finished_at is not None:
            self.report = job.report
            if job.code is not None:
                self.finish(error_of(job.code, job.error or job.code))
            elif job.report is not None:
                self.finish(job.report)


class Subscription(Feed[T]):
    """Pushes of some topics, the present state first. An async context manager; leaving it unsubscribes."""

    def __init__(
        self,
        topics: frozenset[Topic],
        enter: Callable[["Subscription[T]"], Awaitable[None]],
        leave: Callable[["Subscription[T]"], Awaitable[None]],
    ) -> None:
        super().__init__()
        self.topics = topics
        self._wanted = tuple(kind for topic in topics for kind in PUSHES[topic])
        self._enter, self._leave = enter, leave

    async def __aenter__(self) -> Self:
        await self._enter(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        await self._leave(self)

    def take(self, push: object) -> None:
        if isinstance(push, self._wanted):
            self.put(push)  # type: ignore[arg-type]  # T is what the topics push
