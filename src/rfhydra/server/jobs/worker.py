"""The training process: trains on a view of the workspace and changes nothing.

It ends with the server, whatever the cause: see :mod:`rfhydra.server.jobs.worker_process`, and the thread that reads
the commands ends the process when the pipe closes.
"""

import os
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

from rfhydra.errors import RfhydraError
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.torch_backbone import best_device
from rfhydra.server.jobs.pipe import HEAD, Cancel, Done, Epoch, Failed, PipeMessage, Started, Train, decode, encode
from rfhydra.store.workspace import Workspace
from rfhydra.training.fitted import Fitted
from rfhydra.training.service import TrainingService
from rfhydra.training.trainer import Control


class CommandReader:
    """Reads the commands of the server in a thread, also during a training."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._trainings: SimpleQueue[Train] = SimpleQueue()
        self._cancelled: set[str] = set()  # job ids
        threading.Thread(target=self._read, daemon=True).start()

    def next(self) -> Train:
        """Wait for the next training."""
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
            os._exit(0)  # also during a training: the server is gone


def serve(
    workspace: Path, backbone: Path | None, commands: CommandReader, report: Callable[[PipeMessage], None]
) -> None:
    """Run the trainings, one after the other, until the process ends."""
    loaded: Backbone | None = None
    while True:
        command = commands.next()
        report(Started())
        try:
            loaded = loaded or load_backbone(backbone, best_device())
            answer: PipeMessage = Done(_fit(workspace, loaded, command, commands, report))
        except RfhydraError as error:
            answer = Failed(error.code, str(error))
        except Exception:
            traceback.print_exc()
            answer = Failed(RfhydraError.code, "the training failed unexpectedly: see the log of the server")
        report(answer)


def _fit(
    workspace: Path, backbone: Backbone, command: Train, commands: CommandReader, report: Callable[[PipeMessage], None]
) -> Fitted:
    control = Control(
        callback=lambda progress: report(Epoch(progress)), cancelled=lambda: commands.is_cancelled(command.job_id)
    )
    control.check()
    with Workspace.view(workspace) as view:  # the samples as they are now
        return TrainingService(view, backbone).fit(command.request, control)


def run(workspace: Path, backbone: Path | None) -> None:
    """Serve trainings on ``workspace`` over standard input and output; a ``backbone`` of None is the one that ships."""
    pipe = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # output of libraries must not mix with the messages

    def report(message: PipeMessage) -> None:
        try:
            pipe.write(encode(message))
            pipe.flush()
        except BrokenPipeError:
            os._exit(0)  # the server is gone

    serve(workspace, backbone, CommandReader(sys.stdin.buffer), report)
