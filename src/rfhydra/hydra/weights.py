"""Weights at rest: one safetensors file with JSON metadata. Never pickle, and never a partial match."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from rfhydra.errors import Incompatible


@dataclass(frozen=True, eq=False)
class Weights:
    """Tensors of one ``kind`` of artifact and the JSON ``metadata`` that makes them valid."""

    kind: str
    tensors: Mapping[str, Tensor]
    metadata: dict[str, Any]

    def load_into(self, module: nn.Module) -> None:
        """Copy the tensors into ``module``, converting to its dtypes.

        Raises:
            Incompatible: a tensor is missing, superfluous or of another shape.
        """
        try:
            module.load_state_dict(dict(self.tensors), strict=True)
        except RuntimeError:
            raise Incompatible(f"these {self.kind} weights do not fit the network that they claim to be for") from None


def write_weights(weights: Weights) -> bytes:
    """``weights`` as the bytes of a safetensors file."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.tensors.items()}
    return save(tensors, metadata={"kind": weights.kind, "metadata": json.dumps(weights.metadata, sort_keys=True)})


def read_weights(data: bytes, kind: str) -> Weights:
    """The inverse of :func:`write_weights`.

    Raises:
        Incompatible: the bytes are not safetensors, or hold another kind of artifact.
    """
    try:
        tensors = load(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]
        found, metadata = header["kind"], json.loads(header["metadata"])
    except (SafetensorError, KeyError, ValueError):
        raise Incompatible(f"this is not a file of {kind} weights") from None
    if found != kind:
        raise Incompatible(f"these are {found} weights where {kind} weights are needed")
    return Weights(kind, tensors, metadata)
