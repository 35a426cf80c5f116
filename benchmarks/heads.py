"""Detection time with 1, 12 and 100 loaded heads on the same windows.

    python -m benchmarks.heads

Twelve emitters are trained; for a hundred heads each is loaded several times under other names, so that eight heads
detect every burst at once, which is more work than a hundred different heads would be. The counts alternate on each
window, so that other load on the machine affects all of them alike.
"""

import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice, product
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer

from benchmarks.results import Row, write_result
from benchmarks.scenes import SPEC, RenderedScene, render
from benchmarks.tables import figures, show, table, tracked
from benchmarks.trial import TrainedHead, add_samples, temporary_workspace, train
from rfhydra.detection.detector import HydraDetector
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.loading import LoadedHead
from rfhydra.hydra.torch_backbone import best_device
from rfhydra.synth import Burst, Rng, make_burst
from rfhydra.training.service import TrainingService

COUNTS: Final = (1, 12, 100)
TARGETS: Final = {12: 1.1, 100: 1.3}
EMITTERS: Final = tuple(product(("chirp", "ofdm", "fsk2", "hopper"), ((6_000, 0.03), (20_000, 0.06), (50_000, 0.12))))
SNR_DB: Final = (8.0, 30.0)
PER_SCENE: Final = 4


def measure(
    windows: Annotated[int, typer.Option(help="Windows, with four of the emitters in each.")] = 24,
    repeats: Annotated[int, typer.Option(help="Detections of every window with every count.")] = 5,
    samples: Annotated[int, typer.Option(help="Training samples of each emitter.")] = 6,
    backbone: Annotated[Path | None, typer.Option(help="Backbone file; default is the one that ships.")] = None,
    seed: Annotated[int, typer.Option(help="Random seed of the scenes.")] = 5,
) -> None:
    """Train, load, time, report."""
    rng = np.random.default_rng(seed)
    loaded = load_backbone(backbone, best_device())
    with temporary_workspace() as workspace:
        service = TrainingService(workspace, loaded)
        heads = [train_emitter(service, number, samples, rng) for number in tracked(range(len(EMITTERS)), "heads")]
    detectors = {count: _detector(loaded, heads, count) for count in COUNTS}
    scenes = [make_scene(rng, rng.permutation(len(EMITTERS))[:PER_SCENE].tolist()) for _ in range(windows)]
    seconds, found = _time(detectors, scenes, repeats)
    rows = [_row(count, seconds, found[count] / (windows * repeats)) for count in COUNTS]
    names = ("ratio", "paired_ratio", "detections_per_window")
    shown = [(row["heads"], f"{1e3 * row['median_s']:.1f}", *figures(row, names), row["target"] or "") for row in rows]
    columns = ("heads", "ms per window", "ratio", "median of paired ratios", "detections per window", "target ratio")
    show(table(columns, *shown))
    write_result("heads", {"windows": windows, "repeats": repeats, "rows": rows}, loaded)


def _row(count: int, seconds: dict[int, list[float]], detections: float) -> Row:
    times, single = np.array(seconds[count]), np.array(seconds[1])
    return {
        "heads": count,
        "median_s": float(np.median(times)),
        "ratio": float(np.median(times) / np.median(single)),
        "paired_ratio": float(np.median(times / single)),
        "target": TARGETS.get(count),
        "detections_per_window": detections,
    }


def train_emitter(service: TrainingService, number: int, samples: int, rng: Rng) -> TrainedHead:
    """Train a head of emitter ``number`` on ``samples`` scenes with three others in each."""
    scenes = []
    for _ in range(samples):
        others = [int(each) for each in rng.permutation(len(EMITTERS)) if each != number][: PER_SCENE - 1]
        scenes.append(make_scene(rng, [number, *others]))
    add_samples(service.workspace, emitter_name(number), scenes)
    return train(service, emitter_name(number))


def _detector(backbone: Backbone, heads: list[TrainedHead], count: int) -> HydraDetector:
    """A detector with ``count`` heads, each of ``heads`` as often as needed."""
    detector = HydraDetector(SPEC, backbone)
    detector.load_heads(
        {f"head-{number}": LoadedHead(1, each.loaded.head) for number, each in enumerate(islice(cycle(heads), count))}
    )
    return detector


def emitter_name(number: int) -> str:
    """Name of emitter ``number`` as a signal."""
    return f"emitter-{number}"


def make_scene(rng: Rng, numbers: Sequence[int]) -> RenderedScene:
    """A window with a burst of each of the emitters."""

    def wanted() -> Iterator[Burst]:
        for number in numbers:
            kind, (duration, bandwidth) = EMITTERS[number]
            burst = make_burst(kind, rng, duration, bandwidth)
            yield Burst(emitter_name(number), burst.iq, burst.low, burst.high)

    return render(rng, wanted, snr_db=SNR_DB)


def _time(
    detectors: dict[int, HydraDetector], scenes: list[RenderedScene], repeats: int
) -> tuple[dict[int, list[float]], dict[int, int]]:
    """Seconds of every call, and the total number of detections, by count of heads."""
    seconds: dict[int, list[float]] = {count: [] for count in detectors}
    found = dict.fromkeys(detectors, 0)
    for detector in detectors.values():
        detector.detect(scenes[0].window)
    for turn, scene in tracked(enumerate(scenes * repeats), "timing"):
        order = list(detectors) if turn % 2 else list(reversed(detectors))
        for count in order:
            started = time.perf_counter()
            found[count] += len(detectors[count].detect(scene.window).detections)
            seconds[count].append(time.perf_counter() - started)
    return seconds, found


if __name__ == "__main__":
    typer.run(measure)
