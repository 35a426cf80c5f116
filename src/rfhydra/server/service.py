"""The service: a workspace, a detector, the trainings, the executors that they run in, and who is connected."""

import asyncio
import logging
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from rfhydra.detection.detector import HydraDetector
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.registry import VersionManager
from rfhydra.protocol.limits import Limits
from rfhydra.protocol.messages import (
    ServerMetrics,
    ServerShutdown,
    TrainingComplete,
    TrainingEvent,
    TrainingProgress,
)
from rfhydra.server.executor import SerialExecutor
from rfhydra.server.hub import Hub
from rfhydra.server.jobs.queue import TrainingJobs
from rfhydra.server.loaded import LoadedHeads
from rfhydra.server.metrics import PrometheusMetrics
from rfhydra.server.registry_cache import RegistryCache
from rfhydra.server.security import Gate
from rfhydra.store.columns import utc_now
from rfhydra.store.workspace import Workspace

_log = logging.getLogger(__name__)
GOING_AWAY: Final = 1001
METRICS_PERIOD_SEC: Final = 1.0
FLUSH_SEC: Final = 2.0
"""How long clients have to take their last messages when the server stops."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a server is run.

    Attributes:
        limits: what it accepts.
        gate: who may connect.
        backbone_path: another body than the one that ships.
        grace_sec: how long a running training may go on when the server stops.
        auth_sec: how long a client has to show its token.
    """

    limits: Limits = field(default_factory=Limits)
    gate: Gate = field(default_factory=Gate)
    backbone_path: Path | None = None
    grace_sec: float = 30.0
    auth_sec: float = 10.0


class Service:
    """Everything behind the connections. Made anywhere, used on one event loop."""

    def __init__(self, workspace: Workspace, backbone: Backbone, settings: Settings) -> None:
        """
        Raises:
            Incompatible: the backbone was pretrained on another value scaling than the workspace's contract has.
        """
        limits = settings.limits
        self.workspace, self.backbone, self.settings, self.limits = workspace, backbone, settings, limits
        if mismatch := workspace.backbone_mismatch(backbone.backbone_id):
            _log.warning(mismatch)
        self.store = SerialExecutor("store", limits.max_store_queued)
        self.detection = SerialExecutor("detection", limits.max_detections_queued)
        self.versions = VersionManager(workspace)
        self.detector = HydraDetector(workspace.spec, backbone)
        self.loaded = LoadedHeads(workspace, self.versions, self.detector)
        self.hub = Hub()
        self.registry_cache = RegistryCache(workspace, self.versions, self.hub, lambda: self.detector.loaded_versions)
        self.jobs = TrainingJobs(self.store, workspace, settings.backbone_path, self._on_training, limits)
        self.metrics = PrometheusMetrics()
        self.ready = self.stopping = False
        self._started = time.monotonic()
        self._tasks: set[asyncio.Task[None]] = set()
        self._expose()

    async def start(self) -> None:
        """Read what is there, load the heads that were loaded, and take up the trainings that were left."""
        await self.store.run(self.loaded.restore, refusable=False)
        await self.refresh()
        await self.jobs.start()
        self._spawn(self._push_metrics())
        self.ready = True

    async def stop(self) -> None:
        """Tell everybody, let a running training finish if it does so in time, and close every connection."""
        self.ready, self.stopping = False, True
        farewell = ServerShutdown(reason="the server is stopping", grace_sec=self.settings.grace_sec).encode()
        for client in self.hub.all():
            client.send(farewell)
        await self.jobs.stop(self.settings.grace_sec)
        for task in self._tasks:
            task.cancel()
        await self.hub.dismiss(GOING_AWAY, "the server is stopping", FLUSH_SEC)
        await asyncio.to_thread(self.store.close)
        await asyncio.to_thread(self.detection.close)

    async def refresh(self) -> None:
        """Bring the registry cache up to date."""
        self.registry_cache.accept(await self.store.run(self.registry_cache.read, refusable=False))

    async def refresh_counts(self) -> None:
        """The same, where only samples can have changed."""
        self.registry_cache.accept(await self.store.run(self.registry_cache.read_counts, refusable=False))

    def snapshot(self) -> ServerMetrics:
        """How the server is doing."""
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
        )

    def _on_training(self, event: TrainingEvent) -> None:
        self.hub.publish_training(event)
        if isinstance(event, TrainingProgress):
            return
        outcome = "completed" if isinstance(event, TrainingComplete) else event.code
        self.metrics.trainings.labels(outcome).inc()
        if isinstance(event, TrainingComplete):
            self.metrics.training_sec.observe(event.training_time_sec)
            self._spawn(self.refresh())

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _push_metrics(self) -> None:
        while True:
            await asyncio.sleep(METRICS_PERIOD_SEC)
            if self.hub.wanted("metrics"):
                self.hub.publish_latest("metrics", self.snapshot())

    def _expose(self) -> None:
        gauge, executors = self.metrics.gauge, (self.store, self.detection)
        gauge("rfhydra_clients", "Connected clients.", lambda: len(self.hub))
        gauge("rfhydra_loaded_heads", "Loaded heads.", lambda: len(self.detector.loaded_versions))
        gauge("rfhydra_messages_dropped", "Pushes that slow clients did not get.", lambda: self.hub.dropped)
        gauge("rfhydra_jobs_queued", "Trainings that wait.", lambda: self.jobs.queued)
        gauge("rfhydra_jobs_running", "Trainings that run.", lambda: self.jobs.running)
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
