"""The frozen backbone that has an id and turns an image into :class:`Proposals`, and the file that it lives in.

A backbone's file carries what its heads need beside the weights: background set, and a golden test vector that is
replayed at every load, so that weights never serve in code that sees otherwise than what they were made in.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import asdict, dataclass, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from torch import Tensor, nn
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import box_iou, clip_boxes_to_image, nms

from rfhydra.config import BACKBONE_VERSION
from rfhydra.errors import Incompatible, InvalidMessage, NotFound
from rfhydra.files import write_file
from rfhydra.hydra.network import BackboneNetwork, NetworkConfig
from rfhydra.hydra.weights import Weights, read_weights, write_weights
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.spectrogram import spectrogram
from rfhydra.synth import Receiver, Scene, make_burst

SHIPPED_BACKBONE: Final = "body.safetensors"
MIN_OBJECTNESS: Final = 0.15  # below it lie noise and fragments of emissions (docs/decisions/0008)
MAX_CO_TIMED: Final = 40
CO_TIMED_IOU: Final = 0.8
GOLDEN_SPEC: Final = SpectrogramSpec(fft_size=256, hop=128, rows=128, cols=128)
GOLDEN_PROPOSALS: Final = 5
GOLDEN_IOU: Final = 0.9
GOLDEN_COSINE: Final = 0.99


@dataclass(frozen=True, eq=False)
class Proposals:
    """What the backbone sees in one image, strongest first.

    ``boxes`` float32 (n, 4) in pixels, ``objectness`` float32 (n,) in 0..1, ``embeddings`` float32 (n, d) of unit
    length.
    """

    boxes: Tensor
    objectness: Tensor
    embeddings: Tensor

    def __len__(self) -> int:
        return len(self.boxes)


@dataclass(frozen=True, eq=False)
class BackgroundSet:
    """What emissions look like in general: proposals of synthetic scenes, which every head learns not to claim.

    ``boxes`` float32 (n, 4) in pixels, ``embeddings`` float32 (n, d), ``scenes`` int64 (n,): which scene each proposal
    is from, rising; ``emissions`` (1,): how many there were in all scenes.
    """

    boxes: Tensor
    embeddings: Tensor
    scenes: Tensor
    emissions: Tensor

    @classmethod
    def none(cls, embedding: int) -> Self:
        """No background set at all."""
        return cls(
            torch.zeros((0, 4)), torch.zeros((0, embedding)), torch.zeros(0, dtype=torch.int64), torch.zeros(1).long()
        )

    def __len__(self) -> int:
        return len(self.boxes)

    def part(self, chosen: Tensor) -> "BackgroundSet":
        """The proposals of a mask (n,)."""
        return replace(self, boxes=self.boxes[chosen], embeddings=self.embeddings[chosen], scenes=self.scenes[chosen])


@dataclass(frozen=True, eq=False)
class GoldenTestVector:
    """What a backbone saw in one recording when its file was made.

    ``iq`` float32 (samples, 2) in the contract :data:`GOLDEN_SPEC`, its strongest ``boxes`` float32 (n, 4) in pixels
    and their ``embeddings`` float32 (n, d).
    """

    iq: Tensor
    boxes: Tensor
    embeddings: Tensor

    @classmethod
    def record(cls, backbone: "Backbone") -> Self:
        """What ``backbone`` sees in a chirp and a QPSK burst."""
        rng, scene = np.random.default_rng(0), Scene(GOLDEN_SPEC.window_samples)
        scene.add(make_burst("chirp", rng, 6000, 0.2), start=1000, freq=-0.2, snr_db=20)
        scene.add(make_burst("qpsk", rng, 5000, 0.1), start=9000, freq=0.25, snr_db=20)
        iq = torch.view_as_real(torch.from_numpy(Receiver().apply(scene, rng))).half().float()
        features, size = _features_of(backbone, iq)
        boxes = backbone.propose(features, size, GOLDEN_PROPOSALS).boxes.cpu().half().float()
        return cls(iq, boxes, backbone.embed(features, boxes, size).cpu())

    def replay(self, backbone: "Backbone") -> None:
        """Raise :class:`Incompatible` where ``backbone`` no longer proposes or embeds what was recorded.

        The tolerances leave room for the half precision and the summation order of another device.
        """
        features, size = _features_of(backbone, self.iq)
        found = box_iou(self.boxes, backbone.propose(features, size).boxes.cpu())
        proposed = all(row.numel() and row.max() >= GOLDEN_IOU for row in found)
        alike = torch.cosine_similarity(backbone.embed(features, self.boxes, size).cpu(), self.embeddings)
        if not (proposed and (alike >= GOLDEN_COSINE).all()):
            raise Incompatible(
                "the backbone does not see in its golden recording what it saw when it was made: use the version of"
                " rfhydra that made it, or make it again with 'rfhydra pretrain'"
            )


def _features_of(backbone: "Backbone", iq: Tensor) -> tuple[dict[str, Tensor], tuple[int, int]]:
    """What ``backbone`` makes of the golden ``iq``, and the size (rows, cols) of its image."""
    image = spectrogram(torch.view_as_complex(iq.contiguous()).to(backbone.device), GOLDEN_SPEC)
    return backbone.features(image), (image.shape[0], image.shape[1])


_REFERENCE_PREFIX: Final = "reference."
_GOLDEN_PREFIX: Final = "golden."


class Backbone:
    """A frozen backbone: images in, :class:`Proposals` out. One instance serves any number of heads and threads."""

    def __init__(
        self,
        body: BackboneNetwork,
        backbone_id: str,
        device: str | torch.device = "cpu",
        background: BackgroundSet | None = None,
    ) -> None:
        self.backbone_id = backbone_id
        self.background = background or BackgroundSet.none(body.config.embedding)
        self.config = body.config
        self.device = torch.device(device)
        self.body = body.eval().requires_grad_(False).to(self.device).to(memory_format=torch.channels_last)
        self._half = _autocast_pays(self.device)
        self._served = _in_half(self.body) if self._half else self.body

    @classmethod
    def load(cls, path: Path | None = None, device: str | torch.device = "cpu") -> Self:
        """The backbone in ``path``, or the one that ships with rfhydra.

        Raises:
            NotFound: there is no such file.
            Incompatible: the file is not a backbone of this version, or it sees otherwise than when it was made.
        """
        if path is None:
            with resources.as_file(resources.files("rfhydra.hydra") / SHIPPED_BACKBONE) as shipped:
                return cls.load(shipped, device)
        if not path.is_file():
            raise NotFound(f"no backbone file {path.name}: make one with 'rfhydra pretrain'")
        data = path.read_bytes()
        weights = read_weights(data, "body")
        if weights.metadata.get("backbone_version") != BACKBONE_VERSION:
            raise Incompatible(
                f"{path.name} is not a backbone of version {BACKBONE_VERSION}: make one with this rfhydra"
            )
        try:
            body = BackboneNetwork(_CONFIG.validate_python(weights.metadata["config"]))
        except (KeyError, ValidationError, InvalidMessage):
            raise Incompatible(f"{path.name} does not describe a backbone's shape") from None
        state = dict(weights.tensors)
        background = BackgroundSet(**_taken(state, _REFERENCE_PREFIX, BackgroundSet))
        golden = GoldenTestVector(**_taken(state, _GOLDEN_PREFIX, GoldenTestVector))
        replace(weights, tensors=state).load_into(body)
        backbone = cls(body, digest_of(data), device, background)
        golden.replay(backbone)
        return backbone

    def require(self, backbone_id: str, what: str) -> None:
        """Raise :class:`Incompatible` if ``backbone_id`` is another backbone's."""
        if backbone_id != self.backbone_id:
            raise Incompatible(
                f"{what} was trained on backbone {backbone_id}, this one is {self.backbone_id}: train it again here"
            )

    def require_scaling(self, spec: SpectrogramSpec) -> None:
        """Raise :class:`Incompatible` if images of ``spec`` have other grey levels than the backbone was trained on."""
        if spec.scaling != self.config.scaling:
            raise Incompatible("the backbone was pretrained on another value scaling than this workspace's contract")

    @torch.no_grad()  # not inference_mode: an rcnn head trains on them
    def features(self, images: NDArray[np.uint8] | Tensor) -> dict[str, Tensor]:
        """The float32 pyramid of one uint8 image (rows, cols), or of several of one size (n, rows, cols)."""
        pixels = torch.as_tensor(images).to(self.device).float() / 255
        pixels = pixels.reshape(-1, 1, *pixels.shape[-2:])
        with self._precision():
            return self._served.features(pixels)

    @torch.inference_mode()
    def propose(self, features: dict[str, Tensor], size: tuple[int, int], limit: int = 100) -> Proposals:
        """At most ``limit`` class-agnostic proposals of an image of ``size`` (rows, cols), near duplicates merged.

        Among them are some around what begins and ends together (see :func:`co_timed`).
        What is less than :data:`MIN_OBJECTNESS` likely to be an emission is left out.
        """
        batch = ImageList(torch.empty((1, 1, *size), device=self.device), [size])
        with self._precision():
            (proposals,), _ = self._served.rpn(batch, features)
        boxes, objectness = self._refined(features, proposals, size)
        joined, likely = self._refined(features, co_timed(boxes, objectness), size)
        boxes, objectness = torch.cat([boxes, joined]), torch.cat([objectness, likely])
        kept = nms(boxes, objectness, 0.75)[:limit]
        return Proposals(boxes[kept], objectness[kept], self.embed(features, boxes[kept], size))

    def _refined(self, features: dict[str, Tensor], boxes: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """What the backbone makes of ``boxes`` (n, 4): those that it takes for an emission, moved, and how surely."""
        with self._precision():
            raw = self._served.raw_embeddings(features, [boxes], size)
        scores, deltas = self._served.roi_heads.box_predictor(raw)
        moved = clip_boxes_to_image(self._served.roi_heads.box_coder.decode_single(deltas[:, :4], boxes), size)
        objectness = 1 - scores.softmax(1)[:, 0]
        kept = ((moved[:, 2:] - moved[:, :2]) > 1).all(1) & (objectness >= MIN_OBJECTNESS)
        return moved[kept], objectness[kept]

    @torch.inference_mode()
    def embed(self, features: dict[str, Tensor], boxes: Tensor, size: tuple[int, int]) -> Tensor:
        """Centred embeddings of unit length, float32 (n, d), of pixel ``boxes`` (n, 4)."""
        with self._precision():
            raw = self._served.raw_embeddings(features, [boxes.to(self.device, torch.float32)], size)
        return self._served.normalised(raw)

    @contextmanager
    def _precision(self) -> Iterator[None]:
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self._half):
            yield


def co_timed(boxes: Tensor, objectness: Tensor) -> Tensor:
    """Boxes (k, 4) around pairs of ``boxes`` (n, 4) that begin and end together in bands apart, the likeliest first.

    Two tones of one transmitter that lie far apart look like two emissions, but for their times
    (docs/decisions/0019).
    """
    kept = nms(boxes, objectness, 0.3)[:MAX_CO_TIMED]
    boxes, objectness = boxes[kept], objectness[kept]
    one, other = torch.triu_indices(len(boxes), len(boxes), 1, device=boxes.device)
    low, high = torch.minimum(boxes[one], boxes[other]), torch.maximum(boxes[one], boxes[other])
    around = torch.cat([low[:, :2], high[:, 2:]], dim=1)
    together = low[:, 2] - high[:, 0] >= CO_TIMED_IOU * (high[:, 2] - low[:, 0])
    likely = objectness[one] * objectness[other] * (together & (low[:, 3] <= high[:, 1]))
    best = likely.argsort(descending=True)[:MAX_CO_TIMED]
    return around[best[likely[best] > 0]]


_CONFIG = TypeAdapter(NetworkConfig)


def _taken(state: dict[str, Tensor], prefix: str, shape: type) -> dict[str, Tensor]:
    """The fields of the dataclass ``shape``, taken out of ``state``, in full precision."""
    try:
        found = {each.name: state.pop(prefix + each.name) for each in fields(shape)}
    except KeyError:
        raise Incompatible(
            f"this backbone lacks its {prefix.rstrip('.')} tensors: make one with this rfhydra"
        ) from None
    return {name: each.float() if each.is_floating_point() else each for name, each in found.items()}


def save_backbone(
    body: BackboneNetwork,
    path: Path,
    recipe: dict[str, Any],
    scratch: Path | None = None,
    background: BackgroundSet | None = None,
) -> str:
    """Write ``backbone`` as fp16 safetensors with its config and ``recipe``, atomically; returns the new backbone id.

    ``scratch`` is a directory on the same file system for what is half-written; the one of ``path`` if not given.
    Without a ``background`` heads learn from the workspace's samples alone.

    Raises:
        StorageFull: there is no room on the disk; ``path`` is as it was.
    """
    known = background or BackgroundSet.none(body.config.embedding)
    metadata = {"config": asdict(body.config), "recipe": recipe, "backbone_version": BACKBONE_VERSION}
    weights = _halved(body.state_dict())
    served = BackboneNetwork(body.config)
    served.load_state_dict(weights)
    golden = GoldenTestVector.record(Backbone(served, "unsaved"))
    beside = {_REFERENCE_PREFIX + name: tensor for name, tensor in vars(known).items()}
    beside |= {_GOLDEN_PREFIX + name: tensor for name, tensor in vars(golden).items()}
    data = write_weights(Weights("body", weights | _halved(beside), metadata))
    write_file(path, data, scratch or path.parent)
    return digest_of(data)


def _halved(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}


def digest_of(data: bytes) -> str:
    """The id of the backbone whose file holds ``data``: the first 16 hex digits of their SHA-256."""
    return hashlib.sha256(data).hexdigest()[:16]


def _in_half(body: BackboneNetwork) -> BackboneNetwork:
    """A copy of ``backbone`` that autocast need not cast anew in every pass: it keeps no casts of frozen weights."""
    served = deepcopy(body)
    for part in (served.pyramid, served.rpn, served.roi_heads.box_head):
        for layer in part.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                layer.to(torch.bfloat16)
    return served


def _autocast_pays(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return device.type == "cpu" and bool(torch.cpu._is_avx512_bf16_supported())
