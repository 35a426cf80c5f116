"""Entry point of the training process: ties it to the server before anything heavy is imported."""

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from rfhydra.processes import end_with

NICENESS: Final = 10
_OOM_SCORE: Final = b"500"  # of 1000: when memory runs out, the kernel kills this process, not the server


def main() -> None:
    """Arguments: the process id of the server, the workspace."""
    server, workspace = sys.argv[1:]
    end_with(int(server))  # where there is no prctl, when its pipe closes, which it reads once all is imported
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # the server ends this process
        signal.signal(number, signal.SIG_IGN)
    os.nice(NICENESS)
    with suppress(OSError):  # not on every kernel
        Path("/proc/self/oom_score_adj").write_bytes(_OOM_SCORE)

    from rfhydra.server.jobs.worker import run

    run(Path(workspace))


if __name__ == "__main__":
    main()
