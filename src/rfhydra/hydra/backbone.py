"""The frozen part that all heads share: ResNet-18, FPN, class-agnostic RPN, RoIAlign, one embedding layer.

``Body`` is the trainable network that ``rfhydra pretrain`` makes; :class:`Backbone` is a frozen body that has an id
and turns an image into :class:`Regions`. Built from torchvision's parts: Faster R-CNN (Ren et al., 2015) with a feature
pyramid (Lin et al., 2017). Nothing in here knows a signal.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from torch import Tensor, nn
from torchvision.models import resnet18
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.faster_rcnn import TwoMLPHead
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.models.detection.rpn import RegionProposalNetwork, RPNHead
from torchvision.ops import MultiScaleRoIAlign, clip_boxes_to_image, nms
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

from rfhydra.config import BACKBONE_VERSION
from rfhydra.errors import Incompatible, InvalidMessage, NotFound
from rfhydra.hydra.weights import Weights, read_weights, write_weights
from rfhydra.spectrum.spec import SpectrogramSpec, ValueScaling
from rfhydra.store.files import write_file

SHIPPED_BODY: Final = "body.safetensors"
LEVELS: Final = ("0", "1", "2", "3", "pool")
MIN_OBJECTNESS: Final = 0.15  # below it lie noise and fragments of emissions (docs/decisions/0008)
PIXEL_MEAN: Final = 0.25
PIXEL_STD: Final = 0.25


@dataclass(frozen=True, kw_only=True)
class BodyConfig:
    """The shape of a body. ``classes`` are the waveform families that it was pretrained to tell apart."""

    classes: tuple[str, ...]
    channels: int = 128
    embedding: int = 512
    anchor_sizes: tuple[int, ...] = (16, 32, 64, 128, 256)
    # Height to width. Bursts are extreme: from a carrier that outlasts the window to a wideband blip.
    anchor_ratios: tuple[float, ...] = (1 / 32, 1 / 11, 1 / 4, 0.7, 2.0, 5.7, 16.0)
    scaling: ValueScaling = field(default_factory=ValueScaling)


class _ClassAgnosticPredictor(nn.Module):
    """Class scores, and one box refinement for all classes, repeated to the shape that torchvision's losses index."""

    def __init__(self, embedding: int, classes: int) -> None:
        super().__init__()
        self.scores = nn.Linear(embedding, classes)
        self.deltas = nn.Linear(embedding, 4)

    def forward(self, embeddings: Tensor) -> tuple[Tensor, Tensor]:
        scores = self.scores(embeddings)
        return scores, self.deltas(embeddings).repeat(1, scores.shape[1])


class _ExactRPNHead(RPNHead):  # type: ignore[misc]  # torchvision is untyped
    """An RPN head whose answers are float32 under autocast too: half precision cannot name a pixel."""

    def forward(self, features: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        objectness, deltas = super().forward(features)
        return [level.float() for level in objectness], [level.float() for level in deltas]


def make_pyramid(config: BodyConfig) -> BackboneWithFPN:
    """ResNet-18 on one grey channel with a feature pyramid of ``config.channels``; strides 4 to 64."""
    resnet = resnet18(weights=None)
    resnet.conv1 = nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
    stages = {"layer1": "0", "layer2": "1", "layer3": "2", "layer4": "3"}
    return BackboneWithFPN(resnet, stages, [64, 128, 256, 512], config.channels, extra_blocks=LastLevelMaxPool())


def make_rpn(config: BodyConfig, proposals: int = 300) -> RegionProposalNetwork:
    """The proposal network over anchors of every size and ratio of ``config``."""
    ratios = (config.anchor_ratios,) * len(config.anchor_sizes)
    anchors = AnchorGenerator(tuple((size,) for size in config.anchor_sizes), ratios)
    head = _ExactRPNHead(config.channels, anchors.num_anchors_per_location()[0])
    return RegionProposalNetwork(
        anchors,
        head,
        fg_iou_thresh=0.6,
        bg_iou_thresh=0.3,
        batch_size_per_image=256,
        positive_fraction=0.5,
        pre_nms_top_n={"training": 1000, "testing": 600},
        post_nms_top_n={"training": 400, "testing": proposals},
        nms_thresh=0.7,
    )


def make_roi_heads(config: BodyConfig, classes: int) -> RoIHeads:
    """RoIAlign, the embedding layers and a predictor for ``classes`` classes, background included."""
    return RoIHeads(
        MultiScaleRoIAlign(LEVELS[:4], output_size=7, sampling_ratio=2),
        TwoMLPHead(config.channels * 49, config.embedding),
        _ClassAgnosticPredictor(config.embedding, classes),
        fg_iou_thresh=0.5,
        bg_iou_thresh=0.5,
        batch_size_per_image=96,
        positive_fraction=0.33,
        bbox_reg_weights=None,
        score_thresh=0.0,
        nms_thresh=0.5,
        detections_per_img=100,
    )


class Body(nn.Module):
    """The trainable network: a multi-class detector of waveform families on grey images in 0..1.

    ``embedding_mean`` (d,) is the mean over many regions of pretraining scenes: embeddings are centred on it.
    """

    embedding_mean: Tensor

    def __init__(self, config: BodyConfig) -> None:
        super().__init__()
        self.config = config
        self.pyramid = make_pyramid(config)
        self.rpn = make_rpn(config)
        self.roi_heads = make_roi_heads(config, len(config.classes) + 1)
        self.register_buffer("embedding_mean", torch.zeros(config.embedding))

    def features(self, images: Tensor) -> dict[str, Tensor]:
        """Float32 pyramid of ``images``, float (n, 1, rows, cols) in 0..1."""
        normal = (images - PIXEL_MEAN) / PIXEL_STD
        levels = self.pyramid(normal.contiguous(memory_format=torch.channels_last))
        return {name: level.float() for name, level in levels.items()}

    def raw_embeddings(self, features: dict[str, Tensor], boxes: Tensor, size: tuple[int, int]) -> Tensor:
        """What the shared layers make of pixel ``boxes`` (n, 4) of one image of ``size`` (rows, cols): (n, d)."""
        embeddings: Tensor = self.roi_heads.box_head(self.roi_heads.box_roi_pool(features, [boxes], [size]))
        return embeddings

    def normalised(self, raw: Tensor) -> Tensor:
        """Raw embeddings (n, d), centred and of unit length."""
        return torch.nn.functional.normalize(raw - self.embedding_mean, dim=1)

    def losses(self, images: Tensor, targets: list[dict[str, Tensor]]) -> dict[str, Tensor]:
        """Detection losses; ``targets`` hold ``boxes`` (n, 4) in pixels and ``labels`` (n,) from 1."""
        features = self.features(images)
        batch = image_list(images)
        proposals, rpn_losses = self.rpn(batch, features, targets)
        with torch.autocast(images.device.type, enabled=False):
            _, roi_losses = self.roi_heads(features, proposals, batch.image_sizes, targets)
        return {**rpn_losses, **roi_losses}


def image_list(images: Tensor) -> ImageList:
    """``images`` (n, 1, rows, cols) of one size in the form that torchvision's detectors take."""
    size = (images.shape[-2], images.shape[-1])
    return ImageList(images, [size] * len(images))


@dataclass(frozen=True, eq=False)
class Regions:
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
class Reference:
    """What emissions look like in general: regions of synthetic scenes, which every head learns not to claim.

    ``boxes`` float32 (n, 4) in pixels, ``embeddings`` float32 (n, d), ``scenes`` int64 (n,): which scene each region is
    from, rising; ``emissions`` (1,): how many there were in all scenes.
    """

    boxes: Tensor
    embeddings: Tensor
    scenes: Tensor
    emissions: Tensor

    @classmethod
    def none(cls, embedding: int) -> Self:
        """No reference at all."""
        return cls(
            torch.zeros((0, 4)), torch.zeros((0, embedding)), torch.zeros(0, dtype=torch.int64), torch.zeros(1).long()
        )

    def __len__(self) -> int:
        return len(self.boxes)

    def part(self, chosen: Tensor) -> "Reference":
        """The regions of a mask (n,)."""
        return replace(self, boxes=self.boxes[chosen], embeddings=self.embeddings[chosen], scenes=self.scenes[chosen])


_REFERENCE_PREFIX: Final = "reference."


class Backbone:
    """A frozen body: images in, :class:`Regions` out. One instance serves any number of heads and threads."""

    def __init__(
        self, body: Body, backbone_id: str, device: str | torch.device = "cpu", reference: Reference | None = None
    ) -> None:
        self.backbone_id = backbone_id
        self.reference = reference or Reference.none(body.config.embedding)
        self.config = body.config
        self.device = torch.device(device)
        self.body = body.eval().requires_grad_(False).to(self.device).to(memory_format=torch.channels_last)
        self._half = _autocast_pays(self.device)

    @classmethod
    def load(cls, path: Path | None = None, device: str | torch.device = "cpu") -> Self:
        """The body in ``path``, or the one that ships with rfhydra.

        Raises:
            NotFound: there is no such file.
            Incompatible: the file is not a body of this version.
        """
        if path is None:
            with resources.as_file(resources.files("rfhydra.hydra") / SHIPPED_BODY) as shipped:
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
            body = Body(_CONFIG.validate_python(weights.metadata["config"]))
        except (KeyError, ValidationError, InvalidMessage):
            raise Incompatible(f"{path.name} does not describe a backbone's shape") from None
        reference, state = _parted(weights.tensors)
        replace(weights, tensors=state).load_into(body)
        return cls(body, digest_of(data), device, reference)

    def require(self, backbone_id: str, what: str) -> None:
        """Raise :class:`Incompatible` if ``backbone_id`` is another body's."""
        if backbone_id != self.backbone_id:
            raise Incompatible(
                f"{what} was trained on backbone {backbone_id}, this one is {self.backbone_id}: train it again here"
            )

    def require_scaling(self, spec: SpectrogramSpec) -> None:
        """Raise :class:`Incompatible` if images of ``spec`` have other grey levels than the body was trained on."""
        if spec.scaling != self.config.scaling:
            raise Incompatible("the backbone was pretrained on another value scaling than this workspace's contract")

    @torch.no_grad()  # not inference_mode: an rcnn head trains on them
    def features(self, images: NDArray[np.uint8] | Tensor) -> dict[str, Tensor]:
        """The float32 pyramid of one uint8 image (rows, cols), or of several of one size (n, rows, cols)."""
        pixels = torch.as_tensor(images).to(self.device).float() / 255
        pixels = pixels.reshape(-1, 1, *pixels.shape[-2:])
        with self._precision():
            return self.body.features(pixels)

    @torch.inference_mode()
    def propose(self, features: dict[str, Tensor], size: tuple[int, int], limit: int = 100) -> Regions:
        """At most ``limit`` class-agnostic regions of an image of ``size`` (rows, cols), near duplicates merged.

        What is less than :data:`MIN_OBJECTNESS` likely to be an emission is left out.
        """
        batch = ImageList(torch.empty((1, 1, *size), device=self.device), [size])
        with self._precision():
            (proposals,), _ = self.body.rpn(batch, features)
        scores, deltas = self.body.roi_heads.box_predictor(self.body.raw_embeddings(features, proposals, size))
        boxes = self.body.roi_heads.box_coder.decode(deltas[:, :4].contiguous(), [proposals])[:, 0]
        boxes = clip_boxes_to_image(boxes, size)
        objectness = 1 - scores.softmax(1)[:, 0]
        kept = ((boxes[:, 2:] - boxes[:, :2]) > 1).all(1) & (objectness >= MIN_OBJECTNESS)
        boxes, objectness = boxes[kept], objectness[kept]
        kept = nms(boxes, objectness, 0.75)[:limit]
        return Regions(boxes[kept], objectness[kept], self.embed(features, boxes[kept], size))

    @torch.inference_mode()
    def embed(self, features: dict[str, Tensor], boxes: Tensor, size: tuple[int, int]) -> Tensor:
        """Centred embeddings of unit length, float32 (n, d), of pixel ``boxes`` (n, 4)."""
        return self.body.normalised(self.body.raw_embeddings(features, boxes.to(self.device, torch.float32), size))

    @contextmanager
    def _precision(self) -> Iterator[None]:
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self._half):
            yield


_CONFIG = TypeAdapter(BodyConfig)


def _parted(tensors: Mapping[str, Tensor]) -> tuple[Reference, dict[str, Tensor]]:
    """The reference in a file of body weights, and the weights of the network."""
    state = dict(tensors)
    try:
        found = {each.name: state.pop(_REFERENCE_PREFIX + each.name) for each in fields(Reference)}
    except KeyError:
        raise Incompatible("this backbone lacks its reference regions: make one with this rfhydra") from None
    return Reference(
        **{name: each.float() if each.is_floating_point() else each for name, each in found.items()}
    ), state


def save_body(
    body: Body, path: Path, recipe: dict[str, Any], scratch: Path | None = None, reference: Reference | None = None
) -> str:
    """Write ``body`` as fp16 safetensors with its config and ``recipe``, atomically; returns the new backbone id.

    ``scratch`` is a directory on the same file system for what is half-written; the one of ``path`` if not given.
    Without a ``reference`` heads learn from the workspace's samples alone.

    Raises:
        StorageFull: there is no room on the disk; ``path`` is as it was.
    """
    known = reference or Reference.none(body.config.embedding)
    metadata = {"config": asdict(body.config), "recipe": recipe, "backbone_version": BACKBONE_VERSION}
    tensors = body.state_dict() | {_REFERENCE_PREFIX + name: tensor for name, tensor in vars(known).items()}
    state = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}
    data = write_weights(Weights("body", state, metadata))
    write_file(path, data, scratch or path.parent)
    return digest_of(data)


def digest_of(data: bytes) -> str:
    """The id of the backbone whose file holds ``data``: the first 16 hex digits of their SHA-256."""
    return hashlib.sha256(data).hexdigest()[:16]


def _autocast_pays(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return device.type == "cpu" and bool(torch.cpu._is_avx512_bf16_supported())
