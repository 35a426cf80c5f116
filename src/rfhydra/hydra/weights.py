"""Weight files: safetensors with JSON metadata. No pickle; loading is strict."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from rfhydra.errors import Incompatible

_LENGTH_BYTES: Final = 8
_ALIGNMENT: Final = 8


@dataclass(frozen=True, eq=False)
class Weights:
    """Tensors and JSON ``metadata`` of one ``kind`` of artifact."""

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
            raise Incompatible(f"these {self.kind} weights do not fit the network") from None


def write_weights(weights: Weights) -> bytes:
    """``weights`` as the bytes of a safetensors file; equal weights give equal bytes."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.tensors.items()}
    described = {"kind": weights.kind, "metadata": json.dumps(weights.metadata, sort_keys=True)}
    header, payload = _split(save(tensors, metadata=described))
    # safetensors writes metadata in arbitrary order: sort it, so that equal weights give equal bytes.
    ordered = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    ordered += b" " * (-len(ordered) % _ALIGNMENT)
    return len(ordered).to_bytes(_LENGTH_BYTES, "little") + ordered + payload


def read_weights(data: bytes, kind: str) -> Weights:
    """The inverse of :func:`write_weights`.

    Raises:
        Incompatible: the bytes are not safetensors, or hold another kind of artifact.
    """
    try:
        tensors = load(data)
        described = _split(data)[0]["__metadata__"]
        found, metadata = described["kind"], dict(json.loads(described["metadata"]))
    except (SafetensorError, KeyError, TypeError, ValueError):
        raise Incompatible(f"this is not a file of {kind} weights") from None
    if found != kind:
        raise Incompatible(f"these are {found} weights where {kind} weights are needed")
    return Weights(kind, tensors, metadata)


def _split(data: bytes) -> tuple[dict[str, Any], bytes]:
    """The JSON header of a safetensors file and the tensor bytes after it."""
    start = _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "little")
    return json.loads(data[_LENGTH_BYTES:start]), data[start:]
