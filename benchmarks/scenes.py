"""Rendered scenes: bursts placed at random, received, and turned into a window with known truth."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rfhydra.spectrum.boxes import Box, Frame
from rfhydra.spectrum.pixels import PixelBoxes
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.spectrogram import make_window
from rfhydra.spectrum.window import Window
from rfhydra.synth import Burst, Emission, Receiver, Rng, Scene

SPEC: Final = SpectrogramSpec(fft_size=512, hop=256, rows=512, cols=512)
RATE_HZ: Final = 1e6
FRAME: Final = Frame(SPEC, RATE_HZ, 0.0, SPEC.cols)
SNR_DB: Final = (3.0, 30.0)

Image = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class RenderedScene:
    """The window of a scene, without IQ unless it was asked for, and every emission in it."""

    window: Window
    emissions: tuple[Emission, ...]

    @property
    def image(self) -> Image:
        """uint8 (rows, cols)."""
        return self.window.image

    def of(self, emitter: str) -> list[Emission]:
        """The emissions of ``emitter``, in the order in which they were placed."""
        return [emission for emission in self.emissions if emission.kind == emitter]

    def boxes(self, emitter: str) -> list[Box]:
        """Truth of ``emitter`` in seconds and Hz."""
        return [emission.box(RATE_HZ, 0.0) for emission in self.of(emitter)]

    def pixels(self, emitter: str) -> PixelBoxes:
        """Truth of ``emitter`` in pixels, (n, 4)."""
        return self.window.frame.to_pixels(self.boxes(emitter))

    @cached_property
    def all_pixels(self) -> PixelBoxes:
        """Truth of every emission in pixels, (n, 4)."""
        return self.window.frame.to_pixels(emission.box(RATE_HZ, 0.0) for emission in self.emissions)


def clean_receiver(rng: Rng) -> Receiver:
    """A receiver with a slightly tilted noise floor and no other impairment."""
    return Receiver(tilt_db=(-2.0, 0.0, 1.0))


def sdr_receiver(rng: Rng) -> Receiver:
    """A receiver with, each at random, slopes, roll-off, DC, 8 bits, some clipping, I/Q image and spurs."""

    def sometimes(probability: float) -> bool:
        return rng.random() < probability

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


def render(
    rng: Rng,
    wanted: Callable[[], Iterable[Burst]],
    others: Iterable[Burst] = (),
    *,
    spec: SpectrogramSpec = SPEC,
    snr_db: tuple[float, float] = SNR_DB,
    receiver: Callable[[Rng], Receiver] = clean_receiver,
    with_iq: bool = False,
) -> RenderedScene:
    """Place bursts at random free places of one window and render it.

    Args:
        rng: random numbers of the placement and of the receiver.
        wanted: returns the bursts that must all be placed, whole; called again for each attempt.
        others: bursts that are left out where there is no room.
        spec: contract of the window.
        snr_db: range of the in-band SNR.
        receiver: draws the receiver.
        with_iq: whether the window keeps its IQ.
    """
    while True:
        scene = Scene(spec.window_samples)
        if all(scene.place(burst, rng, rng.uniform(*snr_db), cut=0.0) for burst in wanted()):
            break
    for burst in others:
        scene.place(burst, rng, rng.uniform(*snr_db))
    window = make_window(receiver(rng).apply(scene, rng), spec, RATE_HZ, 0.0)
    return RenderedScene(window if with_iq else replace(window, iq=None), tuple(scene.emissions))
