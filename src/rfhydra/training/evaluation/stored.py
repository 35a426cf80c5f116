"""StoredWindow: one image of a workspace with the labels of all its samples."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rfhydra.spectrum.boxes import Frame
from rfhydra.spectrum.pixels import PixelBoxes
from rfhydra.spectrum.window import Window
from rfhydra.store.labels import LabelSet
from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace


@dataclass(frozen=True, eq=False)
class StoredWindow:
    """An image that one or more samples have.

    Attributes:
        workspace: where it is stored.
        samples: those of the image, one for each signal that it is labelled for.
        labels: of all of them.
    """

    workspace: Workspace
    samples: tuple[Sample, ...]
    labels: LabelSet

    @property
    def sample(self) -> Sample:
        """The first of the samples with IQ, or the first."""
        return next((each for each in self.samples if each.iq_digest is not None), self.samples[0])

    @property
    def has_iq(self) -> bool:
        return self.sample.iq_digest is not None

    @property
    def sample_rate_hz(self) -> float | None:
        return self.sample.sample_rate_hz

    @cached_property
    def frame(self) -> Frame:
        return self.sample.frame(self.workspace.spec)

    def read(self) -> Window:
        """The window, with its IQ where that is stored."""
        samples = self.workspace.samples
        return Window(samples.image(self.sample), self.frame, None, samples.iq(self.sample))

    def pixels(self, label: str) -> PixelBoxes:
        """The boxes of one label in pixels, (n, 4)."""
        return self.frame.to_pixels(self.labels.boxes(label))

    @property
    def all_pixels(self) -> PixelBoxes:
        """The boxes of all labels in pixels, (n, 4)."""
        return self.frame.to_pixels(box for _, box in self.labels.labels)


def stored_windows(workspace: Workspace) -> list[StoredWindow]:
    """Every image of ``workspace`` once, in the order of the signals' names and of their samples."""
    by_image: dict[str, list[Sample]] = {}
    for name in workspace.samples.signal_names():
        for sample in workspace.samples.list(name):
            by_image.setdefault(sample.image_digest, []).append(sample)
    return [StoredWindow(workspace, tuple(samples), _joined(samples)) for samples in by_image.values()]


def _joined(samples: Iterable[Sample]) -> LabelSet:
    return LabelSet.of(label for sample in samples for label in sample.labels.labels)


def shuffled_by_label(windows: Iterable[StoredWindow], rng: np.random.Generator) -> list[StoredWindow]:
    """``windows`` in random order, their signals taking turns, so that the first of them are of all signals."""
    by_signal: dict[str, list[StoredWindow]] = {}
    for window in windows:
        by_signal.setdefault(window.sample.signal_name, []).append(window)
    ranked: list[tuple[int, str, StoredWindow]] = []
    for name, group in by_signal.items():
        ranked += [(turn, name, group[index]) for turn, index in enumerate(rng.permutation(len(group)).tolist())]
    return [window for _, _, window in sorted(ranked, key=lambda each: each[:2])]


def overlaps(found: PixelBoxes, truth: PixelBoxes) -> NDArray[np.bool_]:
    """Which of ``found`` (n, 4) share any area with one of ``truth`` (m, 4); shape (n,)."""
    low = np.maximum(found[:, None, :2], truth[None, :, :2])
    high = np.minimum(found[:, None, 2:], truth[None, :, 2:])
    shared: NDArray[np.bool_] = (high - low > 0).min(axis=2).max(axis=1, initial=False)
    return shared
