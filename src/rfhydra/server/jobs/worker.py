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
from typing import BinaryIO, Final

from rfhydra.errors import RfhydraError
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.torch_backbone import best_device
from rfhydra.server.jobs.pipe import (
    HEAD,
    Answer,
    Cancel,
    Done,
    Epoch,
    Failed,
    Measure,
    Measured,
    PipeMessage,
    Settled,
    StageReport,
    Started,
    Succeed,
    Task,
    Train,
    Trial,
    decode,
    encode,
)
from rfhydra.store.workspace import Workspace
from rfhydra.training.service import TrainingService
from rfhydra.training.trainer import Control
from rfhydra.training.upgrade import Successor, Upgrade

MAX_REPORTS: Final = 100
"""Of the samples that the backbone has looked at, in one training."""


class CommandReader:
    """Reads the commands of the server in a thread, also during a training."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._tasks: SimpleQueue[Task] = SimpleQueue()
        self._cancelled: set[str] = set()  # job ids
        threading.Thread(target=self._read, daemon=True).start()

    def next(self) -> Task:
        """Wait for the next training."""
        return self._tasks.get()

    def is_cancelled(self, job_id: str) -> bool:
        return job_id in self._cancelled

    def _read(self) -> None:
        try:
            while len(head := self._pipe.read(HEAD.size)) == HEAD.size:
                text, behind = (self._pipe.read(length) for length in HEAD.unpack(head))
                match decode(text, behind):
                    case Train() | Succeed() | Measure() as task:
                        self._tasks.put(task)
                    case Cancel(job_id):
                        self._cancelled.add(job_id)
        finally:
            os._exit(0)  # also during a training: the server is gone


def serve(workspace: Path, commands: CommandReader, report: Callable[[PipeMessage], None]) -> None:
    """Run the trainings, one after the other, until the process ends. The backbones of the last one stay loaded."""
    loaded: dict[Path | None, Backbone] = {}
    while True:
        task = commands.next()
        report(Started())
        try:
            loaded = {path: loaded.get(path) or load_backbone(path, best_device()) for path in task.backbones}
            control = _control(task.job_id, commands, report)
            answer: PipeMessage = _run(workspace, [*loaded.values()], task, control, report)
        except RfhydraError as error:
            answer = Failed(error.code, str(error))
        except Exception:
            traceback.print_exc()
            answer = Failed(RfhydraError.code, "the training failed unexpectedly: see the log of the server")
        report(answer)


def _control(job_id: str, commands: CommandReader, report: Callable[[PipeMessage], None]) -> Control:
    def on_features(done: int, total: int) -> None:
        if done == total or done % max(total // MAX_REPORTS, 1) == 0:
            report(StageReport("looking", done, total))

    return Control(
        callback=lambda progress: report(Epoch(progress)),
        on_features=on_features,
        on_stage=lambda stage: report(StageReport(stage)),
        cancelled=lambda: commands.is_cancelled(job_id),
    )


def _run(
    workspace: Path, backbones: list[Backbone], task: Task, control: Control, report: Callable[[PipeMessage], None]
) -> Answer:
    control.check()
    with Workspace.view(workspace) as view:  # the samples as they are now
        if isinstance(task, Train):
            return Done(TrainingService(view, *backbones).fit(task.request, control))
        if isinstance(task, Measure):
            return _measure(view, backbones[0], task, control, report)
        found = Upgrade(view, *backbones).fit(view.versions.get(task.signal_name, task.version), control)
    return Done(found.fitted, found.record) if isinstance(found, Successor) else Settled(found)


def _measure(
    view: Workspace, backbone: Backbone, task: Measure, control: Control, report: Callable[[PipeMessage], None]
) -> Measured:
    from rfhydra.training.evaluation.detectability import measure_card  # needs scipy.stats, which trainings do not

    def on_trial(stage: str, done: int, total: int) -> None:
        control.check()
        report(Trial(stage, done, total))

    card = measure_card(view, task.signal_name, task.version, backbone, on_trial=on_trial)
    return Measured(card.to_dict())


def run(workspace: Path) -> None:
    """Serve trainings on ``workspace`` over standard input and output."""
    pipe = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # output of libraries must not mix with the messages

    def report(message: PipeMessage) -> None:
        try:
            pipe.write(encode(message))
            pipe.flush()
        except BrokenPipeError:
            os._exit(0)  # the server is gone

    serve(workspace, CommandReader(sys.stdin.buffer), report)
