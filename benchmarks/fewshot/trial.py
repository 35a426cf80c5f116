"""One trial: a head from a few scenes, as the product trains it, and what it finds in scenes that it never saw."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.fewshot.scenes import FRAME, SPEC, RenderedScene
from rfhydra.detection.detector import Detection, HydraDetector
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.loading import Head, LoadedHead
from rfhydra.protocol.types import HeadKind
from rfhydra.spectrum.window import Window
from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.features import FeatureCache
from rfhydra.training.evaluation.metrics import MIN_SCORE, ScoredScene
from rfhydra.training.service import TrainingService


@dataclass(frozen=True, eq=False)
class Learnt:
    """A head that was trained, stored and loaded again; ``cold_s`` and ``warm_s`` with an empty and a full cache."""

    signal_name: str
    version: int
    head: Head
    cold_s: float
    warm_s: float | None = None


@contextmanager
def workspace() -> Iterator[Workspace]:
    """An empty workspace of the scenes' contract."""
    with tempfile.TemporaryDirectory() as directory, Workspace.create(Path(directory) / "w", SPEC) as made:
        yield made


def add_samples(made: Workspace, emitter: str, scenes: Sequence[RenderedScene]) -> list[Sample]:
    """A sample of ``emitter`` from each scene, with its boxes and no word on the rest."""
    with made.db.transaction():
        added = [
            made.samples.add(
                signal_name=emitter,
                window=Window(scene.image, FRAME),
                boxes=scene.boxes(emitter),
            )
            for scene in scenes
        ]
    return [sample for sample, _ in added]


def look(backbone: Backbone, scenes: Sequence[RenderedScene], emitters: Sequence[str]) -> None:
    """Let a remembering ``backbone`` see all that trainings on ``scenes`` will ask about them, image by image."""
    with workspace() as made:
        features = FeatureCache(made, backbone)
        for scene in scenes:
            for emitter in emitters:
                if scene.of(emitter):
                    features.get(*add_samples(made, emitter, [scene]))


def learn(
    backbone: Backbone,
    emitter: str,
    scenes: Sequence[RenderedScene],
    kind: HeadKind = "embedding",
    *,
    twice: bool = False,
) -> Learnt:
    """Train a head of ``emitter`` on ``scenes`` in a workspace of its own; ``twice`` to time it with a full cache.

    An ``rcnn`` head begins at noise, as the seed's does.
    """
    with workspace() as made:
        add_samples(made, emitter, scenes)
        service = TrainingService(made, backbone, rcnn_warm_start=False)
        seconds = []
        for _ in range(1 + twice):
            started = time.perf_counter()
            result = service.train_new_signal(emitter, kind=kind)
            seconds.append(time.perf_counter() - started)
        head = service.version_manager.load_head(emitter, result.version, backbone).head
    return Learnt(emitter, result.version, head, *seconds)


def detect_scenes(
    backbone: Backbone,
    heads: Sequence[Learnt],
    scenes: Sequence[RenderedScene],
    threshold: float | None = MIN_SCORE,
) -> list[list[Detection]]:
    """Detections of ``heads``, loaded together, in each scene; ``threshold`` None is each one's stored one."""
    detector = HydraDetector(SPEC, backbone)
    detector.load_heads({each.signal_name: LoadedHead(each.version, each.head) for each in heads})
    return [detector.detect(Window(scene.image, FRAME), threshold).detections for scene in scenes]


def as_scored(scene: RenderedScene, emitter: str, found: Sequence[Detection]) -> ScoredScene:
    """The detections of ``emitter`` among ``found`` against the truth, in pixels."""
    mine = [each for each in found if each.signal_name == emitter]
    pixels = FRAME.to_pixels(each.box for each in mine)
    return ScoredScene(pixels, np.array([each.score for each in mine]), scene.pixels(emitter))
