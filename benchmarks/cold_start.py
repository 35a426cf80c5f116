"""Fifty samples, nothing cached: the embedding head against the seed's loop, on the same samples, machine and run.

    python -m benchmarks.cold_start --as-written

The seed's loop trains RPN and RoI heads from noise and computes the backbone anew in every epoch: Adam 1e-3, batches of
4, 50 epochs, patience 5. ``kind="rcnn"`` does so with the product's own parts, on the images as they are, in half
precision where that pays. As written (:mod:`benchmarks.seed_loop`) it takes many minutes on two cores and is left out
unless asked for. All are scored on fresh scenes that none has seen, at IoU 0.5.

Where early stopping ends the baselines is luck, so there are several emitters; seconds and F1 are means over them.
"""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.results_file import write_result
from benchmarks.seed_loop import SeedLoop
from rfhydra.detection.detector import HydraDetector
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.torch_backbone import best_device, require_torch
from rfhydra.protocol.types import EpochProgress, HeadKind
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.spectrogram import make_window
from rfhydra.spectrum.window import Window
from rfhydra.store.workspace import Workspace
from rfhydra.synth import LineCode, Receiver, Rng, Scene, make_burst
from rfhydra.training.evaluation.metrics import ScoredScene, evaluate
from rfhydra.training.heads.rcnn import create_data_loaders
from rfhydra.training.service import TrainingService
from rfhydra.training.trainer import Control, run_epochs

SPEC = SpectrogramSpec(fft_size=512, hop=256, rows=256, cols=256)
RATE_HZ = 1e6
SIGNAL = "emitter"
EMITTERS = (
    LineCode("fsk", symbol=160, bits=64, rise=16, deviation=0.03),
    LineCode("pwm", symbol=220, bits=40, rise=8),
    LineCode("manchester", symbol=120, bits=80, rise=4),
)
console = Console()

Fresh = tuple[Window, list[Box]]


def measure(
    samples: Annotated[int, typer.Option(help="To train on, one box in each.")] = 50,
    tests: Annotated[int, typer.Option(help="Fresh scenes to score on.")] = 60,
    epochs: Annotated[int, typer.Option(help="At most so many, for both.")] = 50,
    seed: Annotated[int, typer.Option(help="Of the scenes.")] = 3,
    emitters: Annotated[int, typer.Option(help="How many are learnt, each alone.", max=len(EMITTERS))] = len(EMITTERS),
    as_written: Annotated[bool, typer.Option("--as-written", help="The seed's loop as written, too.")] = False,
) -> None:
    """Train both on each emitter, score both, report."""
    backbone, rng = load_backbone(device=best_device()), np.random.default_rng(seed)
    runs = [
        _learn(backbone, emitter, rng, samples, tests, epochs, as_written=as_written) for emitter in EMITTERS[:emitters]
    ]
    rows = [_mean(each) for each in zip(*runs, strict=True)]
    ratio = rows[-1]["seconds"] / rows[0]["seconds"]
    table = Table("head", "seconds", "epochs", "F1 on fresh scenes", title=f"{samples} samples, mean of {emitters}")
    for row in rows:
        table.add_row(row["head"], f"{row['seconds']:.2f}", f"{row['epochs']:.0f}", f"{row['f1_score']:.3f}")
    console.print(table)
    console.print(
        f"cold embedding training is {ratio:.0f} times faster than {rows[-1]['head']} with the seed's schedule"
    )
    found = {"samples": samples, "tests": tests, "ratio": ratio, "rows": rows, "emitters": runs}
    write_result("cold_start", found, backbone)


def _learn(
    backbone: Backbone, emitter: LineCode, rng: Rng, samples: int, tests: int, epochs: int, *, as_written: bool
) -> list[dict[str, Any]]:
    """A row for each way to learn ``emitter`` from the same samples."""
    with tempfile.TemporaryDirectory() as directory, Workspace.create(Path(directory) / "w", SPEC) as workspace:
        for _ in track(range(samples), f"samples of {emitter.kind}", console=console):
            window, boxes = scene(rng, targets=1, emitter=emitter)
            workspace.samples.add(
                signal_name=SIGNAL,
                window=window,
                boxes=boxes,
            )
        fresh = [scene(rng, targets=int(rng.integers(0, 3)), emitter=emitter) for _ in range(tests)]
        service = TrainingService(workspace, backbone, rcnn_warm_start=False)
        rows = [_train(service, "embedding", epochs, fresh), _train(service, "embedding", epochs, fresh)]
        rows[1]["head"] = "embedding, warm cache"
        rows.append(_train(service, "rcnn", epochs, fresh))
        if as_written:
            rows.append(_train_as_written(service, epochs, fresh))
    return rows


def _mean(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The mean of every number in rows of one kind of head."""
    return {
        name: value if isinstance(value, str) else float(np.mean([row[name] for row in rows]))
        for name, value in rows[0].items()
    }


def scene(rng: Rng, targets: int, emitter: LineCode = EMITTERS[0]) -> Fresh:
    """A window with ``targets`` bursts of the emitter among 3 to 5 others, and their boxes."""
    made = Scene(SPEC.window_samples)
    wanted = [made.place(emitter.packet(rng, 30_000), rng, rng.uniform(5, 30), cut=0.0) for _ in range(targets)]
    for _ in range(int(rng.integers(3, 6))):
        kind = str(rng.choice(["chirp", "ofdm", "qpsk", "tone", "hopper", "ook", "fsk2"]))
        burst = make_burst(kind, rng, int(rng.uniform(3_000, 25_000)), float(rng.uniform(0.02, 0.12)))
        made.place(burst, rng, rng.uniform(5, 30))
    window = make_window(Receiver(tilt_db=(-2.0, 0.0, 1.0)).apply(made, rng), SPEC, RATE_HZ, 0.0)
    return replace(window, iq=None), [each.box(RATE_HZ, 0.0) for each in wanted if each is not None]


def _train(service: TrainingService, kind: HeadKind, epochs: int, fresh: list[Fresh]) -> dict[str, Any]:
    started = time.perf_counter()
    result = service.train_new_signal(SIGNAL, kind=kind, epochs=epochs)
    seconds = time.perf_counter() - started
    head = service.version_manager.load_head(SIGNAL, result.version, service.backbone)
    detector = HydraDetector(SPEC, service.backbone)
    detector.load_heads({SIGNAL: head})
    scenes = []
    for window, boxes in fresh:
        found, frame = detector.detect(window).detections, window.frame
        pixels = frame.to_pixels(each.box for each in found)
        scenes.append(ScoredScene(pixels, np.array([each.score for each in found]), frame.to_pixels(boxes)))
    return {"head": kind, "seconds": seconds, "epochs": result.epochs_trained, **evaluate(scenes, 0.0).to_dict()}


def _train_as_written(service: TrainingService, epochs: int, fresh: list[Fresh]) -> dict[str, Any]:
    split = service.split_manager.plan(SIGNAL)
    train, val = create_data_loaders(service.workspace, split.train, split.val)
    started = time.perf_counter()
    learner = SeedLoop(require_torch(service.backbone), train, val)
    outcome = run_epochs(learner, epochs, Control(callback=_say))
    seconds = time.perf_counter() - started
    scenes = []
    for window, boxes in fresh:
        truth = window.frame.to_pixels(boxes)
        scenes.append(learner.detect(torch.from_numpy(window.image), torch.from_numpy(truth)))
    quality = evaluate(scenes, 0.0).to_dict()
    return {"head": "the seed's loop, as written", "seconds": seconds, "epochs": outcome.epochs_trained, **quality}


def _say(progress: EpochProgress) -> None:
    console.print(f"epoch {progress.epoch}: F1 {progress.f1_score:.2f} after {progress.elapsed_sec:.0f} s")


if __name__ == "__main__":
    typer.run(measure)
