"""Local engine: processes of this machine, each with one recording at a time."""

import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for_any
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final, Self

from rfhydra.archive.engine import MAX_ATTEMPTS, given_up
from rfhydra.archive.manifest import Entry
from rfhydra.archive.plan import ScanPlan, detector_of
from rfhydra.archive.source import Failure, SourceFile
from rfhydra.errors import RfhydraError
from rfhydra.processes import end_with

_CONTEXT: Final = get_context("spawn")  # a fork would inherit the locks of torch's threads
_READY: Final = "ready"
_THREADS: Final = "OMP_NUM_THREADS"


def usable_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _usable_threads() -> int:
    """Threads that all processes together may use: one for each core, but no more than ``OMP_NUM_THREADS``."""
    stated = os.environ.get(_THREADS, "")
    return min(usable_cores(), int(stated)) if stated.isdecimal() else usable_cores()


@dataclass
class _Task:
    source: SourceFile
    attempts: int = 0


class LocalEngine:
    """Scans in ``workers`` processes, which share the cores evenly. They end with this one, also if it is killed."""

    def __init__(self, workers: int | None = None, *, niceness: int = 0) -> None:
        """``workers`` None is one for each core; ``niceness`` lowers their priority, as ``nice`` does."""
        self.workers, self._niceness = workers or usable_cores(), niceness

    def run(
        self, plan: ScanPlan, sources: Sequence[SourceFile], parts: Path, progress: Callable[[str, float], None]
    ) -> Generator[Entry, None, None]:
        """See :class:`rfhydra.archive.engine.Engine`.

        Raises:
            RfhydraError: processes end before they can begin.
        """
        waiting, workers = deque(map(_Task, sources)), list[_Worker]()
        count = min(self.workers, len(waiting))
        threads = max(1, _usable_threads() // max(1, count))
        try:
            while open_tasks := len(waiting) + sum(worker.task is not None for worker in workers):
                missing = min(count, open_tasks) - len(workers)
                workers += [_Worker.start(plan, parts, threads, self._niceness) for _ in range(missing)]
                for worker in workers:
                    if worker.task is None and waiting:
                        worker.give(waiting.popleft())
                for worker, message in _news(workers):
                    if isinstance(message, float) and worker.task:
                        progress(worker.task.source.path, message)
                    elif isinstance(message, RfhydraError):
                        raise message
                    elif isinstance(message, Entry):
                        worker.task = None
                        yield message
                    elif message is None:
                        workers.remove(worker)
                        worker.kill()
                        if worker.task and worker.task.attempts < MAX_ATTEMPTS:
                            waiting.append(worker.task)
                        elif worker.task:
                            yield _given_up(worker, worker.task)
        finally:
            for worker in workers:
                worker.kill()


class _Worker:
    """A process that scans, and the recording that it was given last; None once its entry came."""

    def __init__(self, process: BaseProcess, connection: Connection) -> None:
        self.task: _Task | None = None
        self.is_ready = False
        self.connection, self._process = connection, process

    @classmethod
    def start(cls, plan: ScanPlan, parts: Path, threads: int, niceness: int) -> Self:
        ours, theirs = _CONTEXT.Pipe()
        arguments = (os.getpid(), plan, parts, threads, niceness, theirs)
        process = _CONTEXT.Process(target=_work, args=arguments, daemon=True)
        resource_tracker.ensure_running()  # here, because its start unblocks what the next line blocks
        # Inherited: Ctrl+C in the terminal must reach this process only, from the first moment on.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
        finally:
            theirs.close()
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return cls(process, ours)

    def give(self, task: _Task) -> None:
        self.task = task
        task.attempts += 1
        with suppress(OSError):  # it has ended: so says its connection
            self.connection.send(task.source)

    def receive(self) -> Any:
        """The next message; None if the process has ended."""
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            return None

    def kill(self) -> None:
        self._process.kill()
        self._process.join()
        self._process.close()
        self.connection.close()


def _news(workers: Sequence[_Worker]) -> Iterator[tuple[_Worker, Any]]:
    """Wait for messages of ``workers``; one of each that has any."""
    by_connection = {worker.connection: worker for worker in workers}
    for connection in wait_for_any(list(by_connection)):
        worker = by_connection[connection]  # type: ignore[index]  # the others are not given
        message = worker.receive()
        worker.is_ready = worker.is_ready or message == _READY
        yield worker, message


def _given_up(worker: _Worker, task: _Task) -> Failure:
    """The failure of ``task``, whose last process has ended.

    Raises:
        RfhydraError: it ended before it could begin, which is no fault of the recording.
    """
    if not worker.is_ready:
        raise RfhydraError("a process of the scan ended before it could begin: out of memory? Give fewer --workers")
    return given_up(task.source)


def _work(parent: int, plan: ScanPlan, parts: Path, threads: int, niceness: int, connection: Connection) -> None:
    """Scan what ``connection`` names until it is closed; sends seconds done, entries, or the error that ends a scan."""
    end_with(parent)
    os.nice(niceness)
    os.environ[_THREADS] = str(threads)  # before torch is imported
    import torch

    from rfhydra.archive.part import scan_recording

    torch.set_num_threads(threads)
    try:
        detector_of(plan)
        connection.send(_READY)
        while True:
            connection.send(scan_recording(plan, connection.recv(), parts, connection.send))
    except RfhydraError as error:
        connection.send(error)
    except EOFError:
        pass
