"""Training time and F1 without a cache: the embedding head against the seed's loop, on the same samples and machine.

    python -m benchmarks.cold_start --as-written

The seed's loop trains RPN and RoI heads from random weights and computes the backbone again in every epoch: Adam 1e-3,
batches of 4, 50 epochs, patience 5 (:mod:`benchmarks.seed_loop`). It takes many minutes on two cores and is measured
only on request. All heads are scored on scenes that none was trained on, at IoU 0.5.

The epoch at which early stopping ends the baseline is largely chance, so seconds and F1 are means over emitters.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Annotated, Final

import numpy as np
import torch
import typer

from benchmarks.results import Row, write_result
from benchmarks.scenes import RenderedScene, render
from benchmarks.seed_loop import SeedLoop, create_data_loaders
from benchmarks.tables import console, show, table, tracked
from benchmarks.trial import add_samples, score, temporary_workspace, train
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.torch_backbone import TorchBackbone, best_device
from rfhydra.protocol.types import EpochProgress
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.synth import Burst, LineCode, Rng, make_burst
from rfhydra.training.evaluation.metrics import evaluate
from rfhydra.training.service import TrainingService
from rfhydra.training.trainer import Control, run_epochs

SPEC: Final = SpectrogramSpec(fft_size=512, hop=256, rows=256, cols=256)
SNR_DB: Final = (5.0, 30.0)
PACKET_SAMPLES: Final = 30_000
SIGNAL: Final = "emitter"
EMITTERS: Final = (
    LineCode("fsk", symbol=160, bits=64, rise=16, deviation=0.03),
    LineCode("pwm", symbol=220, bits=40, rise=8),
    LineCode("manchester", symbol=120, bits=80, rise=4),
)
OTHERS: Final = ("chirp", "ofdm", "qpsk", "tone", "hopper", "ook", "fsk2")


def measure(
    samples: Annotated[int, typer.Option(help="Training samples, one box each.")] = 50,
    tests: Annotated[int, typer.Option(help="Test scenes.")] = 60,
    epochs: Annotated[int, typer.Option(help="Most epochs of each training.")] = 50,
    seed: Annotated[int, typer.Option(help="Random seed of the scenes.")] = 3,
    emitters: Annotated[int, typer.Option(help="Emitters, each trained alone.", max=len(EMITTERS))] = len(EMITTERS),
    as_written: Annotated[bool, typer.Option("--as-written", help="Measure the seed's loop as written, too.")] = False,
) -> None:
    """Train every kind of head on each emitter, score it, report."""
    backbone, rng = load_backbone(device=best_device()), np.random.default_rng(seed)
    runs = [
        _train_all(backbone, emitter, rng, samples, tests, epochs, as_written=as_written)
        for emitter in tracked(EMITTERS[:emitters], "emitters")
    ]
    rows = [_mean(each) for each in zip(*runs, strict=True)]
    ratio = rows[-1]["seconds"] / rows[0]["seconds"]
    shown = [(row["head"], f"{row['seconds']:.2f}", f"{row['epochs']:.0f}", f"{row['f1_score']:.3f}") for row in rows]
    show(table(("head", "seconds", "epochs", "F1 on new scenes"), *shown))
    show(f"{samples} samples, mean of {emitters}: cold embedding training is {ratio:.0f} times faster than the last")
    found = {"samples": samples, "tests": tests, "ratio": ratio, "rows": rows, "emitters": runs}
    write_result("cold_start", found, backbone)


def make_scene(rng: Rng, targets: int, emitter: LineCode = EMITTERS[0]) -> RenderedScene:
    """A window with ``targets`` bursts of ``emitter``, labelled :data:`SIGNAL`, among 3 to 5 others."""

    def wanted() -> Iterator[Burst]:
        return (replace(emitter.packet(rng, PACKET_SAMPLES), kind=SIGNAL) for _ in range(targets))

    def others() -> Iterator[Burst]:
        for _ in range(int(rng.integers(3, 6))):
            kind = str(rng.choice(OTHERS))
            yield make_burst(kind, rng, int(rng.uniform(3_000, 25_000)), float(rng.uniform(0.02, 0.12)))

    return render(rng, wanted, others(), spec=SPEC, snr_db=SNR_DB)


def _train_all(
    backbone: TorchBackbone, emitter: LineCode, rng: Rng, samples: int, tests: int, epochs: int, *, as_written: bool
) -> list[Row]:
    """A row for each kind of head, all trained on the same samples of ``emitter``."""
    with temporary_workspace(SPEC) as workspace:
        add_samples(workspace, SIGNAL, [make_scene(rng, 1, emitter) for _ in range(samples)])
        scenes = [make_scene(rng, int(rng.integers(0, 3)), emitter) for _ in range(tests)]
        service = TrainingService(workspace, backbone)
        labels = ("embedding", "embedding, warm cache")
        rows = [{"head": label, **_train(service, epochs, scenes)} for label in labels]
        if as_written:
            rows.append(_train_as_written(service, backbone, epochs, scenes))
    return rows


def _mean(rows: Sequence[Row]) -> Row:
    """Mean of every number in rows of one kind of head."""
    return {
        name: value if isinstance(value, str) else float(np.mean([row[name] for row in rows]))
        for name, value in rows[0].items()
    }


def _train(service: TrainingService, epochs: int, scenes: Sequence[RenderedScene]) -> Row:
    head = train(service, SIGNAL, epochs)
    quality = evaluate(score(service.backbone, head, scenes), head.threshold).to_dict()
    return {"seconds": head.seconds, "epochs": head.epochs, **quality}


def _train_as_written(
    service: TrainingService, backbone: TorchBackbone, epochs: int, scenes: Sequence[RenderedScene]
) -> Row:
    split = service.split_manager.plan(SIGNAL)
    train, val = create_data_loaders(service.workspace, split.train, split.val)
    started = time.perf_counter()
    learner = SeedLoop(backbone, train, val)
    outcome = run_epochs(learner, epochs, Control(callback=_print_progress))
    seconds = time.perf_counter() - started
    found = [learner.detect(torch.from_numpy(scene.image), torch.from_numpy(scene.pixels(SIGNAL))) for scene in scenes]
    quality = evaluate(found, 0.0).to_dict()
    return {"head": "the seed's loop, as written", "seconds": seconds, "epochs": outcome.epochs_trained, **quality}


def _print_progress(progress: EpochProgress) -> None:
    console.print(f"epoch {progress.epoch}: F1 {progress.f1_score:.2f} after {progress.elapsed_sec:.0f} s")


if __name__ == "__main__":
    typer.run(measure)
