"""F1 on recordings of real devices: train on a few recordings of each, detect in all others and in the background.

    python -m benchmarks.real_devices ../shared/rf --support 10 --devices brennstuhl_remote,schrader_tpms,waveman_remote

    python -m benchmarks.real_devices ../shared/rf2 --devices wifi_20m --in-order --contract 128,32,128,256 --name wifi

RECORDINGS holds a folder of SigMF recordings per device, whose annotations carry the folder's name as their label, and
``background`` without annotations. Splits are by recording.
"""

import time
from collections import Counter
from collections.abc import Collection as Names
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer

from benchmarks.misses import CAUSES, count_misses
from benchmarks.results import Row, write_result
from benchmarks.scenes import SPEC
from benchmarks.tables import figures, show, table, tracked
from benchmarks.trial import temporary_workspace
from rfhydra.config import MIN_SAMPLES_FOR_TRAINING
from rfhydra.detection.detector import HydraDetector
from rfhydra.detection.recording import detect_recording
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.torch_backbone import best_device
from rfhydra.recordings import Recording, open_recording
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.training.data.importer import import_recordings, label_windows
from rfhydra.training.evaluation.metrics import MIN_SCORE
from rfhydra.training.evaluation.recordings import as_scene, summarise
from rfhydra.training.service import TrainingService

BACKGROUND: Final = "background"
SUPPORT_PIECES: Final = 12
PIECES: Final = {
    "adsb_2m0": SpectrogramSpec(fft_size=64, hop=8, rows=64, cols=512),
    "wifi_20m": SpectrogramSpec(fft_size=128, hop=32, rows=128, cols=256),
}
"""The contract of each signal of which there are consecutive pieces of one recording."""


@dataclass(frozen=True)
class Split:
    """Recordings to train on, by device, and recordings to test on; ``samples`` is the most of each device."""

    support: Mapping[str, Sequence[Recording]]
    test: Sequence[Recording]
    samples: int | None = None


@dataclass(frozen=True)
class Collection:
    """Recordings in ``directory``, a folder per device, that are measured under one contract.

    Attributes:
        only: the one folder that is measured; None for all.
        in_order: the recordings of a device are consecutive pieces of one. Heads are trained on samples of its first
            :data:`SUPPORT_PIECES`, and the size of the support is counted in samples.
    """

    directory: Path
    spec: SpectrogramSpec = SPEC
    only: str | None = None
    in_order: bool = False

    @cached_property
    def recordings(self) -> dict[str, list[Recording]]:
        """The recordings by device, and those of the background."""
        return {
            folder.name: [open_recording(path) for path in sorted(folder.glob("*.sigmf-meta"))]
            for folder in sorted(self.directory.iterdir())
            if folder.is_dir() and self.only in (None, folder.name)
        }

    @property
    def devices(self) -> list[str]:
        """Names of the devices, sorted."""
        return sorted(set(self.recordings) - {BACKGROUND})

    def split(self, devices: Names[str], support: int, seed: int, tested: int | None = None) -> Split:
        """Recordings to train on, and all others, also of the background and of devices without a head.

        Args:
            devices: devices to train heads for.
            support: recordings of each to train on, more where they hold too few windows; at most half of a device's.
            seed: random seed of the split.
            tested: most test recordings of each device; None for all.
        """
        if self.in_order:
            first = {device: self.recordings[device][:SUPPORT_PIECES] for device in devices}
            return Split(first, [each for name in devices for each in self.recordings[name][SUPPORT_PIECES:]], support)
        rng = np.random.default_rng(seed)
        chosen: dict[str, list[Recording]] = {}
        rest = list(self.recordings.get(BACKGROUND, []))[:tested]
        for device in self.devices:
            every = self.recordings[device]
            shuffled = [every[index] for index in rng.permutation(len(every))]
            if device in devices:
                chosen[device] = shuffled[: self._enough(shuffled[: len(every) // 2], device, support)]
            rest += shuffled[len(chosen.get(device, [])) :][:tested]
        return Split(chosen, rest)

    def _enough(self, recordings: Sequence[Recording], device: str, support: int) -> int:
        """The number of ``recordings`` that are at least ``support`` and yield enough samples to train on."""
        samples = 0
        for count, recording in enumerate(recordings, start=1):
            samples += sum(1 for _ in label_windows(recording, [device], self.spec))
            if count >= support and samples >= MIN_SAMPLES_FOR_TRAINING:
                return count
        return len(recordings)

    def train(self, split: Split, backbone: Backbone) -> HydraDetector:
        """A detector with a head of each device of the support."""
        with temporary_workspace(self.spec) as workspace:
            service, detector = TrainingService(workspace, backbone), HydraDetector(self.spec, backbone)
            for device, recordings in split.support.items():
                import_recordings(workspace, recordings, device, split.samples)
            for device in tracked(split.support, "training"):
                version = service.train_new_signal(device).version
                service.version_manager.promote_version(device, version)  # also one that finds no validation box
            detector.load_heads(service.version_manager.load_heads(split.support, backbone))
        return detector

    def score(self, backbone: Backbone, split: Split, cache: Path | None = None) -> list[Row]:
        """Train a head for each device in one workspace and detect with all of them together; a row for each.

        ``cache`` is a directory for the feature cache, None for a temporary one.
        """
        with temporary_workspace(self.spec, cache) as workspace:
            service = TrainingService(workspace, backbone)
            for device, recordings in split.support.items():
                import_recordings(workspace, recordings, device, split.samples)
            rows = [_train(service, device, len(recordings)) for device, recordings in split.support.items()]
            detector = HydraDetector(self.spec, backbone)
            heads = service.version_manager.load_heads(split.support, backbone)
            detector.load_heads(heads)
            found = [detect_recording(each, detector, MIN_SCORE) for each in tracked(split.test, "detecting")]
        for row in rows:
            device = str(row["device"])
            scenes = [as_scene(each, device, detections) for each, detections in zip(split.test, found, strict=True)]
            threshold = detector.loaded_threshold(device)
            row |= {f"iou_{iou}": summarise(scenes, threshold, iou) for iou in (0.5, 0.3)}
            head, missed = heads[device].head, Counter[str](dict.fromkeys(CAUSES, 0))
            for recording, detections in zip(split.test, found, strict=True):
                missed.update(count_misses(recording, detections, detector, head))
            row["missed"] = dict(missed)
        return rows


def _train(service: TrainingService, device: str, recordings: int) -> Row:
    started = time.perf_counter()
    result = service.train_new_signal(device)
    service.version_manager.promote_version(device, result.version)  # also one that finds no validation box
    return {
        "device": device,
        "recordings": recordings,
        "samples": result.sample_count,
        "training_s": time.perf_counter() - started,
        "proposal_recall": result.metrics["proposal_recall"],
    }


def measure(
    recordings: Annotated[Path, typer.Argument(help="A folder per device.")],
    support: Annotated[int, typer.Option(help="Recordings to train on, at most half of a device's.")] = 10,
    devices: Annotated[str | None, typer.Option(help="Comma-separated; default all.")] = None,
    seed: Annotated[int, typer.Option(help="Random seed of the split.")] = 0,
    backbone: Annotated[Path | None, typer.Option(help="Backbone file; default is the one that ships.")] = None,
    name: Annotated[str, typer.Option(help="Name of the result file.")] = "real_devices",
    contract: Annotated[str, typer.Option(help="FFT size, hop, rows, columns.")] = "512,256,512,512",
    in_order: Annotated[bool, typer.Option(help="Recordings are pieces of one; the support counts samples.")] = False,
) -> None:
    """Train, detect, score, report."""
    fft_size, hop, rows_, cols = map(int, contract.split(","))
    spec = SpectrogramSpec(fft_size=fft_size, hop=hop, rows=rows_, cols=cols)
    only = devices if in_order else None
    collection = Collection(recordings, spec, only, in_order)
    loaded = load_backbone(backbone, best_device())
    split = collection.split(devices.split(",") if devices else collection.devices, support, seed)
    rows = collection.score(loaded, split)
    shown = [
        (
            row["device"],
            row["samples"],
            *figures(row["iou_0.5"], ("f1_score", "precision", "recall", "ap")),
            f"{row['iou_0.3']['f1_score']:.3f}",
            row["iou_0.3"]["fp"],
            f"{row['proposal_recall']:.2f}",
            *row["missed"].values(),
        )
        for row in rows
    ]
    half, third = (f"{np.mean([row[iou]['f1_score'] for row in rows]):.3f}" for iou in ("iou_0.5", "iou_0.3"))
    columns = ("device", "windows", "F1 @0.5", "precision", "recall", "AP", "F1 @0.3", "false alarms", "candidates")
    show(f"{len(split.test)} recordings that no head was trained on, of every device and the background")
    show(table((*columns, *CAUSES), *shown, ("mean", "", half, "", "", "", third, "", "", *[""] * len(CAUSES))))
    result = {"support": support, "seed": seed, "tested_recordings": len(split.test), "rows": rows}
    write_result(name, result, loaded)


if __name__ == "__main__":
    typer.run(measure)
