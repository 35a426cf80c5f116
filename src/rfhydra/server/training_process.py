"""The server's hand on its training process: starts it when it is needed, keeps it warm, ends it."""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from rfhydra.errors import RfhydraError, error_of
from rfhydra.server.pipe import HEAD, Cancel, Done, Epoch, Failed, Frame, Started, Train, decode, encode
from rfhydra.training.fitted import Fitted
from rfhydra.training.service import TrainingRequest
from rfhydra.training.trainer import TrainingProgress

CANCEL_GRACE_SEC: Final = 10.0
"""So long a cancelled training has to stop by itself; then its process is killed."""
_CHUNK_BYTES: Final = 1 << 20

_log = logging.getLogger(__name__)
OnEpoch = Callable[[TrainingProgress], Awaitable[None]]


class ProcessDied(RfhydraError):
    """The training process ended during a training. The next one gets a new process."""


class TrainingProcess:
    """A process for one training at a time. For the event loop's thread only."""

    def __init__(self, workspace: Path, backbone: Path | None, *, cancel_grace_sec: float = CANCEL_GRACE_SEC) -> None:
        self._cancel_grace_sec = cancel_grace_sec
        self._arguments = [str(workspace), "" if backbone is None else str(backbone.absolute())]
        self._process: asyncio.subprocess.Process | None = None
        self._job_id: str | None = None  # of the training that runs
        self._kill_timer: asyncio.TimerHandle | None = None  # set once that is cancelled

    @property
    def pid(self) -> int | None:
        """Of the process, None while there is none."""
        return None if self._process is None else self._process.pid

    async def fit(self, job_id: str, request: TrainingRequest, on_epoch: OnEpoch) -> Fitted:
        """Train in the process, which is started if there is none.

        ``on_epoch`` is awaited for every epoch, in order. If the caller is cancelled, the process is left as it is:
        :meth:`close` it.

        Raises:
            ProcessDied: the process ended before its training did.
            RfhydraError: whatever the training raised, by its code.
        """
        assert self._job_id is None, "one training at a time"
        self._job_id = job_id
        try:
            return await self._fit(Train(job_id, request), on_epoch)
        except (OSError, EOFError, ValueError) as error:  # of the pipes, or what came is no frame
            _log.error("the training process ended during job %s: %r", job_id, error)
            await self.close()
            raise ProcessDied(
                "the training process ended unexpectedly, perhaps for lack of memory; nothing was changed"
            ) from None
        finally:
            self._job_id = None
            if self._kill_timer is not None:
                self._kill_timer.cancel()
                self._kill_timer = None

    async def cancel(self, job_id: str) -> None:
        """Stop the training of ``job_id`` if it is the one that runs; it ends within an epoch, if need be by force."""
        if job_id != self._job_id or self._kill_timer is not None:
            return
        self._kill_timer = asyncio.get_running_loop().call_later(self._cancel_grace_sec, self._kill)
        if self._process is not None:  # else it is being started, and will be told
            with suppress(OSError):  # it is dead already
                await self._send(self._process, Cancel(job_id))

    async def close(self) -> None:
        """End the process, in whatever it is doing, and leave nothing of it behind."""
        self._kill()
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        while await process.stdout.read(_CHUNK_BYTES):  # what it had said: the pipe closes when all of it is read
            pass
        await process.wait()
        with suppress(OSError):
            await process.stdin.wait_closed()

    async def _fit(self, command: Train, on_epoch: OnEpoch) -> Fitted:
        process = await self._started(command)
        while True:
            match await self._report(process):
                case Epoch(progress):
                    await on_epoch(progress)
                case Done(fitted):
                    return fitted
                case Failed(code, error):
                    raise error_of(code, error)

    async def _started(self, command: Train) -> asyncio.subprocess.Process:
        """A process that has begun with ``order``. One that was kept warm may have died since: then it is a new one."""
        if self._process is not None:
            with suppress(OSError, EOFError):
                return await self._start_training(self._process, command)
            await self.close()
        return await self._start_training(await self._start(), command)

    async def _start_training(self, process: asyncio.subprocess.Process, command: Train) -> asyncio.subprocess.Process:
        if self._kill_timer is not None:
            await self._send(process, Cancel(command.job_id))
        await self._send(process, command)
        if await self._report(process) != Started():
            raise ValueError("the process did not begin")
        return process

    async def _start(self) -> asyncio.subprocess.Process:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # what lies about in the current directory is not imported
            "-m",
            "rfhydra.server.worker",
            *self._arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            process_group=0,  # the terminal's Ctrl+C is for the server alone
        )
        return self._process

    @staticmethod
    async def _send(process: asyncio.subprocess.Process, frame: Frame) -> None:
        assert process.stdin is not None
        process.stdin.write(encode(frame))
        await process.stdin.drain()

    @staticmethod
    async def _report(process: asyncio.subprocess.Process) -> Frame:
        assert process.stdout is not None
        lengths = HEAD.unpack(await process.stdout.readexactly(HEAD.size))
        text, behind = [await process.stdout.readexactly(length) for length in lengths]
        return decode(text, behind)

    def _kill(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
