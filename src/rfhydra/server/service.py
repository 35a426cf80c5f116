"""The service: a workspace, its detector, trainings, executors and sessions."""

import asyncio
import logging
import time
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starlette.requests import HTTPConnection

from rfhydra.detection.detector import HydraDetector
from rfhydra.errors import MissingExtra, RfhydraError, Unauthorized
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.registry import VersionManager
from rfhydra.hydra.runtimes import Runtime
from rfhydra.live.output_options import OutputOptions
from rfhydra.live.outputs import OutputFactory
from rfhydra.protocol.archives import Archives
from rfhydra.protocol.limits import Limits
from rfhydra.protocol.state import ServerMetrics, ServerShutdown
from rfhydra.protocol.trainings import TrainingComplete, TrainingEvent, TrainingProgress
from rfhydra.protocol.upgrades import UpgradeEvent, UpgradeProgress
from rfhydra.server.backbones import BackboneFiles
from rfhydra.server.evaluations import Evaluations
from rfhydra.server.executor import SerialExecutor
from rfhydra.server.jobs.cards import CardJobs
from rfhydra.server.jobs.queue import TrainingJobs
from rfhydra.server.jobs.scans import ScanJobs
from rfhydra.server.jobs.upgrades import UpgradeJobs
from rfhydra.server.loaded import LoadedHeadSet
from rfhydra.server.loop_delay import observe_loop_delay
from rfhydra.server.metrics import PrometheusMetrics
from rfhydra.server.net.bounds import ConnectionBounds
from rfhydra.server.net.guesses import TokenGuesses
from rfhydra.server.net.hub import Hub, Session
from rfhydra.server.net.security import Gate, shown_token
from rfhydra.server.recordings import RecordingSet
from rfhydra.server.registry_cache import RegistryCache
from rfhydra.server.sources import SourceSet
from rfhydra.server.streams import StreamSet
from rfhydra.server.waterfalls import Waterfalls
from rfhydra.store.columns import utc_now
from rfhydra.store.workspace import Workspace

if TYPE_CHECKING:
    from rfhydra.server.archives import ArchiveSet

_log = logging.getLogger(__name__)
GOING_AWAY: Final = 1001
METRICS_PERIOD_SEC: Final = 1.0
COLLECT_PERIOD_SEC: Final = 600.0
"""Time between two garbage collections, unless a training ends earlier."""
MAX_UNCOLLECTED: Final = 50
"""Deleted samples whose blobs wait for garbage collection."""
FLUSH_SEC: Final = 2.0
"""Time that clients have to read their last messages when the server stops."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of a server.

    Attributes:
        limits: of requests and queues.
        gate: rules for connections.
        backbone_path: backbone file; None is the one that ships.
        sources: address of each live source that clients may start, by name.
        allow_addresses: whether clients may start any other source, too.
        archives: folder of each archive that clients may scan, by name.
        outputs: of the streams.
        former_path: backbone file of heads that are not upgraded to that one yet, None without such heads.
        runtime: what computes the dense layers of the backbone in detection.
        grace_sec: time that a running training has to finish when the server stops.
        auth_sec: time that a client has to send its token.
        handshake_sec: time for a handshake, or for a whole HTTP connection.
    """

    limits: Limits = field(default_factory=Limits)
    gate: Gate = field(default_factory=Gate)
    backbone_path: Path | None = None
    former_path: Path | None = None
    runtime: Runtime = "torch"
    sources: Mapping[str, str] = field(default_factory=dict)
    allow_addresses: bool = False
    archives: Mapping[str, Path] = field(default_factory=dict)
    outputs: OutputOptions = field(default_factory=lambda: OutputOptions.parse(log=True))
    grace_sec: float = 30.0
    auth_sec: float = 10.0
    handshake_sec: float = 10.0


class Service:
    """The server apart from its connections. Used on one event loop."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        """
        Raises:
            NotFound: there is no such backbone file, or folder of an archive.
            MissingExtra: there are archives, and what they need is not installed.
            Incompatible: the backbone was pretrained on another value scaling than the workspace's contract has.
            InvalidMessage: the address of a source cannot be understood, or an output cannot be made.
            Busy: another process records in the same directory.
        """
        limits = settings.limits
        self.workspace, self.settings, self.limits = workspace, settings, limits
        files = BackboneFiles.of(settings.backbone_path, settings.former_path, settings.runtime)
        initial = files.initial(workspace)
        if mismatch := workspace.backbone_mismatch(initial.backbone_id):
            _log.warning(mismatch)
        self.store = SerialExecutor("store", limits.max_store_queued)
        self.parsing = SerialExecutor("parsing", limits.max_clients)
        self.detection = SerialExecutor("detection", limits.max_detections_queued)
        self.imports = SerialExecutor("import", limits.max_imports_queued)
        self.files = SerialExecutor("files", limits.max_clients)
        self.views = SerialExecutor("views", limits.max_views_queued)
        self.suggestions = SerialExecutor("suggestions", limits.max_suggestions_queued)
        self.evaluation = SerialExecutor("evaluation", limits.max_evaluations_queued)
        self.versions = VersionManager(workspace)
        self.detector = HydraDetector(workspace.spec, initial.load())
        self.loaded = LoadedHeadSet(workspace, self.versions, self.detector)
        self.hub = Hub()
        self.registry_cache = RegistryCache(workspace, self.versions, self.hub, self.loaded.message)
        self.jobs = TrainingJobs(
            self.store,
            workspace,
            initial.path,
            self._on_training,
            limits,
            self.hub.publish_stage,
            self.hub.publish_queued,
        )
        self.cards = CardJobs(self.store, workspace, self.jobs.process, partial(self.hub.publish_job, "cards"))
        self.upgrades = UpgradeJobs(self.store, workspace, self.jobs.process, self.loaded, files, self._on_upgrade)
        self.waterfalls = Waterfalls(self.hub, limits.max_waterfalls)
        self.outputs = OutputFactory(settings.outputs, workspace, lambda: self.detector.backbone, many_streams=True)
        self.streams = StreamSet(
            workspace,
            self.store,
            self.detector,
            self.hub,
            self.waterfalls,
            SourceSet(settings.sources, allow_addresses=settings.allow_addresses),
            limits,
            self.outputs,
        )
        self.recordings = RecordingSet(workspace.recordings, self.hub, limits, self.files)
        self.labelling = asyncio.Lock()
        self.archives = self._make_archives(settings)
        self.scans = None if self.archives is None else ScanJobs(self.archives, partial(self.hub.publish_job, "scans"))
        self.evaluations = Evaluations(workspace, self.versions, self.detector, self.streams.turns.turn)
        self.metrics = PrometheusMetrics()
        self.bounds = ConnectionBounds.of(limits, settings.handshake_sec)
        self.guesses = TokenGuesses(self.metrics.token_failures, time.monotonic)
        self.ready = self.stopping = False
        self._started = time.monotonic()
        self._tasks: set[asyncio.Task[None]] = set()
        self._collect_now = asyncio.Event()
        self._uncollected = 0
        self._expose()

    @property
    def backbone(self) -> Backbone:
        """The backbone that it detects and trains with."""
        return self.detector.backbone

    @property
    def full(self) -> bool:
        """Whether there are as many clients as there may be."""
        return self.hub.authorised >= self.limits.max_clients

    async def start(self) -> None:
        """Restore the loaded heads, read the registry, and resume trainings, an upgrade and live streams."""
        await self.store.run(self.loaded.restore, refusable=False)
        await self.refresh()
        await self.jobs.start()
        await self.upgrades.start()
        await self.recordings.start()
        await self.streams.start()
        self._spawn(self._push_metrics())
        self._spawn(observe_loop_delay(self.metrics.loop_delay_sec.observe))
        self._spawn(self._collect_garbage())
        self.ready = True

    async def stop(self) -> None:
        """Announce the stop, give a running training time to finish, and close every connection."""
        self.ready, self.stopping = False, True
        farewell = ServerShutdown(reason="the server is stopping", grace_sec=self.settings.grace_sec).encode()
        for session in self.hub.all():
            session.send(farewell)
        await self.streams.stop()
        await asyncio.to_thread(self.outputs.close)
        self.evaluations.stop()
        await self.upgrades.stop()
        await self.cards.stop()
        if self.scans is not None:
            await self.scans.stop()
        await self.jobs.stop(self.settings.grace_sec)
        for task in self._tasks:
            task.cancel()
        await self.hub.dismiss(GOING_AWAY, "the server is stopping", FLUSH_SEC)
        await self.recordings.stop()
        for executor in (self.files, self.views, self.suggestions):
            await asyncio.to_thread(executor.close)
        await asyncio.to_thread(self.imports.close)
        await asyncio.to_thread(self.evaluation.close)
        await asyncio.to_thread(self.store.close)
        await asyncio.to_thread(self.detection.close)
        await asyncio.to_thread(self.parsing.close)
        await asyncio.to_thread(self.waterfalls.close)

    async def authorised(self, request: HTTPConnection) -> bool:
        """Whether a request carries the token, or needs none. Waits where tokens were guessed from its address.

        Raises:
            Unauthorized: it carries a wrong token.
        """
        gate, host = self.settings.gate, request.client.host if request.client else None
        if gate.token is not None and shown_token(request.headers, request.query_params) is not None:
            await self.guesses.wait(host)
        try:
            return gate.authorised(request.headers, request.query_params)
        except Unauthorized:
            self.guesses.count(host)
            raise

    def client_gone(self, session: Session) -> None:
        """The connection of a client has ended."""
        self.hub.remove(session)
        self.streams.client_gone(session)
        self.recordings.client_gone(session)
        self.waterfalls.refresh()

    async def refresh(self) -> None:
        """Bring the registry cache up to date."""
        self.registry_cache.accept(await self.store.run(self.registry_cache.read, refusable=False))

    async def refresh_counts(self) -> None:
        """Bring the sample counts of the registry cache up to date."""
        self.registry_cache.accept(await self.store.run(self.registry_cache.read_counts, refusable=False))

    async def archive_state(self) -> Archives:
        """The archives, and the scan that runs."""
        if self.archives is None or self.scans is None:
            return Archives(archives=[], progress=None)
        read = partial(self.archives.infos, self.backbone.backbone_id)
        infos = await self.views.run(read, refusable=False)
        return Archives(archives=infos, progress=self.scans.progress)

    def collect_soon(self) -> None:
        """Collect garbage now: many samples or versions were removed."""
        self._collect_now.set()

    def sample_deleted(self) -> None:
        """Collect garbage soon if many samples were deleted since the last time, or the disk was full."""
        self._uncollected += 1
        if self._uncollected >= MAX_UNCOLLECTED or not self.workspace.blobs.reserve.is_held:
            self._collect_now.set()

    def snapshot(self, cpu_share: float | None = None) -> ServerMetrics:
        """State of the server; ``cpu_share`` is known to whoever looks at it again and again."""
        return ServerMetrics(
            ts=utc_now(),
            uptime_sec=time.monotonic() - self._started,
            clients=len(self.hub),
            loaded_heads=len(self.detector.loaded_versions),
            jobs_queued=self.jobs.queued,
            jobs_running=self.jobs.running,
            detections_queued=self.detection.waiting,
            store_queued=self.store.waiting,
            messages_dropped=self.hub.dropped,
            cpu_share=cpu_share,
        )

    def _make_archives(self, settings: Settings) -> "ArchiveSet | None":
        if not settings.archives:
            return None
        try:
            from rfhydra.server.archives import ArchiveSet
        except ModuleNotFoundError:
            raise MissingExtra("archives need pyarrow: pip install 'rfhydra[archive]'") from None
        return ArchiveSet(self.workspace, settings.archives, settings.limits)

    def _on_training(self, event: TrainingEvent) -> None:
        self.hub.publish_job("jobs", event)
        if isinstance(event, TrainingProgress):
            return
        self._collect_now.set()  # a retired version may have left a blob
        outcome = "completed" if isinstance(event, TrainingComplete) else event.code
        self.metrics.trainings.labels(outcome).inc()
        if isinstance(event, TrainingComplete):
            self.metrics.training_sec.observe(event.training_time_sec)
            self._spawn(self.refresh())

    def _on_upgrade(self, event: UpgradeEvent) -> None:
        self.hub.publish_job("upgrades", event)
        if not isinstance(event, UpgradeProgress):
            self._collect_now.set()  # a retired version may have left a blob
            self._spawn(self.refresh())

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _collect_garbage(self) -> None:
        """Remove blobs without a row: at the start, after trainings and deletions, and now and then.

        Other calls go between the slices.
        """
        while True:
            self._collect_now.clear()
            self._uncollected = 0
            try:
                for prefix in await asyncio.to_thread(self.workspace.blobs.prefixes):
                    collect = partial(self.workspace.collect_slice, prefix)
                    while await self.store.run(collect, refusable=False):
                        pass
            except (RfhydraError, OSError) as error:
                _log.warning("garbage was not collected: %s", type(error).__name__)  # an OSError may name a path
            with suppress(TimeoutError):
                await asyncio.wait_for(self._collect_now.wait(), COLLECT_PERIOD_SEC)

    async def _push_metrics(self) -> None:
        before: tuple[float, float] | None = None
        while True:
            await asyncio.sleep(METRICS_PERIOD_SEC)
            now = time.monotonic(), time.process_time()
            if self.hub.wanted("metrics"):
                share = None if before is None else (now[1] - before[1]) / (now[0] - before[0])
                self.hub.publish_latest("metrics", self.snapshot(share))
            before = now

    def _expose(self) -> None:
        gauge = self.metrics.gauge
        executors = (
            self.store,
            self.detection,
            self.imports,
            self.evaluation,
            self.parsing,
            self.files,
            self.views,
            self.suggestions,
        )
        gauge("rfhydra_clients", "Connected clients.", lambda: len(self.hub))
        gauge("rfhydra_loaded_heads", "Loaded heads.", lambda: len(self.detector.loaded_versions))
        gauge("rfhydra_messages_dropped", "Pushes that slow clients did not get.", lambda: self.hub.dropped)
        gauge("rfhydra_jobs_queued", "Trainings that wait.", lambda: self.jobs.queued)
        gauge("rfhydra_jobs_running", "Trainings that run.", lambda: self.jobs.running)
        pending, budget = self.bounds.pending, self.bounds.budget
        gauge("rfhydra_pending_connections", "Connections that are not authorised yet.", lambda: len(pending))
        gauge("rfhydra_pending_dropped", "Such connections that newer ones replaced.", lambda: pending.dropped)
        gauge("rfhydra_received_bytes", "Messages received or handled, beyond 64 KiB each.", lambda: budget.used_bytes)
        gauge("rfhydra_receivers_refused", "Connections closed for lack of room.", lambda: budget.refused)
        gauge("rfhydra_streams_running", "Live streams that run.", lambda: self.streams.running)
        self.metrics.add(self.streams.counters)
        self.metrics.gauges(
            "rfhydra_lane_waiting",
            "Calls that wait or run.",
            "lane",
            {executor.name: partial(getattr, executor, "waiting") for executor in executors},
        )
        self.metrics.gauges(
            "rfhydra_lane_cpu_seconds",
            "Processor time of a lane.",
            "lane",
            {executor.name: partial(getattr, executor, "cpu_sec") for executor in executors},
        )
