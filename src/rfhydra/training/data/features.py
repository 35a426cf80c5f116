"""What a head is trained on: the proposals of each sample as the frozen backbone sees them, computed once and cached.

A cache entry is keyed by the image, the labelled boxes and the backbone. It can be deleted at any time, and several
processes may share a cache: an entry is there whole or not at all.
"""

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load, save
from torch import Tensor

from rfhydra.errors import Busy, StorageFull
from rfhydra.files import make_directory, replacing
from rfhydra.hydra.backbone import Backbone, Seen
from rfhydra.hydra.candidates import CandidateRule
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.spectrogram import level_db, lower_snr
from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace

JITTERS: Final = 4
JITTER_SHIFT: Final = 0.06
JITTER_SCALE: Final = 0.10
MIN_LEVEL_DB: Final = 8.0
MIN_LOWERING_DB: Final = 3.0
MAX_LOWERING_DB: Final = 25.0
MIN_LOWERING: Final = 0.4  # of what there is room for
LEVEL_PERCENTILE: Final = 90.0
MAX_CACHE_BYTES: Final = 2 * 2**30
_KEPT_FRACTION: Final = 0.75  # so that a full cache is not searched for its oldest entry again and again
_FORMAT: Final = "3"
_SUFFIX: Final = ".features"  # a SHA-256, then the safetensors of which it is
_DIGEST_BYTES: Final = 32
ORIGINAL: Final = "as heard"  # in the keys of cached entries, as is the next
SNR_AUGMENTED: Final = "quieter"


@dataclass(frozen=True, eq=False)
class SampleFeatures:
    """One sample as the backbone sees it.

    Attributes:
        size: (rows, cols) of the image.
        proposals: proposed boxes in pixels (n, 4) and their ``embeddings`` (n, d); candidates of the head's own after
            the first ``proposed``, which are the backbone's.
        positives: the user's boxes (m, 4); ``jittered`` are 1 + JITTERS copies of each, the box itself first
            (m * (1 + JITTERS), 4), with ``jittered_embeddings``.
        negatives: verified boxes of other labels (k, 4) with ``negative_embeddings``.
    """

    size: tuple[int, int]
    proposals: Tensor
    embeddings: Tensor
    positives: Tensor
    jittered: Tensor
    jittered_embeddings: Tensor
    negatives: Tensor
    negative_embeddings: Tensor
    proposed: int

    def without_candidates(self) -> "SampleFeatures":
        """The same with the backbone's proposals only."""
        proposals, embeddings = self.proposals[: self.proposed], self.embeddings[: self.proposed]
        return replace(self, proposals=proposals, embeddings=embeddings)


_Entry: TypeAlias = dict[str, Tensor]

_TENSORS: Final = (
    "proposals",
    "embeddings",
    "positives",
    "jittered",
    "jittered_embeddings",
    "negatives",
    "negative_embeddings",
)
_CANDIDATE_TENSORS: Final = ("proposals", "embeddings")


class FeatureCache:
    """Features of a workspace's samples on one backbone, kept under ``cache/`` of the workspace; for any thread."""

    def __init__(self, workspace: Workspace, backbone: Backbone, max_bytes: int = MAX_CACHE_BYTES) -> None:
        """
        Args:
            workspace: whose samples.
            backbone: which sees them.
            max_bytes: how large ``cache/`` may grow; then the entries that were written first go, a quarter of it.
        """
        self._workspace, self.backbone = workspace, backbone
        self._directory = workspace.path / "cache"
        self._max_bytes = max_bytes
        self._size_bytes: int | None = None  # not known before something is written
        self._lock = threading.Lock()  # of the size

    def get(self, sample: Sample, rule: CandidateRule | None = None) -> SampleFeatures:
        """The features of ``sample``, with the candidates of ``rule``, from the cache or computed now."""
        tensors, own = self._cached(sample, ORIGINAL, rule)
        if tensors is None or own is None:
            image = self._workspace.samples.image(sample)
            tensors, own = self._see(sample, ORIGINAL, rule, image, tensors)
        return self._joined(sample, tensors, own)

    def get_snr_augmented(self, sample: Sample, rule: CandidateRule | None = None) -> SampleFeatures | None:
        """The features of ``sample`` at a lower SNR; by how much is random, seeded by its cache key.

        None where its faintest box is close to the noise already.
        """
        tensors, own = self._cached(sample, SNR_AUGMENTED, rule)
        if tensors is None or own is None:
            lowered = self._lowered(sample)
            if lowered is None:
                return None
            tensors, own = self._see(sample, SNR_AUGMENTED, rule, lowered, tensors)
        return self._joined(sample, tensors, own)

    def _lowered(self, sample: Sample) -> NDArray[np.uint8] | None:
        spec, image = self._workspace.spec, self._workspace.samples.image(sample)
        room_db = faintest_db(image, self._labels(sample)[0], spec) - MIN_LEVEL_DB
        if room_db < MIN_LOWERING_DB:
            return None
        seed = _seed_of(self._path(sample, SNR_AUGMENTED))
        part = np.random.default_rng(seed).uniform(MIN_LOWERING, 1.0)
        return lower_snr(image, spec, part * min(room_db, MAX_LOWERING_DB), seed).numpy()

    def has(self, sample: Sample, rule: CandidateRule | None = None) -> bool:
        """Whether :meth:`get` will find ``sample`` in the cache."""
        return None not in self._cached(sample, ORIGINAL, rule)

    def _cached(self, sample: Sample, view: str, rule: CandidateRule | None) -> tuple[_Entry | None, _Entry | None]:
        """The entries of a ``view`` of ``sample`` and of its candidates, which are none without a ``rule``."""
        path = self._path(sample, view)
        return _read(path, _TENSORS), _read(_candidate_path(path, rule), _CANDIDATE_TENSORS) if rule else {}

    def _see(
        self, sample: Sample, view: str, rule: CandidateRule | None, image: NDArray[np.uint8], tensors: _Entry | None
    ) -> tuple[_Entry, _Entry]:
        """Both entries of ``image``, which is a ``view`` of ``sample``, now in the cache; ``tensors`` was there."""
        path, seen = self._path(sample, view), self.backbone.see(image)
        if tensors is None:
            tensors = self._compute(seen, *self._labels(sample), _seed_of(path))
            self._write(path, tensors)
        if rule is None:
            return tensors, {}
        boxes = rule.find(image, tensors["proposals"])
        own = {"proposals": boxes, "embeddings": seen.embed(boxes)}
        self._write(_candidate_path(path, rule), own)
        return tensors, own

    def _joined(self, sample: Sample, tensors: _Entry, own: _Entry) -> SampleFeatures:
        """The features of ``tensors`` with the candidates ``own`` after the proposals."""
        joined = {**tensors, **{name: torch.cat([tensors[name], own[name]]) for name in own}}
        size = self._workspace.spec.rows, sample.cols
        return SampleFeatures(size, **joined, proposed=len(tensors["proposals"]))

    def clear(self) -> None:
        """Remove all entries: the next training computes every feature."""
        for entry in self._directory.glob(f"*{_SUFFIX}"):
            entry.unlink(missing_ok=True)

    def _labels(self, sample: Sample) -> tuple[Tensor, Tensor]:
        """The user's boxes and the verified negatives in pixels, (m, 4) and (k, 4)."""
        frame = sample.frame(self._workspace.spec)
        return (
            torch.from_numpy(frame.to_pixels(sample.boxes)),
            torch.from_numpy(frame.to_pixels(box for _, box in sample.negatives)),
        )

    def _path(self, sample: Sample, view: str) -> Path:
        key = hashlib.sha256(f"{_FORMAT} {sample.image_digest} {view} {self.backbone.backbone_id}".encode())
        for part in self._labels(sample):
            key.update(f" {len(part)} ".encode() + part.numpy().tobytes())
        return self._directory / f"{key.hexdigest()[:40]}{_SUFFIX}"

    def _compute(self, seen: Seen, positives: Tensor, negatives: Tensor, seed: int) -> _Entry:
        proposals, jittered = seen.propose(), jitter(positives, seen.size, seed)
        return {
            "proposals": proposals.boxes,
            "embeddings": proposals.embeddings,
            "positives": positives,
            "jittered": jittered,
            "jittered_embeddings": seen.embed(jittered),
            "negatives": negatives,
            "negative_embeddings": seen.embed(negatives),
        }

    def _write(self, path: Path, tensors: _Entry) -> None:
        # No fsync: the digest tells an entry of which a power failure took a part, and it is computed again.
        content = save({name: tensor.contiguous() for name, tensor in tensors.items()})
        data = hashlib.sha256(content).digest() + content
        with suppress(OSError, StorageFull, Busy):  # where there is no room for a cache, the next training takes longer
            make_directory(self._directory, private=True)
            with self._lock:
                self._make_room(len(data))
            with replacing(path, durable=False, private=True) as file:
                file.write(data)

    def _make_room(self, needed: int) -> None:
        """Remove the oldest files if ``needed`` bytes more are too many; what a killed process left is among them."""
        if self._size_bytes is None or self._size_bytes + needed > self._max_bytes:
            files = sorted(_sizes(self._directory))
            self._size_bytes = sum(size for _, size, _ in files)
            if self._size_bytes + needed > self._max_bytes:
                for _, size, path in files:
                    if self._size_bytes + needed <= _KEPT_FRACTION * self._max_bytes:
                        break
                    path.unlink(missing_ok=True)
                    self._size_bytes -= size
        self._size_bytes += needed


def _seed_of(path: Path) -> int:
    """Random seed of a cache entry, derived from its key."""
    return int(path.stem[:8], 16)


def _sizes(directory: Path) -> Iterator[tuple[int, int, Path]]:
    """When each file of ``directory`` was written, its bytes, and its path."""
    for path in directory.iterdir():
        with suppress(FileNotFoundError):  # another process has removed it
            stat = path.stat()
            yield stat.st_mtime_ns, stat.st_size, path


def _read(path: Path, names: Sequence[str]) -> _Entry | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None
    digest, content = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
    if hashlib.sha256(content).digest() != digest:
        return None
    tensors = load(content)
    return tensors if set(tensors) == set(names) else None


def _candidate_path(path: Path, rule: CandidateRule) -> Path:
    """The cache entry of the candidates of ``rule`` in the image of the entry ``path``."""
    return path.with_stem(f"{path.stem}-{rule.rule_id}")


def faintest_db(image: NDArray[np.uint8], boxes: Tensor, spec: SpectrogramSpec) -> float:
    """The level above the noise floor that the brightest tenth of the faintest of pixel ``boxes`` (n, 4) reaches."""
    levels = level_db(image, spec).numpy()
    edges = torch.cat([boxes[:, :2].floor(), boxes[:, 2:].ceil()], dim=1).long().clamp_min(0).tolist()
    return min(float(np.percentile(levels[y0:y1, x0:x1], LEVEL_PERCENTILE)) for x0, y0, x1, y1 in edges)


def jitter(boxes: Tensor, size: tuple[int, int], seed: int) -> Tensor:
    """Each box (n, 4) and JITTERS shifted and scaled copies of it, as users draw them: (n * (1 + JITTERS), 4)."""
    generator = torch.Generator().manual_seed(seed)
    sides = (boxes[:, 2:] - boxes[:, :2])[:, None]
    centre = ((boxes[:, 2:] + boxes[:, :2]) / 2)[:, None]
    noise = torch.randn((len(boxes), 1 + JITTERS, 4), generator=generator)
    noise[:, 0] = 0
    middle = centre + JITTER_SHIFT * noise[..., :2] * sides
    half = sides / 2 * (JITTER_SCALE * noise[..., 2:]).exp()
    limit = torch.tensor([size[1], size[0], size[1], size[0]], dtype=boxes.dtype)
    return torch.minimum(torch.cat([middle - half, middle + half], dim=2).clamp_min(0), limit).reshape(-1, 4)
