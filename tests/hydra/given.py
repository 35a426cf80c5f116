"""Small random heads and proposals."""

from dataclasses import replace
from typing import Any

import torch

from rfhydra.hydra.backbone import Proposals
from rfhydra.hydra.head import EmbeddingHead, Golden, HeadInfo
from rfhydra.hydra.registry import Artifact, VersionManager
from tests.training.given import SMALL_SPEC

DIM = 32
METRICS = {"f1_score": 0.9, "precision": 0.92, "recall": 0.88}


def create_version(versions: VersionManager, head: EmbeddingHead, **fields: Any) -> int:
    """Store ``head`` as a version of its signal, with ``fields`` in place of the defaults."""
    made: dict[str, Any] = {
        "metrics": METRICS,
        "sample_count": 10,
        "split_version": None,
        "epochs_trained": 12,
        "early_stopped": True,
        "training_time_sec": 0.4,
    }
    return versions.create_version(head.info.signal_name, Artifact.of(head), **{**made, **fields})


def make_proposals(seed: int, count: int = 12) -> Proposals:
    generator = torch.Generator().manual_seed(seed)
    corner = 150 * torch.rand((count, 2), generator=generator)
    sides = 2 + 40 * torch.rand((count, 2), generator=generator)
    embeddings = torch.nn.functional.normalize(torch.randn((count, DIM), generator=generator), dim=1)
    objectness = torch.rand(count, generator=generator).sort(descending=True).values
    return Proposals(torch.cat([corner, corner + sides], dim=1), objectness, embeddings)


def make_head(
    seed: int = 0,
    signal_name: str = "lora",
    *,
    bias: float = 0.0,
    threshold: float = 0.5,
    spec_id: str = SMALL_SPEC.spec_id,
    backbone_id: str = "tiny",
) -> EmbeddingHead:
    """A head of random weights for backbones of :data:`DIM`, with golden vectors."""
    generator = torch.Generator().manual_seed(seed)
    head = EmbeddingHead(
        info=HeadInfo(
            kind="embedding", signal_name=signal_name, spec_id=spec_id, backbone_id=backbone_id, threshold=threshold
        ),
        weight=2 * torch.randn(DIM + 4, generator=generator),
        bias=torch.tensor(bias),
        size_mean=torch.tensor([3.0, 3.0]),
        refine_mean=torch.zeros(DIM + 4),
        refine_weight=0.02 * torch.randn((DIM + 4, 4), generator=generator),
        refine_offset=0.02 * torch.randn(4, generator=generator),
    )
    proposals = make_proposals(seed)
    return replace(head, golden=Golden.record(head, proposals.boxes, proposals.embeddings))
