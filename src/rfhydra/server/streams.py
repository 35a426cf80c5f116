"""StreamSet: the live streams of a server. Those that must run are rows of the workspace."""

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Final

from rfhydra.detection.detector import HydraDetector
from rfhydra.errors import Busy, Conflict, NotFound, RfhydraError
from rfhydra.live.detection_log import first_track_id
from rfhydra.live.outputs import OutputFactory
from rfhydra.live.turns import Turns
from rfhydra.protocol.limits import Limits
from rfhydra.protocol.live import NamedSource, PushedSource, Sources, StartStream, Streams, StreamSource, TuneStream
from rfhydra.protocol.messages import Detections
from rfhydra.protocol.streams import StreamStatus
from rfhydra.server.executor import SerialExecutor
from rfhydra.server.live_stream import LiveStream
from rfhydra.server.net.hub import Hub, Session
from rfhydra.server.pushes import Pushes
from rfhydra.server.sources import SourceSet
from rfhydra.server.stream_counters import StreamCounters, label_of
from rfhydra.server.waterfalls import Waterfalls
from rfhydra.store.columns import utc_now
from rfhydra.store.streams import StoredStream
from rfhydra.store.workspace import Workspace
from rfhydra.streams.history import StreamHistory
from rfhydra.streams.source import Source, Tuning

MAX_ENDED_KEPT: Final = 32
"""Streams that ended or failed last, whose status is kept."""
HEALTHY_SEC: Final = 60.0
"""After this time the server has survived the start of its streams."""
STOP_SEC: Final = 20.0
"""Time that a stream has to end: until its source answers, and for its outputs."""
STATUS_PERIOD_SEC: Final = 1.0
_MIN_PAUSE_SEC: Final = 0.1
_log = logging.getLogger(__name__)


class StreamSet:
    """The running streams, each in a thread of its own, and those that ended last. Used on the event loop.

    Attributes:
        turns: for all who detect: each waits for at most the windows that every other has asked for, one for each core.
        pushes: the streams whose IQ clients push.
    """

    def __init__(
        self,
        workspace: Workspace,
        store: SerialExecutor,
        detector: HydraDetector,
        hub: Hub,
        waterfalls: Waterfalls,
        sources: SourceSet,
        limits: Limits,
        outputs: OutputFactory,
    ) -> None:
        """``outputs`` makes those of each stream; whoever made it closes it."""
        self.turns = Turns(detector.backbone.parallel)
        self.counters = StreamCounters(self._labelled)
        self.pushes = Pushes(limits)
        self._workspace, self._store, self._detector, self._hub = workspace, store, detector, hub
        self._waterfalls, self._sources, self._limits = waterfalls, sources, limits
        self._outputs = outputs
        self._running: dict[str, LiveStream] = {}
        self._ended: dict[str, StreamStatus] = {}
        self._unwanted: set[LiveStream] = set()  # that were stopped
        self._tuned: set[str] = set()  # that are being tuned
        self._changing = asyncio.Lock()
        self._changed = asyncio.Event()
        self._stopping = False
        self._status_task: asyncio.Task[None] | None = None
        self._removals: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> int:
        """Number of running streams."""
        return len(self._running)

    async def start(self) -> None:
        """Start the streams that ran when the last server ended."""
        failed = list[StoredStream]()
        for stored in await self._store.run(self._workspace.streams.all, refusable=False):
            try:
                await self._restore(stored)
            except RfhydraError as error:
                _log.warning("stream %s is not started again: %s", stored.stream_id, error)
                self._keep(_failed(stored, str(error)))
                failed.append(stored)
        for stored in failed[:-MAX_ENDED_KEPT]:  # nobody is told of them
            await self._store.run(partial(self._workspace.streams.remove, stored.stream_id, "server"), refusable=False)
        self._status_task = asyncio.create_task(self._push_status())

    async def stop(self) -> None:
        """End all streams, which the next server starts again."""
        self._stopping = True
        if self._status_task is not None:
            self._status_task.cancel()
        async with self._changing:
            running = list(self._running.values())
            for stream, has_ended in zip(
                running, await asyncio.gather(*(stream.stop(STOP_SEC) for stream in running)), strict=True
            ):
                if not has_ended:
                    _log.warning("stream %s does not end: its source hangs", stream.stream_id)
        await asyncio.gather(*self._removals)
        await self._store.run(self._workspace.streams.forget_attempts, refusable=False)

    def state(self) -> Streams:
        """All streams."""
        running = [stream.status() for stream in self._running.values()]
        return Streams(streams=sorted([*self._ended.values(), *running], key=lambda status: status.started_at))

    def list_sources(self) -> Sources:
        """The configured sources."""
        streaming = {name: stream.status() for name, stream in self._by_source().items()}
        return Sources(sources=self._sources.infos(streaming), addresses_allowed=self._sources.allows_addresses)

    async def begin(self, command: StartStream, session: Session) -> StreamStatus:
        """Start a stream, or let ``session`` go on with a pushed one.

        Raises:
            NotFound: there is no such source, or a head is not loaded.
            InvalidMessage: an address that cannot be understood, or any where this server takes none.
            Conflict: the source or the id is in use.
            Busy: as many streams run as may, or the server is stopping.
        """
        async with self._changing:
            missing = sorted(set(command.heads or ()) - self._detector.loaded_versions.keys())
            if missing:
                raise NotFound(f"the head of {missing[0]!r} is not loaded: load it first")
            source = command.source
            if isinstance(source, PushedSource):
                return await self._begin_pushed(command, source, session)
            stream_id = command.stream_id or _default_id(source)
            self._require_room(stream_id)
            if isinstance(source, NamedSource) and source.name in self._by_source():
                raise Conflict(
                    f"source {source.name!r} streams already, as {self._by_source()[source.name].stream_id!r}"
                )
            opened = self._sources.make(source)
            await self._store.run(
                lambda: self._workspace.streams.add(stream_id, source, command.heads, session.name), refusable=False
            )
            return self._run(stream_id, opened, command.heads, source, await self._first_track_id(stream_id))

    @asynccontextmanager
    async def without(self, signal_name: str) -> AsyncIterator[None]:
        """No stream begins or ends meanwhile, and none detects ``signal_name``: its tracks and outputs have that name.

        Raises:
            Conflict: a running stream does.
        """
        async with self._changing:
            for stream in self._running.values():
                names = self._detector.loaded_versions if stream.heads is None else stream.heads
                if signal_name in names:
                    raise Conflict(f"stream {stream.stream_id!r} detects signal {signal_name!r}: stop it first")
            yield

    async def end(self, stream_id: str, who: str) -> StreamStatus:
        """Stop a stream, or remove one that has ended from the list; returns its last status.

        Other commands do not wait for its end. A stream whose source hangs is told as ended after :data:`STOP_SEC`, but
        keeps its place until it is.

        Raises:
            NotFound: there is no such stream.
        """
        async with self._changing:
            if stream_id not in self._running and stream_id not in self._ended:
                raise NotFound(f"there is no stream {stream_id[:64]!r}")
            await self._store.run(lambda: self._workspace.streams.remove(stream_id, who), refusable=False)
            stream = self._running.get(stream_id)
            if stream is None:
                self._changed.set()
                return self._ended.pop(stream_id)
        self._unwanted.add(stream)
        await stream.stop(STOP_SEC)
        return stream.status()

    async def tune(self, command: TuneStream, who: str) -> StreamStatus:
        """Change the receiver of a running stream.

        Raises:
            NotFound: there is no such stream, or it has ended.
            Conflict: it has not been connected yet.
            Busy: its receiver has not taken the change before.
            InvalidMessage: its source cannot change, or not to these settings.
        """
        stream = self._running.get(command.stream_id)
        if stream is None:
            raise NotFound(f"no stream {command.stream_id[:64]!r} runs")
        status = stream.status()
        if status.sample_rate_hz is None or status.center_freq_hz is None:
            raise Conflict(f"the source of stream {command.stream_id!r} is not connected yet: try again later")
        current = Tuning(status.sample_rate_hz, status.center_freq_hz, status.gain_db)
        wanted = {name: getattr(command, name) for name in vars(current)}
        chosen = replace(current, **{name: value for name, value in wanted.items() if value is not None})
        if command.stream_id in self._tuned:  # each waits for the receiver, in one of few threads
            raise Busy(f"stream {command.stream_id!r} is being tuned: try again in a moment")
        self._tuned.add(command.stream_id)
        try:
            tuned = await asyncio.to_thread(stream.tune, chosen)
        finally:
            self._tuned.discard(command.stream_id)
        with suppress(NotFound):  # a pushed stream is not stored, and another may have ended meanwhile
            await self._store.run(lambda: self._workspace.streams.tune(command.stream_id, chosen, who), refusable=False)
        self._changed.set()
        return stream.status().model_copy(update=vars(tuned))

    def history(self, stream_id: str) -> StreamHistory:
        """The newest samples of a running stream.

        Raises:
            NotFound: there is no such stream, or it has ended.
        """
        stream = self._running.get(stream_id)
        if stream is None:
            raise NotFound(f"no stream {stream_id[:64]!r} runs")
        return stream.history

    def client_gone(self, session: Session) -> None:
        """The connection of a client has ended: its pushed streams end, too, unless it comes back in time."""
        self.pushes.client_gone(session)

    async def _begin_pushed(self, command: StartStream, source: PushedSource, session: Session) -> StreamStatus:
        stream_id = command.stream_id or _default_id(source)
        running = self._running.get(stream_id)
        if running is not None:
            self.pushes.resume(stream_id, source, session)
            return running.status()
        self._require_room(stream_id)
        first = await self._first_track_id(stream_id)
        return self._run(stream_id, self.pushes.begin(stream_id, source, session), command.heads, source, first)

    def _require_room(self, stream_id: str) -> None:
        if self._stopping:
            raise Busy("the server is stopping")
        if stream_id in self._running:
            raise Conflict(f"stream {stream_id!r} runs already: stop it, or give the new one another stream_id")
        if len(self._running) >= self._limits.max_streams:
            raise Busy(f"{self._limits.max_streams} streams run (max_streams): stop one of them")

    async def _restore(self, stored: StoredStream) -> None:
        streams = self._workspace.streams
        if stored.is_given_up:
            raise Conflict(
                f"the server has died {stored.attempts} times within {HEALTHY_SEC:.0f} s of the start of its streams:"
                " start_stream tries again, stop_stream removes it"
            )
        opened = self._sources.make(stored.source)
        if stored.tuning is not None:
            opened.tune(stored.tuning)
        await self._store.run(lambda: streams.count_attempt(stored.stream_id), refusable=False)
        first = await self._first_track_id(stored.stream_id, is_resumed=True)
        self._run(stored.stream_id, opened, stored.heads, stored.source, first)

    async def _first_track_id(self, stream_id: str, *, is_resumed: bool = False) -> int:
        """See :func:`first_track_id`; called before the stream is in the set."""
        log = self._workspace.detections
        return await self._store.run(lambda: first_track_id(log, stream_id, is_resumed=is_resumed), refusable=False)

    def _run(
        self,
        stream_id: str,
        source: Source,
        heads: Sequence[str] | None,
        form: StreamSource,
        first_track_id: int,
    ) -> StreamStatus:
        stream = LiveStream(
            stream_id,
            source,
            self._detector,
            form=form,
            turns=self.turns,
            heads=heads,
            outputs=self._outputs.make(stream_id, source.name),
            waterfalls=self._waterfalls,
            first_track_id=first_track_id,
            history_bytes=self._limits.stream_history_bytes,
            on_tracks=self._hub.publish_tracks,
            on_detections=self._publish_detections,
            on_end=self._on_end,
        )
        self._ended.pop(stream_id, None)
        self._running[stream_id] = stream
        stream.start()
        self._changed.set()
        return stream.status()

    def _publish_detections(self, found: list[Detections]) -> None:
        for detections in found:
            self._hub.publish_stream_detections(detections)

    def _on_end(self, stream: LiveStream) -> None:
        """A stream has ended."""
        if self._stopping:
            return
        del self._running[stream.stream_id]
        if stream in self._unwanted:
            self._unwanted.discard(stream)
            self._changed.set()
        else:
            self._keep(stream.status())
        self.counters.add_ended(label_of(stream.form), stream.status())
        self.pushes.forget(stream.stream_id)
        self._waterfalls.forget(stream.stream_id)
        removal = asyncio.create_task(self._remove(stream.stream_id))
        self._removals.add(removal)
        removal.add_done_callback(self._removals.discard)

    async def _remove(self, stream_id: str) -> None:
        """Remove the row of a stream that has ended, unless the same has been started again meanwhile."""
        async with self._changing:
            if stream_id in self._running:
                return
            try:
                await self._store.run(lambda: self._workspace.streams.remove(stream_id), refusable=False)
            except RfhydraError as error:  # the next server starts it once more
                _log.warning("the end of stream %s was not stored: %s", stream_id, error)

    def _keep(self, status: StreamStatus) -> None:
        self._ended.pop(status.stream_id, None)
        self._ended[status.stream_id] = status
        while len(self._ended) > MAX_ENDED_KEPT:
            del self._ended[next(iter(self._ended))]
        self._changed.set()

    def _labelled(self) -> list[tuple[str, StreamStatus]]:
        """The running streams with their label in metrics."""
        return [(label_of(stream.form), stream.status()) for stream in self._running.values()]

    def _by_source(self) -> dict[str, LiveStream]:
        """The running streams of configured sources, by the name of the source."""
        return {stream.form.name: stream for stream in self._running.values() if isinstance(stream.form, NamedSource)}

    async def _push_status(self) -> None:
        """Push the streams to subscribers when one begins or ends, and every second while their counters rise."""
        pushed, began = Streams(streams=[]), time.monotonic()
        is_healthy = False
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), STATUS_PERIOD_SEC)
            self._changed.clear()
            if self._hub.wanted("streams") and (state := self.state()) != pushed:
                pushed = state
                self._hub.publish_latest("streams", state)
            if not is_healthy and time.monotonic() - began > HEALTHY_SEC:
                is_healthy = True
                with suppress(RfhydraError):  # a full disk
                    await self._store.run(self._workspace.streams.forget_attempts, refusable=False)
            await asyncio.sleep(_MIN_PAUSE_SEC)  # whatever clients start and stop


def _default_id(source: StreamSource) -> str:
    if isinstance(source, NamedSource):
        return source.name
    return f"{'push' if isinstance(source, PushedSource) else 'stream'}-{uuid.uuid4().hex[:12]}"


def _failed(stored: StoredStream, error: str) -> StreamStatus:
    """The status of a stream that could not be started again."""
    source = stored.source.name if isinstance(stored.source, NamedSource) else "address"
    return StreamStatus(
        stream_id=stored.stream_id,
        source=source,
        state="failed",
        error=error,
        sample_rate_hz=None,
        center_freq_hz=None,
        gain_db=None,
        started_at=utc_now(),
        samples=0,
        lost_samples=0,
        dropped_samples=0,
        reconnects=0,
        windows=0,
        empty_windows=0,
        tracks=0,
        real_time_factor=None,
        heads={},
    )
