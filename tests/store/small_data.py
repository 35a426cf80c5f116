"""Small real things to test with: a small contract, images, boxes, heads, and a second process."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rfhydra.protocol.types import EpochProgress, Job, TrainingRequest, TrainingResult
from rfhydra.spectrum.boxes import Box, Frame
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.window import Window
from rfhydra.store.blobs import digest_of
from rfhydra.store.samples import Sample
from rfhydra.store.schema import MIGRATIONS
from rfhydra.store.versions import HeadVersion
from rfhydra.store.workspace import Workspace

SPEC = SpectrogramSpec(fft_size=64, hop=32, rows=32, cols=32)
SIGNAL = "ook-433"
RATE_HZ = 32_000.0  # a column lasts a millisecond, a row is 1 kHz high
CENTER_HZ = 433_920_000.0
METRICS = {"f1_score": 0.9, "precision": 0.92, "recall": 0.88}


def image(seed: int, cols: int = SPEC.cols) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (SPEC.rows, cols), dtype=np.uint8)


def iq(seed: int, cols: int = SPEC.cols) -> NDArray[np.complex64]:
    parts = np.random.default_rng(seed).standard_normal((cols * SPEC.hop, 2), dtype=np.float32)
    return parts.view(np.complex64)[:, 0]


def box(start_ms: float = 4, offset_khz: float = 0) -> Box:
    """A box of 3 ms by 2 kHz."""
    low = CENTER_HZ + offset_khz * 1e3
    return Box(start_ms / 1e3, (start_ms + 3) / 1e3, low, low + 2e3)


def add_sample(workspace: Workspace, seed: int, signal_name: str = SIGNAL, **fields: Any) -> Sample:
    return add_or_update(workspace, seed, signal_name, **fields)[0]


def add_or_update(workspace: Workspace, seed: int, signal_name: str = SIGNAL, **fields: Any) -> tuple[Sample, bool]:
    """``fields`` go to :func:`window` where it takes them, else to :meth:`SampleStore.add`."""
    of_window = {name: fields.pop(name) for name in WINDOW_FIELDS & fields.keys()}
    given: dict[str, Any] = {"signal_name": signal_name, "window": window(seed, **of_window), "boxes": [box()]}
    return workspace.samples.add(**{**given, **fields})


WINDOW_FIELDS = {"image", "iq", "sample_rate_hz", "center_freq_hz", "start_sample", "spec"}


def window(seed: int, *, spec: SpectrogramSpec = SPEC, **fields: Any) -> Window:
    drawn = fields.get("image", image(seed))
    frame = Frame(spec, fields.get("sample_rate_hz", RATE_HZ), fields.get("center_freq_hz", CENTER_HZ), drawn.shape[1])
    return Window(drawn, frame, fields.get("start_sample"), fields.get("iq"))


def add_version(workspace: Workspace, signal_name: str = SIGNAL, **fields: Any) -> HeadVersion:
    given: dict[str, Any] = {
        "signal_name": signal_name,
        "kind": "embedding",
        "artifact": b"weights",
        "spec_id": SPEC.spec_id,
        "backbone_id": "r18-0001",
        "metrics": METRICS,
        "sample_count": 10,
        "split_version": None,
        "epochs_trained": 12,
        "early_stopped": True,
        "training_time_sec": 0.4,
    }
    return workspace.versions.add(**{**given, **fields})


def add_job(workspace: Workspace, signal_name: str = SIGNAL, **fields: Any) -> Job:
    request_id, max_queued = fields.pop("request_id", None), fields.pop("max_queued", 1000)
    request = TrainingRequest.model_validate({"signal_name": signal_name, **fields})
    return workspace.jobs.add(request, request_id=request_id, max_queued=max_queued)


def progress(epoch: int, train_loss: float = 0.5) -> EpochProgress:
    return EpochProgress(
        epoch=epoch, total_epochs=50, train_loss=train_loss, val_loss=0.4, **METRICS, is_best=True, elapsed_sec=0.1
    )


def result_of(head: HeadVersion) -> TrainingResult:
    """The result of the training that made ``head``."""
    fields = {**vars(head), "previous_version": None, "previous_metrics": None}
    return TrainingResult.model_validate({**fields, "auto_promoted": False, "promotion_reason": None})


def create_old(path: Path, migrations: int) -> None:
    """A new workspace as an rfhydra made it that knew so many migrations."""
    Workspace.create(path, SPEC).close()
    (path / "rfhydra.db").unlink()
    with closing(sqlite3.connect(path / "rfhydra.db")) as connection:
        connection.create_function("sha256", 1, lambda text: digest_of(text.encode()))
        connection.executescript("".join(MIGRATIONS[:migrations]) + f"PRAGMA user_version = {migrations}")


def process(module: str, *arguments: object) -> subprocess.Popen[str]:
    """A second process that runs a module of these tests, with pipes to its stdin and stdout."""
    return subprocess.Popen(
        [sys.executable, "-m", f"tests.store.{module}", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
