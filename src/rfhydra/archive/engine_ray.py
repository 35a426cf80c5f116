"""Ray engine: tasks on a Ray cluster, whose machines see recordings, backbone file and parts under the same paths."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import ray
from ray.exceptions import RayError, RayTaskError

from rfhydra.archive.engine import MAX_ATTEMPTS, given_up
from rfhydra.archive.manifest import Entry
from rfhydra.archive.plan import ScanPlan
from rfhydra.archive.source import SourceFile
from rfhydra.errors import RfhydraError, Unreachable

ADDRESS: Final = "RAY_ADDRESS"
_STORE_BYTES: Final = 128 << 20  # it holds the plan; entries are a few hundred bytes
_AHEAD: Final = 2  # tasks for each core: one runs, one waits


class RayEngine:
    """Scans in tasks of one core each, on the cluster that ``RAY_ADDRESS`` names, or on one of this machine."""

    def __init__(self, workers: int | None = None) -> None:
        """``workers`` is the most tasks at one time; None for all cores of the cluster."""
        self.workers = workers

    def run(
        self, plan: ScanPlan, sources: Sequence[SourceFile], parts: Path, progress: Callable[[str, float], None]
    ) -> Generator[Entry, None, None]:
        """See :class:`rfhydra.archive.engine.Engine`. Reports no progress within a recording.

        Raises:
            Unreachable: no cluster answers at ``RAY_ADDRESS``.
        """
        with _connected(self.workers):
            limit = self.workers or _AHEAD * max(1, int(ray.cluster_resources().get("CPU", 1)))
            task = ray.remote(num_cpus=1, max_retries=MAX_ATTEMPTS - 1)(_scan)
            shared, waiting, running = ray.put(plan), deque(sources), dict[Any, SourceFile]()
            try:
                while waiting or running:
                    while waiting and len(running) < limit:
                        source = waiting.popleft()
                        running[task.remote(shared, source, parts)] = source
                    (done, *_), _ = ray.wait(list(running))
                    yield _entry(done, running.pop(done))
            finally:
                for unfinished in running:
                    ray.cancel(unfinished, force=True)


def _scan(plan: ScanPlan, source: SourceFile, parts: Path) -> Entry:
    """What a task does."""
    import torch

    from rfhydra.archive.part import scan_recording

    torch.set_num_threads(1)
    return scan_recording(plan, source, parts)


def _entry(done: Any, source: SourceFile) -> Entry:
    """The result of a task.

    Raises:
        RfhydraError: the error that ended it.
    """
    try:
        entry: Entry = ray.get(done)
    except RayTaskError as error:
        if isinstance(error.cause, RfhydraError):
            raise error.cause from None
        raise
    except RayError:
        return given_up(source)
    return entry


@contextmanager
def _connected(workers: int | None) -> Iterator[None]:
    """A connection to the cluster; one that this process has already is used, and kept."""
    if ray.is_initialized():
        yield
        return
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if not (address := os.environ.get(ADDRESS)):
        options |= {"num_cpus": workers, "object_store_memory": _STORE_BYTES, "include_dashboard": False}
    try:
        ray.init(address=address or "local", **options)
    except ConnectionError as error:
        raise Unreachable(f"no Ray cluster answers at {address}, which {ADDRESS} names: {error}") from error
    try:
        yield
    finally:
        ray.shutdown()
