"""Passes over the stored windows: confusion with other heads, and false alarms."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2
from torch import Tensor

from rfhydra.config import IOU_THRESHOLD
from rfhydra.detection.detector import HydraDetector
from rfhydra.hydra.backbone import Backbone, Seen
from rfhydra.hydra.loading import LoadedHead
from rfhydra.spectrum.pixels import PixelBoxes
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.window import Window
from rfhydra.training.evaluation.card import Confusion, FalseAlarms
from rfhydra.training.evaluation.metrics import iou_matrix
from rfhydra.training.evaluation.stored import StoredWindow, overlaps

MAX_WINDOWS: Final = 200
"""Stored windows that are searched for false alarms and confusion."""
MAX_SOLO_PASSES: Final = 300
"""Passes of the other heads, each alone, over windows of this signal; at most :data:`MAX_OWN_WINDOWS` windows."""
MAX_OWN_WINDOWS: Final = 20
CONFIDENCE: Final = 0.9


class SeenOnce(Backbone):
    """A backbone that passes an image through its network once for successive detectors."""

    def __init__(self, backbone: Backbone) -> None:
        self._backbone = backbone
        self.backbone_id, self.scaling = backbone.backbone_id, backbone.scaling
        self.embedding_dim, self.background = backbone.embedding_dim, backbone.background
        self._last: tuple[NDArray[np.uint8] | Tensor, Seen] | None = None

    def see(self, image: NDArray[np.uint8] | Tensor) -> Seen:
        if self._last is None or self._last[0] is not image:
            self._last = image, self._backbone.see(image)
        return self._last[1]


class BackgroundPass:
    """One pass over stored windows with the head of ``signal_name``, the other heads, and all of them together."""

    def __init__(
        self, signal_name: str, heads: Mapping[str, LoadedHead], spec: SpectrogramSpec, backbone: Backbone
    ) -> None:
        """``heads``, by signal name, hold the head itself and every other active head."""
        shared = SeenOnce(backbone)
        self._name, self._heads = signal_name, heads
        self._alone = {name: _detector({name: head}, spec, shared) for name, head in heads.items()}
        self._together = _detector(heads, spec, shared)
        self._own_boxes, self._own_windows = 0, 0
        self._alarms, self._windows, self._seconds = 0, 0, 0.0
        self._boxes, self._claimed, self._claimed_together = Counter[str](), Counter[str](), Counter[str]()
        self._taken, self._taken_together = Counter[str](), Counter[str]()

    def run(self, windows: Sequence[StoredWindow], progress: Callable[[int, int], None]) -> None:
        """Search ``windows``, with a call of ``progress`` for each: how many are done, and how many there are."""
        for done, stored in enumerate(windows):
            progress(done, len(windows))
            self._search(stored)
        progress(len(windows), len(windows))

    def confusion(self) -> list[Confusion]:
        """With each other head, by signal name."""
        return [
            Confusion(
                signal_name=name,
                version=head.version,
                own_boxes=self._own_boxes,
                taken_alone=self._taken[name],
                taken_together=self._taken_together[name],
                other_boxes=self._boxes[name],
                claimed_alone=self._claimed[name],
                claimed_together=self._claimed_together[name],
            )
            for name, head in sorted(self._heads.items())
            if name != self._name
        ]

    def false_alarms(self) -> FalseAlarms | None:
        """In the windows of a known sample rate; None without any."""
        if not self._windows:
            return None
        low, high = poisson_interval(self._alarms)
        hours = self._seconds / 3600
        return FalseAlarms(
            count=self._alarms,
            windows=self._windows,
            background_sec=self._seconds,
            per_hour=self._alarms / hours,
            interval_per_hour=(low / hours, high / hours),
        )

    def _search(self, stored: StoredWindow) -> None:
        window, own = stored.read(), stored.pixels(self._name)
        found = _pixels(self._alone[self._name], window, self._name)
        if stored.sample_rate_hz is not None:
            self._alarms += int((~overlaps(found, own)).sum())
            self._windows += 1
            self._seconds += window.frame.duration_sec
        others = [name for name in self._heads if name != self._name]
        if not others:
            return
        together = self._together.detect(window).detections
        by_name = {
            name: window.frame.to_pixels(each.box for each in together if each.signal_name == name)
            for name in self._heads
        }
        for name in others:
            boxes = stored.pixels(name)
            self._boxes[name] += len(boxes)
            self._claimed[name] += _matched(boxes, found)
            self._claimed_together[name] += _matched(boxes, by_name[self._name])
        if len(own) and self._own_windows < min(MAX_OWN_WINDOWS, max(MAX_SOLO_PASSES // len(others), 1)):
            self._own_windows += 1
            self._own_boxes += len(own)
            for name in others:
                self._taken[name] += _matched(own, _pixels(self._alone[name], window, name))
                self._taken_together[name] += _matched(own, by_name[name])


def poisson_interval(count: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The exact interval of the mean of a Poisson process of which ``count`` events were counted (Garwood, 1936)."""
    tail = (1 - confidence) / 2
    low = float(chi2.ppf(tail, 2 * count)) / 2 if count else 0.0
    return low, float(chi2.ppf(1 - tail, 2 * count + 2)) / 2


def _detector(heads: Mapping[str, LoadedHead], spec: SpectrogramSpec, backbone: Backbone) -> HydraDetector:
    detector = HydraDetector(spec, backbone)
    detector.load_heads(heads)
    return detector


def _pixels(detector: HydraDetector, window: Window, name: str) -> PixelBoxes:
    """Boxes of one signal in pixels, (n, 4)."""
    return window.frame.to_pixels(each.box for each in detector.detect(window).detections if each.signal_name == name)


def _matched(truth: PixelBoxes, found: PixelBoxes) -> int:
    """How many boxes of ``truth`` (n, 4) one of ``found`` (m, 4) matches."""
    return int((iou_matrix(truth, found) >= IOU_THRESHOLD).any(1).sum())
