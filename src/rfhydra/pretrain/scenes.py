"""Pretraining scenes: crops of a band with bursts and trains of keyed packets, received with artefacts.

A backbone that is trained on clean scenes finds almost nothing in real recordings, so most scenes hold keyed trains,
strong signals with skirts, overload, images, AGC and spurs. FFT size and hop are drawn from :data:`CONTRACTS`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rfhydra.pretrain.burst_library import family, fine_class
from rfhydra.pretrain.skirts import skirts
from rfhydra.spectrum.boxes import Frame, PixelBoxes
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.spectrogram import spectrogram
from rfhydra.synth import EMITTERS, Burst, LineCode, Receiver, Rng, Scene, log_uniform, make_burst

LINE_CODES: Final = ("pwm", "ppm", "manchester", "nrz", "fsk")
PACES: Final = {"hidden": 0.6, "seen": 1.5, "slow": np.inf}
"""Visibility of the bits of a keyed packet: maximum length of its shortest pulse in columns."""
KEYED_CLASSES: Final = (
    *(f"keyed-{kind}-{pace}" for kind in LINE_CODES for pace in PACES),
    *(f"keyed-far-{pace}" for pace in PACES),
)
FAR_TONES: Final = 3.0  # cycles per symbol; tones further apart look like two lines
SYNTHETIC: Final = ("hopper", "chirp", "ofdm", "qpsk", "tone", "comb", "wobble", "wobble", "wobble")
EXTRA_CLASSES: Final = (*KEYED_CLASSES, "hopper", "chirp", "comb", "wobble")
SHARED: Final = 0.6  # part of the transmitters of a scene that the other one of its pair has, too
CROP_PX: Final = 384
VISIBLE_LEVELS: Final = 3  # of 255, about 1 dB
CONTRACTS: Final = tuple(
    SpectrogramSpec(fft_size=fft_size, hop=hop, rows=512, cols=CROP_PX)
    for fft_size, hop in ((512, 256), (512, 256), (512, 128), (512, 512), (1024, 256), (1024, 512), (2048, 512))
)


@dataclass(frozen=True, eq=False)
class TrainingScene:
    """``image`` uint8 (rows, cols), ``boxes`` float32 (n, 4) in pixels, ``labels`` the class name of each.

    ``emitters`` int64 (n,) is the transmitter number of each box, unique within a :class:`SceneMaker`.
    """

    image: NDArray[np.uint8]
    boxes: PixelBoxes
    labels: list[str]
    emitters: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Transmitter:
    """A transmitter of ``repeats`` equal bursts, ``gap`` samples apart, or of a single one (``gap`` None)."""

    number: int
    burst: Burst
    repeats: int = 1
    gap: int | None = None


class SceneMaker:
    """Draws scenes from a burst library. Its families are equally likely, ``linear`` and ``ofdm`` twice as likely."""

    def __init__(self, library: list[Burst], rng: Rng) -> None:
        self.rng = rng
        self._numbers = count()
        self._by_family: dict[str, list[Burst]] = {}
        for burst in library:
            self._by_family.setdefault(family(burst.kind), []).append(burst)
        names = sorted(self._by_family)
        weights = np.array([2.0 if name in ("linear", "ofdm") else 1.0 for name in names])
        self._names, self._weights = names, weights / max(weights.sum(), 1.0)

    def draw(self) -> TrainingScene:
        """A scene with at least one box, cropped to :data:`CROP_PX` squared."""
        spec = self._contract()
        return self._render(lambda: self._draw_transmitters(spec), spec)[0]

    def pair(self) -> tuple[TrainingScene, TrainingScene]:
        """Two scenes of one contract that share some transmitters at other places and levels, with other receivers."""
        rng, spec = self.rng, self._contract()
        first, transmitters = self._render(lambda: self._draw_transmitters(spec), spec)
        shared = [each for each in transmitters if rng.random() < SHARED]
        second, _ = self._render(
            lambda: shared + [each for each in self._draw_transmitters(spec) if rng.random() > SHARED], spec
        )
        return first, second

    def _contract(self) -> SpectrogramSpec:
        return CONTRACTS[int(self.rng.integers(len(CONTRACTS)))]

    def _draw_transmitters(self, spec: SpectrogramSpec) -> list[Transmitter]:
        """Up to three trains of keyed packets, and up to six single bursts."""
        rng, line_code, transmitters = self.rng, random_line_code(self.rng, spec), list[Transmitter]()
        for _ in range(int(rng.integers(1, 4)) if rng.random() < 0.7 else 0):
            transmitters.append(self._train(line_code, spec))
            line_code = variant(line_code, rng) if rng.random() < 0.5 else random_line_code(rng, spec)
        return transmitters + [
            Transmitter(next(self._numbers), self._burst(spec)) for _ in range(int(rng.integers(0, 7)))
        ]

    def _render(
        self, draw_transmitters: Callable[[], list[Transmitter]], spec: SpectrogramSpec
    ) -> tuple[TrainingScene, list[Transmitter]]:
        """A rendered scene with at least one box, and its transmitters."""
        rng = self.rng
        while True:
            transmitters, scene, numbers = draw_transmitters(), Scene(spec.window_samples), list[int]()
            for transmitter in sorted(transmitters, key=lambda each: each.gap is None):
                numbers += [transmitter.number] * self._send(transmitter, scene)
            receiver = Receiver.random(rng)
            image = spectrogram(receiver.apply(scene, rng), spec).numpy()
            rendered = self._crop(image, scene, numbers, spec, first_col=int(receiver.silence * image.shape[1]))
            if len(rendered.boxes):
                return rendered, transmitters

    def _send(self, transmitter: Transmitter, scene: Scene) -> int:
        """Add the emissions of ``transmitter`` to ``scene``. Returns their number."""
        rng, burst = self.rng, transmitter.burst
        if transmitter.gap is None:
            snr_db = rng.uniform(-1, 50) if rng.random() < 0.3 else rng.uniform(-1, 30)
            return int(scene.place(burst, rng, snr_db) is not None)
        start = int(rng.uniform(-0.3 * len(burst), 0.8 * len(scene.iq)))
        repeats, gap, snr_db = transmitter.repeats, transmitter.gap, rng.uniform(0, 55)
        return len(scene.place_train(burst, rng, snr_db, repeats=repeats, gap=gap, start=start))

    def _burst(self, spec: SpectrogramSpec) -> Burst:
        rng = self.rng
        if not self._names or rng.random() < 0.2:
            kind = str(rng.choice(SYNTHETIC))
            return make_burst(kind, rng, int(spec.hop * log_uniform(rng, 3, 300)), log_uniform(rng, 0.01, 0.3))
        name = self._names[int(rng.choice(len(self._names), p=self._weights))]
        burst = self._by_family[name][int(rng.integers(len(self._by_family[name])))]
        return self._varied(burst)

    def _varied(self, burst: Burst) -> Burst:
        """The burst mirrored, cut, or with an echo, at random."""
        rng, iq = self.rng, burst.iq
        low, high = burst.low, burst.high
        if rng.random() < 0.5 and family(burst.kind) not in ("am-lsb", "am-usb"):
            iq, low, high = np.conj(iq), -high, -low
        if rng.random() < 0.3 and len(iq) > 4000:
            count = int(len(iq) * rng.uniform(0.3, 1.0))
            start = int(rng.integers(0, len(iq) - count + 1))
            iq = iq[start : start + count]
        if rng.random() < 0.3:
            delay = int(rng.integers(1, 40))
            echo = np.complex64(rng.uniform(0, 0.7) * np.exp(2j * np.pi * rng.random()))
            iq = np.concatenate([iq[:delay], iq[delay:] + echo * iq[:-delay]])
        return Burst(burst.kind, iq, low, high)

    def _train(self, line_code: LineCode, spec: SpectrogramSpec) -> Transmitter:
        rng = self.rng
        burst = line_code.packet(rng, int(spec.hop * rng.uniform(8, 300)))
        min_gap = max(int(2.5 * max(spec.hop, spec.fft_size / 2)), int(line_code.longest_gap * rng.uniform(1.3, 3)))
        gap = max(min_gap, int(len(burst) * log_uniform(rng, 0.03, 3)))
        keyed = replace(burst, kind=keyed_class(line_code, spec))
        return Transmitter(next(self._numbers), keyed, int(rng.integers(1, 13)), gap)

    def _crop(
        self, image: NDArray[np.uint8], scene: Scene, numbers: list[int], spec: SpectrogramSpec, first_col: int
    ) -> TrainingScene:
        """The boxes, skirts included, that are visible in a random crop."""
        frame = Frame(spec, sample_rate_hz=1.0, center_freq_hz=0.0, cols=image.shape[1])
        boxes = frame.to_pixels([emission.box(1.0, 0.0) for emission in scene.emissions])
        labels = [_class_of(emission.kind) for emission in scene.emissions]
        extended = [skirts(image, box, np.delete(boxes, index, 0), spec) for index, box in enumerate(boxes)]
        boxes = np.concatenate([boxes, *(box[None] for box in extended if box is not None)])
        labels += [label for label, box in zip(labels, extended, strict=True) if box is not None]
        numbers = numbers + [number for number, box in zip(numbers, extended, strict=True) if box is not None]
        top = int(self.rng.integers(0, spec.rows - CROP_PX + 1))
        boxes[:, [1, 3]] -= top
        whole = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        thin = np.maximum(3 - (boxes[:, 3] - boxes[:, 1]), 0) / 2  # at least the main lobe of a Hann window
        boxes[:, 1] -= thin
        boxes[:, 3] += thin
        boxes = boxes.clip([first_col, 0, first_col, 0], CROP_PX)
        width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
        crop = np.ascontiguousarray(image[top : top + CROP_PX])
        keep = (width >= 1.5) & (height >= 2) & (width * height >= 0.2 * whole)
        keep = np.array([bool(large) and _visible(crop, box) for large, box in zip(keep, boxes, strict=True)], bool)
        return TrainingScene(
            crop,
            boxes[keep].astype(np.float32),
            [label for label, kept in zip(labels, keep, strict=True) if kept],
            np.array(numbers, np.int64)[keep],
        )


def _visible(image: NDArray[np.uint8], box: NDArray[np.float32]) -> bool:
    """Whether ``box`` stands out from the rows above and below it."""
    x0, y0, x1, y1 = (round(float(edge)) for edge in box)
    inside = image[y0:y1, x0:x1]
    margin = max(4, (y1 - y0) // 2)
    above, below = image[max(y0 - margin, 0) : y0, x0:x1], image[y1 : y1 + margin, x0:x1]
    around = np.concatenate([above, below])
    if not around.size:  # it fills the band
        return True
    return float(np.percentile(inside, 80)) - float(np.percentile(around, 80)) >= VISIBLE_LEVELS


def class_names(library: list[Burst]) -> tuple[str, ...]:
    """All classes of scenes from ``library``, sorted."""
    return tuple(
        sorted({_class_of(burst.kind) for burst in library} | set(map(_class_of, EMITTERS)) | set(EXTRA_CLASSES))
    )


def _class_of(kind: str) -> str:
    return {"fsk2": "2fsk"}.get(kind, kind if kind in EXTRA_CLASSES else fine_class(kind))


def random_line_code(rng: Rng, spec: SpectrogramSpec) -> LineCode:
    """A random packet format, with bits from invisible to clearly visible in an image of ``spec``."""
    kind = str(rng.choice(LINE_CODES, p=[0.22, 0.22, 0.18, 0.13, 0.25]))
    symbol = max(int(spec.hop * log_uniform(rng, 0.12, 5)), 6)
    short = int(rng.integers(1, 5))
    rise = int(log_uniform(rng, 1, max(3, symbol // 3)))  # log-uniform: short rises make skirts
    drift = rng.uniform(-1, 1) * rng.choice([0, 0, 0.0005, 0.003])
    # Cheap FSK often has tones so far apart that they look like two lines: still one emission, one box.
    far = rng.random() < 0.4
    deviation = rng.uniform(0.05, 0.2) if far else log_uniform(rng, min(0.25 / symbol, 0.05), 0.15)
    bits = int(rng.integers(10, 130))
    return LineCode(kind, symbol, bits, (short, short + int(rng.integers(1, 6))), rise, deviation, float(drift))


def variant(line_code: LineCode, rng: Rng) -> LineCode:
    """A format of the same kind with another symbol length, number of bits and tone spacing."""
    slower = log_uniform(rng, 1.25, 2.5) ** rng.choice([-1, 1])
    wider = log_uniform(rng, 1.25, 2.5) ** rng.choice([-1, 1])
    return replace(
        line_code,
        symbol=max(int(line_code.symbol * slower), 6),
        bits=int(rng.integers(10, 130)),
        deviation=min(line_code.deviation * wider, 0.2),
    )


def keyed_class(line_code: LineCode, spec: SpectrogramSpec) -> str:
    """The class of a keyed packet: its line code and the visibility of its bits in an image of ``spec``."""
    pace = next(name for name, max_cols in PACES.items() if line_code.symbol / spec.hop <= max_cols)
    far = line_code.kind == "fsk" and 2 * line_code.deviation * line_code.symbol > FAR_TONES
    return f"keyed-{'far' if far else line_code.kind}-{pace}"
