"""Int8 layers of a backbone: a file beside the backbone's, which only the backbone that it was made from takes.

``rfhydra quantise`` makes it (docs/decisions/0038). The models are OpenVINO's intermediate representation, whose
versions OpenVINO keeps reading.
"""

from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import torch

from rfhydra.errors import Incompatible, NotFound
from rfhydra.files import write_file
from rfhydra.hydra.weights import Weights, read_weights, write_weights

_KIND: Final = "int8"


class StoredModel(NamedTuple):
    """A model: ``graph`` as XML, and the ``weights`` that it refers to."""

    graph: bytes
    weights: bytes


class Int8Layers(NamedTuple):
    """The dense layers of a backbone, quantised: what :class:`.DenseModels` describes."""

    pyramid: StoredModel
    proposal_head: StoredModel


def int8_path_of(backbone: Path) -> Path:
    """Where the int8 layers of the backbone in a file are: ``body.int8.safetensors`` beside ``body.safetensors``."""
    return backbone.with_suffix(f".int8{backbone.suffix}")


def save_int8_layers(layers: Int8Layers, path: Path, backbone_id: str, recipe: dict[str, Any]) -> None:
    """Write ``layers`` of a backbone, with the ``recipe`` that made them, as JSON; atomically.

    Raises:
        StorageFull: the disk is full; ``path`` is unchanged.
    """
    tensors = {
        f"{name}.{part}": torch.from_numpy(np.frombuffer(data, np.uint8).copy())
        for name, model in layers._asdict().items()
        for part, data in model._asdict().items()
    }
    write_file(path, write_weights(Weights(_KIND, tensors, {"backbone_id": backbone_id, "recipe": recipe})))


def load_int8_layers(path: Path, backbone_id: str) -> Int8Layers:
    """The inverse.

    Raises:
        NotFound: no such file.
        Incompatible: not such a file, or made from another backbone.
    """
    if not path.is_file():
        raise NotFound(f"the backbone has no int8 layers ({path.name}): make them with 'rfhydra quantise'")
    stored = read_weights(path.read_bytes(), _KIND)
    if (made_from := stored.metadata.get("backbone_id")) != backbone_id:
        raise Incompatible(
            f"{path.name} was made from backbone {made_from}, this one is {backbone_id}: make it again with"
            " 'rfhydra quantise'"
        )
    try:
        parts = {name: tensor.numpy().tobytes() for name, tensor in stored.tensors.items()}
        return Int8Layers(
            *(StoredModel(*(parts[f"{name}.{part}"] for part in StoredModel._fields)) for name in Int8Layers._fields)
        )
    except KeyError as error:
        raise Incompatible(f"{path.name} lacks {error}: make it with 'rfhydra quantise'") from None
