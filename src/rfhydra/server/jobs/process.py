"""Handle of the training process: started on demand, kept for the next training, ended with the server."""

import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from rfhydra.errors import RfhydraError, error_of
from rfhydra.files import os_errors_named
from rfhydra.protocol.types import EpochProgress, TrainingRequest
from rfhydra.server.jobs.pipe import (
    HEAD,
    Answer,
    Cancel,
    Done,
    Epoch,
    Failed,
    Measured,
    PipeMessage,
    Settled,
    StageReport,
    Started,
    Task,
    Train,
    Trial,
    decode,
    encode,
)
from rfhydra.training.fitted import Fitted

CANCEL_GRACE_SEC: Final = 10.0
"""Time until the process of a cancelled training is killed if it does not stop by itself."""
_CHUNK_BYTES: Final = 1 << 20

_log = logging.getLogger(__name__)
OnEpoch = Callable[[EpochProgress], Awaitable[None]]
OnStage = Callable[[StageReport], None]
OnTrial = Callable[[Trial], None]


async def _ignored(progress: EpochProgress) -> None:
    """For tasks without epochs."""


class ProcessDied(RfhydraError):
    """The training process ended during a training."""


class TrainingProcess:
    """A process for one training at a time. For the event loop's thread only.

    Attributes:
        turn: held for a training, from before its start to the end of what is done with its result.
        backbone: backbone file that trainings run on; None is the one that ships. Changed by who holds ``turn``.
    """

    def __init__(self, workspace: Path, backbone: Path | None, *, cancel_grace_sec: float = CANCEL_GRACE_SEC) -> None:
        self._cancel_grace_sec = cancel_grace_sec
        self.backbone, self.turn = backbone and backbone.absolute(), asyncio.Lock()
        self._workspace = workspace
        self._process: asyncio.subprocess.Process | None = None
        self._job_id: str | None = None  # of the training that runs
        self._kill_timer: asyncio.TimerHandle | None = None  # set once that is cancelled

    @property
    def pid(self) -> int | None:
        """Its process id, None while there is no process."""
        return None if self._process is None else self._process.pid

    @property
    def is_training(self) -> bool:
        """Whether a training runs."""
        return self._job_id is not None

    async def fit(
        self,
        job_id: str,
        request: TrainingRequest,
        on_epoch: OnEpoch,
        on_stage: OnStage = lambda report: None,
    ) -> Fitted:
        """Train on :attr:`backbone`; otherwise as :meth:`run`."""
        done = await self.run(Train(job_id, request, self.backbone), on_epoch, on_stage=on_stage)
        assert isinstance(done, Done)
        return done.fitted

    async def run(
        self,
        task: Task,
        on_epoch: OnEpoch = _ignored,
        *,
        on_stage: OnStage = lambda report: None,
        on_trial: OnTrial = lambda trial: None,
    ) -> Answer:
        """Carry out ``task`` in the process, starting one if there is none.

        ``on_epoch`` is awaited for every epoch, in order; ``on_stage`` and ``on_trial`` are called with every such
        report. If the caller is cancelled, :meth:`close` must follow.

        Raises:
            ProcessDied: the process ended before its training did.
            Busy: no file descriptor is free for a process.
            RfhydraError: the error of the training, by its code.
        """
        assert self._job_id is None, "one training at a time"
        self._job_id = task.job_id
        try:
            return await self._run(task, on_epoch, on_stage, on_trial)
        except (OSError, EOFError, ValueError) as error:  # a broken pipe, or an invalid message
            _log.error("the training process ended during job %s: %r", task.job_id, error)
            await self.close()
            raise ProcessDied(
                "the training process ended unexpectedly, perhaps out of memory; nothing was changed"
            ) from None
        finally:
            self._job_id = None
            if self._kill_timer is not None:
                self._kill_timer.cancel()
                self._kill_timer = None

    async def cancel(self, job_id: str) -> None:
        """Stop the training of ``job_id`` if it is running: within an epoch, else by killing the process."""
        if job_id != self._job_id or self._kill_timer is not None:
            return
        self._kill_timer = asyncio.get_running_loop().call_later(self._cancel_grace_sec, self._kill)
        if self._process is not None:  # else it is being started, and gets the message then
            with suppress(OSError):  # the process has ended
                await self._send(self._process, Cancel(job_id))

    async def close(self) -> None:
        """Kill the process and wait for its end."""
        self._kill()
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        while await process.stdout.read(_CHUNK_BYTES):  # the pipe closes once everything is read
            pass
        await process.wait()
        with suppress(OSError):
            await process.stdin.wait_closed()

    async def _run(self, task: Task, on_epoch: OnEpoch, on_stage: OnStage, on_trial: OnTrial) -> Answer:
        process = await self._started(task)
        while True:
            match await self._report(process):
                case Epoch(progress):
                    await on_epoch(progress)
                case StageReport() as report:
                    on_stage(report)
                case Trial() as trial:
                    on_trial(trial)
                case Done() | Settled() | Measured() as answer:
                    return answer
                case Failed(code, error):
                    raise error_of(code, error)

    async def _started(self, task: Task) -> asyncio.subprocess.Process:
        """A process that has started ``task``: the present one or, if that has died, a new one."""
        if self._process is not None:
            with suppress(OSError, EOFError):
                return await self._start_task(self._process, task)
            await self.close()
        return await self._start_task(await self._start(), task)

    async def _start_task(self, process: asyncio.subprocess.Process, task: Task) -> asyncio.subprocess.Process:
        if self._kill_timer is not None:
            await self._send(process, Cancel(task.job_id))
        await self._send(process, task)
        if await self._report(process) != Started():
            raise ValueError("the process did not start the training")
        return process

    async def _start(self) -> asyncio.subprocess.Process:
        with os_errors_named():
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # import nothing from the current directory
                "-m",
                "rfhydra.server.jobs.worker_process",
                str(os.getpid()),
                str(self._workspace),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                process_group=0,  # Ctrl+C in the terminal must reach the server only
            )
        return self._process

    @staticmethod
    async def _send(process: asyncio.subprocess.Process, message: PipeMessage) -> None:
        assert process.stdin is not None
        process.stdin.write(encode(message))
        await process.stdin.drain()

    @staticmethod
    async def _report(process: asyncio.subprocess.Process) -> PipeMessage:
        assert process.stdout is not None
        lengths = HEAD.unpack(await process.stdout.readexactly(HEAD.size))
        text, behind = [await process.stdout.readexactly(length) for length in lengths]
        return decode(text, behind)

    def _kill(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
