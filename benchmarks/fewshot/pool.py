"""A pool of rendered scenes with several emitters each, so that one scene serves every emitter in it.

Scenes come in rounds. In a round each emitter is in exactly one scene, with two others and some base bursts, which are
distractors to it. The first rounds are the same however many are used, so a small support is part of a larger one.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save

from benchmarks import scenes as scene_module
from benchmarks.fewshot.emitters import SEED, EmitterLibrary
from benchmarks.results import digest_of_sources
from benchmarks.scenes import FRAME, SPEC, RenderedScene, render, sdr_receiver
from rfhydra import synth
from rfhydra.files import write_file
from rfhydra.spectrum import boxes, spectrogram
from rfhydra.spectrum.window import Window
from rfhydra.synth import BAND_EDGE, Emission

PER_SCENE: Final = 3  # emitters under test
EMISSIONS: Final = (6, 7)
SUPPORT_EMISSIONS: Final = (5, 7)
TWICE: Final = 0.4  # of the test scenes have one of their emitters twice
THIRDS: Final = 3


@dataclass(frozen=True)
class Round:
    """Number of a round in a pool: ``test`` or the number of a draw of support scenes."""

    pool: str
    number: int

    @property
    def seed(self) -> list[int]:
        return [SEED, 0 if self.pool == "test" else 1 + int(self.pool), self.number]


class ScenePool:
    """Rounds of scenes with the emitters of a burst library, rendered at the first call and kept in a directory."""

    def __init__(self, library: EmitterLibrary, directory: Path) -> None:
        self._library = library
        self.emitters = [emitter.name for emitter in library.emitters]
        key = library.library_id + SPEC.spec_id + Path(__file__).read_text()
        self._directory = directory / digest_of_sources(synth, spectrogram, boxes, scene_module, extra=key)
        self._directory.mkdir(parents=True, exist_ok=True)
        self._rounds: dict[Round, list[RenderedScene]] = {}

    def round(self, which: Round) -> list[RenderedScene]:
        """The scenes of one round."""
        if which not in self._rounds:
            path = self._directory / f"{which.pool}-{which.number:03d}.safetensors"
            if not path.exists():
                _save(self._render(which), path)
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

    def _render(self, which: Round) -> list[RenderedScene]:
        rng = np.random.default_rng(which.seed)
        testing = which.pool == "test"
        bursts, base = self._library.bursts(test=testing)
        order = rng.permutation(self.emitters)
        rendered = []
        for first in range(0, len(order), PER_SCENE):
            names = [str(name) for name in order[first : first + PER_SCENE]]
            if testing and rng.random() < TWICE:
                names.append(names[0])
            wanted = [bursts[name][int(rng.integers(len(bursts[name])))] for name in names]
            emissions = int(rng.integers(*(EMISSIONS if testing else SUPPORT_EMISSIONS), endpoint=True))
            others = [base[int(index)] for index in rng.integers(0, len(base), emissions - len(wanted))]
            rendered.append(render(rng, wanted.copy, others, receiver=sdr_receiver))
        return rendered


def third_of(emission: Emission) -> int:
    """The third of the band in which the middle of ``emission`` lies, 0 the lowest."""
    middle = (emission.low + emission.high) / 2
    return int(np.clip((middle + BAND_EDGE) / (2 * BAND_EDGE) * THIRDS, 0, THIRDS - 1))


def _save(scenes: Sequence[RenderedScene], path: Path) -> None:
    emissions = json.dumps([[asdict(emission) for emission in scene.emissions] for scene in scenes])
    images = np.ascontiguousarray([scene.image for scene in scenes])  # safetensors writes memory, whatever its order
    write_file(path, save({"images": images}, metadata={"emissions": emissions}), path.parent)


def _load(path: Path) -> list[RenderedScene]:
    with safe_open(path, framework="numpy") as file:
        images = file.get_tensor("images")
        sent: list[list[dict[str, Any]]] = json.loads(file.metadata()["emissions"])
    return [
        RenderedScene(Window(image, FRAME), tuple(Emission(**emission) for emission in emissions))
        for image, emissions in zip(images, sent, strict=True)
    ]
