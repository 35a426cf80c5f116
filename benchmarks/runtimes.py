"""OpenVINO's runtimes against torch's on the same windows: time, agreement, and F1 of heads that torch trained.

    python -m benchmarks.runtimes ../shared/rf

Heads of real devices are trained on the torch runtime and detect on all, in recordings that none was trained on.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from torchvision.ops import box_iou

from benchmarks.heads import EMITTERS, PER_SCENE, make_scene
from benchmarks.real_devices import Collection, Split
from benchmarks.results import Row, write_result
from benchmarks.tables import figures, show, table, tracked
from benchmarks.trial import temporary_workspace
from rfhydra.detection.detector import HydraDetector
from rfhydra.detection.recording import detect_recording
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.runtimes import Runtime
from rfhydra.training.data.importer import import_recordings
from rfhydra.training.evaluation.metrics import MIN_SCORE
from rfhydra.training.evaluation.recordings import as_scene, summarise
from rfhydra.training.service import TrainingService

RUNTIMES: Final[tuple[Runtime, ...]] = ("torch", "openvino", "openvino-int8")
SAME_IOU: Final = 0.9


def measure(
    recordings: Annotated[Path, typer.Argument(help="A folder per device.")],
    windows: Annotated[int, typer.Option(help="Timed windows of 512 x 512.")] = 16,
    repeats: Annotated[int, typer.Option(help="Passes over every window on each runtime.")] = 5,
    support: Annotated[int, typer.Option(help="Recordings of each device to train on.")] = 5,
    tested: Annotated[int, typer.Option(help="Test recordings of each device.")] = 10,
) -> None:
    """Time, compare, score, report."""
    backbones: dict[str, Backbone] = {name: load_backbone(None, runtime=name) for name in RUNTIMES}
    rng = np.random.default_rng(5)
    images = [make_scene(rng, rng.permutation(len(EMITTERS))[:PER_SCENE].tolist()).window.image for _ in range(windows)]
    rows = _timed(backbones, images, repeats)
    agreement = {name: _agreement(backbones["torch"], backbones[name], images) for name in RUNTIMES[1:]}
    f1 = _real_f1(backbones, Collection(recordings), support, tested)
    for row in rows:
        row["mean_f1"] = f1[str(row["runtime"])]
    show(table(("runtime", "ms per window", "of torch's", "mean F1"), *[_shown(row) for row in rows]))
    shown = [(name, what, f"{value:.4f}") for name, found in agreement.items() for what, value in found.items()]
    show(table(("runtime", "agreement with torch", ""), *shown))
    result = {"windows": windows, "repeats": repeats, "threads": torch.get_num_threads(), "support": support}
    write_result("runtimes", {**result, "rows": rows, "agreement": agreement}, backbones["torch"])


def _shown(row: Row) -> Sequence[str]:
    return (str(row["runtime"]), f"{row['median_ms']:.1f}", *figures(row, ("paired_ratio", "mean_f1")))


def _timed(backbones: Mapping[str, Backbone], images: Sequence[NDArray[np.uint8]], repeats: int) -> list[Row]:
    """Median time of pass and proposals on each runtime, in turns."""
    seconds: dict[str, list[float]] = {name: [] for name in backbones}
    for backbone in backbones.values():
        backbone.see(images[0]).propose()
    for image in tracked(list(images) * repeats, "timing"):
        for name, backbone in backbones.items():
            started = time.perf_counter()
            backbone.see(image).propose()
            seconds[name].append(time.perf_counter() - started)
    reference = np.array(seconds["torch"])
    return [
        {
            "runtime": name,
            "median_ms": 1e3 * float(np.median(each)),
            "paired_ratio": float(np.median(np.array(each) / reference)),
        }
        for name, each in seconds.items()
    ]


def _agreement(torch_s: Backbone, other: Backbone, images: Sequence[NDArray[np.uint8]]) -> dict[str, float]:
    """Of torch's proposals: the share that the other proposes as well, and how alike their embeddings are."""
    same, similar = list[float](), list[float]()
    for image in images:
        expected, seen = torch_s.see(image).propose(), other.see(image)
        overlap = box_iou(expected.boxes, seen.propose().boxes).amax(1)
        same += (overlap >= SAME_IOU).tolist()
        similar += torch.cosine_similarity(expected.embeddings, seen.embed(expected.boxes)).tolist()
    return {
        f"proposals with an IoU of {SAME_IOU}": float(np.mean(same)),
        "cosine similarity of embeddings, least": min(similar),
        "cosine similarity of embeddings, 1 % are below": float(np.quantile(similar, 0.01)),
        "cosine similarity of embeddings, median": float(np.median(similar)),
    }


def _real_f1(backbones: Mapping[str, Backbone], collection: Collection, support: int, tested: int) -> dict[str, float]:
    """Mean F1 at IoU 0.5 over the devices, with heads that are trained on torch."""
    split = collection.split(collection.devices, support, 0, tested)
    with temporary_workspace(collection.spec) as workspace:
        service = TrainingService(workspace, backbones["torch"])
        for device, recordings in split.support.items():
            import_recordings(workspace, recordings, device)
        for device in split.support:
            service.version_manager.promote_version(device, service.train_new_signal(device).version)
        return {name: _f1_on(service, backbone, split) for name, backbone in backbones.items()}


def _f1_on(service: TrainingService, backbone: Backbone, split: Split) -> float:
    detector = HydraDetector(service.workspace.spec, backbone)
    detector.load_heads(service.version_manager.load_heads(split.support, backbone))
    found = [detect_recording(each, detector, MIN_SCORE) for each in tracked(split.test, "detecting")]
    rates = []
    for device in split.support:
        scenes = [as_scene(each, device, detections) for each, detections in zip(split.test, found, strict=True)]
        rates.append(summarise(scenes, detector.loaded_threshold(device), 0.5)["f1_score"])
    return float(np.mean(rates))


if __name__ == "__main__":
    typer.run(measure)
