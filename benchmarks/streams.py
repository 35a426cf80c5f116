"""Heads of five synthetic emitters, and streams of them with known truth that fill a stated share of the band."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.scenes import RenderedScene, render
from benchmarks.trial import add_samples, temporary_workspace, train
from rfhydra.detection.detector import HydraDetector
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.loading import LoadedHead
from rfhydra.spectrum.boxes import Frame
from rfhydra.spectrum.rectangle import Rectangle
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.window import Window
from rfhydra.synth import Burst, Emission, Receiver, Rng, Scene, make_burst
from rfhydra.training.service import TrainingService

EMITTERS: Final = (("chirp", 23, 0.03), ("ofdm", 80, 0.06), ("fsk2", 195, 0.03), ("fsk2", 80, 0.06), ("ofdm", 23, 0.12))
"""Waveform, columns and bandwidth in cycles per sample."""
SNR_DB: Final = (10.0, 25.0)
PER_SCENE: Final = 4
SHARE_PX: Final = 32
"""Side of the tiles whose share of a stream is stated."""
_MOST_TRIES: Final = 60


def train_heads(backbone: Backbone, spec: SpectrogramSpec, samples: int, rng: Rng) -> list[LoadedHead]:
    """A head of each emitter, from ``samples`` scenes with it. Every emission of every emitter is labelled."""
    names, scenes = [name_of(number) for number in range(len(EMITTERS))], list[RenderedScene]()
    for number in [*range(len(EMITTERS))] * math.ceil(samples / PER_SCENE):
        chosen = [(number + step) % len(EMITTERS) for step in range(PER_SCENE)]
        bursts = lambda: (_burst(rng, spec, each) for each in chosen)  # noqa: B023, E731
        scenes.append(render(rng, bursts, spec=spec, snr_db=SNR_DB))
    with temporary_workspace(spec) as workspace:
        service = TrainingService(workspace, backbone)
        for name in names:
            add_samples(workspace, name, [scene for scene in scenes if scene.of(name)][:samples])
        return [train(service, name).loaded for name in names]


def name_of(number: int) -> str:
    return f"emitter-{number}"


def _burst(rng: Rng, spec: SpectrogramSpec, number: int) -> Burst:
    kind, cols, bandwidth = EMITTERS[number]
    made = make_burst(kind, rng, cols * spec.hop, bandwidth)
    return Burst(name_of(number), made.iq, made.low, made.high)


def detector_of(backbone: Backbone, spec: SpectrogramSpec, heads: list[LoadedHead]) -> HydraDetector:
    detector = HydraDetector(spec, backbone)
    detector.load_heads({name_of(number): head for number, head in enumerate(heads)})
    return detector


def make_stream(
    rng: Rng,
    spec: SpectrogramSpec,
    windows: int,
    share: float,
    snr_db: tuple[float, float] = SNR_DB,
    receiver: Receiver | None = None,
) -> tuple[NDArray[np.complex64], list[Emission]]:
    """IQ of so many windows, and its emissions: placed until ``share`` of the tiles hold one, or there is no room."""
    scene = Scene(windows * spec.window_samples)
    frame = Frame(spec, 1.0, 0.0, windows * spec.cols)
    taken = np.zeros((-(-spec.rows // SHARE_PX), -(-frame.cols // SHARE_PX)), bool)
    failed = 0
    while taken.mean() < share and failed < _MOST_TRIES:
        burst = _burst(rng, spec, int(rng.integers(len(EMITTERS))))
        placed = scene.place(burst, rng, float(rng.uniform(*snr_db)), cut=0.0, max_overlap=0.0)
        failed += placed is None
        if placed is not None:
            x0, y0, x1, y1 = (frame.to_pixels([placed.box(1.0, 0.0)])[0] / SHARE_PX).tolist()
            taken[int(max(y0, 0)) : int(y1) + 1, int(x0) : int(x1) + 1] = True
    return (receiver or Receiver()).apply(scene, rng), scene.emissions


def looked_at(window: Window, regions: Sequence[Rectangle] | None) -> float:
    """The part of the pixels of ``window`` that the backbone is given with ``regions``."""
    return 1.0 if regions is None else sum(each.pixels for each in regions) / window.image.size
