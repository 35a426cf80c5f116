"""Pretraining scenes: crops of a band with emissions of many kinds, received with artefacts.

A backbone that is trained on clean scenes finds almost nothing in real recordings. What scenes hold, and how often, is
the :class:`.SceneMix`; FFT size and hop are drawn from :data:`CONTRACTS` and :data:`SMALL_CONTRACTS`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rfhydra.hydra.network import PIXEL_MEAN
from rfhydra.pretrain.arrangements import ARRANGED
from rfhydra.pretrain.burst_library import fine_class
from rfhydra.pretrain.burst_source import LINE_CLASS, BurstSource
from rfhydra.pretrain.keyed import KEYED_CLASSES
from rfhydra.pretrain.mix import SceneMix
from rfhydra.pretrain.receivers import random_receiver
from rfhydra.pretrain.skirts import skirts
from rfhydra.pretrain.transmitters import Single, Train, Transmitter
from rfhydra.spectrum.boxes import Frame
from rfhydra.spectrum.pixels import PixelBoxes
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.spectrogram import spectrogram
from rfhydra.synth import EMITTERS, Burst, Receiver, Rng, Scene

EXTRA_CLASSES: Final = (*KEYED_CLASSES, "hopper", "chirp", "comb", "wobble", LINE_CLASS)
SHARED: Final = 0.6  # part of the transmitters of a scene that the other one of its pair has, too
CROP_PX: Final = 384
VISIBLE_LEVELS: Final = 3  # of 255, about 1 dB
MOST_OF_THE_BAND: Final = 0.6
MIN_PADDING_PX: Final = 32  # a stride of the network, between images of small contracts
CONTRACTS: Final = tuple(
    SpectrogramSpec(fft_size=fft_size, hop=hop, rows=512, cols=CROP_PX)
    for fft_size, hop in ((512, 256), (512, 256), (512, 128), (512, 512), (1024, 256), (1024, 512), (2048, 512))
)
SMALL_CONTRACTS: Final = tuple(
    SpectrogramSpec(fft_size=size, hop=hop, rows=size, cols=CROP_PX)
    for size, hop in ((64, 8), (64, 16), (64, 32), (128, 32), (128, 64), (256, 64), (256, 128))
)
"""Contracts of wideband recordings, with fewer rows than a crop: one to four images are stacked."""


@dataclass(frozen=True, eq=False)
class TrainingScene:
    """``image`` uint8 (rows, cols), ``boxes`` float32 (n, 4) in pixels, ``labels`` the class name of each.

    ``emitters`` int64 (n,) is the transmitter number of each box, unique within a :class:`SceneMaker`.
    """

    image: NDArray[np.uint8]
    boxes: PixelBoxes
    labels: list[str]
    emitters: NDArray[np.int64]


class SceneMaker:
    """Draws scenes of a ``mix`` from a burst library."""

    def __init__(self, library: list[Burst], rng: Rng, mix: SceneMix | None = None) -> None:
        self.rng, self.mix = rng, mix or SceneMix()
        self._source = BurstSource(library, rng)

    def draw(self) -> TrainingScene:
        """A scene with at least one box, cropped to :data:`CROP_PX` squared."""
        draw_transmitters, spec = self._kind()
        return _stacked([self._render(draw_transmitters, spec)[0] for _ in range(_parts(spec))])

    def pair(self) -> tuple[TrainingScene, TrainingScene]:
        """Two scenes of one kind and contract, with other receivers, that share some transmitters at other places and
        levels."""
        draw_transmitters, spec = self._kind()
        first, second = zip(*(self._render_pair(draw_transmitters, spec) for _ in range(_parts(spec))), strict=True)
        return _stacked(first), _stacked(second)

    def _render_pair(
        self, draw_transmitters: Callable[[], list[Transmitter]], spec: SpectrogramSpec
    ) -> tuple[TrainingScene, TrainingScene]:
        rng = self.rng
        first, transmitters = self._render(draw_transmitters, spec)
        shared = [each for each in transmitters if rng.random() < SHARED]
        second, _ = self._render(lambda: shared + [each for each in draw_transmitters() if rng.random() > SHARED], spec)
        return first, second

    def _kind(self) -> tuple[Callable[[], list[Transmitter]], SpectrogramSpec]:
        """What draws the transmitters, and the contract."""
        rng = self.rng
        contracts = SMALL_CONTRACTS if rng.random() < self.mix.small_contract else CONTRACTS
        spec = contracts[int(rng.integers(len(contracts)))]
        arranged = ARRANGED[self.mix.draw_arrangement(rng)]
        return lambda: [self._drifting(each, spec) for each in arranged(self._source, spec)], spec

    def _drifting(self, transmitter: Transmitter, spec: SpectrogramSpec) -> Transmitter:
        if isinstance(transmitter, Single | Train) and self.rng.random() < self.mix.drift:
            return replace(transmitter, burst=self._source.drifting(transmitter.burst, spec))
        return transmitter

    def _render(
        self, draw_transmitters: Callable[[], list[Transmitter]], spec: SpectrogramSpec
    ) -> tuple[TrainingScene, list[Transmitter]]:
        """A rendered scene with at least one box, and its transmitters."""
        rng = self.rng
        while True:
            transmitters, receiver = draw_transmitters(), random_receiver(rng, self.mix, spec.hop)
            scene, numbers = Scene(spec.window_samples, receiver.band), list[int]()
            for transmitter in sorted(transmitters, key=lambda each: isinstance(each, Single)):
                numbers += transmitter.send(scene, rng)
            image = spectrogram(receiver.apply(scene, rng), spec).numpy()
            rendered = self._crop(image, scene, numbers, spec, receiver)
            if len(rendered.boxes):
                return rendered, transmitters

    def _crop(
        self,
        image: NDArray[np.uint8],
        scene: Scene,
        numbers: Sequence[int],
        spec: SpectrogramSpec,
        receiver: Receiver,
    ) -> TrainingScene:
        """The boxes, skirts included, that are visible in a random crop."""
        boxes, owners = _boxes(image, scene, spec, receiver)
        rows = min(spec.rows, CROP_PX)
        top = int(self.rng.integers(0, spec.rows - rows + 1))
        boxes[:, [1, 3]] -= top
        whole = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        thin = np.maximum(3 - (boxes[:, 3] - boxes[:, 1]), 0) / 2  # at least the main lobe of a Hann window
        boxes[:, 1] -= thin
        boxes[:, 3] += thin
        first_col = int(receiver.silence * image.shape[1])
        boxes = boxes.clip([first_col, 0, first_col, 0], [CROP_PX, rows, CROP_PX, rows])
        width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
        crop = np.ascontiguousarray(image[top : top + rows])
        keep = (width >= 1.5) & (height >= 2) & (width * height >= 0.2 * whole)
        keep = np.array([bool(large) and _visible(crop, box) for large, box in zip(keep, boxes, strict=True)], bool)
        owners = owners[keep]
        return TrainingScene(
            crop,
            boxes[keep].astype(np.float32),
            [_class_of(scene.emissions[owner].kind) for owner in owners],
            np.array(numbers, np.int64)[owners],
        )


def _parts(spec: SpectrogramSpec) -> int:
    """How many images of ``spec`` are stacked in a scene."""
    return max(CROP_PX // (spec.rows + MIN_PADDING_PX), 1)


def _stacked(parts: Sequence[TrainingScene]) -> TrainingScene:
    """``parts`` one below the other, padded with the mean grey level, which the network sees as zero."""
    image = np.full((CROP_PX, CROP_PX), round(255 * PIXEL_MEAN), np.uint8)
    step, boxes = CROP_PX // len(parts), list[PixelBoxes]()
    for index, part in enumerate(parts):
        image[index * step : index * step + len(part.image)] = part.image
        boxes.append(part.boxes + np.array([0, index * step, 0, index * step], np.float32))
    labels = [label for part in parts for label in part.labels]
    return TrainingScene(image, np.concatenate(boxes), labels, np.concatenate([part.emitters for part in parts]))


def _boxes(
    image: NDArray[np.uint8], scene: Scene, spec: SpectrogramSpec, receiver: Receiver
) -> tuple[PixelBoxes, NDArray[np.int64]]:
    """Cores and skirts (n, 4) in pixels of ``image``, in the received band, and the index of the emission of each."""
    frame = Frame(spec, sample_rate_hz=1.0, center_freq_hz=0.0, cols=image.shape[1])
    boxes = frame.to_pixels([emission.box(1.0, 0.0) for emission in scene.emissions])
    extended = [skirts(image, box, np.delete(boxes, index, 0), spec) for index, box in enumerate(boxes)]
    owners = [index for index, box in enumerate(extended) if box is not None]
    boxes = np.concatenate([boxes, *(box[None] for box in extended if box is not None)])
    if receiver.passband:
        low, high = receiver.band
        boxes[:, [1, 3]] = boxes[:, [1, 3]].clip((0.5 - high) * spec.rows, (0.5 - low) * spec.rows)
    return boxes, np.array([*range(len(scene.emissions)), *owners], np.int64)


def _visible(image: NDArray[np.uint8], box: NDArray[np.float32]) -> bool:
    """Whether ``box`` stands out from the rows above and below it or, if it is most of the band, from some column."""
    x0, y0, x1, y1 = (round(float(edge)) for edge in box)
    inside = image[y0:y1, x0:x1]
    margin = max(4, (y1 - y0) // 2)
    above, below = image[max(y0 - margin, 0) : y0, x0:x1], image[y1 : y1 + margin, x0:x1]
    around = np.concatenate([above, below])
    if around.size and _bright(inside) - _bright(around) >= VISIBLE_LEVELS:
        return True
    if y1 - y0 < MOST_OF_THE_BAND * len(image):
        return False
    levels = image[y0:y1].mean(0)
    beside = np.concatenate([levels[:x0], levels[x1:]])
    return bool(beside.size) and float(levels[x0:x1].mean() - beside.min()) >= VISIBLE_LEVELS


def _bright(levels: NDArray[np.uint8]) -> int:
    """The level that four fifths of ``levels`` do not exceed; 0 for none."""
    if not levels.size:
        return 0
    return int(np.searchsorted(np.bincount(levels.ravel()).cumsum(), 0.8 * levels.size))


def class_names(library: list[Burst]) -> tuple[str, ...]:
    """All classes of scenes from ``library``, sorted."""
    return tuple(
        sorted({_class_of(burst.kind) for burst in library} | set(map(_class_of, EMITTERS)) | set(EXTRA_CLASSES))
    )


def _class_of(kind: str) -> str:
    return {"fsk2": "2fsk"}.get(kind, kind if kind in EXTRA_CLASSES else fine_class(kind))
