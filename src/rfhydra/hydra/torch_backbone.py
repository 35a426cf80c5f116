"""The torch runtime of a backbone: proposals and embeddings on a CPU or a GPU, in bfloat16 where that is faster."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rfhydra.hydra.backbone import MAX_PARALLEL, MAX_PROPOSALS, Backbone, BackgroundSet, Proposals, Seen
from rfhydra.hydra.network import PIXEL_MEAN, BackboneNetwork
from rfhydra.hydra.roi_align import BINS, PYRAMID_STRIDES
from rfhydra.hydra.vision import ImageList, TwoMLPHead, clip_boxes_to_image, nms

MIN_OBJECTNESS: Final = 0.15  # below it lie noise and fragments of emissions (docs/decisions/0008)
PROPOSAL_NMS_IOU: Final = 0.75
MAX_CO_TIMED: Final = 40
CO_TIMED_IOU: Final = 0.8
CO_TIMED_NMS_IOU: Final = 0.3
MIN_COLS: Final = 128
"""Narrower images are padded: bfloat16 convolutions of oneDNN read memory that nothing was written to, now and then
NaN, where a layer is one column wide (seen with torch 2.14 on images of up to 32 columns)."""


class TorchBackbone(Backbone):
    """A :class:`BackboneNetwork`, frozen.

    Attributes:
        network: the network in full precision, in ``eval`` mode.
        device: where it runs.
        runtime: what computes its dense layers, one of :data:`.Runtime`.
    """

    def __init__(
        self,
        network: BackboneNetwork,
        backbone_id: str,
        device: str | torch.device = "cpu",
        background: BackgroundSet | None = None,
    ) -> None:
        self.runtime = "torch"
        self.backbone_id = backbone_id
        self.scaling = network.config.scaling
        self.embedding_dim = network.config.embedding
        self.background = background or BackgroundSet.empty(self.embedding_dim)
        self.device = torch.device(device)
        self.parallel = min(torch.get_num_threads(), MAX_PARALLEL) if self.device.type == "cpu" else 1
        self.network = network.eval().requires_grad_(False).to(self.device).to(memory_format=torch.channels_last)
        self._half = _autocast_pays(self.device)
        self._served = in_half_precision(self.network) if self._half else self.network

    def see(self, image: NDArray[np.uint8] | Tensor) -> "TorchSeen":
        return TorchSeen(self, self.features(image), (image.shape[0], image.shape[1]))

    @torch.inference_mode()
    def features(self, images: NDArray[np.uint8] | Tensor) -> dict[str, Tensor]:
        """The float32 pyramid of one uint8 image (rows, cols), or of several of one size (n, rows, cols)."""
        pixels = torch.as_tensor(images).to(self.device).float() / 255
        pixels = pixels.reshape(-1, 1, *pixels.shape[-2:])
        cols = pixels.shape[-1]
        pixels = nn.functional.pad(pixels, (0, max(0, MIN_COLS - cols)), value=PIXEL_MEAN)
        with self.autocast():
            levels = self._served.features(pixels)
        return {name: level[..., : -(-cols // PYRAMID_STRIDES[name])] for name, level in levels.items()}

    @torch.inference_mode()
    def raw_embeddings(self, features: dict[str, Tensor], boxes: Tensor, size: tuple[int, int]) -> Tensor:
        """Embeddings before centring, float32 (n, d), of pixel ``boxes`` (n, 4) in an image of ``size``."""
        if not len(boxes):
            return torch.zeros((0, self.embedding_dim), device=self.device)
        with self.autocast():
            return self._served.raw_embeddings(features, [boxes.to(self.device, torch.float32)], size)

    @torch.inference_mode()
    def proposal_boxes(
        self, features: dict[str, Tensor], size: tuple[int, int], limit: int = MAX_PROPOSALS
    ) -> tuple[Tensor, Tensor]:
        """Boxes (n, 4) and objectness (n,) of at most ``limit`` proposals, merged co-timed pairs included."""
        with self.autocast():
            anchored = self._anchored(features, size)
        boxes, objectness = self._refine(features, anchored, size)
        merged, merged_objectness = self._refine(features, merge_co_timed(boxes, objectness), size)
        boxes, objectness = torch.cat([boxes, merged]), torch.cat([objectness, merged_objectness])
        kept = nms(boxes, objectness, PROPOSAL_NMS_IOU)[:limit]
        return boxes[kept], objectness[kept]

    def _anchored(self, features: dict[str, Tensor], size: tuple[int, int]) -> Tensor:
        """Boxes (n, 4) of the proposal network, as torchvision's has them, likeliest first.

        It decodes the boxes of all anchors, here only those of the likeliest of each level are.
        """
        rpn, levels = self._served.rpn, list(features.values())
        objectness, deltas = rpn.head(levels)
        (anchors,) = rpn.anchor_generator(ImageList(torch.empty((1, 1, *size), device=self.device), [size]), levels)
        anchors = anchors.split([each.numel() for each in objectness])
        likely = [_likeliest(*level, rpn.pre_nms_top_n()) for level in zip(objectness, deltas, anchors, strict=True)]
        logits, likely_deltas, likely_anchors = (torch.cat(parts) for parts in zip(*likely, strict=True))
        boxes = rpn.box_coder.decode_single(likely_deltas, likely_anchors)
        counts = [len(level_logits) for level_logits, *_ in likely]
        chosen: list[Tensor]
        chosen, _ = rpn.filter_proposals(boxes[None], logits, [size], counts)
        return chosen[0]

    def _refine(self, features: dict[str, Tensor], boxes: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """``boxes`` (n, 4) after the network's box refinement, and their objectness (n,), without unlikely ones."""
        raw = self.raw_embeddings(features, boxes, size)
        scores, deltas = self._served.roi_heads.box_predictor(raw)
        refined = clip_boxes_to_image(self._served.roi_heads.box_coder.decode_single(deltas[:, :4], boxes), size)
        objectness = 1 - scores.softmax(1)[:, 0]
        kept = ((refined[:, 2:] - refined[:, :2]) > 1).all(1) & (objectness >= MIN_OBJECTNESS)
        return refined[kept], objectness[kept]

    @contextmanager
    def autocast(self) -> Iterator[None]:
        """Half precision on processors where it is faster."""
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self._half):
            yield


class TorchSeen(Seen):
    """An image with its feature pyramid, by level, float32 (1, channels, rows, cols)."""

    def __init__(self, backbone: TorchBackbone, features: dict[str, Tensor], size: tuple[int, int]) -> None:
        self._backbone, self.features, self.size = backbone, features, size
        self._proposed: dict[int, Proposals] = {}

    def propose(self, limit: int = MAX_PROPOSALS) -> Proposals:
        if limit not in self._proposed:
            boxes, objectness = self._backbone.proposal_boxes(self.features, self.size, limit)
            self._proposed[limit] = Proposals(boxes.cpu(), objectness.cpu(), self.embed(boxes))
        return self._proposed[limit]

    @torch.inference_mode()
    def embed(self, boxes: Tensor) -> Tensor:
        raw = self._backbone.raw_embeddings(self.features, boxes, self.size)
        return self._backbone.network.normalised(raw).cpu()


def _likeliest(objectness: Tensor, deltas: Tensor, anchors: Tensor, most: int) -> tuple[Tensor, Tensor, Tensor]:
    """Logits (n,), box deltas (n, 4) and anchors (n, 4) of the likeliest boxes of one level, at most ``most``.

    Args:
        objectness: logits (1, anchors at a place, rows, cols).
        deltas: (1, 4 · anchors at a place, rows, cols).
        anchors: of every place, row by row, (n, 4).
        most: a number of boxes.
    """
    logits = objectness.permute(0, 2, 3, 1).flatten()
    best = logits.topk(min(most, len(logits))).indices
    return logits[best], deltas.permute(0, 2, 3, 1).reshape(-1, 4)[best], anchors[best]


def merge_co_timed(boxes: Tensor, objectness: Tensor) -> Tensor:
    """Boxes (k, 4) around pairs of ``boxes`` (n, 4) that start and end together in separate bands, likeliest first.

    Two far tones of one transmitter differ from two emissions only in their common start and end (docs/decisions/0019).
    """
    kept = nms(boxes, objectness, CO_TIMED_NMS_IOU)[:MAX_CO_TIMED]
    boxes, objectness = boxes[kept], objectness[kept]
    one, other = torch.triu_indices(len(boxes), len(boxes), 1, device=boxes.device)
    low, high = torch.minimum(boxes[one], boxes[other]), torch.maximum(boxes[one], boxes[other])
    around = torch.cat([low[:, :2], high[:, 2:]], dim=1)
    co_timed = low[:, 2] - high[:, 0] >= CO_TIMED_IOU * (high[:, 2] - low[:, 0])
    likelihood = objectness[one] * objectness[other] * (co_timed & (low[:, 3] <= high[:, 1]))
    best = likelihood.argsort(descending=True)[:MAX_CO_TIMED]
    return around[best[likelihood[best] > 0]]


def best_device() -> str:
    """``cuda`` where there is a GPU that torch can use, else ``cpu``."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def in_half_precision(network: BackboneNetwork) -> BackboneNetwork:
    """A copy with bfloat16 weights, which autocast would otherwise cast in every pass."""
    served = deepcopy(network)
    for part in (served.pyramid, served.rpn, served.roi_heads.box_head):
        for layer in part.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                layer.to(torch.bfloat16)
    served.roi_heads.box_head = _BinwiseHead(served.roi_heads.box_head)
    return served


class _BinwiseHead(nn.Module):
    """The embedding layers of ``head`` on bins whose channels lie together in memory, as RoIAlign gives them.

    So the bins, 25 kB of each box, are not put into another order first.
    """

    def __init__(self, head: TwoMLPHead) -> None:
        super().__init__()
        weight = head.fc6.weight.unflatten(1, (-1, BINS**2)).transpose(1, 2).flatten(1)
        self.fc6: nn.Linear = deepcopy(head.fc6)
        self.fc6.weight = nn.Parameter(weight, requires_grad=False)
        self.fc7: nn.Linear = head.fc7

    def forward(self, bins: Tensor) -> Tensor:
        """Embeddings (n, d) of ``bins`` (n, channels, 7, 7)."""
        hidden: Tensor = self.fc6(bins.permute(0, 2, 3, 1).flatten(1)).relu()
        embeddings: Tensor = self.fc7(hidden).relu()
        return embeddings


def _autocast_pays(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return device.type == "cpu" and bool(torch.cpu._is_avx512_bf16_supported())
