"""Weight files: round trip, and invalid files."""

import hashlib
import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save
from torch import nn

from rfhydra.errors import Incompatible
from rfhydra.hydra.weights import Weights, read_weights, write_weights

METADATA = {"threshold": 0.5, "notes": ["two", {"three": None}], "name": "ä"}


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))


def weights_of(module: nn.Module) -> Weights:
    return Weights("toy", module.state_dict(), METADATA)


def test_round_trip() -> None:
    original, other = network(), nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    read = read_weights(write_weights(weights_of(original)), "toy")
    read.load_into(other)
    assert (read.kind, read.metadata) == ("toy", METADATA)
    assert read.tensors["1.num_batches_tracked"].dtype == torch.int64
    for name, tensor in original.state_dict().items():
        assert torch.equal(tensor, other.state_dict()[name])


def test_a_module_keeps_its_own_dtype() -> None:
    module = network()
    halves = {name: tensor.half() for name, tensor in module.state_dict().items() if tensor.is_floating_point()}
    Weights("toy", module.state_dict() | halves, {}).load_into(module)
    assert {tensor.dtype for tensor in module.parameters()} == {torch.float32}


def test_equal_weights_have_equal_bytes() -> None:
    written = {hashlib.sha256(write_weights(weights_of(network()))).digest() for _ in range(20)}
    assert len(written) == 1


def test_another_kind_is_refused() -> None:
    with pytest.raises(Incompatible, match="toy weights where head weights"):
        read_weights(write_weights(weights_of(network())), "head")


@given(st.binary(max_size=200))
def test_garbage_is_refused(data: bytes) -> None:
    with pytest.raises(Incompatible, match="not a file of toy weights"):
        read_weights(data, "toy")


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.99])
def test_truncated_file_is_refused(part: float) -> None:
    data = write_weights(weights_of(network()))
    with pytest.raises(Incompatible, match="not a file"):
        read_weights(data[: int(part * len(data))], "toy")


@pytest.mark.parametrize(
    "metadata",
    [None, {}, {"kind": "toy"}, {"kind": "toy", "metadata": "{"}, {"kind": "toy", "metadata": json.dumps(7)}],
)
def test_other_safetensors_file_is_refused(metadata: dict[str, str] | None) -> None:
    with pytest.raises(Incompatible, match="not a file"):
        read_weights(save({"a": torch.zeros(2)}, metadata=metadata), "toy")


@pytest.mark.parametrize(
    "change",
    [{"0.bias": None}, {"2.bias": torch.zeros(4)}, {"0.bias": torch.zeros(5)}, {"0.weight": torch.zeros(4, 3, 1)}],
)
def test_tensors_must_fit_exactly(change: dict[str, torch.Tensor | None]) -> None:
    module = network()
    tensors = {name: tensor for name, tensor in (module.state_dict() | change).items() if tensor is not None}
    with pytest.raises(Incompatible, match="toy weights do not fit"):
        Weights("toy", tensors, {}).load_into(module)
