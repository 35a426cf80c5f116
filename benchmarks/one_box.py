"""Heads from one box, one sample and two: what they find in other recordings of real devices.

    python -m benchmarks.one_box ../shared/rf ../shared/rf2

The first argument is a folder per device, as for ``real_devices``; the second holds recordings that are consecutive
pieces of one, measured under contracts of their own. Every head is trained in a workspace of its own, without samples
of other signals, and detects alone: in windows with emissions of its device, of the others, and of the background, all
from recordings that no head was trained on. *One box* is a window in which a single box was drawn, whatever else of the
signal it shows. Five samples make a validated head, for comparison.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer

from benchmarks.real_devices import BACKGROUND, SUPPORT_PIECES, Collection
from benchmarks.results import Row, write_result
from benchmarks.tables import show, table, tracked
from benchmarks.trial import temporary_workspace
from rfhydra.config import MIN_SAMPLES_FOR_TRAINING
from rfhydra.detection.windows import recording_windows
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.head import EmbeddingHead, HeadStack
from rfhydra.hydra.torch_backbone import best_device
from rfhydra.recordings import Recording
from rfhydra.spectrum.pixels import PixelBoxes
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.window import Window
from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.importer import import_recordings
from rfhydra.training.evaluation.metrics import MIN_SCORE, ScoredScene, average_precision, evaluate, match
from rfhydra.training.service import TrainingService

CONTRACTS: Final = {
    "adsb_2m0": SpectrogramSpec(fft_size=64, hop=8, rows=64, cols=512),
    "wifi_20m": SpectrogramSpec(fft_size=128, hop=32, rows=128, cols=256),
}
KINDS: Final = {"one box": 1, "one sample": 1, "two samples": 2, "five samples": MIN_SAMPLES_FOR_TRAINING}
POOL: Final = 8  # recordings of a device that samples are drawn from, at most half of all
TESTED: Final = 4  # other recordings of a device
MAX_WINDOWS: Final = 8  # of a device's test recordings
BACKGROUND_WINDOWS: Final = 2  # of each recording
RECALL: Final = 0.5
FIGURES: Final = ("precision_at_recall", "ap", "f1_score")


@dataclass(frozen=True)
class Trial:
    """A head that was trained on one draw of samples."""

    device: str
    kind: str
    head: EmbeddingHead


@dataclass(frozen=True, eq=False)
class TestWindow:
    """A window that no head was trained on, with the boxes of each label in pixels (n, 4)."""

    window: Window
    truth: Mapping[str, PixelBoxes]
    recording: str


def score(backbone: Backbone, collection: Collection, draws: int, cache: Path | None = None) -> list[Row]:
    """Train ``draws`` heads of each kind for each device of ``collection``; a row for each device and kind."""
    rng = np.random.default_rng(0)
    trials, tests = list[Trial](), list[TestWindow]()
    for device in tracked(collection.devices, "training"):
        pool, rest = _split(collection, device, rng)
        tests += _labelled_windows(collection.spec, device, rest)
        with temporary_workspace(collection.spec) as workspace:
            import_recordings(workspace, pool, device)
            trials += [
                Trial(device, kind, _train(backbone, workspace, device, chosen, kind, cache, rng))
                for _ in range(draws)
                for chosen in [_drawn(workspace.samples.list(device), rng)]
                for kind in KINDS
            ]
    tests += _background_windows(collection)
    scored = [*zip(trials, _detect(backbone, trials, tests), strict=True)]
    return [
        _row(device, kind, [each for each in scored if (each[0].device, each[0].kind) == (device, kind)])
        for device in collection.devices
        for kind in KINDS
    ]


def _split(
    collection: Collection, device: str, rng: np.random.Generator
) -> tuple[Sequence[Recording], Sequence[Recording]]:
    """Recordings to draw samples from, and to test on."""
    recordings = collection.recordings[device]
    if collection.in_order:
        return recordings[:SUPPORT_PIECES], recordings[SUPPORT_PIECES:]
    shuffled = [recordings[index] for index in rng.permutation(len(recordings))]
    half = len(shuffled) // 2
    return shuffled[: min(half, POOL)], shuffled[half : half + TESTED]


def _labelled_windows(spec: SpectrogramSpec, device: str, recordings: Sequence[Recording]) -> list[TestWindow]:
    with temporary_workspace(spec) as workspace:
        import_recordings(workspace, recordings, device, MAX_WINDOWS)
        return [
            TestWindow(
                Window(workspace.samples.image(sample), frame),
                {label: frame.to_pixels(sample.labels.boxes(label)) for label, _ in sample.labels.labels},
                str(sample.recording),
            )
            for sample in workspace.samples.list(device)
            for frame in [sample.frame(spec)]
        ]


def _background_windows(collection: Collection) -> Iterator[TestWindow]:
    for recording in collection.recordings.get(BACKGROUND, []):
        for window, _ in zip(recording_windows(recording, collection.spec), range(BACKGROUND_WINDOWS), strict=False):
            yield TestWindow(window, {}, recording.name)


def _drawn(samples: Sequence[Sample], rng: np.random.Generator) -> list[Sample]:
    """Five of ``samples``, of as many recordings as possible."""
    turns: dict[str | None, int] = {}
    ranked = list[tuple[int, int]]()
    for index in rng.permutation(len(samples)).tolist():
        turn = turns[samples[index].recording] = turns.get(samples[index].recording, 0) + 1
        ranked.append((turn, index))
    ordered = sorted(ranked, key=lambda each: each[0])
    return [samples[index] for _, index in ordered[:MIN_SAMPLES_FOR_TRAINING]]


def _train(
    backbone: Backbone,
    pool: Workspace,
    device: str,
    samples: Sequence[Sample],
    kind: str,
    cache: Path | None,
    rng: np.random.Generator,
) -> EmbeddingHead:
    """A head from as many of the first of ``samples`` as ``kind`` says."""
    with temporary_workspace(pool.spec, cache) as workspace:
        for sample in samples[: KINDS[kind]]:
            boxes = sample.boxes
            if kind == "one box":
                boxes = (boxes[int(rng.integers(len(boxes)))],)
            window = Window(pool.samples.image(sample), sample.frame(pool.spec))
            workspace.samples.add(signal_name=device, window=window, boxes=boxes, recording=sample.recording)
        service = TrainingService(workspace, backbone)
        result = service.train_new_signal(device, provisional=True)
        head = service.version_manager.load_head(device, result.version, backbone).head
    assert isinstance(head, EmbeddingHead)
    return head


def _detect(backbone: Backbone, trials: Sequence[Trial], tests: Sequence[TestWindow]) -> list[list[ScoredScene]]:
    """Detections of each trial's head alone, a scene for each window."""
    stack, nothing = HeadStack([each.head for each in trials]), np.zeros((0, 4), np.float32)
    scenes: list[list[ScoredScene]] = [[] for _ in trials]
    for test in tracked(tests, "detecting"):
        image = test.window.image
        found = stack.detect_in(image, backbone.see(image), [MIN_SCORE] * len(trials))
        for trial, own, detected in zip(trials, scenes, found, strict=True):
            truth = test.truth.get(trial.device, nothing)
            own.append(ScoredScene(detected.boxes.numpy(), detected.scores.numpy(), truth, test.recording))
    return scenes


def _row(device: str, kind: str, draws: Sequence[tuple[Trial, Sequence[ScoredScene]]]) -> Row:
    """Means over the draws of one kind."""
    found = [
        {
            "precision_at_recall": precision_at_recall(scenes, RECALL),
            "ap": average_precision(scenes),
            **evaluate(scenes, trial.head.info.threshold).to_dict(),
        }
        for trial, scenes in draws
    ]
    return {
        "device": device,
        "kind": kind,
        "draws": len(found),
        "boxes": sum(len(scene.truth) for scene in draws[0][1]),
        **{name: float(np.mean([each[name] for each in found])) for name in found[0]},
        "worst_f1_score": min(each["f1_score"] for each in found),
    }


def precision_at_recall(scenes: Sequence[ScoredScene], recall: float) -> float:
    """Precision at the highest threshold at which ``recall`` is reached, 0 where it never is."""
    scores = np.concatenate([np.zeros(0), *(scene.scores for scene in scenes)])
    hits = np.concatenate([np.zeros(0, bool), *(match(scene) for scene in scenes)])
    found = np.cumsum(hits[np.argsort(-scores, kind="stable")])
    reached = np.flatnonzero(found >= recall * sum(len(scene.truth) for scene in scenes))
    return float(found[reached[0]] / (reached[0] + 1)) if len(reached) else 0.0


def measure(
    recordings: Annotated[Path, typer.Argument(help="A folder per device.")],
    pieces: Annotated[Path, typer.Argument(help="A folder per signal, of consecutive pieces of one recording.")],
    draws: Annotated[int, typer.Option(help="Heads of each kind for each device.")] = 4,
    cache: Annotated[Path | None, typer.Option(help="Directory of the feature cache; default is none.")] = None,
    name: Annotated[str, typer.Option(help="Name of the result file.")] = "one_box",
) -> None:
    """Train, detect, score, report."""
    backbone = load_backbone(None, best_device())
    collections = [Collection(recordings), *(Collection(pieces, spec, only, True) for only, spec in CONTRACTS.items())]
    rows = [row for collection in collections for row in score(backbone, collection, draws, cache)]
    by_device: dict[str, dict[str, Row]] = {}
    for row in rows:
        by_device.setdefault(row["device"], {})[row["kind"]] = row
    means = {kind: {name: _mean(rows, kind, name) for name in FIGURES} for kind in KINDS}
    cells = [(device, *(_cell(kinds[kind]) for kind in KINDS)) for device, kinds in by_device.items()]
    show(f"precision at recall {RECALL} / AP / F1 at the stored threshold, means of {draws} draws")
    show(table(("device", *KINDS), *cells, ("mean", *(_cell(means[kind]) for kind in KINDS))))
    write_result(name, {"draws": draws, "recall": RECALL, "means": means, "rows": rows}, backbone)


def _mean(rows: Sequence[Row], kind: str, name: str) -> float:
    return float(np.mean([row[name] for row in rows if row["kind"] == kind]))


def _cell(row: Mapping[str, float]) -> str:
    return " / ".join(f"{row[name]:.2f}" for name in FIGURES)


if __name__ == "__main__":
    typer.run(measure)
