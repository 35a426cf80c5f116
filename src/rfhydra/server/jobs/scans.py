"""ScanJobs: the scan of an archive, one at a time, in processes of its own.

It is not stored: what a scan has finished stays so, and the next one goes on from there.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rfhydra.errors import Busy, Cancelled, NotFound, RfhydraError
from rfhydra.protocol.archives import ScanComplete, ScanEvent, ScanFailed, ScanProgress
from rfhydra.server.executor import SerialExecutor, Stop
from rfhydra.store.columns import utc_now

if TYPE_CHECKING:
    from rfhydra.archive.plan import ScanPlan
    from rfhydra.archive.scan import ScanProgress as Progress
    from rfhydra.protocol.archives import ScanResult
    from rfhydra.server.archives import ArchiveSet

_log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Scan:
    progress: ScanProgress
    stop: Stop = field(default_factory=Stop)
    is_cancelled: bool = False
    began: float = field(default_factory=time.monotonic)


class ScanJobs:
    """The scan that runs, if there is one. Used on the event loop."""

    def __init__(self, archives: "ArchiveSet", publish: Callable[[ScanEvent], None]) -> None:
        """``publish`` is called on the loop with every message of a scan."""
        self._archives, self._publish = archives, publish
        self._executor = SerialExecutor("scans", 1)
        self._current: _Scan | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def progress(self) -> ScanProgress | None:
        """How far the scan that runs is; None where none does."""
        return None if self._current is None else self._current.progress

    async def stop(self) -> None:
        """End the scan, and wait for its processes."""
        self._stopping = True
        if self._current is not None:
            self._current.stop.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        await asyncio.to_thread(self._executor.close)

    def submit(self, archive: str, plan: "ScanPlan", *, restart: bool) -> ScanProgress:
        """Begin a scan, or join the one of this archive.

        Raises:
            Busy: another archive is being scanned, or the server is stopping.
        """
        if self._stopping:
            raise Busy("the server is stopping: try again when it is back")
        if self._current is not None:
            if self._current.progress.archive != archive:
                raise Busy(f"archive {self._current.progress.archive!r} is being scanned: wait for it or cancel it")
            return self._current.progress
        progress = ScanProgress(
            archive=archive,
            job_id=uuid.uuid4().hex,
            ts=utc_now(),
            seconds_done=0.0,
            seconds_total=None,
            recordings_done=0,
            recordings_total=None,
            failed=0,
            remaining_sec=None,
        )
        self._current = _Scan(progress)
        self._task = asyncio.create_task(self._run(self._current, plan, restart))
        return progress

    def cancel(self) -> ScanProgress:
        """Stop the scan; returns how far it was.

        Raises:
            NotFound: there is none.
        """
        if self._current is None:
            raise NotFound("no archive is being scanned")
        self._current.is_cancelled = True
        self._current.stop.set()
        return self._current.progress

    async def _run(self, current: _Scan, plan: "ScanPlan", restart: bool) -> None:
        asked = current.progress
        loop = asyncio.get_running_loop()

        def on_progress(now: "Progress", unopened: int) -> None:
            loop.call_soon_threadsafe(self._tell, current, _progress(current, now, unopened))

        def work() -> "ScanResult":
            self._archives.scan(asked.archive, plan, restart=restart, stop=current.stop, progress=on_progress)
            result = self._archives.told(asked.archive, plan.backbone_id)
            assert result is not None
            return result

        name, job_id = asked.archive, asked.job_id
        try:
            result = await self._executor.run(work)
            event: ScanEvent = ScanComplete(archive=name, job_id=job_id, ts=utc_now(), result=result)
        except Exception as error:
            reason = _reason(error, current)
            event = ScanFailed(archive=name, job_id=job_id, ts=utc_now(), error=str(reason), code=reason.code)
        self._current = None
        self._publish(event)

    def _tell(self, current: _Scan, progress: ScanProgress) -> None:
        if self._current is current:
            current.progress = progress
            self._publish(progress)


def _progress(current: _Scan, now: "Progress", unopened: int) -> ScanProgress:
    left_sec = now.seconds_total - now.seconds_done
    pace = (time.monotonic() - current.began) / now.seconds_done if now.seconds_done else None
    return current.progress.model_copy(
        update={
            "ts": utc_now(),
            "seconds_done": now.seconds_done,
            "seconds_total": now.seconds_total,
            "recordings_done": now.recordings_done,
            "recordings_total": now.recordings_total,
            "failed": now.failed + unopened,
            "remaining_sec": None if pace is None else pace * left_sec,
        }
    )


def _reason(error: Exception, current: _Scan) -> RfhydraError:
    if current.is_cancelled:
        return Cancelled("the scan was cancelled; what is finished stays so")
    if isinstance(error, Cancelled):
        return Cancelled("the server stops; what is finished stays so")
    if isinstance(error, RfhydraError):
        return error
    _log.error("the scan of archive %s failed", current.progress.archive, exc_info=error)
    return RfhydraError("the scan failed unexpectedly: see the log of the server")
