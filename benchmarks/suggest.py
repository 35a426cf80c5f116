"""Suggested contracts: what they are, and F1 of a head from ten boxes with each against the default contract.

    python -m benchmarks.suggest ../shared/rf ../shared/rf2

A folder of SigMF recordings per signal, whose annotations carry the folder's name as their label. The contract is
suggested from the first recording alone. Then ten boxes of the first recordings become samples, and the head is tested
on recordings that it has seen nothing of. Synthetic signals, with as many recordings, follow.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer

from benchmarks.results import Row, Units, write_result
from benchmarks.tables import show, table
from benchmarks.trial import temporary_workspace
from rfhydra.config import MIN_SAMPLES_FOR_TRAINING
from rfhydra.contract.choice import ContractChoice, choose_contract
from rfhydra.contract.extent import annotated_extents, common_rate
from rfhydra.contract.proposed import proposed_extent
from rfhydra.contract.speed import times_real_time
from rfhydra.detection.detector import HydraDetector
from rfhydra.errors import InvalidRecording, NotEnoughSamples, NotFound
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.torch_backbone import best_device
from rfhydra.quantities import format_quantity
from rfhydra.recordings import Annotation, Recording, open_recording, write_recording
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.synth import Burst, Receiver, Rng, Scene, make_burst
from rfhydra.training.data.importer import import_recordings
from rfhydra.training.evaluation.recordings import score_recordings, summarise
from rfhydra.training.service import TrainingService

BOXES: Final = 10
TESTED: Final = 6
"""Recordings that a head is tested on, at most."""
DEFAULT: Final = SpectrogramSpec()


@dataclass(frozen=True, kw_only=True)
class Synthetic:
    """A signal among others: ``durations`` in seconds and ``widths`` in Hz are ranges."""

    name: str
    kind: str
    rate_hz: float
    recording_sec: float
    durations: tuple[float, float]
    widths: tuple[float, float]
    emissions: int = 4
    snr_db: tuple[float, float] = (10.0, 25.0)
    others: Sequence[str] = ("chirp", "fsk2")


SYNTHETIC: Final = (
    Synthetic(
        name="wifi_like_20m",
        kind="ofdm",
        rate_hz=20e6,
        recording_sec=4e-3,
        durations=(50e-6, 300e-6),
        widths=(15e6, 17e6),
        others=("chirp",),
    ),
    Synthetic(
        name="lines_4k", kind="tone", rate_hz=4e3, recording_sec=120.0, durations=(11.5, 12.5), widths=(10.0, 16.0)
    ),
    Synthetic(
        name="pulses_2m", kind="qpsk", rate_hz=2e6, recording_sec=10e-3, durations=(118e-6, 122e-6), widths=(4e5, 6e5)
    ),
)


def recorded(signal: Synthetic, directory: Path, count: int) -> list[Recording]:
    """``count`` recordings of a synthetic signal beside others of the same sizes."""
    return [open_recording(_record(signal, directory, seed)) for seed in range(count)]


def _record(signal: Synthetic, directory: Path, seed: int) -> Path:
    rng = np.random.default_rng([seed, len(signal.name)])
    scene = Scene(int(signal.recording_sec * signal.rate_hz))
    for _ in range(signal.emissions):
        scene.place(_burst(signal, signal.kind, rng), rng, rng.uniform(*signal.snr_db), cut=0.0, max_overlap=0.0)
    for kind in signal.others:
        scene.place(_burst(signal, kind, rng), rng, rng.uniform(*signal.snr_db), cut=0.0, max_overlap=0.0)
    annotations = [
        Annotation.of_box(
            each.box(signal.rate_hz, 0.0),
            signal.name if each.kind == signal.kind else None,
            signal.rate_hz,
            len(scene.iq),
        )
        for each in scene.emissions
    ]
    iq = Receiver().apply(scene, rng)
    return write_recording(
        directory / f"{signal.kind}-{seed}", iq, signal.rate_hz, 0.0, annotations, datatype="ci16_le"
    )


def _burst(signal: Synthetic, kind: str, rng: Rng) -> Burst:
    duration, width = rng.uniform(*signal.durations), rng.uniform(*signal.widths)
    return make_burst(kind, rng, int(duration * signal.rate_hz), width / signal.rate_hz)


def ten_boxes(recordings: Sequence[Recording], label: str) -> tuple[list[Recording], list[Recording]]:
    """Recordings with ten boxes of ``label`` between them, the last one cut short for that, and those to test on."""
    support, missing = list[Recording](), BOXES
    for number, recording in enumerate(recordings):
        boxes = [each for each in recording.annotations if each.label == label]
        taken = boxes[: min(missing, max(1, -(-BOXES // MIN_SAMPLES_FOR_TRAINING)))]
        kept = tuple(each for each in recording.annotations if each.label != label or each in taken)
        end = max((each.sample_end for each in taken), default=0)
        others = [each.sample_start for each in boxes[len(taken) :]]
        support.append(
            _cut(recording, kept, min([*(start for start in others if start >= end), recording.sample_count]))
        )
        missing -= len(taken)
        if not missing:
            return support, list(recordings[number + 1 :][:TESTED])
    return support, []


def _cut(recording: Recording, annotations: Sequence[Annotation], end: int) -> Recording:
    """The first ``end`` samples with those ``annotations`` that begin in them: nothing unlabelled is left in it."""
    kept = tuple(each for each in annotations if each.sample_start < end)
    return replace(recording, annotations=kept, stored=recording.stored[:end], stated_sha512=recording.recording_id)


def f1_of(
    spec: SpectrogramSpec, label: str, support: Sequence[Recording], tested: Sequence[Recording], backbone: Backbone
) -> Row:
    """F1 of a head from the boxes of ``support`` under a contract, at IoU 0.5; its samples; None where it has none."""
    try:
        return _f1_of(spec, label, support, tested, backbone)
    except (NotEnoughSamples, InvalidRecording) as error:
        boxes = sum(each.label == label for recording in tested for each in recording.annotations)
        return {"f1_score": None, "reason": str(error), "tp": 0, "fn": boxes}


def _f1_of(
    spec: SpectrogramSpec, label: str, support: Sequence[Recording], tested: Sequence[Recording], backbone: Backbone
) -> Row:
    with temporary_workspace(spec) as workspace:
        samples = import_recordings(workspace, support, label).new_samples[label]
        service = TrainingService(workspace, backbone)
        result = service.train_new_signal(label, provisional=True)
        service.version_manager.promote_version(label, result.version)
        detector = HydraDetector(spec, backbone)
        detector.load_heads(service.version_manager.load_heads([label], backbone))
        scenes = score_recordings(detector, label, tested)
        report = summarise(scenes, detector.loaded_threshold(label), 0.5)
    return {
        "samples": samples,
        **{name: report[name] for name in ("f1_score", "precision", "recall", "tp", "fp", "fn")},
    }


def propose(opened: Callable[[], Sequence[Recording]], backbone: Backbone) -> list[int] | None:
    """The contract that the first recording suggests without its boxes, None where nothing is proposed."""
    recordings = opened()[:1]
    try:
        return [*_fields(choose_contract(common_rate(recordings), [proposed_extent(recordings, backbone)]).spec)]
    except NotFound:
        return None


def measure_signal(label: str, opened: Callable[[], Sequence[Recording]], backbone: Backbone) -> Row:
    """The contract that the first recording suggests, and the heads under it and under the default contract."""
    recordings = opened()
    rate = common_rate(recordings)
    choice = choose_contract(rate, annotated_extents(recordings[:1], label))
    support, tested = ten_boxes(recordings, label)
    before = ContractChoice.of(DEFAULT, rate, [span.extent for span in choice.spans])
    return {
        "signal": label,
        "rate_hz": rate,
        "duration_sec": choice.spans[0].extent.duration_sec,
        "bandwidth_hz": choice.spans[0].extent.bandwidth_hz,
        "contract": [*_fields(choice.spec)],
        "span": [choice.spans[0].cols, choice.spans[0].rows],
        "default_span": [before.spans[0].cols, before.spans[0].rows],
        "window_sec": choice.window_sec,
        "pixels_per_sec": choice.pixels_per_sec,
        "times_real_time": times_real_time(choice, backbone),
        "recordings": len(tested),
        "suggested": f1_of(choice.spec, label, support, tested, backbone),
        "default": f1_of(DEFAULT, label, support, tested, backbone),
    }


def _opened(paths: Sequence[Path]) -> list[Recording]:
    return [open_recording(each) for each in paths]


def _fields(spec: SpectrogramSpec) -> tuple[int, int, int, int]:
    return spec.fft_size, spec.hop, spec.rows, spec.cols


def _signals(folders: Iterable[Path], directory: Path) -> Iterator[tuple[str, Callable[[], Sequence[Recording]]]]:
    """Every signal, and what opens or makes its recordings."""
    for signal in SYNTHETIC:
        yield signal.name, partial(recorded, signal, directory, 5 + TESTED)
    for folder in folders:
        for path in sorted(folder.iterdir()):
            metadata = sorted(path.glob("*.sigmf-meta"))
            if metadata and path.name != "background":
                yield path.name, partial(_opened, metadata)


def measure(
    folders: Annotated[list[Path], typer.Argument(help="Folders with a folder of recordings per signal.")],
    units: Annotated[Path, typer.Option(help="Where finished signals are kept: a second run goes on.")] = Path(
        "build/suggest"
    ),
) -> None:
    """Suggest, train, test, report."""
    backbone, stored = load_backbone(None, best_device()), Units(units)
    with tempfile.TemporaryDirectory() as directory:
        signals = list(_signals(folders, Path(directory)))
        measured = [stored.get(name, partial(measure_signal, name, opened, backbone)) for name, opened in signals]
        proposed = [stored.get(f"{name}-proposed", partial(propose, opened, backbone)) for name, opened in signals]
    rows = [{**row, "proposed": contract} for row, contract in zip(measured, proposed, strict=True)]
    show(report(rows))
    write_result("suggest", {"boxes": BOXES, "rows": rows}, backbone)


def report(rows: Sequence[Row]) -> str:
    """The table, in Markdown."""
    header = (
        "signal",
        "rate",
        "typical",
        "suggested",
        "spans",
        "without boxes",
        "pixels per s",
        "F1",
        "default spans",
        "F1 default",
        "boxes",
    )
    lines = [
        (
            row["signal"],
            format_quantity(row["rate_hz"], "S/s"),
            f"{format_quantity(row['duration_sec'], 's')} × {format_quantity(row['bandwidth_hz'], 'Hz')}",
            " / ".join(map(str, row["contract"])),
            _span(row["span"]),
            "none" if row["proposed"] is None else " / ".join(map(str, row["proposed"])),
            format_quantity(row["pixels_per_sec"], ""),
            _score(row["suggested"]),
            _span(row["default_span"]),
            _score(row["default"]),
            row["suggested"]["tp"] + row["suggested"]["fn"],
        )
        for row in rows
    ]
    return table(header, *lines)


def _score(result: Row) -> str:
    return "none" if result["f1_score"] is None else f"{result['f1_score']:.2f}"


def _span(span: Sequence[float]) -> str:
    return f"{span[0]:.3g} × {span[1]:.3g}"


if __name__ == "__main__":
    typer.run(measure)
