"""Synthetic scenes with known truth under a small contract, and samples made of them."""

import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rfhydra.recordings.recording import Annotation
from rfhydra.spectrum.boxes import Box, Frame
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.spectrogram import make_window, spectrogram
from rfhydra.spectrum.window import Window
from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace
from rfhydra.synth import Receiver, Scene, make_burst

SPEC = SpectrogramSpec(fft_size=512, hop=256, rows=256, cols=256)
SMALL_SPEC = SpectrogramSpec(fft_size=128, hop=64, rows=128, cols=128)
RATE_HZ = 1e6
CENTER_HZ = 433e6
SIGNAL = "beacon"
OTHER = "pager"
KINDS = {SIGNAL: "qpsk", OTHER: "fsk2"}
BURST_SAMPLES = 20_000
BURST_WIDTH = 0.06


def scene(seed: int, beacons: int = 1, samples: int = SPEC.window_samples) -> Scene:
    """Beacons of one size, a pager of one size, and for each beacon a chirp and an on-off keyed burst of any size."""
    rng = np.random.default_rng(seed)
    made = Scene(samples)
    for _ in range(beacons):
        burst = make_burst(KINDS[SIGNAL], rng, BURST_SAMPLES, BURST_WIDTH)
        made.place(burst, rng, float(rng.uniform(12, 25)), cut=0.0, max_overlap=0.0)
    made.place(make_burst(KINDS[OTHER], rng, 12_000, 0.1), rng, float(rng.uniform(12, 25)), cut=0.0, max_overlap=0.0)
    for kind in ("chirp", "ook") * beacons:
        burst = make_burst(kind, rng, int(rng.integers(6_000, 30_000)), float(rng.uniform(0.02, 0.12)))
        made.place(burst, rng, float(rng.uniform(8, 25)))
    return made


def heard(made: Scene, seed: int = 0) -> NDArray[np.complex64]:
    return Receiver().apply(made, np.random.default_rng([seed, 1]))


def image_of(made: Scene, seed: int = 0, spec: SpectrogramSpec = SPEC) -> NDArray[np.uint8]:
    return spectrogram(heard(made, seed), spec).numpy()


def window_of(made: Scene, seed: int = 0, spec: SpectrogramSpec = SPEC) -> Window:
    """The window of a scene as a receiver hears it."""
    return make_window(heard(made, seed), spec, RATE_HZ, CENTER_HZ)


def frame(cols: int = SPEC.cols, spec: SpectrogramSpec = SPEC) -> Frame:
    return Frame(spec, RATE_HZ, CENTER_HZ, cols)


def boxes_of(made: Scene, signal_name: str) -> list[Box]:
    return [each.box(RATE_HZ, CENTER_HZ) for each in made.emissions if each.kind == KINDS[signal_name]]


def annotations_of(made: Scene) -> list[Annotation]:
    samples = len(made.iq)
    return [Annotation.of_box(box, name, RATE_HZ, samples) for name in KINDS for box in boxes_of(made, name)]


def add_sample(workspace: Workspace, seed: int, signal_name: str = SIGNAL, **fields: Any) -> Sample:
    """A scene as a sample of one of its signals; the other one is a verified negative."""
    made = scene(seed)
    (negative,) = set(KINDS) - {signal_name}
    given: dict[str, Any] = {
        "signal_name": signal_name,
        "window": replace(window_of(made, seed), iq=None),
        "boxes": boxes_of(made, signal_name),
        "negatives": [(negative, box) for box in boxes_of(made, negative)],
    }
    return workspace.samples.add(**{**given, **fields})[0]


def add_noise(workspace: Workspace, seeds: Iterable[int], signal_name: str = SIGNAL, **fields: Any) -> list[Sample]:
    """Samples whose images nobody looks at, with a box each: for what only counts them."""
    spec = workspace.spec
    box = Box(0.1 * SMALL_SPEC.hop / RATE_HZ, 20 * SMALL_SPEC.hop / RATE_HZ, CENTER_HZ, CENTER_HZ + RATE_HZ / 8)
    return [
        workspace.samples.add(
            signal_name=signal_name,
            window=Window(
                np.random.default_rng(seed).integers(0, 255, (spec.rows, spec.cols), dtype=np.uint8),
                frame(spec.cols, spec),
            ),
            boxes=[box],
            **fields,
        )[0]
        for seed in seeds
    ]


def everything(workspace: Workspace) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, and the blobs."""
    tables = [row[0] for row in workspace.db.rows("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    found = {name: _rows(workspace.db.rows(f"SELECT * FROM {name} ORDER BY 1, 2")) for name in tables}
    return {**found, "blobs": sorted((path.name,) for path in blobs(workspace.path))}


def _rows(rows: list[sqlite3.Row]) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in rows]


def blobs(path: Path) -> list[Path]:
    """All files below ``blobs`` of the workspace at ``path``, half-written ones among them, but for the reserve."""
    return [each for each in (path / "blobs").rglob("*") if each.is_file() and each.name != "reserve"]


def artifact(workspace: Workspace, version: int) -> bytes:
    """The stored head of a version of ``SIGNAL``."""
    return workspace.versions.artifact(workspace.versions.get(SIGNAL, version))
