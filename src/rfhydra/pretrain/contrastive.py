"""What makes the embeddings of one emitter alike and those of two unlike, however alike the two of them look."""

from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import normalize

from rfhydra.hydra.network import BackboneNetwork

TEMPERATURE: Final = 0.1
JITTER: Final = 0.1  # of a side; how differently two people draw a box


def emitter_contrastive_loss(
    body: BackboneNetwork, features: dict[str, Tensor], targets: list[dict[str, Tensor]], size: tuple[int, int]
) -> Tensor:
    """The contrast of all boxes that ``targets`` (one for each image of ``size``) hold, drawn loosely.

    ``targets`` hold ``boxes`` (n, 4) in pixels and ``emitters`` int64 (n,).
    """
    boxes = [_redrawn(target["boxes"]) for target in targets]
    raw = body.raw_embeddings(features, boxes, size)
    emitters = torch.cat([target["emitters"] for target in targets])
    images = torch.cat([torch.full_like(target["emitters"], number) for number, target in enumerate(targets)])
    return contrastive_loss(normalize(raw - raw.mean(0), dim=1), emitters, images)


def contrastive_loss(embeddings: Tensor, emitters: Tensor, images: Tensor) -> Tensor:
    """Supervised contrastive loss (Khosla et al., 2020) of ``embeddings`` (n, d) of unit length; 0 with nothing alike.

    What one of ``emitters`` (n,) sent in another of ``images`` (n,) is alike, what other emitters sent is not. What it
    sent in the same image is neither: level and receiver would give it away.
    """
    same = emitters[:, None] == emitters
    alike = same & (images[:, None] != images)
    known = alike.any(1)
    if not known.any():
        return embeddings.sum() * 0
    likeness = embeddings @ embeddings.T / TEMPERATURE
    surprise = likeness.masked_fill(same & ~alike, -torch.inf).logsumexp(1, keepdim=True) - likeness
    return ((surprise * alike).sum(1)[known] / alike.sum(1)[known]).mean()


def _redrawn(boxes: Tensor) -> Tensor:
    sides = (boxes[:, 2:] - boxes[:, :2]).repeat(1, 2)
    return boxes + JITTER * sides * torch.randn_like(boxes).clamp(-2, 2)
