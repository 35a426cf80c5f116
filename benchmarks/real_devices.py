"""Heads for real devices from a few recordings each, scored on all other recordings of every device and the background.

    python -m benchmarks.real_devices ../shared/rf --support 10 --devices brennstuhl_remote,schrader_tpms,waveman_remote

RECORDINGS holds a directory of SigMF recordings per device, whose annotations carry the directory's name as their
label, and ``background`` without annotations. Splits are by recording.
"""

import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.results_file import write_result
from rfhydra.config import MIN_SAMPLES_FOR_TRAINING
from rfhydra.detection.detector import HydraDetector
from rfhydra.detection.recording import detect_recording
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.torch_backbone import best_device
from rfhydra.recordings import Recording, open_recording
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.importer import import_recordings, label_windows
from rfhydra.training.evaluation.metrics import MIN_SCORE
from rfhydra.training.evaluation.recordings import as_scene, summarise
from rfhydra.training.service import TrainingService

SPEC = SpectrogramSpec(fft_size=512, hop=256, rows=512, cols=512)
BACKGROUND = "background"
console = Console()


def measure(
    recordings: Annotated[Path, typer.Argument(help="A directory per device.")],
    support: Annotated[int, typer.Option(help="Recordings to learn from, at most half of a device's.")] = 10,
    devices: Annotated[str | None, typer.Option(help="Comma-separated; default all.")] = None,
    seed: Annotated[int, typer.Option(help="Which recordings are the support.")] = 0,
    body: Annotated[Path | None, typer.Option(help="Another body than the one that ships.")] = None,
    name: Annotated[str, typer.Option(help="Of the result file.")] = "real_devices",
) -> None:
    """Train, detect, score, report."""
    everything = open_devices(recordings)
    names = devices.split(",") if devices else sorted(set(everything) - {BACKGROUND})
    backbone = load_backbone(body, best_device())
    learnt, rest = split(everything, names, support, seed)
    rows = score(backbone, learnt, rest)
    _show(rows, len(rest))
    path = write_result(
        name, {"support": support, "seed": seed, "tested_recordings": len(rest), "rows": rows}, backbone
    )
    console.print(f"written to {path.name}")


def open_devices(recordings: Path) -> dict[str, list[Recording]]:
    """The recordings in each folder, by the folder's name, which is the device's."""
    return {
        folder.name: [open_recording(path) for path in sorted(folder.glob("*.sigmf-meta"))]
        for folder in sorted(recordings.iterdir())
        if folder.is_dir()
    }


def split(
    everything: Mapping[str, list[Recording]],
    names: Collection[str],
    support: int,
    seed: int,
    tested: int | None = None,
) -> tuple[dict[str, list[Recording]], list[Recording]]:
    """Recordings to learn the devices in ``names`` from, and all others, of the background too, to test on.

    Args:
        everything: by device; :data:`BACKGROUND` is none.
        names: the devices that are learnt.
        support: how many recordings of each to learn from, more where they hold too few windows to train on; never
            more than half of what there is.
        seed: decides which ones.
        tested: at most so many of each device; None for all.
    """
    rng = np.random.default_rng(seed)
    learnt: dict[str, list[Recording]] = {}
    rest = list(everything.get(BACKGROUND, []))[:tested]
    for device, every in everything.items():
        if device == BACKGROUND:
            continue
        shuffled = [every[index] for index in rng.permutation(len(every))]
        count = 0
        if device in names:
            count = _enough(shuffled[: len(every) // 2], device, support)
            learnt[device] = shuffled[:count]
        rest += shuffled[count:][:tested]
    return learnt, rest


def _enough(recordings: Sequence[Recording], device: str, support: int) -> int:
    """How many of ``recordings`` it takes for ``support`` of them and for the least number of samples."""
    samples = 0
    for count, recording in enumerate(recordings, start=1):
        samples += sum(1 for _ in label_windows(recording, device, SPEC))
        if count >= support and samples >= MIN_SAMPLES_FOR_TRAINING:
            return count
    return len(recordings)


def score(backbone: Backbone, learnt: Mapping[str, list[Recording]], rest: Sequence[Recording]) -> list[dict[str, Any]]:
    """Train a head for each device in one workspace and detect all of them together; a row for each."""
    with tempfile.TemporaryDirectory() as directory, Workspace.create(Path(directory) / "w", SPEC) as workspace:
        service = TrainingService(workspace, backbone)
        for device, chosen in learnt.items():
            import_recordings(workspace, chosen, device)
        rows = []
        for device in learnt:
            started = time.perf_counter()
            result = service.train_new_signal(device)
            service.version_manager.promote_version(device, result.version)  # also one that finds no validation box
            rows.append({"device": device, "recordings": len(learnt[device]), "samples": result.sample_count})
            rows[-1] |= {"training_s": time.perf_counter() - started}
            rows[-1] |= {"proposal_recall": result.metrics["proposal_recall"]}
        detector = HydraDetector(SPEC, backbone)
        detector.load_heads(service.version_manager.load_heads(learnt, backbone))
        found = [detect_recording(each, detector, MIN_SCORE) for each in track(rest, "detecting", console=console)]
        for row in rows:
            device = str(row["device"])
            scenes = [as_scene(each, device, detections) for each, detections in zip(rest, found, strict=True)]
            threshold = detector.loaded_threshold(device)
            row |= {f"iou_{iou}": summarise(scenes, threshold, iou) for iou in (0.5, 0.3)}
    return rows


def _show(rows: list[dict[str, Any]], tested: int) -> None:
    columns = [
        "device",
        "windows",
        "F1 @0.5",
        "precision",
        "recall",
        "AP",
        "F1 @0.3",
        "false alarms",
        "own boxes proposed",
    ]
    table = Table(*columns, title=f"{tested} recordings never trained on, every device and background")
    for row in rows:
        half, third = row["iou_0.5"], row["iou_0.3"]
        rates = [f"{half[key]:.3f}" for key in ("f1_score", "precision", "recall", "ap")]
        recall = f"{row['proposal_recall']:.2f}"
        table.add_row(row["device"], str(row["samples"]), *rates, f"{third['f1_score']:.3f}", str(third["fp"]), recall)
    mean = [np.mean([row[key]["f1_score"] for row in rows]) for key in ("iou_0.5", "iou_0.3")]
    table.add_row("mean", "", f"{mean[0]:.3f}", "", "", "", f"{mean[1]:.3f}", "", "")
    console.print(table)


if __name__ == "__main__":
    typer.run(measure)
