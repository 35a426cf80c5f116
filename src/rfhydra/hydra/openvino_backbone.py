"""The OpenVINO runtime of a backbone: the dense convolutions compiled for the processor, the rest as in torch.

Most of the work of a window are the convolutions of the pyramid and of the proposal head. OpenVINO fuses them with
their normalisations and activations, and computes them with 8-bit integers where the backbone has such layers. See
docs/decisions/0031 and 0038 for what that gains.
"""

import sys
import tempfile
import threading
import warnings
from collections.abc import Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rfhydra.errors import Incompatible, MissingExtra
from rfhydra.hydra.backbone import BackgroundSet
from rfhydra.hydra.int8_file import Int8Layers, StoredModel
from rfhydra.hydra.network import BackboneNetwork
from rfhydra.hydra.roi_align import STRIDES
from rfhydra.hydra.torch_backbone import TorchBackbone, in_half_precision

# It reports every import of OpenVINO over the network; a package that is None counts as not installed.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
try:
    import openvino
except ImportError:
    raise MissingExtra("OpenVINO is not installed: pip install 'rfhydra[openvino]'") from None

Model: TypeAlias = openvino.Model
_TRACED_SIDE: Final = 128


class OpenvinoBackbone(TorchBackbone):
    """A :class:`TorchBackbone` on the CPU whose dense layers are compiled by OpenVINO, for images of any size."""

    def __init__(
        self,
        network: BackboneNetwork,
        backbone_id: str,
        background: BackgroundSet | None = None,
        int8: Int8Layers | None = None,
    ) -> None:
        """``int8`` are the layers of ``network``, quantised; None computes them as they are.

        Raises:
            Incompatible: OpenVINO cannot read ``int8``.
        """
        super().__init__(network, backbone_id, "cpu", background)
        self.runtime = "openvino" if int8 is None else "openvino-int8"
        models = dense_models(network) if int8 is None else _read_models(int8)
        self._served = _compiled(self.network, models, half=self._half)


class DenseModels(NamedTuple):
    """The dense layers of a network as OpenVINO models of images of any size, with channels last.

    ``pyramid`` takes normalised images (1, rows, cols, 1) and gives the levels of :data:`.STRIDES`; ``proposal_head``
    takes those of :data:`.PYRAMID_STRIDES` and gives objectness and box deltas of each.
    """

    pyramid: Model
    proposal_head: Model

    def stored(self) -> Int8Layers:
        """These as what a file holds; they are quantised already."""
        return Int8Layers(_stored(self.pyramid), _stored(self.proposal_head))


def dense_models(network: BackboneNetwork) -> DenseModels:
    """The dense layers of ``network``, in its precision."""
    channels, levels = network.config.channels, len(network.config.anchor_sizes)
    image = torch.zeros(1, 1, _TRACED_SIDE, _TRACED_SIDE)
    features = [torch.zeros(1, channels, _TRACED_SIDE >> level, _TRACED_SIDE >> level) for level in range(levels)]
    return DenseModels(_converted(_Flat(network.pyramid), [image]), _converted(_Spread(network.rpn.head), features))


def _stored(model: Model) -> StoredModel:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "model.xml"
        openvino.save_model(model, path)
        return StoredModel(path.read_bytes(), path.with_suffix(".bin").read_bytes())


def _read_models(int8: Int8Layers) -> DenseModels:
    try:
        return DenseModels(*(_core().read_model(each.graph, each.weights) for each in int8))
    except RuntimeError as error:
        raise Incompatible(f"OpenVINO {openvino.__version__} cannot read the int8 layers of the backbone") from error


class _CompiledLayers(nn.Module):
    """``model``, from images (1, channels, rows, cols) to a tuple of them, compiled. Thread-safe.

    Inputs and outputs are float32 with channels last in memory. An image has all cores, or one in a thread with
    :func:`.use_one_core`; for these the layers are compiled a second time.
    """

    def __init__(self, model: Model, *, half: bool) -> None:
        super().__init__()
        self._model, self._half, self._cores = model, half, torch.get_num_threads()
        self._compiling = threading.Lock()
        self._compiled = {1: self._compile(1)}  # by number of images at a time
        self._of_thread = threading.local()

    def _compile(self, at_a_time: int) -> Any:
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "bf16" if self._half else "f32",
            "INFERENCE_NUM_THREADS": self._cores,
            "NUM_STREAMS": at_a_time,
            "ENABLE_CPU_PINNING": False,  # other work may keep a core busy
        }
        return _core().compile_model(self._model, "CPU", options)

    @property
    def _request(self) -> Any:
        """What infers in this thread."""
        request = getattr(self._of_thread, "request", None)
        if request is None:
            at_a_time = self._cores if torch.get_num_threads() == 1 else 1
            with self._compiling:
                if at_a_time not in self._compiled:
                    self._compiled[at_a_time] = self._compile(at_a_time)
            request = self._of_thread.request = self._compiled[at_a_time].create_infer_request()
        return request

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        found = self._request.infer([channels_last(each.float()) for each in inputs], share_inputs=True)
        return tuple(torch.from_numpy(found[index]).permute(0, 3, 1, 2) for index in range(len(found)))


@cache
def _core() -> openvino.Core:
    """The one of the process, which lives as long.

    It gives the thread that compiles first another stack for signal handlers, and takes it back when it goes. Of two
    that go in the order in which they came, the second leaves the stack of the first, which is no longer mapped: the
    next signal ends the process (seen with OpenVINO 2026.4 on Linux).
    """
    return openvino.Core()


def _converted(layers: nn.Module, examples: Sequence[Tensor]) -> Model:
    """``layers`` as an OpenVINO model of images of any size, with channels last."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's tracer, which OpenVINO uses
        model = openvino.convert_model(layers, example_input=tuple(examples))
    for given, example in zip(model.inputs, examples, strict=True):
        given.get_node().set_partial_shape(openvino.PartialShape([1, example.shape[1], -1, -1]))
    model.validate_nodes_and_infer_types()
    layouts = openvino.preprocess.PrePostProcessor(model)
    for index in range(len(model.inputs)):
        layouts.input(index).tensor().set_layout(openvino.Layout("NHWC"))
        layouts.input(index).model().set_layout(openvino.Layout("NCHW"))
    for index in range(len(model.outputs)):
        layouts.output(index).model().set_layout(openvino.Layout("NCHW"))
        layouts.output(index).tensor().set_layout(openvino.Layout("NHWC"))
    return layouts.build()


def channels_last(image: Tensor) -> NDArray[np.float32]:
    """``image`` (1, channels, rows, cols) as (1, rows, cols, channels), contiguous: a view where it has that order."""
    return image.permute(0, 2, 3, 1).contiguous().numpy()


class _Pyramid(nn.Module):
    """A compiled feature pyramid; ``extra``, of torchvision, adds the level that has proposals only.

    That is not compiled: OpenVINO 2026.4 loses the scale of 8-bit convolutions without a bias before such a pooling.
    """

    def __init__(self, model: Model, extra: nn.Module, *, half: bool) -> None:
        super().__init__()
        self._layers, self._extra = _CompiledLayers(model, half=half), extra

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        levels, names = self._extra(list(self._layers(image)), [], list(STRIDES))
        return dict(zip(names, levels, strict=True))


class _Flat(nn.Module):
    """``pyramid`` without the extra level, with a tuple in the place of its dictionary."""

    def __init__(self, pyramid: nn.Module) -> None:
        super().__init__()
        self.pyramid = pyramid

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        levels = self.pyramid(image)
        return tuple(levels[name] for name in STRIDES)


class _ProposalHead(nn.Module):
    """A compiled proposal head: objectness and box deltas of every level."""

    def __init__(self, model: Model, *, half: bool) -> None:
        super().__init__()
        self._layers = _CompiledLayers(model, half=half)

    def forward(self, features: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        found = self._layers(*features)
        return list(found[: len(features)]), list(found[len(features) :])


class _Spread(nn.Module):
    """``head`` with tensors in the place of its lists."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.head = head

    def forward(self, *features: Tensor) -> tuple[Tensor, ...]:
        objectness, deltas = self.head(list(features))
        return (*objectness, *deltas)


def _compiled(network: BackboneNetwork, models: DenseModels, *, half: bool) -> BackboneNetwork:
    """A copy of ``network`` with ``models`` in the place of its dense layers."""
    served = in_half_precision(network) if half else deepcopy(network)
    served.pyramid = _Pyramid(models.pyramid, network.pyramid.fpn.extra_blocks, half=half)
    served.rpn.head = _ProposalHead(models.proposal_head, half=half)
    return served
