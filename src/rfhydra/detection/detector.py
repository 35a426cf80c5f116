"""HydraDetector: any set of heads on one backbone pass.

The loaded set is an immutable snapshot that is replaced whole, so one image never mixes versions.
"""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torchvision.ops import nms

from rfhydra.errors import Incompatible, NotFound
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.head import EmbeddingHead, HeadStack, ScoredBoxes
from rfhydra.hydra.rcnn import RcnnHead
from rfhydra.hydra.registry import Head, VersionManager
from rfhydra.spectrum.boxes import Box, Frame
from rfhydra.spectrum.spectrogram import spectrogram

MAX_PROPOSALS: Final = 100
CROSS_CLASS_NMS_IOU: Final = 0.5


@dataclass(frozen=True)
class Detection:
    """One emission of ``signal_name``, found by ``version`` of its head: seconds from the start of the window, Hz."""

    signal_name: str
    version: int
    score: float
    box: Box

    def to_dict(self) -> dict[str, Any]:
        return {
            "signal_name": self.signal_name,
            "version": self.version,
            "score": round(self.score, 4),
            **asdict(self.box),
        }


@dataclass(frozen=True, eq=False)
class LoadedHead:
    """A head that detects, and its version."""

    version: int
    head: Head


@dataclass(frozen=True, eq=False)
class _Snapshot:
    """What is loaded at one instant: by signal name, embedding heads also as one stack."""

    heads: dict[str, LoadedHead]
    stack: HeadStack
    stacked: tuple[str, ...]

    @classmethod
    def of(cls, heads: dict[str, LoadedHead]) -> "_Snapshot":
        embedding = {name: each.head for name, each in heads.items() if isinstance(each.head, EmbeddingHead)}
        return cls(heads, HeadStack(list(embedding.values())), tuple(embedding))

    @property
    def versions(self) -> dict[str, int]:
        return {name: self.heads[name].version for name in sorted(self.heads)}


@dataclass(frozen=True)
class Look:
    """What was found in one image, strongest first, and the version of each head that looked."""

    versions: dict[str, int]
    detections: list[Detection]


class HydraDetector:
    """Detects every loaded signal in spectrograms or IQ of the workspace's contract."""

    def __init__(self, versions: VersionManager, backbone: Backbone) -> None:
        """
        Raises:
            Incompatible: the backbone was pretrained on another value scaling than the workspace's contract has.
        """
        self.versions, self.backbone, self.spec = versions, backbone, versions.spec
        backbone.require_scaling(self.spec)
        self._loaded = _Snapshot.of({})
        self._changing = threading.Lock()

    @property
    def loaded_versions(self) -> dict[str, int]:
        """The version of each loaded head, by signal name, sorted."""
        return self._loaded.versions

    def load_heads(self, signal_names: Iterable[str]) -> list[str]:
        """Add the active heads of ``signal_names`` to the loaded set; all of them or, on an error, none.

        A loaded head whose signal has another active version by now is replaced by it. Returns the loaded names.

        Raises:
            NotFound: a signal has no active version.
            Incompatible: a head does not fit the contract or the backbone, or has drifted.
        """
        self.add_heads({name: self.read_head(name) for name in signal_names})
        return self.get_loaded_heads()

    def read_head(self, signal_name: str, version: int | None = None) -> LoadedHead:
        """A stored head, by default the active one, checked and ready for :meth:`add_heads`. Loads nothing.

        Raises:
            NotFound: there is no such version.
            Incompatible: it does not fit the contract or the backbone, or has drifted.
            Damaged: its artifact does not match its digest.
        """
        number = self.versions.require_active(signal_name) if version is None else version
        return LoadedHead(number, self.versions.load_head(signal_name, number, self.backbone))

    def add_heads(self, heads: dict[str, LoadedHead]) -> None:
        """Add ``heads``, by signal name, to the loaded set, all at once."""
        with self._changing:
            self._loaded = _Snapshot.of({**self._loaded.heads, **heads})

    def load_head(self, signal_name: str, version: int, head: Head) -> None:
        """Add ``head`` as it is: a candidate that is not in the store.

        Raises:
            Incompatible: it does not fit the contract or the backbone.
        """
        self.versions.require_fit(head, self.backbone)
        self.add_heads({signal_name: LoadedHead(version, head)})

    def unload_heads(self, signal_names: Iterable[str] | None = None) -> list[str]:
        """Take ``signal_names`` (default: all) out of the loaded set. Returns the names that are left."""
        with self._changing:
            gone = set(self._loaded.heads if signal_names is None else signal_names)
            self._loaded = _Snapshot.of({name: head for name, head in self._loaded.heads.items() if name not in gone})
        return self.get_loaded_heads()

    def get_loaded_heads(self) -> list[str]:
        """Names of the loaded signals, sorted."""
        return sorted(self._loaded.heads)

    def loaded_threshold(self, signal_name: str) -> float:
        """The stored threshold of a loaded head.

        Raises:
            NotFound: it is not loaded.
        """
        loaded = self._loaded.heads.get(signal_name)
        if loaded is None:
            raise NotFound(f"the head of {signal_name!r} is not loaded")
        return loaded.head.info.threshold

    def detect_iq(
        self, iq: NDArray[np.complex64], sample_rate_hz: float, center_freq_hz: float, threshold: float | None = None
    ) -> list[Detection]:
        """Detections in one window of ``iq``, complex64 (samples,); see :meth:`detect`."""
        image = spectrogram(iq, self.spec).numpy()
        return self.detect(image, Frame(self.spec, sample_rate_hz, center_freq_hz, image.shape[1]), threshold)

    def detect(self, image: NDArray[np.uint8], frame: Frame, threshold: float | None = None) -> list[Detection]:
        """Detections of all loaded heads in one spectrogram, strongest first; see :meth:`look`."""
        return self.look(image, frame, threshold).detections

    def look(self, image: NDArray[np.uint8], frame: Frame, threshold: float | None = None) -> Look:
        """Detections of all loaded heads in one spectrogram, and which heads these were.

        What several heads claim goes to one of them; see :func:`cross_class_nms`.

        Args:
            image: uint8, shape (rows, cols), of the workspace's contract.
            frame: where the image lies in time and frequency.
            threshold: the least score; default is each head's own stored one.

        Raises:
            Incompatible: the image is of another contract, or ``frame`` is not its frame.
        """
        if frame.spec != self.spec or image.shape != (self.spec.rows, frame.cols):
            raise Incompatible(f"an image of shape {image.shape} is not one of this frame under this contract")
        loaded = self._loaded
        if not loaded.heads:
            return Look({}, [])
        found = []
        claims = dict(self._detect_pixels(image, loaded, threshold))
        thresholds = {name: loaded.heads[name].head.info.threshold for name in claims}
        for name, detections in cross_class_nms(claims, thresholds).items():
            version = loaded.heads[name].version
            for box, score in zip(frame.to_boxes(detections.boxes.numpy()), detections.scores.tolist(), strict=True):
                found.append(Detection(name, version, score, box))
        return Look(loaded.versions, sorted(found, key=lambda detection: -detection.score))

    def _detect_pixels(
        self, image: NDArray[np.uint8], loaded: _Snapshot, threshold: float | None
    ) -> Iterator[tuple[str, ScoredBoxes]]:
        """Pixel detections of each loaded head, all on one backbone pass."""
        size = (image.shape[0], image.shape[1])
        features = self.backbone.features(image)
        if loaded.stacked:
            thresholds = [_min_score(head, threshold) for head in loaded.stack.heads]
            proposals = self.backbone.propose(features, size, MAX_PROPOSALS)
            yield from zip(loaded.stacked, loaded.stack.detect(proposals, thresholds, size), strict=True)
        for name, each in loaded.heads.items():
            if isinstance(each.head, RcnnHead):
                yield name, each.head.detect(features, _min_score(each.head, threshold), size)


def _min_score(head: Head, threshold: float | None) -> float:
    return head.info.threshold if threshold is None else threshold


def cross_class_nms(claims: dict[str, ScoredBoxes], thresholds: dict[str, float]) -> dict[str, ScoredBoxes]:
    """``claims`` by signal name, where an emission that several heads claim is left to the one with the best score.

    Scores are calibrated, so they compare. Only what clears the threshold of its own head takes part: what a lower
    threshold shows beside it neither loses nor takes anything away, and a sweep over thresholds stays true.
    """
    names = list(claims)
    boxes = torch.cat([claims[name].boxes for name in names])
    scores = torch.cat([claims[name].scores for name in names])
    owner = torch.cat([torch.full((len(claims[name].scores),), index) for index, name in enumerate(names)])
    bar = torch.tensor([thresholds[name] for name in names])
    clear = torch.nonzero(scores >= bar[owner])[:, 0]
    kept = scores < bar[owner]
    kept[clear[nms(boxes[clear], scores[clear], CROSS_CLASS_NMS_IOU)]] = True
    return {
        name: ScoredBoxes(claims[name].boxes[kept[owner == index]], claims[name].scores[kept[owner == index]])
        for index, name in enumerate(names)
    }
