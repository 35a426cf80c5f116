"""The network that all heads share: ResNet-18, FPN, class-agnostic RPN, RoIAlign, one embedding layer.

Built from torchvision's parts: Faster R-CNN (Ren et al., 2015) with a feature pyramid (Lin et al., 2017). ``rfhydra
pretrain`` trains it; :mod:`.torch_backbone` runs it frozen.
"""

from dataclasses import dataclass, field
from typing import Final

import torch
from torch import Tensor, nn

from rfhydra.hydra.roi_align import BINS, RoiAlign
from rfhydra.hydra.vision import (
    AnchorGenerator,
    BackboneWithFPN,
    ImageList,
    LastLevelMaxPool,
    RegionProposalNetwork,
    RoIHeads,
    RPNHead,
    TwoMLPHead,
    resnet18,
)
from rfhydra.spectrum.spec import ValueScaling

PIXEL_MEAN: Final = 0.25
PIXEL_STD: Final = 0.25


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """The shape of a backbone network. ``classes`` are the waveform families of its pretraining."""

    classes: tuple[str, ...]
    channels: int = 128
    embedding: int = 512
    anchor_sizes: tuple[int, ...] = (16, 32, 64, 128, 256)
    # Height over width: from a carrier longer than the window to a short wideband burst.
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
    """An RPN head with float32 outputs under autocast too: half precision is too coarse for pixel coordinates."""

    def forward(self, features: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        objectness, deltas = super().forward(features)
        return [level.float() for level in objectness], [level.float() for level in deltas]


def make_pyramid(config: NetworkConfig) -> BackboneWithFPN:
    """ResNet-18 on one grey channel with a feature pyramid of ``config.channels``; strides 4 to 64."""
    resnet = resnet18(weights=None)
    resnet.conv1 = nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
    stages = {"layer1": "0", "layer2": "1", "layer3": "2", "layer4": "3"}
    return BackboneWithFPN(resnet, stages, [64, 128, 256, 512], config.channels, extra_blocks=LastLevelMaxPool())


def make_rpn(config: NetworkConfig, proposals: int = 300) -> RegionProposalNetwork:
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


def make_roi_heads(config: NetworkConfig, classes: int) -> RoIHeads:
    """RoIAlign, the embedding layers and a predictor for ``classes`` classes, background included."""
    return RoIHeads(
        RoiAlign(),
        TwoMLPHead(config.channels * BINS**2, config.embedding),
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


class BackboneNetwork(nn.Module):
    """The trainable network: a multi-class detector of waveform families on grey images in 0..1.

    ``embedding_mean`` (d,) is the mean over many proposals of pretraining scenes: embeddings are centred on it.
    """

    embedding_mean: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.pyramid = make_pyramid(config)
        self.rpn = make_rpn(config)
        self.roi_heads = make_roi_heads(config, len(config.classes) + 1)
        self.register_buffer("embedding_mean", torch.zeros(config.embedding))

    def features(self, images: Tensor) -> dict[str, Tensor]:
        """Float32 pyramid of ``images``, float (n, 1, rows, cols) in 0..1."""
        levels = self.pyramid(normal_pixels(images).contiguous(memory_format=torch.channels_last))
        return {name: level.float() for name, level in levels.items()}

    def raw_embeddings(self, features: dict[str, Tensor], boxes: list[Tensor], size: tuple[int, int]) -> Tensor:
        """Embeddings before centring, float32 (all n, d), of pixel ``boxes`` (n, 4) of each image of ``size``."""
        pooled = self.roi_heads.box_roi_pool(features, boxes, [size] * len(boxes))
        embeddings: Tensor = self.roi_heads.box_head(pooled)
        return embeddings.float()

    def normalised(self, raw: Tensor) -> Tensor:
        """Raw embeddings (n, d), centred and of unit length."""
        return torch.nn.functional.normalize(raw - self.embedding_mean, dim=1)

    def losses(
        self, images: Tensor, features: dict[str, Tensor], targets: list[dict[str, Tensor]]
    ) -> dict[str, Tensor]:
        """Detection losses of ``images`` with their ``features``.

        ``targets`` hold ``boxes`` (n, 4) in pixels and ``labels`` (n,) from 1.
        """
        batch = image_list(images)
        proposals, rpn_losses = self.rpn(batch, features, targets)
        with torch.autocast(images.device.type, enabled=False):
            _, roi_losses = self.roi_heads(features, proposals, batch.image_sizes, targets)
        return {**rpn_losses, **roi_losses}


def normal_pixels(images: Tensor) -> Tensor:
    """``images`` of 0..1 as the pyramid takes them."""
    return (images - PIXEL_MEAN) / PIXEL_STD


def image_list(images: Tensor) -> ImageList:
    """``images`` (n, 1, rows, cols) of one size in the form that torchvision's detectors take."""
    size = (images.shape[-2], images.shape[-1])
    return ImageList(images, [size] * len(images))
