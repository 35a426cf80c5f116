"""Makes changes in processes that end in the middle of them. To be started with the shim preloaded.

A line of JSON (:class:`Order`) forks a process that makes a change; its exit status comes back as a line. It logs what
it calls, :data:`PREPARED` before its commit, and :data:`COMMITTED` once that has returned, which acknowledges it.
"""

import json
import os
import signal
import sys
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path
from subprocess import PIPE, Popen
from types import TracebackType
from typing import Final, Self

import torch

from rfhydra.errors import Busy
from tests.store.faults.calls import COMMITTED, PREPARED, Call, end_with, mark, read, watch
from tests.store.faults.changes import CHANGES
from tests.store.faults.few_descriptors import few_descriptors

REFUSED: Final = 3


@dataclass(frozen=True)
class Order:
    """Make ``change`` in the workspace ``site`` below ``root``.

    Its commit ends with call number ``last``, if that is not 0; see :func:`end_with`. It is prepared with ``free`` file
    descriptors; the status is :data:`REFUSED` if they are too few.
    """

    change: str
    root: str
    site: str
    inputs: str
    log: str
    last: int = 0
    halfway: bool = False
    free: int | None = None

    def execute(self) -> None:
        change = CHANGES[self.change]
        watch(Path(self.root), Path(self.log))
        try:
            with few_descriptors(self.free):
                prepared = change.prepare(Path(self.site), Path(self.inputs))
        except Busy:
            os._exit(REFUSED)
        mark(PREPARED)
        end_with(self.last, halfway=self.halfway)
        committed = change.commit(prepared)
        mark(COMMITTED)
        os._exit(int(committed is prepared is None))  # with both alive: the workspace must not be closed


class Victim:
    """The process that forks the others."""

    def __init__(self, shim: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "LD_PRELOAD": str(shim)}
        self._process = Popen([sys.executable, "-m", __name__], stdin=PIPE, stdout=PIPE, text=True, env=environment)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def execute(self, order: Order) -> tuple[int, list[Call]]:
        """The status of the process, negative after a signal, and its calls."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asdict(order)) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline()), read(Path(order.log))


def _main() -> None:
    torch.set_num_threads(1)  # a fork has the thread that forks only
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                Order(**json.loads(line)).execute()
            except BaseException:
                traceback.print_exc()
            os._exit(1)
        _, status = os.waitpid(child, 0)
        print(-signal.Signals(os.WTERMSIG(status)) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status), flush=True)


if __name__ == "__main__":
    _main()
