"""F1 and cost of an ``embedding`` head with candidates of its own against an ``rcnn`` head, on signals that proposals miss.

    python -m benchmarks.escalation ../shared/rf ../shared/rf2

Both heads are trained on the same samples, as the product does, each alone in a workspace, and detect in the same
recordings or scenes, in all of every window. Seconds are processor time of this process; a training that takes more than the limit is cancelled
after the epoch in which it does, and trained again with the epochs that fit.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer

from benchmarks.kinds import KINDS, make_scene
from benchmarks.real_devices import BACKGROUND, PIECES, Collection
from benchmarks.results import Row, write_result
from benchmarks.scenes import SPEC
from benchmarks.tables import console, figures, show, table
from benchmarks.trial import add_samples, temporary_workspace
from rfhydra.config import DEFAULT_EPOCHS
from rfhydra.detection.detector import HydraDetector
from rfhydra.detection.recording import detect_recording, recording_windows
from rfhydra.errors import Cancelled
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.torch_backbone import best_device
from rfhydra.protocol.types import EpochProgress, HeadKind, TrainingResult
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.window import Window
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.importer import import_recordings
from rfhydra.training.evaluation.metrics import MIN_SCORE, ScoredScene, average_precision, best_threshold, evaluate
from rfhydra.training.evaluation.recordings import as_scene
from rfhydra.training.service import TrainingService

DEVICES: Final = ("auriol_z29536",)
TIMED_WINDOWS: Final = 24
TIMED_RUNS: Final = 3
SCENE_SEED: Final = 7


@dataclass(frozen=True, eq=False)
class Task:
    """A signal, its samples, and what heads of it are scored on.

    Attributes:
        label: adds the samples to an empty workspace.
        score: what the loaded head of the detector finds, against the truth.
        windows: on which detection is timed.
    """

    signal: str
    spec: SpectrogramSpec
    label: Callable[[Workspace], None]
    score: Callable[[HydraDetector], list[ScoredScene]]
    windows: Callable[[], Iterator[Window]]


@dataclass
class Watch:
    """Cancels a training in which an epoch ends later than ``limit_s`` of processor time; ``epochs`` that ended."""

    service: TrainingService
    limit_s: float
    started: float = field(default_factory=time.process_time)
    epochs: list[Row] = field(default_factory=list)

    def __call__(self, progress: EpochProgress) -> None:
        seconds = time.process_time() - self.started
        self.epochs.append({"seconds": seconds, "val_f1": progress.f1_score})
        if seconds > self.limit_s:
            self.service.cancel_training()


def measure(
    devices: Annotated[Path, typer.Argument(help="A folder of recordings for each device.")],
    pieces: Annotated[Path, typer.Argument(help="Folders of consecutive pieces of one recording.")],
    only: Annotated[str | None, typer.Option(help="Comma-separated signals; default all.")] = None,
    samples: Annotated[int, typer.Option(help="Training samples; of devices, recordings.")] = 5,
    tests: Annotated[int, typer.Option(help="Test recordings of each device, and test scenes.")] = 20,
    limit: Annotated[float, typer.Option(help="Processor seconds of a training.")] = 900.0,
    name: Annotated[str, typer.Option(help="Name of the result file.")] = "escalation",
) -> None:
    """Train both kinds on each signal, score them, report."""
    backbone = load_backbone(device=best_device())
    rows = list[Row]()
    for task in _tasks(devices, pieces, samples, tests):
        if only is not None and task.signal not in only.split(","):
            continue
        for kind in ("embedding", "rcnn"):
            rows.append(row := _trial(task, backbone, kind, limit))
            console.print(row)
            write_result(name, {"samples": samples, "tests": tests, "limit_s": limit, "rows": rows}, backbone)
    names = ("f1_score", "f1_oracle", "ap", "precision", "recall", "training_s", "detection_ms")
    show(table(("signal", "head", *names, "ended"), *([r["signal"], r["head"], *figures(r, names), r["ended"]] for r in rows)))


def _tasks(devices: Path, pieces: Path, samples: int, tests: int) -> Iterator[Task]:
    for signal, spec in PIECES.items():
        yield _recorded(Collection(pieces, spec, signal, in_order=True), signal, samples, None)
    for signal in DEVICES:
        yield _recorded(Collection(devices), signal, samples, tests)
    for kind in KINDS:
        scenes = [make_scene(kind, np.random.default_rng([SCENE_SEED, 0, number])) for number in range(tests)]
        support = [make_scene(kind, np.random.default_rng([SCENE_SEED, 1, number])) for number in range(samples)]

        def score(detector: HydraDetector, scenes: Sequence = scenes, name: str = kind.name) -> list[ScoredScene]:
            scored = []
            for scene in scenes:
                found = detector.detect(scene.window, MIN_SCORE).detections
                pixels = scene.window.frame.to_pixels(each.box for each in found)
                scored.append(ScoredScene(pixels, np.array([each.score for each in found]), scene.pixels(name)))
            return scored

        yield Task(
            kind.name,
            SPEC,
            lambda workspace, name=kind.name, support=support: add_samples(workspace, name, support),
            score,
            lambda scenes=scenes: (scene.window for scene in scenes),
        )


def _recorded(collection: Collection, signal: str, samples: int, tests: int | None) -> Task:
    split = collection.split([signal], samples, 0, tests)
    kept = [each for each in split.test if tests is None or each.recording_id]
    own = [each for each in kept if any(mark.label == signal for mark in each.annotations)]
    others = [each for each in kept if each not in own][:: 1 if tests is None else 5]
    tested = own + others

    def label(workspace: Workspace) -> None:
        import_recordings(workspace, split.support[signal], signal, split.samples)

    def score(detector: HydraDetector) -> list[ScoredScene]:
        return [as_scene(each, signal, detect_recording(each, detector, MIN_SCORE, gated=False)) for each in tested]

    return Task(
        signal,
        collection.spec,
        label,
        score,
        lambda: (window for each in own for window in recording_windows(each, collection.spec)),
    )


def _trial(task: Task, backbone: Backbone, kind: HeadKind, limit: float) -> Row:
    with temporary_workspace(task.spec) as workspace:
        service = TrainingService(workspace, backbone)
        task.label(workspace)
        watch = Watch(service, limit)
        try:
            result = service.train_new_signal(task.signal, kind=kind, callback=watch, epochs=DEFAULT_EPOCHS)
        except Cancelled:
            row, epochs = {"ended": False, "training_s": watch.epochs[-1]["seconds"]}, len(watch.epochs)
            result = service.train_new_signal(task.signal, kind=kind, epochs=epochs)
        else:
            row = {"ended": True, "training_s": time.process_time() - watch.started}
        row |= {"signal": task.signal, "head": kind, **_support(workspace, task.signal), **_trained(result)}
        row |= {"bytes": _size(workspace, task.signal), "epochs": watch.epochs}
        detector = HydraDetector(task.spec, backbone)
        loaded = service.version_manager.load_head(task.signal, result.version, backbone)
        detector.load_heads({task.signal: loaded})
        scored, threshold = task.score(detector), loaded.head.info.threshold
        row |= {
            **evaluate([scene.at(threshold) for scene in scored], threshold).to_dict(),
            "f1_oracle": evaluate(scored, best_threshold(scored)).f1_score,
            "f1_iou_0.3": evaluate(scored, threshold, 0.3).f1_score,
            "ap": average_precision(scored),
            "threshold": threshold,
        }
        windows = list(islice(task.windows(), TIMED_WINDOWS))
        row["detection_ms"] = _milliseconds(windows, detector.detect)
        row["backbone_ms"] = _milliseconds(windows, lambda window: backbone.see(window.image))
        return row


def _support(workspace: Workspace, signal: str) -> Row:
    samples = workspace.samples.list(signal)
    return {"samples": len(samples), "boxes": sum(len(sample.boxes) for sample in samples)}


def _trained(result: TrainingResult) -> Row:
    return {"epochs_trained": result.epochs_trained, "proposal_recall": dict(result.metrics).get("proposal_recall")}


def _size(workspace: Workspace, signal: str) -> int:
    row = workspace.versions.list(signal)[-1]
    return len(workspace.versions.artifact(row))


def _milliseconds(windows: Sequence[Window], run: Callable[[Window], object]) -> float:
    """Processor time for each of ``windows``, least of several runs."""
    for window in windows[:3]:
        run(window)
    seconds = []
    for _ in range(TIMED_RUNS):
        started = time.process_time()
        for window in windows:
            run(window)
        seconds.append(time.process_time() - started)
    return 1e3 * min(seconds) / len(windows)


if __name__ == "__main__":
    typer.run(measure)
