"""The training process: it fits what the server orders on a view of the workspace, and changes nothing.

It dies with the server, whatever kills that: its orders end then, and a thread that waits for them ends the process.
"""

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO, Final

from rfhydra.errors import RfhydraError
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.torch_backbone import best_device
from rfhydra.server.pipe import HEAD, Cancel, Done, Epoch, Failed, Frame, Started, Train, decode, encode
from rfhydra.store.workspace import Workspace
from rfhydra.training.fitted import Fitted
from rfhydra.training.service import TrainingService
from rfhydra.training.trainer import Control

NICENESS: Final = 10
_OOM_SCORE: Final = b"500"  # of 1000: where memory runs out, this process goes, not the server


class CommandReader:
    """What the server orders. Reading goes on during a training, so that a cancel and the server's end are heard."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._trainings: SimpleQueue[Train] = SimpleQueue()
        self._cancelled: set[str] = set()  # job ids: as many as are cancelled in the life of this process
        threading.Thread(target=self._read, daemon=True).start()

    def next(self) -> Train:
        """Wait for the next training that is ordered."""
        return self._trainings.get()

    def is_cancelled(self, job_id: str) -> bool:
        return job_id in self._cancelled

    def _read(self) -> None:
        try:
            while len(head := self._pipe.read(HEAD.size)) == HEAD.size:
                text, behind = (self._pipe.read(length) for length in HEAD.unpack(head))
                match decode(text, behind):
                    case Train() as command:
                        self._trainings.put(command)
                    case Cancel(job_id):
                        self._cancelled.add(job_id)
        finally:
            os._exit(0)  # in the middle of a training too: nobody waits for it any more


def serve(workspace: Path, backbone: Path | None, commands: CommandReader, report: Callable[[Frame], None]) -> None:
    """Train what is ordered, for ever."""
    body: Backbone | None = None
    while True:
        command = commands.next()
        report(Started())
        try:
            body = body or load_backbone(backbone, best_device())
            answer: Frame = Done(_fit(workspace, body, command, commands, report))
        except RfhydraError as error:
            answer = Failed(error.code, str(error))
        except Exception:
            traceback.print_exc()
            answer = Failed(RfhydraError.code, "the training failed unexpectedly: the server's log says more")
        report(answer)


def _fit(
    workspace: Path, backbone: Backbone, command: Train, commands: CommandReader, report: Callable[[Frame], None]
) -> Fitted:
    control = Control(
        callback=lambda progress: report(Epoch(progress)), cancelled=lambda: commands.is_cancelled(command.job_id)
    )
    control.check()
    with Workspace.view(workspace) as view:  # of what there is now, and of nothing that comes during the training
        return TrainingService(view, backbone).fit(command.request, control)


def main() -> None:
    """Serve the workspace and the backbone (empty: the one that ships) that the command line names."""
    workspace, backbone = sys.argv[1:]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # they mean the server, which knows when to end us
        signal.signal(number, signal.SIG_IGN)
    os.nice(NICENESS)
    with suppress(OSError):  # not every kernel has it
        Path("/proc/self/oom_score_adj").write_bytes(_OOM_SCORE)
    pipe = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints must not get between the frames

    def report(frame: Frame) -> None:
        try:
            pipe.write(encode(frame))
            pipe.flush()
        except BrokenPipeError:
            os._exit(0)  # the server is dead: nobody is there to hear that we could not report

    serve(Path(workspace), Path(backbone) if backbone else None, CommandReader(sys.stdin.buffer), report)


if __name__ == "__main__":
    main()
