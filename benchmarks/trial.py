"""One trial: train a head on a few rendered scenes as the product does, and score it on others."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.scenes import SPEC, RenderedScene
from rfhydra.config import DEFAULT_EPOCHS
from rfhydra.detection.detector import Detection, HydraDetector
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.loading import LoadedHead
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.store.workspace import Workspace
from rfhydra.training.evaluation.metrics import MIN_SCORE, ScoredScene
from rfhydra.training.service import TrainingService


@dataclass(frozen=True, eq=False)
class TrainedHead:
    """A head that was trained, stored and loaded again; ``seconds`` of training alone."""

    signal_name: str
    loaded: LoadedHead
    seconds: float
    epochs: int

    @property
    def threshold(self) -> float:
        """The stored threshold."""
        return self.loaded.head.info.threshold


@contextmanager
def temporary_workspace(spec: SpectrogramSpec = SPEC, cache: Path | None = None) -> Iterator[Workspace]:
    """An empty workspace of contract ``spec``; ``cache`` is a directory for its feature cache that outlives it."""
    with tempfile.TemporaryDirectory() as directory, Workspace.create(Path(directory) / "w", spec) as workspace:
        if cache is not None:
            cache.mkdir(parents=True, exist_ok=True)
            (workspace.path / "cache").symlink_to(cache.absolute())
        yield workspace


def add_samples(workspace: Workspace, emitter: str, scenes: Sequence[RenderedScene]) -> None:
    """Add a sample of ``emitter`` from each scene, its boxes labelled and nothing else."""
    with workspace.db.transaction():
        for scene in scenes:
            workspace.samples.add(signal_name=emitter, window=scene.window, boxes=scene.boxes(emitter))


def train(service: TrainingService, signal_name: str, epochs: int = DEFAULT_EPOCHS) -> TrainedHead:
    """Train a head on the samples of ``signal_name`` in the workspace of ``service``."""
    started = time.perf_counter()
    result = service.train_new_signal(signal_name, epochs=epochs)
    seconds = time.perf_counter() - started
    loaded = service.version_manager.load_head(signal_name, result.version, service.backbone)
    return TrainedHead(signal_name, loaded, seconds, result.epochs_trained)


def train_on(
    backbone: Backbone,
    emitter: str,
    scenes: Sequence[RenderedScene],
    cache: Path | None = None,
) -> TrainedHead:
    """Train a head on ``scenes`` in a workspace of its own."""
    with temporary_workspace(cache=cache) as workspace:
        add_samples(workspace, emitter, scenes)
        return train(TrainingService(workspace, backbone), emitter)


def detect(
    backbone: Backbone,
    heads: Sequence[TrainedHead],
    scenes: Sequence[RenderedScene],
    threshold: float | None = MIN_SCORE,
) -> list[list[Detection]]:
    """Detections of ``heads``, loaded together, in each scene; ``threshold`` None is the stored one of each head."""
    if not scenes:
        return []
    detector = HydraDetector(scenes[0].window.frame.spec, backbone)
    detector.load_heads({each.signal_name: each.loaded for each in heads})
    return [detector.detect(scene.window, threshold).detections for scene in scenes]


def score(backbone: Backbone, head: TrainedHead, scenes: Sequence[RenderedScene]) -> list[ScoredScene]:
    """Detections of ``head`` alone, down to a low score, against the truth of its emitter, in pixels."""
    scored = []
    for scene, found in zip(scenes, detect(backbone, [head], scenes), strict=True):
        pixels = scene.window.frame.to_pixels(each.box for each in found)
        scored.append(ScoredScene(pixels, np.array([each.score for each in found]), scene.pixels(head.signal_name)))
    return scored
