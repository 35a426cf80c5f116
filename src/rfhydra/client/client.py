"""Client: typed commands, trainings and subscriptions over one connection that reconnects."""

import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

from rfhydra.client.commands import Commands
from rfhydra.client.connection import Connection
from rfhydra.client.streams import PushedStream, TrackSubscription
from rfhydra.client.watch import CardRun, Push, ScanRun, Subscription, TrainingRun, UnstoredRun, UpgradeRun
from rfhydra.config import DEFAULT_URL
from rfhydra.errors import InvalidMessage, NotFound, RfhydraError, Unreachable, error_of
from rfhydra.protocol import commands as ask
from rfhydra.protocol.archives import Archives, ScanComplete, ScanFailed, ScanProgress, StartScan
from rfhydra.protocol.base import BaseCommand
from rfhydra.protocol.cards import CardComplete, CardFailed, CardProgress, MakeCard
from rfhydra.protocol.commands import TRAINING_COMMANDS
from rfhydra.protocol.frames import read_waterfall
from rfhydra.protocol.live import PushedSource, SetWaterfall, StartStream, WaterfallState
from rfhydra.protocol.messages import Detections, Error, Message, ServerHello, Subscriptions
from rfhydra.protocol.parsing import parse
from rfhydra.protocol.stages import JobStage
from rfhydra.protocol.streams import StreamStatus
from rfhydra.protocol.trainings import TrainingComplete, TrainingFailed, TrainingProgress
from rfhydra.protocol.types import Topic, TrainingOptions, TrainingRequest
from rfhydra.protocol.upgrades import GetUpgrade, StartUpgrade, UpgradeComplete, UpgradeFailed, UpgradeProgress

U = TypeVar("U", bound=UnstoredRun[Any, Any])


class Client(Commands):
    """Client of one server, for one event loop; an async context manager.

    A lost connection is made again, with growing pauses. Idempotent commands are then sent again, subscriptions are
    renewed, and :class:`TrainingRun` objects receive the messages that they missed.

    Attributes:
        server: the ``hello`` of the server on the present connection.
    """

    server: ServerHello

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        token: str | None = None,
        binary: bool = False,
        reconnect_timeout_sec: float = 60.0,
        answer_sec: float = 120.0,
    ) -> None:
        """
        Args:
            url: ``ws://`` or ``wss://``.
            binary: use binary frames, needed for waterfalls and :meth:`detect_frame`.
            reconnect_timeout_sec: how long to try to reconnect; ``math.inf`` for ever.
            answer_sec: timeout of an answer, including the time without a connection.

        Raises:
            InvalidMessage: ``url`` is not such an address.
        """
        self._binary = binary
        self._runs: set[TrainingRun] = set()
        self._subscriptions: set[Subscription[Any]] = set()
        self._follows_jobs = False
        self._upgrades: set[UpgradeRun] = set()
        self._unstored: set[UnstoredRun[Any, Any]] = set()
        self._pushes: dict[int, PushedStream] = {}
        self._waterfall: dict[str, Any] = {}
        self._connection = Connection(
            url,
            token=token,
            greet=self._greet,
            on_push=self._on_push,
            on_end=self._on_end,
            reconnect_timeout_sec=reconnect_timeout_sec,
            answer_sec=answer_sec,
        )

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            Unreachable: no server answers.
            Unauthorized: the token is missing or wrong.
        """
        await self._connection.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connection.close()

    async def train_signal(
        self,
        signal_name: str,
        notes: str | None = None,
        *,
        request_id: str | None = None,
        **options: Unpack[TrainingOptions],
    ) -> TrainingRun:
        """Train a head from scratch on all samples of a signal; ``options`` are ``epochs`` and ``provisional``.

        Otherwise as :meth:`train`.
        """
        fields = {"signal_name": signal_name, "notes": notes, **options}
        return await self.train(parse(TrainingRequest, fields), request_id)

    async def extend_signal(
        self,
        signal_name: str,
        notes: str | None = None,
        *,
        request_id: str | None = None,
        **options: Unpack[TrainingOptions],
    ) -> TrainingRun:
        """Train a better version with the samples added since; otherwise as :meth:`train_signal`."""
        fields = {"signal_name": signal_name, "notes": notes, "extend": True, **options}
        return await self.train(parse(TrainingRequest, fields), request_id)

    async def train(
        self,
        request: TrainingRequest,
        request_id: str | None = None,
        on_stage: Callable[[JobStage], None] = lambda stage: None,
    ) -> TrainingRun:
        """Start a training; returns as soon as the server has queued it.

        Args:
            request: the training.
            request_id: makes the command idempotent, so that a lost connection does not start the training twice;
                default is a random one.
            on_stage: called with every report of what the training does.

        Raises:
            Conflict: the signal has an unfinished training.
            Busy: too many are queued.
        """
        await self._follow_jobs()
        command = TRAINING_COMMANDS[request.extend]
        fields = request.model_dump(exclude={"extend"})
        result = await self._ask(command, request_id=request_id or uuid.uuid4().hex, **fields)
        assert result.job_id is not None
        return await self.follow_training(result.job_id, on_stage)

    async def follow_training(
        self, job_id: str, on_stage: Callable[[JobStage], None] = lambda stage: None
    ) -> TrainingRun:
        """A training started by any client, from its first epoch; ``on_stage`` is as in :meth:`train`.

        Raises:
            NotFound: there is no such job.
        """
        await self._follow_jobs()
        run = TrainingRun(job_id, self.cancel_training, on_stage)
        self._runs.add(run)  # before its snapshot, so that no push is missed
        try:
            run.catch_up(await self.get_job(job_id))
        except BaseException:
            self._runs.discard(run)
            raise
        self._drop_finished_runs()
        return run

    async def start_upgrade(self, *, force: bool = False) -> UpgradeRun:
        """Begin an upgrade of all heads to the server's new backbone, or join the unfinished one.

        Args:
            force: switch also if a head loses more than 2 points of F1, or a loaded head cannot be trained again.

        Raises:
            Conflict: an upgrade with another ``force`` is unfinished.
        """
        await self._ask(ask.Subscribe, topics=["upgrades"])
        state = await self._ask(StartUpgrade, force=force)
        assert state.job is not None
        run = UpgradeRun(state.job.job_id)
        self._upgrades.add(run)
        run.catch_up((await self.get_upgrade()).job)  # it may have ended before the run was there
        return run

    async def make_card(self, signal_name: str, version: int | None = None) -> CardRun:
        """Begin to measure the detectability card of a version, by default the active one, or join its measurement.

        Raises:
            NotFound: there is no such version.
            Busy: the card of another version is being measured.
        """
        return await self._begin(CardRun, MakeCard, signal_name=signal_name, version=version)

    async def start_scan(
        self, archive: str, signal_names: Iterable[str] | None = None, *, restart: bool = False
    ) -> ScanRun:
        """Scan what is new in an archive, or join its scan.

        Args:
            archive: its name.
            signal_names: what to look for; default all whose head runs on the server's backbone.
            restart: forget former results, which a scan with other heads needs.

        Raises:
            NotFound: there is no such archive, or a signal has no active head.
            Busy: another archive is being scanned.
        """
        names = None if signal_names is None else list(signal_names)
        return await self._begin(ScanRun, StartScan, archive=archive, signal_names=names, restart=restart)

    def subscribe(self, *topics: Topic) -> Subscription[Push]:
        """Pushes of ``topics``: enter with ``async with``, then read with ``async for``.

        The present state of the topics comes first. ``waterfall`` needs a client with ``binary=True``.
        """
        return Subscription(frozenset(topics), self._enter, self._leave)

    def detections(self) -> Subscription[Detections]:
        """Detections of the server in the windows of all clients; used as :meth:`subscribe`."""
        return Subscription(frozenset[Topic]({"detections"}), self._enter, self._leave)

    def tracks(self, stream_id: str | None = None) -> TrackSubscription:
        """Events of the tracks of one live stream, or of all; used as :meth:`subscribe`."""
        return TrackSubscription(stream_id, self._enter, self._leave)

    async def set_waterfall(self, stream_id: str | None = None, **settings: Any) -> WaterfallState:
        """Choose how to see streams, one or all, in a subscription to ``waterfall``; chosen again after a reconnect.

        Args:
            settings: fields of :class:`rfhydra.protocol.live.WaterfallSettings`; the others get their default.

        Raises:
            Busy: too many different waterfalls are made for others.
        """
        answer = await self._ask(SetWaterfall, stream_id=stream_id, **settings)
        self._waterfall = {"stream_id": stream_id, **settings}
        return answer

    def push_stream(
        self,
        sample_rate_hz: float,
        center_freq_hz: float,
        *,
        heads: Iterable[str] | None = None,
        stream_id: str | None = None,
    ) -> PushedStream:
        """A live stream whose IQ this client sends: enter with ``async with``, then :meth:`PushedStream.send`.

        Needs a client with ``binary=True``. With ``stream_id`` it goes on with the stream of that id, if it runs.

        Raises:
            InvalidMessage: a value is out of range, or the client uses no binary frames.
        """
        if not self._binary:
            raise InvalidMessage("IQ is pushed in binary frames: make the client with binary=True")
        tag = self._connection.number()
        fields = {"sample_rate_hz": sample_rate_hz, "center_freq_hz": center_freq_hz, "tag": tag}
        source = parse(PushedSource, fields)
        names = None if heads is None else list(heads)

        async def begin(stream: PushedStream) -> StreamStatus:
            status = await self.start_stream(source, names, stream_id=stream_id)
            self._pushes[tag] = stream
            return status

        return PushedStream(
            source,
            names,
            lambda: self.server.limits.max_push_samples,
            begin,
            lambda frame: self._connection.send("IQ", frame),
            lambda: self._pushes.pop(tag, None),
        )

    async def _begin(self, kind: type[U], command: type[BaseCommand[Any]], **fields: Any) -> U:
        """Begin a job that the server does not store, or join it."""
        runs = list[U]()

        def begin(answer: Message) -> None:
            assert isinstance(answer, CardProgress | ScanProgress)
            runs.append(kind(answer.job_id))
            self._unstored.add(runs[0])

        await self._ask(ask.Subscribe, topics=[kind.topic])
        await self._ask(command, at_once=begin, **fields)
        return runs[0]

    async def _follow_jobs(self) -> None:
        if not self._follows_jobs:
            self._follows_jobs = True
            await self._ask(ask.Subscribe, topics=["jobs"])

    async def _enter(self, subscription: Subscription[Any]) -> None:
        def begin(answer: Message) -> None:
            _deliver(answer, subscription)
            self._subscriptions.add(subscription)

        await self._ask(ask.Subscribe, at_once=begin, topics=sorted(subscription.topics))

    async def _leave(self, subscription: Subscription[Any]) -> None:
        self._subscriptions.discard(subscription)
        if unwanted := subscription.topics - self._topics():
            with suppress(Unreachable):  # no connection, no subscription
                await self._ask(ask.Unsubscribe, topics=sorted(unwanted))

    def _topics(self) -> frozenset[Topic]:
        """The topics that this client needs."""
        jobs = frozenset[Topic]({"jobs"} if self._follows_jobs else ())
        upgrades = frozenset[Topic]({"upgrades"} if self._upgrades else ())
        unstored = frozenset[Topic](run.topic for run in self._unstored)
        return jobs.union(upgrades, unstored, *(each.topics for each in self._subscriptions))

    async def _greet(self) -> None:
        """Prepare a new connection: hello, subscriptions, and the missed messages of trainings."""
        self.server = await self._ask(ask.Hello, greeting=True, binary=self._binary or None)
        self._connection.max_message_bytes = self.server.limits.max_message_bytes
        for run in self._runs:
            run.await_snapshot()
        if topics := self._topics():
            await self._ask(ask.Subscribe, greeting=True, at_once=self._deliver_all, topics=sorted(topics))
        if self._waterfall:
            await self._ask(SetWaterfall, greeting=True, **self._waterfall)
        for stream in list(self._pushes.values()):
            try:
                fields: dict[str, Any] = {"source": stream.source, "heads": stream.heads}
                resumed = await self._ask(StartStream, greeting=True, stream_id=stream.stream_id, **fields)
                stream.take(resumed.stream)
            except RfhydraError as error:
                stream.fail(error)
        for run in list(self._runs):
            try:
                run.catch_up(await self._ask(ask.GetJob, greeting=True, job_id=run.job_id))
            except NotFound as error:  # the server has another workspace now
                run.finish(error)
        if self._upgrades:
            job = (await self._ask(GetUpgrade, greeting=True)).job
            for upgrade in self._upgrades:
                upgrade.catch_up(job)
        self._drop_finished_runs()

    def _deliver_all(self, answer: Message) -> None:
        assert isinstance(answer, Subscriptions)
        going_on = {each.job_id for each in answer.snapshots if isinstance(each, CardProgress)}
        going_on |= {each.progress.job_id for each in answer.snapshots if isinstance(each, Archives) and each.progress}
        for run in self._unstored:
            if run.job_id not in going_on:
                run.finish(NotFound(run.lost))
        for subscription in self._subscriptions:
            _deliver(answer, subscription)

    def _on_push(self, message: Message | bytes) -> None:
        push = read_waterfall(message) if isinstance(message, bytes) else message
        if isinstance(push, Error) and isinstance(push.id, int) and push.id in self._pushes:
            self._pushes[push.id].fail(error_of(push.code, push.message))
        for subscription in self._subscriptions:
            subscription.take(push)
        if isinstance(push, TrainingProgress | TrainingComplete | TrainingFailed):
            for run in self._runs:
                if run.job_id == push.job_id:
                    run.take(push)
            self._drop_finished_runs()
        if isinstance(push, JobStage):
            for run in self._runs:
                if run.job_id == push.job_id:
                    run.take_stage(push)
        if isinstance(push, CardProgress | CardComplete | CardFailed | ScanProgress | ScanComplete | ScanFailed):
            for unstored in self._unstored:
                if unstored.job_id == push.job_id:
                    unstored.take(push)
            self._drop_finished_runs()
        if isinstance(push, UpgradeProgress | UpgradeComplete | UpgradeFailed):
            for upgrade in self._upgrades:
                if upgrade.job_id == push.job_id:
                    upgrade.take(push)
            self._drop_finished_runs()

    def _on_end(self, reason: Exception) -> None:
        for stream in self._pushes.values():
            stream.fail(reason)
        for run in self._runs:
            run.finish(reason)
        for upgrade in self._upgrades:
            upgrade.finish(reason)
        for unstored in self._unstored:
            unstored.finish(reason)
        for subscription in self._subscriptions:
            subscription.end(reason)

    def _drop_finished_runs(self) -> None:
        self._runs = {run for run in self._runs if not run.is_over}
        self._upgrades = {run for run in self._upgrades if not run.is_over}
        self._unstored = {run for run in self._unstored if not run.is_over}


def _deliver(answer: Message, subscription: Subscription[Any]) -> None:
    """Put the snapshots of an answer to ``subscribe`` into ``subscription``."""
    assert isinstance(answer, Subscriptions)
    for snapshot in answer.snapshots:
        subscription.take(snapshot)
