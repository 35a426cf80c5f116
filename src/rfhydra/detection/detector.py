"""HydraDetector: any set of heads on one backbone pass.

The backbone and the loaded heads are one immutable snapshot that is replaced as a whole, so one window never mixes
versions.
"""

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from rfhydra.detection.detection import Detection as Detection
from rfhydra.detection.regions import RegionsSeen
from rfhydra.errors import Incompatible, NotFound
from rfhydra.hydra.backbone import Backbone, Seen
from rfhydra.hydra.head import HeadStack, ScoredBoxes
from rfhydra.hydra.loading import LoadedHead
from rfhydra.hydra.vision import nms
from rfhydra.spectrum.rectangle import Rectangle
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.window import Window

CROSS_CLASS_NMS_IOU: Final = 0.5


@dataclass(frozen=True)
class WindowDetections:
    """Detections in one window, strongest first, and the version and threshold of each head that ran.

    ``seen`` is what the backbone with the id ``backbone_id`` made of the window, None where it did not run.
    """

    versions: dict[str, int]
    detections: list[Detection]
    seen: Seen | None = field(default=None, compare=False, repr=False)
    backbone_id: str | None = field(default=None, compare=False, repr=False)
    thresholds: dict[str, float] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, eq=False)
class _Snapshot:
    """A backbone and the loaded heads by signal name, and as one stack in the same order."""

    backbone: Backbone
    heads: dict[str, LoadedHead]
    stack: HeadStack

    @classmethod
    def of(cls, backbone: Backbone, heads: dict[str, LoadedHead]) -> "_Snapshot":
        return cls(backbone, heads, HeadStack([each.head for each in heads.values()]))

    def only(self, names: Collection[str]) -> "_Snapshot":
        """The snapshot without the heads that are not among ``names``."""
        if self.heads.keys() <= set(names):
            return self
        return _Snapshot.of(self.backbone, {name: each for name, each in self.heads.items() if name in names})

    @property
    def versions(self) -> dict[str, int]:
        return {name: self.heads[name].version for name in sorted(self.heads)}

    @property
    def thresholds(self) -> dict[str, float]:
        return {name: each.threshold for name, each in self.heads.items()}


class HydraDetector:
    """Detects every loaded signal in windows of one contract, on one backbone."""

    def __init__(self, spec: SpectrogramSpec, backbone: Backbone) -> None:
        """
        Raises:
            Incompatible: the backbone was pretrained on another value scaling than ``spec`` has.
        """
        backbone.require_scaling(spec)
        self.spec = spec
        self._loaded = _Snapshot.of(backbone, {})
        self._changing = threading.Lock()

    @property
    def backbone(self) -> Backbone:
        """The backbone that the loaded heads run on."""
        return self._loaded.backbone

    @property
    def loaded_versions(self) -> dict[str, int]:
        """The version of each loaded head, by signal name, sorted."""
        return self._loaded.versions

    def load_heads(self, heads: Mapping[str, LoadedHead]) -> list[str]:
        """Add ``heads``, by signal name, to the loaded set, all at once; a loaded head of the same name is replaced.

        Returns the loaded names, sorted.

        Raises:
            Incompatible: a head was made for another contract or backbone; nothing was changed.
        """
        with self._changing:
            backbone = self._loaded.backbone
            self._loaded = _Snapshot.of(backbone, {**self._loaded.heads, **self._bound(heads, backbone)})
        return self.get_loaded_heads()

    def replace(self, backbone: Backbone, heads: Mapping[str, LoadedHead]) -> None:
        """Detect with ``heads``, by signal name, on ``backbone`` from the next window on, with no other head.

        Raises:
            Incompatible: the backbone or a head was made for another contract, or a head for another backbone; nothing
                was changed.
        """
        backbone.require_scaling(self.spec)
        loaded = _Snapshot.of(backbone, self._bound(heads, backbone))
        with self._changing:
            self._loaded = loaded

    def _bound(self, heads: Mapping[str, LoadedHead], backbone: Backbone) -> dict[str, LoadedHead]:
        bound = {name: LoadedHead.bind(each.version, each.head, self.spec, backbone) for name, each in heads.items()}
        return {name: each.overridden(heads[name].override) for name, each in bound.items()}

    def unload_heads(self, signal_names: Iterable[str] | None = None) -> list[str]:
        """Take ``signal_names`` (default: all) out of the loaded set. Returns the names that are left, sorted."""
        with self._changing:
            gone = set(self._loaded.heads if signal_names is None else signal_names)
            kept = {name: head for name, head in self._loaded.heads.items() if name not in gone}
            self._loaded = _Snapshot.of(self._loaded.backbone, kept)
        return self.get_loaded_heads()

    def rename_head(self, former: str, latest: str) -> None:
        """Detect with the loaded head of ``former`` as one of ``latest``, from the next window on."""
        with self._changing:
            heads = self._loaded.heads
            if former in heads:
                renamed = {(latest if name == former else name): head for name, head in heads.items()}
                renamed[latest] = heads[former].named(latest)
                self._loaded = _Snapshot.of(self._loaded.backbone, renamed)

    def get_loaded_heads(self) -> list[str]:
        """Names of the loaded heads, sorted."""
        return sorted(self._loaded.heads)

    def loaded_heads(self) -> dict[str, LoadedHead]:
        """The loaded heads by signal name, sorted."""
        heads = self._loaded.heads
        return {name: heads[name] for name in sorted(heads)}

    def set_threshold(self, signal_name: str, threshold: float | None) -> None:
        """Use another threshold for a loaded head from the next window on; None for its own.

        Raises:
            NotFound: it is not loaded.
        """
        with self._changing:
            heads = self._loaded.heads
            if signal_name not in heads:
                raise NotFound(f"the head of {signal_name!r} is not loaded")
            changed = {**heads, signal_name: heads[signal_name].overridden(threshold)}
            self._loaded = _Snapshot.of(self._loaded.backbone, changed)

    def loaded_threshold(self, signal_name: str) -> float:
        """The threshold of a loaded head that is used.

        Raises:
            NotFound: it is not loaded.
        """
        loaded = self._loaded.heads.get(signal_name)
        if loaded is None:
            raise NotFound(f"the head of {signal_name!r} is not loaded")
        return loaded.threshold

    def detect(
        self,
        window: Window,
        threshold: float | None = None,
        names: Collection[str] | None = None,
        regions: Sequence[Rectangle] | None = None,
    ) -> WindowDetections:
        """Detections of the loaded heads in one window.

        An emission that several heads detect is reported by one of them; see :func:`cross_class_nms`.

        Args:
            window: of the detector's contract.
            threshold: minimum score; default is that of each head.
            names: signals to detect; None for all that are loaded. Names that are not loaded are ignored.
            regions: parts of the image that are looked at, which do not meet; None for all of it.

        Raises:
            Incompatible: the window is of another contract.
        """
        if window.frame.spec != self.spec:
            raise Incompatible("the window was computed under another contract than the detector's")
        loaded = self._loaded if names is None else self._loaded.only(names)
        if not loaded.heads or (regions is not None and not regions):
            return WindowDetections(loaded.versions, [], thresholds=loaded.thresholds)
        thresholds = loaded.thresholds
        limits = {name: used if threshold is None else threshold for name, used in thresholds.items()}
        seen, candidates = _detect_pixels(loaded, window.image, limits, regions)
        found = []
        for name, kept in cross_class_nms(candidates, thresholds).items():
            boxes = window.frame.to_boxes(kept.boxes.numpy())
            version = loaded.heads[name].version
            found += [Detection(name, version, *pair) for pair in zip(kept.scores.tolist(), boxes, strict=True)]
        strongest_first = sorted(found, key=lambda detection: -detection.score)
        return WindowDetections(
            loaded.versions, strongest_first, seen, backbone_id=loaded.backbone.backbone_id, thresholds=thresholds
        )


def _detect_pixels(
    loaded: _Snapshot,
    image: NDArray[np.uint8],
    limits: dict[str, float],
    regions: Sequence[Rectangle] | None,
) -> tuple[Seen, dict[str, ScoredBoxes]]:
    """What the backbone made of the image or its regions, and the pixel detections of each loaded head."""
    if regions is None:
        seen = loaded.backbone.see(image)
        return seen, _detect_in(loaded, image, seen, limits)
    parts = RegionsSeen(loaded.backbone, image, regions)
    found = _detect_in(loaded, parts.mosaic, parts.mosaic_seen, limits)
    return parts, {name: parts.in_image(each) for name, each in found.items()}


def _detect_in(
    loaded: _Snapshot, image: NDArray[np.uint8], seen: Seen, limits: dict[str, float]
) -> dict[str, ScoredBoxes]:
    """Pixel detections of each loaded head in one image."""
    found = loaded.stack.detect_in(image, seen, [limits[name] for name in loaded.heads])
    return dict(zip(loaded.heads, found, strict=True))


def cross_class_nms(candidates: dict[str, ScoredBoxes], thresholds: dict[str, float]) -> dict[str, ScoredBoxes]:
    """NMS over the detections of all heads, by calibrated score. Arguments are by signal name.

    Only boxes at or above the threshold of their own head take part: boxes that a lower threshold adds neither
    suppress nor are suppressed, so that a sweep of thresholds stays valid.
    """
    counts = [len(each.scores) for each in candidates.values()]
    if not any(counts):
        return candidates
    boxes = torch.cat([each.boxes for each in candidates.values()])
    scores = torch.cat([each.scores for each in candidates.values()])
    limit = torch.tensor([thresholds[name] for name in candidates]).repeat_interleave(torch.tensor(counts))
    competing = torch.nonzero(scores >= limit)[:, 0]
    kept = scores < limit
    kept[competing[nms(boxes[competing], scores[competing], CROSS_CLASS_NMS_IOU)]] = True
    return {
        name: ScoredBoxes(each.boxes[mask], each.scores[mask]) if len(mask) else each
        for (name, each), mask in zip(candidates.items(), torch.split(kept, counts), strict=True)
    }
