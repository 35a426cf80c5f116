"""Seconds of detection for a second of recording, at three sample rates, and what takes them.

    python -m benchmarks.detect_speed

Windows overlap by half and have the same number of samples at every rate, so the work grows with the rate: it is
measured on a recording of a few windows and given for one second. The parts are measured one after the other on the
same windows; the rest is the heads, the tracker, and what the parts do not cover.
"""

import tempfile
import time
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer

from benchmarks.heads import EMITTERS, make_scene, train_emitter
from benchmarks.results import Row, write_result
from benchmarks.scenes import SPEC
from benchmarks.tables import figures, show, table
from benchmarks.trial import temporary_workspace
from rfhydra.detection.detector import HydraDetector
from rfhydra.detection.recording import detect_recording
from rfhydra.detection.windows import window_spans
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.torch_backbone import best_device
from rfhydra.recordings import Recording, open_recording
from rfhydra.spectrum.spectrogram import make_window
from rfhydra.synth import Receiver, Rng, Scene, make_burst
from rfhydra.training.service import TrainingService

RATES_HZ: Final = (250e3, 2.4e6, 20e6)
SIGNAL: Final = "emitter-0"
PARTS: Final = ("read", "spectrogram", "backbone", "proposals", "rest")


def measure(
    windows: Annotated[int, typer.Option(help="Windows of each recording.")] = 24,
    samples: Annotated[int, typer.Option(help="Training samples of the head.")] = 6,
    backbone: Annotated[Path | None, typer.Option(help="Backbone file; default is the one that ships.")] = None,
    seed: Annotated[int, typer.Option(help="Random seed of the scenes.")] = 5,
) -> None:
    """Train a head, detect, report."""
    rng, loaded = np.random.default_rng(seed), load_backbone(backbone, best_device())
    with temporary_workspace() as workspace:
        head = train_emitter(TrainingService(workspace, loaded), 0, samples, rng)
    detector = HydraDetector(SPEC, loaded)
    detector.load_heads({SIGNAL: head.loaded})
    detector.detect(make_scene(rng, [0]).window)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "wide.ci8"
        path.write_bytes(_iq(rng, (windows + 1) * SPEC.window_samples // 2))
        rows = [_row(open_recording(path, datatype="ci8", sample_rate_hz=rate), detector) for rate in RATES_HZ]
    names = ("seconds_per_second", *PARTS)
    shown = ((f"{row['sample_rate_hz'] / 1e6:g} MS/s", *figures(row, names)) for row in rows)
    show(table(("recording", "seconds per second", *PARTS), *shown))
    write_result("detect_speed", {"windows": windows, "heads": 1, "rows": rows}, loaded)


def _iq(rng: Rng, count: int) -> bytes:
    """Interleaved 8-bit samples: four bursts in every window, in noise."""
    scene = Scene(count)
    for number in range(4 * count // SPEC.window_samples):
        kind, (duration, bandwidth) = EMITTERS[number % len(EMITTERS)]
        scene.place(make_burst(kind, rng, duration, bandwidth), rng, float(rng.uniform(8, 30)))
    parts = Receiver().apply(scene, rng).view(np.float32)
    data: bytes = (parts * (100 / np.abs(parts).max())).astype(np.int8).tobytes()
    return data


def _row(recording: Recording, detector: HydraDetector) -> Row:
    """Seconds for a second of ``recording``, in all and of each part."""
    spent = dict.fromkeys(PARTS, 0.0)
    for start, count in window_spans(recording, SPEC):
        marks = [time.perf_counter()]
        iq = recording.read(start, count)
        marks.append(time.perf_counter())
        window = make_window(iq, SPEC, recording.sample_rate_hz, 0.0, start)
        marks.append(time.perf_counter())
        seen = detector.backbone.see(window.image)
        marks.append(time.perf_counter())
        seen.propose()
        marks.append(time.perf_counter())
        for name, seconds in zip(PARTS, np.diff(marks).tolist(), strict=False):
            spent[name] += seconds
    started = time.perf_counter()
    found = detect_recording(recording, detector)
    total = time.perf_counter() - started
    spent["rest"] = max(0.0, total - sum(spent.values()))
    per_second = {name: seconds / recording.duration_sec for name, seconds in spent.items()}
    rate = {"sample_rate_hz": recording.sample_rate_hz, "seconds_per_second": total / recording.duration_sec}
    return {**rate, **per_second, "detections": len(found)}


if __name__ == "__main__":
    typer.run(measure)
