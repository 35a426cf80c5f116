"""CardJobs: the measurement of detectability cards, in the training process, one at a time.

It takes turns with trainings. It is not stored: a measurement that the server does not survive is asked for again.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from rfhydra.errors import Busy, Cancelled, NotFound, RfhydraError
from rfhydra.hydra.registry import VersionManager
from rfhydra.protocol.cards import CardComplete, CardEvent, CardFailed, CardProgress
from rfhydra.server.executor import SerialExecutor
from rfhydra.server.jobs.pipe import Measure, Measured, Trial
from rfhydra.server.jobs.process import TrainingProcess
from rfhydra.server.jobs.retries import insist
from rfhydra.store.columns import utc_now
from rfhydra.store.workspace import Workspace

_WAITING = "waiting"
_LOADING = "loading"
_log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Measurement:
    progress: CardProgress
    who: str
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)


class CardJobs:
    """The measurement that runs, if there is one. Used on the event loop."""

    def __init__(
        self,
        store: SerialExecutor,
        workspace: Workspace,
        process: TrainingProcess,
        publish: Callable[[CardEvent], None],
    ) -> None:
        """
        Args:
            store: runs the calls on ``workspace``.
            workspace: whose versions.
            process: measures.
            publish: called on the loop with every message of a measurement.
        """
        self._store, self._workspace, self._process, self._publish = store, workspace, process, publish
        self._versions = VersionManager(workspace)
        self._current: _Measurement | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def progress(self) -> CardProgress | None:
        """How far the measurement that runs is; None where none does."""
        return None if self._current is None else self._current.progress

    async def stop(self) -> None:
        """End the measurement. The training process must be closed afterwards."""
        self._stopping = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def submit(self, signal_name: str, version: int | None, who: str) -> CardProgress:
        """Begin to measure the card of a version, of the active one if that is None, or join its measurement.

        Raises:
            NotFound: there is no such version, or no active one.
            Busy: the card of another version is measured, or the server is stopping.
        """
        number = await self._store.run(partial(self._existing, signal_name, version))
        if self._stopping:
            raise Busy("the server is stopping: try again when it is back")
        if self._current is not None:
            present = self._current.progress
            if (present.signal_name, present.version) != (signal_name, number):
                raise Busy(
                    f"the card of version {present.version} of {present.signal_name!r} is being measured: wait for it"
                    " or cancel it"
                )
            return present
        progress = CardProgress(
            signal_name=signal_name,
            version=number,
            job_id=uuid.uuid4().hex,
            ts=utc_now(),
            stage=_WAITING,
            done=0,
            total=None,
        )
        self._current = _Measurement(progress, who)
        self._task = asyncio.create_task(self._run(self._current))
        return progress

    async def cancel(self) -> CardProgress:
        """Stop the measurement; returns how far it was.

        Raises:
            NotFound: there is none.
        """
        if self._current is None:
            raise NotFound("no card is being measured")
        self._current.cancelled.set()
        progress = self._current.progress
        await self._process.cancel(progress.job_id)
        return progress

    def _existing(self, signal_name: str, version: int | None) -> int:
        number = self._versions.require_active(signal_name) if version is None else version
        return self._workspace.versions.get(signal_name, number).version

    async def _run(self, measurement: _Measurement) -> None:
        asked = measurement.progress
        about = {"signal_name": asked.signal_name, "version": asked.version, "job_id": asked.job_id}
        try:
            card = await self._measure(measurement)
            put = partial(self._workspace.cards.put, asked.signal_name, asked.version, card, measurement.who)
            await insist(self._store, put)
            event: CardEvent = CardComplete.model_validate({**about, "ts": utc_now(), "card": card})
        except Exception as error:
            reason = _reason(error, measurement)
            told = {"ts": utc_now(), "error": str(reason), "code": reason.code}
            event = CardFailed.model_validate({**about, **told})
        self._current = None
        self._publish(event)

    async def _measure(self, measurement: _Measurement) -> dict[str, Any]:
        progress, cancelled = measurement.progress, measurement.cancelled
        turn = asyncio.ensure_future(self._process.turn.acquire())
        waiting = asyncio.ensure_future(cancelled.wait())
        try:
            await asyncio.wait([turn, waiting], return_when=asyncio.FIRST_COMPLETED)
            if cancelled.is_set():
                raise _cancelled()
            self._tell(measurement, Trial(_LOADING, 0, None))
            task = Measure(progress.job_id, progress.signal_name, progress.version, self._process.backbone)
            answer = await self._process.run(task, on_trial=partial(self._tell, measurement))
            assert isinstance(answer, Measured)
            return answer.card
        finally:
            waiting.cancel()
            if turn.done() and not turn.cancelled():
                self._process.turn.release()
            turn.cancel()

    def _tell(self, measurement: _Measurement, trial: Trial) -> None:
        measurement.progress = measurement.progress.model_copy(update={"ts": utc_now(), **vars(trial)})
        self._publish(measurement.progress)


def _reason(error: Exception, measurement: _Measurement) -> RfhydraError:
    if measurement.cancelled.is_set():
        return _cancelled()  # also if the process had to be killed
    if isinstance(error, RfhydraError):
        return error
    _log.error("the measurement of a card failed", exc_info=error)
    return RfhydraError("the measurement failed unexpectedly: see the log of the server")


def _cancelled() -> Cancelled:
    return Cancelled("the measurement was cancelled; a stored card is as it was")
