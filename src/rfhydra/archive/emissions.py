"""Candidate emissions of a recording: detections, and likely proposals of the backbone, each with its embedding.

Windows overlap, so an emission is seen more than once; of boxes that are nearly the same one is kept.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rfhydra.detection.detector import HydraDetector, WindowDetections
from rfhydra.detection.regions import see_regions
from rfhydra.hydra.backbone import Backbone, Seen
from rfhydra.hydra.vision import nms
from rfhydra.spectrum.rectangle import Rectangle
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.window import Window

SAME_IOU: Final = 0.7
"""Boxes that overlap by more are one emission."""


@dataclass(frozen=True, eq=False)
class Emissions:
    """Candidate emissions.

    Attributes:
        boxes: float64 (n, 4): time_start_sec, freq_low_hz, time_end_sec, freq_high_hz, from the start of the recording.
        objectness: float32 (n,), of a proposal; NaN for a detection.
        score: float32 (n,), of a detection; NaN for a proposal.
        signal: int64 (n,), index of the detected signal in the sorted names of the loaded heads; -1 for a proposal.
        embeddings: float16 (n, d), centred and of unit length.
    """

    boxes: Tensor
    objectness: Tensor
    score: Tensor
    signal: Tensor
    embeddings: Tensor

    def __len__(self) -> int:
        return len(self.boxes)

    def part(self, chosen: Tensor) -> Self:
        """Those that the mask or the indices ``chosen`` select."""
        return type(self)(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @classmethod
    def none(cls, embedding: int) -> Self:
        """No emission, with embeddings of ``embedding`` dimensions."""
        empty = torch.zeros(0)
        return cls(torch.zeros((0, 4)).double(), empty, empty, empty.long(), torch.zeros((0, embedding)).half())

    @classmethod
    def joined(cls, first: "Emissions", second: "Emissions") -> "Emissions":
        return cls(*(torch.cat([getattr(each, field.name) for each in (first, second)]) for field in fields(cls)))


class EmissionCollector:
    """Collects the emissions of the windows of one recording, which come in the order of their start.

    Memory is bounded by what the windows hold that overlap the last one: the rest has gone to ``sink``.
    """

    def __init__(self, sink: Callable[[Emissions], None]) -> None:
        self._sink = sink
        self._open: Emissions | None = None

    def add(self, window: Window, found: Emissions) -> None:
        """Add the emissions ``found`` in ``window``; pass on those that no later window can show."""
        if self._open is not None:
            over = self._open.boxes[:, 2] <= window.start_sec
            self._pass_on(self._open.part(over))
            found = Emissions.joined(self._open.part(~over), found)
        # a detection is kept in place of the proposals that it was made of
        rank = torch.where(found.signal >= 0, 1 + found.score, found.objectness)
        self._open = found.part(nms(found.boxes, rank.double(), SAME_IOU))

    def close(self) -> None:
        """Pass on the rest."""
        if self._open is not None:
            self._pass_on(self._open)
        self._open = None

    def _pass_on(self, over: Emissions) -> None:
        if len(over):
            self._sink(over.part(over.boxes[:, 0].argsort(stable=True)))


class EmissionDetector(HydraDetector):
    """A detector that also collects the candidate emissions of the windows that it is given, in the same pass."""

    def __init__(self, spec: SpectrogramSpec, backbone: Backbone, min_objectness: float) -> None:
        """``min_objectness`` is the limit of proposals; other arguments and errors as of the base class."""
        super().__init__(spec, backbone)
        self._min_objectness = min_objectness
        self._collector: EmissionCollector | None = None

    @contextmanager
    def collecting(self, sink: Callable[[Emissions], None]) -> Iterator[None]:
        """Pass the emissions of one recording, whose windows are given in the block, to ``sink``."""
        self._collector = EmissionCollector(sink)
        try:
            yield
            self._collector.close()
        finally:
            self._collector = None

    def detect(
        self,
        window: Window,
        threshold: float | None = None,
        names: Collection[str] | None = None,
        regions: Sequence[Rectangle] | None = None,
    ) -> WindowDetections:
        found = super().detect(window, threshold, names, regions)
        if self._collector is not None:
            seen = found.seen or see_regions(self.backbone, window.image, regions)
            none = Emissions.none(self.backbone.embedding_dim)
            self._collector.add(window, none if seen is None else self._emissions(window, seen, found))
        return found

    @torch.inference_mode()
    def _emissions(self, window: Window, seen: Seen, found: WindowDetections) -> Emissions:
        """The detections ``found`` in ``window``, and the likely proposals."""
        proposals = seen.propose()
        likely = proposals.objectness >= self._min_objectness
        objectness, boxes = proposals.objectness[likely], _physical(window, proposals.boxes[likely])
        unknown, no_signal = torch.full_like(objectness, torch.nan), torch.full((len(boxes),), -1)
        proposed = Emissions(boxes, objectness, unknown, no_signal, proposals.embeddings[likely].half())
        if not found.detections:
            return proposed
        names = sorted(found.versions)
        pixels = torch.from_numpy(window.frame.to_pixels(each.box for each in found.detections))
        score = torch.tensor([each.score for each in found.detections])
        signal = torch.tensor([names.index(each.signal_name) for each in found.detections])
        embeddings = seen.embed(pixels).half()
        detected = Emissions(_physical(window, pixels), torch.full_like(score, torch.nan), score, signal, embeddings)
        return Emissions.joined(detected, proposed)


def _physical(window: Window, pixels: Tensor) -> Tensor:
    """Pixel boxes (n, 4) of ``window`` as float64 (n, 4): start, low, end, high, from the start of the recording."""
    rows: NDArray[np.float64] = np.array(
        [
            (box.time_start_sec, box.freq_low_hz, box.time_end_sec, box.freq_high_hz)
            for box in (each.shifted(window.start_sec) for each in window.frame.to_boxes(pixels.numpy()))
        ]
    ).reshape(-1, 4)
    return torch.from_numpy(rows)
