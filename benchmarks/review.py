"""F1 before and after a review: detect on recordings with false alarms, accept and reject, extend.

    python -m benchmarks.review ../shared/rf

RECORDINGS holds a folder per device, as for ``real_devices``. A head is trained on few recordings of one device, in a
workspace without samples of others, as a first head is. It detects in further recordings, of its device and of a
similar one; detections are accepted where they match an annotation at IoU 0.5 and rejected where they touch none, as an
operator who looks at the picture does. Then the head is extended. Both versions detect in other recordings of the two.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer

from benchmarks.real_devices import BACKGROUND, Collection
from benchmarks.results import Row, write_result
from benchmarks.scenes import SPEC
from benchmarks.tables import show, table, tracked
from benchmarks.trial import temporary_workspace
from rfhydra.cli.detection_files import write_annotations
from rfhydra.config import IOU_THRESHOLD, MIN_SAMPLES_FOR_TRAINING
from rfhydra.detection.detector import Detection, HydraDetector
from rfhydra.detection.recording import detect_recording
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.torch_backbone import best_device
from rfhydra.recordings import Recording, open_recording
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.importer import import_recordings, label_windows
from rfhydra.training.evaluation.metrics import evaluate, iou_matrix
from rfhydra.training.evaluation.recordings import as_scene, corners
from rfhydra.training.review import Verdict, review
from rfhydra.training.service import TrainingService

SIMILAR: Final = {"waveman_remote": "brennstuhl_remote", "tfa_twin_plus": "auriol_z29536"}
SAMPLES: Final = MIN_SAMPLES_FOR_TRAINING
"""Samples that the first head is trained on, from as many recordings as it takes."""
REVIEWED: Final = 4
"""Recordings of each of the two devices that are reviewed."""
TESTED: Final = 4
"""Likewise, that both versions are tested on, beside those of the background."""


@dataclass(frozen=True)
class _Recordings:
    support: Sequence[Recording]
    reviewed: Sequence[Recording]
    test: Sequence[Recording]

    @classmethod
    def of(cls, collection: Collection, device: str, other: str, seed: int) -> "_Recordings":
        rng = np.random.default_rng(seed)
        own, others = (
            [collection.recordings[name][index] for index in rng.permutation(len(collection.recordings[name]))]
            for name in (device, other)
        )
        windows = np.cumsum([sum(1 for _ in label_windows(each, [device], collection.spec)) for each in own])
        support = int(np.searchsorted(windows, SAMPLES)) + 1
        first = support + REVIEWED
        test = [*own[first : first + TESTED], *others[REVIEWED : REVIEWED + TESTED]]
        reviewed = [*own[support:first], *others[:REVIEWED]]
        return cls(own[:support], reviewed, [*test, *collection.recordings[BACKGROUND]])


def score_device(collection: Collection, device: str, backbone: Backbone, seed: int) -> Row:
    """Train, detect, review, extend, and test both versions."""
    chosen = _Recordings.of(collection, device, SIMILAR[device], seed)
    with temporary_workspace(collection.spec) as workspace, tempfile.TemporaryDirectory() as folder:
        service = TrainingService(workspace, backbone)
        import_recordings(workspace, chosen.support, device, SAMPLES)
        first = service.train_new_signal(device).version
        detector = _detector(service, device, first)
        done = [
            _review(workspace, recording, device, detector, Path(folder) / f"{number}.sigmf-meta")
            for number, recording in enumerate(tracked(chosen.reviewed, f"reviewing {device}"))
        ]
        extended = service.extend_signal(device)
        versions = {"before": detector, "after": _detector(service, device, extended.version)}
        scores = {name: _score(each, device, chosen.test) for name, each in versions.items()}
    return {
        "device": device,
        "similar": SIMILAR[device],
        "recordings": {name: len(part) for name, part in vars(chosen).items()},
        "accepted": sum(accepted for accepted, _ in done),
        "rejected": sum(rejected for _, rejected in done),
        "promoted": extended.auto_promoted,
        "reason": extended.promotion_reason,
        **scores,
    }


def _detector(service: TrainingService, device: str, version: int) -> HydraDetector:
    detector = HydraDetector(service.workspace.spec, service.backbone)
    detector.load_heads({device: service.version_manager.load_head(device, version, service.backbone)})
    return detector


def _review(
    workspace: Workspace, recording: Recording, device: str, detector: HydraDetector, path: Path
) -> tuple[int, int]:
    """Detect in one recording and review it as an operator would; numbers of accepted and of rejected detections."""
    found = detect_recording(recording, detector)
    verdicts = _verdicts(found, recording, device)
    if verdicts:
        write_annotations(recording, found, path)
        review(workspace, open_recording(path), verdicts)
    return sum(each == "accepted" for each in verdicts.values()), sum(each == "rejected" for each in verdicts.values())


def _verdicts(found: Sequence[Detection], recording: Recording, device: str) -> dict[int, Verdict]:
    boxes = corners([each.box for each in found])
    truth = corners([each.box(recording.sample_rate_hz) for each in recording.annotations if each.label == device])
    best = iou_matrix(boxes, truth).max(1, initial=0.0)
    verdicts: dict[int, Verdict] = {}
    for number, overlap in enumerate(best, start=1):
        if overlap >= IOU_THRESHOLD or overlap == 0:
            verdicts[number] = "accepted" if overlap else "rejected"
    return verdicts


def _score(detector: HydraDetector, device: str, recordings: Sequence[Recording]) -> Row:
    scenes = [as_scene(each, device, detect_recording(each, detector)) for each in tracked(recordings, "detecting")]
    counts = evaluate(scenes, 0.0)
    return {**counts.to_dict(), **vars(counts)}


def measure(
    recordings: Annotated[Path, typer.Argument(help="A folder per device.")],
    seed: Annotated[int, typer.Option(help="Random seed of the choice of recordings.")] = 0,
    name: Annotated[str, typer.Option(help="Name of the result file.")] = "review",
) -> None:
    """Train, detect, review, extend, score, report."""
    backbone, collection = load_backbone(None, best_device()), Collection(recordings, SPEC)
    rows = [score_device(collection, device, backbone, seed) for device in SIMILAR]
    cells = [
        (
            row["device"],
            row["accepted"],
            row["rejected"],
            *(f"{row[when]['f1_score']:.2f}" for when in ("before", "after")),
            *(row[when]["fp"] for when in ("before", "after")),
            "yes" if row["promoted"] else "no",
        )
        for row in rows
    ]
    header = ("device", "accepted", "rejected", "F1 before", "after", "false alarms before", "after", "promoted")
    show(table(header, *cells))
    write_result(name, {"seed": seed, "samples": SAMPLES, "rows": rows}, backbone)


if __name__ == "__main__":
    typer.run(measure)
