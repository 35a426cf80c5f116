"""Entry point of the training process: ties it to the server before anything heavy is imported."""

import ctypes
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

NICENESS: Final = 10
_OOM_SCORE: Final = b"500"  # of 1000: when memory runs out, the kernel kills this process, not the server
_PR_SET_PDEATHSIG: Final = 1


def end_with(server: int) -> None:
    """End this process at once when the thread that started it ends, the event loop's of the process ``server``.

    Linux only; elsewhere the process ends when its pipe closes, which it reads once it has imported what it needs.
    """
    with suppress(AttributeError):  # no prctl
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != server:  # it ended before
        os._exit(0)


def main() -> None:
    """Arguments: the process id of the server, the workspace."""
    server, workspace = sys.argv[1:]
    end_with(int(server))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # the server ends this process
        signal.signal(number, signal.SIG_IGN)
    os.nice(NICENESS)
    with suppress(OSError):  # not on every kernel
        Path("/proc/self/oom_score_adj").write_bytes(_OOM_SCORE)

    from rfhydra.server.jobs.worker import run

    run(Path(workspace))


if __name__ == "__main__":
    main()
