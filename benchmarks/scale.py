"""Cost of large workspaces: training against the number of a signal's samples, and reads of many signals.

    python -m benchmarks.scale

Features are synthetic, so that thousands of samples are made in seconds: a backbone that reads the box of the signal
from the image gives 60 proposals of the size and with the background set of the one that ships. Training is otherwise
the product's own. Each size is measured in a process of its own, whose peak memory is given.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from benchmarks.results import Row, write_result
from benchmarks.tables import figures, show, table
from rfhydra.hydra.backbone import MAX_PROPOSALS, Backbone, Proposals, Seen
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.registry import VersionManager
from rfhydra.protocol.limits import Limits
from rfhydra.server.handlers.paging import read_page
from rfhydra.spectrum.boxes import Frame
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.window import Window
from rfhydra.store.sample_info import describe_sample
from rfhydra.store.workspace import Workspace
from rfhydra.training.service import TrainingService

SPEC: Final = SpectrogramSpec(fft_size=64, hop=32, rows=64, cols=64)
RATE_HZ: Final = 1e6
SIGNAL: Final = "emitter"
PER_RECORDING: Final = 25
OTHER_SAMPLES: Final = 300
PROPOSALS: Final = 60
CLUSTERS: Final = 40  # kinds of other emissions
SIZES: Final = (50, 500, 5_000)
SIGNALS: Final = 1_000
SAMPLES: Final = 100_000
READS: Final = 100
_MIB: Final = 2**20


class SyntheticBackbone(Backbone):
    """Proposals with random embeddings; those on the signal's box, which the image states, have one in common."""

    def __init__(self, shipped: Backbone) -> None:
        self.backbone_id, self.scaling = "synthetic", shipped.scaling
        self.embedding_dim, self.background = shipped.embedding_dim, shipped.background
        generator = torch.Generator().manual_seed(0)
        self.centres = normalize(torch.randn((1 + CLUSTERS, self.embedding_dim), generator=generator))

    def see(self, image: NDArray[np.uint8] | Tensor) -> "SyntheticSeen":
        return SyntheticSeen(self, torch.as_tensor(image))


class SyntheticSeen(Seen):
    """An image whose first four pixels are the edges of the signal's box, or zero."""

    def __init__(self, backbone: SyntheticBackbone, image: Tensor) -> None:
        self.size = (image.shape[0], image.shape[1])
        self._backbone, self._box = backbone, image[0, :4].float()
        self._generator = torch.Generator().manual_seed(int(image[1, :7].long().sum() + 997 * image[0, :4].sum()))

    def propose(self, limit: int = MAX_PROPOSALS) -> Proposals:
        low = 40 * torch.rand((PROPOSALS, 2), generator=self._generator)
        boxes = torch.cat([low, low + 4 + 16 * torch.rand((PROPOSALS, 2), generator=self._generator)], dim=1)
        if self._box.any():
            boxes[:3] = self._box + torch.randn((3, 4), generator=self._generator)
        return Proposals(boxes, torch.linspace(1, 0.2, PROPOSALS), self.embed(boxes))

    def embed(self, boxes: Tensor) -> Tensor:
        kind = torch.randint(1, 1 + CLUSTERS, (len(boxes),), generator=self._generator)
        kind[(boxes - self._box).abs().amax(1) < 4] = 0
        noise = torch.randn((len(boxes), self._backbone.embedding_dim), generator=self._generator)
        return normalize(self._backbone.centres[kind] + 0.06 * noise)


def measure(
    sizes: Annotated[str, typer.Option(help="Numbers of samples of a signal.")] = ",".join(map(str, SIZES)),
    signals: Annotated[int, typer.Option(help="Signals of the large workspace.")] = SIGNALS,
    samples: Annotated[int, typer.Option(help="Samples of the large workspace.")] = SAMPLES,
    part: Annotated[str, typer.Option(hidden=True)] = "",
    directory: Annotated[Path | None, typer.Option(help="Where the workspaces are made for a while.")] = None,
) -> None:
    """Make the workspaces, measure, report."""
    if part:
        name, _, number = part.partition(":")
        print(json.dumps(_training(int(number), directory) if name == "train" else _reads(signals, samples, directory)))
        return
    options = ["--signals", str(signals), "--samples", str(samples)]
    options += ["--directory", str(directory)] if directory else []
    rows = [_in_process(f"train:{size}", options) for size in sizes.split(",")]
    names = ("cold_s", "warm_s", "peak_mib", "trained_on", "validated_on", "f1_score")
    show(table(("samples", *names), *((row["samples"], *figures(row, names, 2)) for row in rows)))
    large = _in_process("reads", options)
    show(table(("large workspace", ""), *large.items()))
    write_result("scale", {"training": rows, "large_workspace": large}, None)


def _in_process(part: str, options: list[str]) -> Row:
    command = [sys.executable, "-m", "benchmarks.scale", "--part", part, *options]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: Row = json.loads(run.stdout)
    return found


def _training(size: int, directory: Path | None) -> Row:
    """Seconds and peak memory of a first training and of a second one."""
    torch.manual_seed(0)
    backbone = SyntheticBackbone(load_backbone())
    with tempfile.TemporaryDirectory(dir=directory) as path, Workspace.create(Path(path) / "w", SPEC) as workspace:
        with workspace.db.transaction():
            for number in range(size):
                _add(workspace, SIGNAL, number, number // PER_RECORDING)
            for number in range(size, size + OTHER_SAMPLES):
                _add(workspace, "other", number, number // PER_RECORDING)
        service = TrainingService(workspace, backbone)
        seconds = []
        for _ in ("cold", "warm"):
            started = time.perf_counter()
            result = service.train_new_signal(SIGNAL)
            seconds.append(time.perf_counter() - started)
        used = service.split_manager.plan(SIGNAL).used
    return {
        "samples": size,
        "cold_s": seconds[0],
        "warm_s": seconds[1],
        "peak_mib": _peak_mib(),
        "trained_on": len(used.train),
        "validated_on": len(used.val),
        "epochs": result.epochs_trained,
        "f1_score": result.metrics.f1_score,
    }


def _add(workspace: Workspace, signal_name: str, number: int, recording: int) -> None:
    """A sample with one box; ``number`` makes its image its own."""
    rng = np.random.default_rng(number)
    low = rng.integers(4, 40, 2)
    edges = np.array([*low, low[0] + 12, low[1] + 10])
    image = np.zeros((SPEC.rows, SPEC.cols), np.uint8)
    image[1, :4] = np.frombuffer(np.uint32(number).tobytes(), np.uint8)
    if signal_name == SIGNAL:
        image[0, :4] = edges
    frame = Frame(SPEC, RATE_HZ, 0.0, SPEC.cols)
    boxes = frame.to_boxes(edges[None].astype(np.float32))
    workspace.samples.add(
        signal_name=signal_name, window=Window(image, frame, number), boxes=boxes, recording=f"take {recording}"
    )


def _reads(signals: int, samples: int, directory: Path | None) -> Row:
    """Opening, registry, sample counts and pages of a workspace with many signals."""
    per_signal, limits = samples // signals, Limits()
    with tempfile.TemporaryDirectory(dir=directory) as directory_name:
        path = Path(directory_name) / "w"
        with Workspace.create(path, SPEC) as workspace:
            _fill(workspace, signals, per_signal)
        started = time.perf_counter()
        with Workspace.open(path) as workspace:
            opened = time.perf_counter() - started
            manager = VersionManager(workspace)
            registry = [_timed(manager.get_registry) for _ in range(READS)]
            counts = [_timed(workspace.samples.counts) for _ in range(READS)]
            page = read_page(
                workspace.samples,
                _signal(0),
                cursor=None,
                limit=limits.max_page,
                max_bytes=limits.max_answer_bytes,
                describe=lambda sample: describe_sample(sample, SPEC, None),
            )
            answer = len(manager.get_registry().model_dump_json())
    return {
        "signals": signals,
        "samples": per_signal * signals,
        "open_s": round(opened, 3),
        **_quantiles("registry", registry),
        **_quantiles("counts", counts),
        "page_items": len(page.items),
        "page_bytes": sum(len(item.model_dump_json()) for item in page.items),
        "registry_bytes": answer,
        "max_answer_bytes": limits.max_answer_bytes,
        "peak_mib": round(_peak_mib()),
    }


def _fill(workspace: Workspace, signals: int, per_signal: int) -> None:
    """Rows as :meth:`SampleStore.add` and a training write them; of each signal one sample is added and then copied."""
    metrics = {"f1_score": 0.9, "precision": 0.9, "recall": 0.9, "padding": "x" * 1500}
    for number in range(signals):
        _add(workspace, _signal(number), number, 0)
        workspace.versions.add(
            signal_name=_signal(number),
            kind="embedding",
            artifact=b"weights",
            spec_id=SPEC.spec_id,
            backbone_id="synthetic",
            metrics=metrics,
            sample_count=per_signal,
            split_version=None,
            epochs_trained=10,
            early_stopped=True,
            training_time_sec=1.0,
        )
        workspace.versions.activate(_signal(number), 1)
    with workspace.db.transaction() as connection:
        names = [row[1] for row in connection.execute("PRAGMA table_info(samples)") if row[1] != "position"]
        values = ", ".join("printf('%064x', :number)" if name == "sample_id" else name for name in names)
        origin = "FROM samples WHERE signal_name = :name ORDER BY position LIMIT 1"
        copy = f"INSERT INTO samples ({', '.join(names)}) SELECT {values} {origin}"
        numbers = range(signals, signals * per_signal)
        connection.executemany(copy, ({"number": each, "name": _signal(each % signals)} for each in numbers))


def _signal(number: int) -> str:
    return f"signal-{number:04d}"


def _timed(read: Any) -> float:
    started = time.perf_counter()
    read()
    return time.perf_counter() - started


def _quantiles(name: str, seconds: list[float]) -> Row:
    return {
        f"{name}_p50_ms": round(1e3 * float(np.quantile(seconds, 0.5)), 1),
        f"{name}_p99_ms": round(1e3 * float(np.quantile(seconds, 0.99)), 1),
    }


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / _MIB


if __name__ == "__main__":
    typer.run(measure)
