"""TrainingJobs without a server, with all of their messages."""

import asyncio
import os
import select
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

from rfhydra.protocol.limits import Limits
from rfhydra.protocol.trainings import TrainingComplete, TrainingEvent, TrainingFailed, TrainingProgress
from rfhydra.protocol.types import Job, TrainingRequest
from rfhydra.server.executor import SerialExecutor
from rfhydra.server.jobs.queue import TrainingJobs
from rfhydra.store.workspace import Workspace
from tests.server.json_peer import WAIT_SEC
from tests.training.given import SIGNAL

T = TypeVar("T")
LONG: Final[dict[str, Any]] = {"epochs": 1000}
"""A training that lasts: at least six epochs, and then the calibration, which fits a head for each fold as long."""
LONGER: Final[dict[str, Any]] = {"epochs": 1000, "provisional": True}
"""A training that lasts for all of its epochs: of a signal with too few samples for a validation."""
SHORT: Final[dict[str, Any]] = {"epochs": 2}


class Watched:
    """The trainings of a workspace, and all of their messages."""

    def __init__(self, workspace: Workspace, body: Path, limits: Limits) -> None:
        self.workspace = workspace
        self.store = SerialExecutor("store", 256)
        self.jobs = TrainingJobs(self.store, workspace, body, self._hear, limits)
        self.events: list[TrainingEvent] = []
        self.on_event: Callable[[TrainingEvent], None] = lambda event: None
        self._heard = asyncio.Event()

    def _hear(self, event: TrainingEvent) -> None:
        self.events.append(event)
        self.on_event(event)
        self._heard.set()

    async def train(self, signal_name: str = SIGNAL, *, request_id: str | None = None, **fields: Any) -> Job:
        """Queue a training, a short one unless ``fields`` say otherwise."""
        request = TrainingRequest.model_validate({"signal_name": signal_name, **SHORT, **fields})
        return await self.jobs.submit(request, request_id=request_id)

    def of(self, job: Job) -> list[TrainingEvent]:
        return [event for event in self.events if event.job_id == job.job_id]

    async def until(self, told: Callable[[], T | None]) -> T:
        """Wait for events until ``told`` has something to say."""
        async with asyncio.timeout(WAIT_SEC):
            while (said := told()) is None:
                self._heard.clear()
                await self._heard.wait()
        return said

    async def more(self, told: int) -> None:
        """Wait until more than ``told`` events were heard."""
        await self.until(lambda: len(self.events) > told or None)

    async def epoch(self, job: Job) -> TrainingProgress:
        """The first epoch that a job tells of."""
        return await self.until(lambda: _first(self.of(job), TrainingProgress))

    async def completed(self, job: Job) -> TrainingComplete:
        ended = await self._ended(job)
        assert isinstance(ended, TrainingComplete), ended
        return ended

    async def failed(self, job: Job) -> TrainingFailed:
        ended = await self._ended(job)
        assert isinstance(ended, TrainingFailed), ended
        return ended

    async def paused(self, job: Job) -> int:
        """Stop the process in the middle of a long training, after its first epoch; its id."""

        def stop(event: TrainingEvent) -> None:
            if event.job_id == job.job_id:
                os.kill(self.pid, signal.SIGSTOP)
                self.on_event = lambda event: None

        self.on_event = stop
        await self.epoch(job)
        return self.pid

    @property
    def pid(self) -> int:
        pid = self.jobs.process.pid
        assert pid is not None
        return pid

    async def _ended(self, job: Job) -> TrainingComplete | TrainingFailed:
        return await self.until(lambda: _first(self.of(job), TrainingComplete) or _first(self.of(job), TrainingFailed))


Scenario: TypeAlias = Callable[[Watched], Awaitable[None]]
Run: TypeAlias = Callable[[Scenario], None]


@asynccontextmanager
async def watched(workspace: Workspace, body: Path, **limits: int) -> AsyncIterator[Watched]:
    """Trainings on ``workspace`` until the block ends, and then at once."""
    here = Watched(workspace, body, Limits(**limits))
    await here.jobs.start()
    try:
        yield here
    finally:
        await here.jobs.stop(0)
        here.store.close()


def wait_for_end(pid: int) -> None:
    """Wait until a process that is no child of this one has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        ended, _, _ = select.select([descriptor], [], [], WAIT_SEC)
        assert ended, f"process {pid} lives on"
    finally:
        os.close(descriptor)


def _first(events: list[TrainingEvent], kind: type[T]) -> T | None:
    return next((event for event in events if isinstance(event, kind)), None)
