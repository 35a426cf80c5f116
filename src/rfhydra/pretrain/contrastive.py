"""Supervised contrastive loss over emitters: similar embeddings for one emitter, dissimilar ones for two."""

from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import normalize

from rfhydra.hydra.network import BackboneNetwork

TEMPERATURE: Final = 0.1
JITTER: Final = 0.1  # part of a box side; how much the boxes of two annotators differ


def emitter_contrastive_loss(
    network: BackboneNetwork, features: dict[str, Tensor], targets: list[dict[str, Tensor]], size: tuple[int, int]
) -> Tensor:
    """The contrastive loss of all boxes of ``targets``, one for each image of ``size`` (rows, cols), with jitter.

    ``targets`` hold ``boxes`` (n, 4) in pixels and ``emitters`` int64 (n,).
    """
    boxes = [_jittered(target["boxes"]) for target in targets]
    raw = network.raw_embeddings(features, boxes, size)
    emitters = torch.cat([target["emitters"] for target in targets])
    images = torch.cat([torch.full_like(target["emitters"], number) for number, target in enumerate(targets)])
    return contrastive_loss(normalize(raw - raw.mean(0), dim=1), emitters, images)


def contrastive_loss(embeddings: Tensor, emitters: Tensor, images: Tensor) -> Tensor:
    """Supervised contrastive loss (Khosla et al., 2020) of ``embeddings`` (n, d) of unit length; 0 without positives.

    Positives of an embedding are those of the same one of ``emitters`` (n,) in another of ``images`` (n,), negatives
    those of other emitters. The same emitter in the same image is neither: level and receiver would identify it.
    """
    same = emitters[:, None] == emitters
    positive = same & (images[:, None] != images)
    anchors = positive.any(1)
    if not anchors.any():
        return embeddings.sum() * 0
    similarity = embeddings @ embeddings.T / TEMPERATURE
    loss = similarity.masked_fill(same & ~positive, -torch.inf).logsumexp(1, keepdim=True) - similarity
    return ((loss * positive).sum(1)[anchors] / positive.sum(1)[anchors]).mean()


def _jittered(boxes: Tensor) -> Tensor:
    sides = (boxes[:, 2:] - boxes[:, :2]).repeat(1, 2)
    return boxes + JITTER * sides * torch.randn_like(boxes).clamp(-2, 2)
