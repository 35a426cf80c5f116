"""What do N heads on one pass of the backbone cost against N separate detectors, one for each signal?

    python -m benchmarks.separate

The same stream, read as fast as it is detected in, runs through one pipeline with all heads, and then through one
pipeline for each head. Processor seconds are given for one second of signal. Each separate detector would also hold a
backbone in memory.
"""

import tempfile
import time
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer

from benchmarks.heads import EMITTERS, emitter_name, train_emitter
from benchmarks.results import Row, write_result
from benchmarks.scenes import RATE_HZ, SPEC
from benchmarks.tables import figures, show, table, tracked
from benchmarks.trial import TrainedHead, temporary_workspace
from rfhydra.detection.detector import HydraDetector
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.torch_backbone import best_device
from rfhydra.live.pipeline import LivePipeline
from rfhydra.recordings import write_recording
from rfhydra.streams.recording_source import RecordingSource
from rfhydra.synth import Receiver, Rng, Scene, make_burst
from rfhydra.training.service import TrainingService

COUNTS: Final = (1, 5, 12)
SNR_DB: Final = (8.0, 30.0)
PER_WINDOW: Final = 4


def measure(
    windows: Annotated[int, typer.Option(help="Windows of the stream, with four emissions for each.")] = 12,
    samples: Annotated[int, typer.Option(help="Training samples of each head.")] = 6,
    backbone: Annotated[Path | None, typer.Option(help="Backbone file; default is the one that ships.")] = None,
    seed: Annotated[int, typer.Option(help="Random seed of the scenes.")] = 5,
) -> None:
    """Train, stream, report."""
    rng, loaded = np.random.default_rng(seed), load_backbone(backbone, best_device())
    with temporary_workspace() as workspace:
        service = TrainingService(workspace, loaded)
        heads = [train_emitter(service, number, samples, rng) for number in tracked(range(len(EMITTERS)), "heads")]
    with tempfile.TemporaryDirectory() as directory:
        stream = _record(Path(directory) / "stream", windows, rng)
        _run(stream, loaded, heads[:1])  # warms up
        rows = [_row(stream, loaded, heads[:count], windows) for count in tracked(COUNTS, "streams")]
    columns = ("heads", "one pass, CPU s", "separate, CPU s", "ratio", "tracks", "tracks, separate")
    shown = [
        (row["heads"], *figures(row, ("together_s", "separate_s", "ratio")), row["tracks"], row["separate_tracks"])
        for row in rows
    ]
    show(table(columns, *shown))
    write_result("separate", {"windows": windows, "sample_rate_hz": RATE_HZ, "rows": rows}, loaded)


def _record(stem: Path, windows: int, rng: Rng) -> Path:
    """A recording of so many windows with emissions of all emitters."""
    scene = Scene(windows * SPEC.window_samples)
    for number in range(PER_WINDOW * windows):
        kind, (duration, bandwidth) = EMITTERS[number % len(EMITTERS)]
        scene.place(make_burst(kind, rng, duration, bandwidth), rng, float(rng.uniform(*SNR_DB)), cut=0.0)
    return write_recording(stem, Receiver(bits=8, overload_db=-6).apply(scene, rng), RATE_HZ, 0.0)


def _row(stream: Path, backbone: Backbone, heads: list[TrainedHead], windows: int) -> Row:
    """Processor seconds for one second of signal: of one pipeline with all heads, and of one for each head."""
    duration = windows * SPEC.window_samples / RATE_HZ
    together, tracks = _run(stream, backbone, heads)
    separate = [_run(stream, backbone, [head]) for head in heads]
    apart = sum(seconds for seconds, _ in separate)
    return {
        "heads": len(heads),
        "together_s": together / duration,
        "separate_s": apart / duration,
        "ratio": apart / together,
        "tracks": tracks,
        "separate_tracks": sum(found for _, found in separate),
    }


def _run(stream: Path, backbone: Backbone, heads: list[TrainedHead]) -> tuple[float, int]:
    """Processor seconds of one pass over the stream, and the number of its tracks."""
    detector = HydraDetector(SPEC, backbone)
    detector.load_heads({emitter_name(number): each.loaded for number, each in enumerate(heads)})
    pipeline = LivePipeline(RecordingSource(stream), detector)
    began = time.process_time()
    pipeline.run()
    return time.process_time() - began, pipeline.status().tracks


if __name__ == "__main__":
    typer.run(measure)
