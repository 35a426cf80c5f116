"""What more heads cost: 1, 12 and 100 loaded heads on the same windows, side by side.

    python -m benchmarks.heads

Twelve emitters are learnt; for a hundred heads each is loaded several times under other names, so that on every burst
eight heads answer at once, which is more work than a hundred different ones would have. The counts take turns on each
window, so that whatever else the machine does burdens all of them alike.
"""

import tempfile
import time
from dataclasses import replace
from itertools import cycle, islice, product
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.results_file import write_result
from rfhydra.detection.detector import HydraDetector
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.loading import Head, LoadedHead
from rfhydra.hydra.torch_backbone import best_device
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.spectrogram import make_window
from rfhydra.spectrum.window import Window
from rfhydra.store.workspace import Workspace
from rfhydra.synth import Burst, Receiver, Rng, Scene, make_burst
from rfhydra.training.service import TrainingService

SPEC: Final = SpectrogramSpec(fft_size=512, hop=256, rows=512, cols=512)
RATE_HZ: Final = 1e6
COUNTS: Final = (1, 12, 100)
TARGETS: Final = {12: 1.1, 100: 1.3}
EMITTERS: Final = tuple(product(("chirp", "ofdm", "fsk2", "hopper"), ((6_000, 0.03), (20_000, 0.06), (50_000, 0.12))))
SNR_DB: Final = (8.0, 30.0)
PER_SCENE: Final = 4
console = Console()


def measure(
    windows: Annotated[int, typer.Option(help="With four of the emitters in each.")] = 24,
    repeats: Annotated[int, typer.Option(help="Of every window with every count.")] = 5,
    samples: Annotated[int, typer.Option(help="To learn each of the emitters from.")] = 6,
    body: Annotated[Path | None, typer.Option(help="Another body than the one that ships.")] = None,
    seed: Annotated[int, typer.Option(help="Of the scenes.")] = 5,
) -> None:
    """Train, load, time, report."""
    rng = np.random.default_rng(seed)
    backbone = load_backbone(body, best_device())
    with tempfile.TemporaryDirectory() as directory, Workspace.create(Path(directory) / "w", SPEC) as workspace:
        service = TrainingService(workspace, backbone)
        heads = [
            _learn(service, number, samples, rng) for number in track(range(len(EMITTERS)), "heads", console=console)
        ]
        detectors = {count: _loaded(service, heads, count) for count in COUNTS}
        windows_ = [_scene(rng, rng.permutation(len(EMITTERS))[:PER_SCENE])[0] for _ in range(windows)]
        seconds, found = _time(detectors, windows_, repeats)
    rows = [_row(count, seconds, found[count] / (windows * repeats)) for count in COUNTS]
    _show(rows)
    write_result("heads", {"windows": windows, "repeats": repeats, "rows": rows}, backbone)


def _row(count: int, seconds: dict[int, list[float]], detections: float) -> dict[str, Any]:
    times, single = np.array(seconds[count]), np.array(seconds[1])
    return {
        "heads": count,
        "median_s": float(np.median(times)),
        "ratio": float(np.median(times) / np.median(single)),
        "paired_ratio": float(np.median(times / single)),
        "target": TARGETS.get(count),
        "detections_per_window": detections,
    }


def _show(rows: list[dict[str, Any]]) -> None:
    table = Table("heads", "ms per window", "ratio", "median of paired ratios", "target", "detections per window")
    for row in rows:
        target = f"≤ {row['target']}" if row["target"] else ""
        ratios = [f"{row[name]:.3f}" for name in ("ratio", "paired_ratio")]
        found = f"{row['detections_per_window']:.1f}"
        table.add_row(str(row["heads"]), f"{1e3 * row['median_s']:.1f}", *ratios, target, found)
    console.print(table)


def _learn(service: TrainingService, number: int, samples: int, rng: Rng) -> Head:
    name = f"emitter-{number}"
    for _ in range(samples):
        others = [int(each) for each in rng.permutation(len(EMITTERS)) if each != number][: PER_SCENE - 1]
        window, boxes = _scene(rng, [number, *others])
        service.workspace.samples.add(
            signal_name=name,
            window=window,
            boxes=boxes[:1],
        )
    version = service.train_new_signal(name).version
    return service.version_manager.load_head(name, version, service.backbone).head


def _loaded(service: TrainingService, heads: list[Head], count: int) -> HydraDetector:
    """A detector with ``count`` heads, each of ``heads`` as often as it takes."""
    detector = HydraDetector(SPEC, service.backbone)
    detector.load_heads(
        {f"head-{number}": LoadedHead(1, head) for number, head in enumerate(islice(cycle(heads), count))}
    )
    return detector


def _scene(rng: Rng, numbers: Any) -> tuple[Window, list[Box]]:
    """A window with a burst of each of the emitters, and their boxes in that order."""
    while True:
        scene = Scene(SPEC.window_samples)
        placed = [scene.place(_burst(rng, int(number)), rng, rng.uniform(*SNR_DB), cut=0.0) for number in numbers]
        sent = [each for each in placed if each is not None]
        if len(sent) == len(placed):
            window = make_window(Receiver(tilt_db=(-2.0, 0.0, 1.0)).apply(scene, rng), SPEC, RATE_HZ, 0.0)
            return replace(window, iq=None), [each.box(RATE_HZ, 0.0) for each in sent]


def _burst(rng: Rng, number: int) -> Burst:
    kind, (duration, bandwidth) = EMITTERS[number]
    return make_burst(kind, rng, duration, bandwidth)


def _time(
    detectors: dict[int, HydraDetector], scenes: list[Window], repeats: int
) -> tuple[dict[int, list[float]], dict[int, int]]:
    """Seconds of every call, and how many detections there were in all, by count of heads."""
    seconds: dict[int, list[float]] = {count: [] for count in detectors}
    found = dict.fromkeys(detectors, 0)
    for detector in detectors.values():
        detector.detect(scenes[0])
    for turn, window in track(list(enumerate(scenes * repeats)), "timing", console=console):
        order = list(detectors) if turn % 2 else list(reversed(detectors))
        for count in order:
            started = time.perf_counter()
            found[count] += len(detectors[count].detect(window).detections)
            seconds[count].append(time.perf_counter() - started)
    return seconds, found


if __name__ == "__main__":
    typer.run(measure)
