"""Scenes in which several emitters are heard at once, so that one scene serves every emitter in it.

Scenes come in rounds. In a round each emitter is in exactly one scene, with two others and some base bursts: for each
of the three the rest are distractors. The first rounds are the same however many are asked for, so that the samples of
a small support are among those of a larger one.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save

from benchmarks.fewshot.emitters import SEED, EmitterLibrary
from benchmarks.fewshot.provenance import digest_of_sources
from rfhydra import synth
from rfhydra.files import write_file
from rfhydra.spectrum import boxes, spectrogram
from rfhydra.spectrum.boxes import Box, Frame, PixelBoxes
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.synth import BAND_EDGE, Burst, Emission, Receiver, Rng, Scene

SPEC: Final = SpectrogramSpec(fft_size=512, hop=256, rows=512, cols=512)
RATE_HZ: Final = 1e6
FRAME: Final = Frame(SPEC, RATE_HZ, 0.0, SPEC.cols)
SNR_DB: Final = (3.0, 30.0)
PER_SCENE: Final = 3  # emitters under test
EMISSIONS: Final = (6, 7)
SUPPORT_EMISSIONS: Final = (5, 7)
TWICE: Final = 0.4  # of the test scenes have one of their emitters twice
THIRDS: Final = 3

Image = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class RenderedScene:
    """One scene as the receiver heard it, uint8 (rows, cols), and what was sent."""

    image: Image
    emissions: tuple[Emission, ...]

    def of(self, emitter: str) -> list[Emission]:
        """What ``emitter`` sent in it."""
        return [emission for emission in self.emissions if emission.kind == emitter]

    def boxes(self, emitter: str) -> list[Box]:
        return [emission.box(RATE_HZ, 0.0) for emission in self.of(emitter)]

    def pixels(self, emitter: str) -> PixelBoxes:
        return FRAME.to_pixels(self.boxes(emitter))

    @cached_property
    def all_pixels(self) -> PixelBoxes:
        """The truth of every emission, (n, 4)."""
        return FRAME.to_pixels(emission.box(RATE_HZ, 0.0) for emission in self.emissions)


@dataclass(frozen=True)
class Round:
    """Which pool (``test`` or the number of a draw of ``support`` scenes) and which round of it."""

    pool: str
    number: int

    @property
    def seed(self) -> list[int]:
        return [SEED, 0 if self.pool == "test" else 1 + int(self.pool), self.number]


class ScenePool:
    """Rounds of scenes with the emitters of a burst library, made at the first call and kept in a directory."""

    def __init__(self, library: EmitterLibrary, directory: Path) -> None:
        self._bank = library
        self.emitters = [emitter.name for emitter in library.emitters]
        key = digest_of_sources(synth, spectrogram, boxes, __name__, extra=library.library_id + SPEC.spec_id)
        self._directory = directory / key
        self._directory.mkdir(parents=True, exist_ok=True)
        self._rounds: dict[Round, list[RenderedScene]] = {}

    def round(self, which: Round) -> list[RenderedScene]:
        """The scenes of one round."""
        if which not in self._rounds:
            path = self._directory / f"{which.pool}-{which.number:03d}.safetensors"
            if not path.exists():
                _save(self._make(which), path)
            self._rounds[which] = _load(path)
        return self._rounds[which]

    def support(self, emitter: str, draw: int, rounds: int) -> list[RenderedScene]:
        """``rounds`` scenes of the draw, each with one burst of ``emitter``."""
        return [self._with(emitter, Round(str(draw), number)) for number in range(rounds)]

    def test(self, emitter: str, rounds: int) -> list[RenderedScene]:
        """``rounds`` scenes with 1 or 2 bursts of ``emitter``, and half as many without."""
        present = [self._with(emitter, Round("test", number)) for number in range(rounds)]
        absent = [
            next(scene for scene in self.round(Round("test", number)) if not scene.of(emitter))
            for number in range(0, rounds, 2)
        ]
        return present + absent

    def _with(self, emitter: str, which: Round) -> RenderedScene:
        return next(scene for scene in self.round(which) if scene.of(emitter))

    def _make(self, which: Round) -> list[RenderedScene]:
        rng = np.random.default_rng(which.seed)
        library = self._bank.bursts()
        testing = which.pool == "test"
        bursts, base = (library.test, library.base_test) if testing else (library.support, library.base_support)
        order = rng.permutation(self.emitters)
        scenes = []
        for first in range(0, len(order), PER_SCENE):
            names = [str(name) for name in order[first : first + PER_SCENE]]
            if testing and rng.random() < TWICE:
                names.append(names[0])
            wanted = [bursts[name][int(rng.integers(len(bursts[name])))] for name in names]
            emissions = int(rng.integers(*(EMISSIONS if testing else SUPPORT_EMISSIONS), endpoint=True))
            others = [base[int(index)] for index in rng.integers(0, len(base), emissions - len(wanted))]
            scenes.append(_mix(rng, wanted, others))
        return scenes


def third_of(emission: Emission) -> int:
    """Which third of the band the middle of ``emission`` lies in, 0 the lowest."""
    middle = (emission.low + emission.high) / 2
    return int(np.clip((middle + BAND_EDGE) / (2 * BAND_EDGE) * THIRDS, 0, THIRDS - 1))


def _mix(rng: Rng, wanted: Sequence[Burst], others: Sequence[Burst]) -> RenderedScene:
    """All of ``wanted``, whole, and those of ``others`` that find room."""
    while True:
        scene = Scene(SPEC.window_samples)
        if all(scene.place(burst, rng, rng.uniform(*SNR_DB), cut=0.0) for burst in wanted):
            break
    for burst in others:
        scene.place(burst, rng, rng.uniform(*SNR_DB))
    image = spectrogram.spectrogram(_receiver(rng).apply(scene, rng), SPEC).numpy()
    return RenderedScene(np.ascontiguousarray(image), tuple(scene.emissions))


def _receiver(rng: Rng) -> Receiver:
    """A decent receiver: slopes, roll-off, a DC line, 8 bits with a little clipping, a faint image, faint spurs."""

    def sometimes(part: float) -> bool:
        return rng.random() < part

    tilt = rng.uniform(-2, 2, 6) if sometimes(0.5) else np.zeros(6)
    if sometimes(0.2):
        tilt[[0, -1]] -= rng.uniform(3, 10)
    spurs = [(float(rng.uniform(-0.5, 0.5)), float(10 ** (rng.uniform(-38, -28) / 20))) for _ in range(2)]
    return Receiver(
        tilt_db=tuple(tilt.tolist()) if tilt.any() else (),
        image_db=-rng.uniform(32, 45) if sometimes(0.3) else None,
        dc=rng.uniform(0.02, 0.2) if sometimes(0.3) else 0.0,
        spurs=tuple(spurs) if sometimes(0.2) else (),
        bits=8 if sometimes(0.4) else None,
        overload_db=rng.uniform(-14, 2),
    )


def _save(scenes: Sequence[RenderedScene], path: Path) -> None:
    emissions = json.dumps([[asdict(emission) for emission in scene.emissions] for scene in scenes])
    images = np.ascontiguousarray([scene.image for scene in scenes])  # safetensors writes memory, whatever its order
    data = save({"images": images}, metadata={"emissions": emissions})
    write_file(path, data, path.parent)


def _load(path: Path) -> list[RenderedScene]:
    with safe_open(path, framework="numpy") as file:
        images = file.get_tensor("images")
        sent: list[list[dict[str, Any]]] = json.loads(file.metadata()["emissions"])
    return [
        RenderedScene(image, tuple(Emission(**emission) for emission in emissions))
        for image, emissions in zip(images, sent, strict=True)
    ]
