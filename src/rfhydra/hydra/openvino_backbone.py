"""The OpenVINO runtime of a backbone: the dense convolutions compiled for the processor, the rest as in torch.

Most of the work of a window are the convolutions of the pyramid and of the proposal head. OpenVINO fuses them with
their normalisations and activations. See docs/decisions/0031 for what that gains.
"""

import sys
import threading
import warnings
from collections.abc import Sequence
from copy import deepcopy
from functools import cache
from typing import Any, Final

import torch
from torch import Tensor, nn

from rfhydra.errors import MissingExtra
from rfhydra.hydra.backbone import BackgroundSet
from rfhydra.hydra.network import BackboneNetwork
from rfhydra.hydra.torch_backbone import TorchBackbone, in_half_precision

# It reports every import of OpenVINO over the network; a package that is None counts as not installed.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
try:
    import openvino
except ImportError:
    raise MissingExtra("OpenVINO is not installed: pip install 'rfhydra[openvino]'") from None

_TRACED_SIDE: Final = 128


class OpenvinoBackbone(TorchBackbone):
    """A :class:`TorchBackbone` on the CPU whose dense layers are compiled by OpenVINO, for images of any size."""

    def __init__(self, network: BackboneNetwork, backbone_id: str, background: BackgroundSet | None = None) -> None:
        super().__init__(network, backbone_id, "cpu", background)
        self._served = _compiled(self.network, half=self._half)


class _CompiledLayers(nn.Module):
    """``layers``, from images (1, channels, rows, cols) to a tuple of them, compiled. Thread-safe.

    Inputs and outputs are float32 with channels last in memory. An image has all cores, or one in a thread with
    :func:`.use_one_core`; for these the layers are compiled a second time.
    """

    def __init__(self, layers: nn.Module, examples: Sequence[Tensor], *, half: bool) -> None:
        super().__init__()
        self._model, self._half, self._cores = _converted(layers, examples), half, torch.get_num_threads()
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
        found = self._request.infer([_channels_last(each.float()).numpy() for each in inputs], share_inputs=True)
        return tuple(torch.from_numpy(found[index]).permute(0, 3, 1, 2) for index in range(len(found)))


@cache
def _core() -> openvino.Core:
    """The one of the process, which lives as long.

    It gives the thread that compiles first another stack for signal handlers, and takes it back when it goes. Of two
    that go in the order in which they came, the second leaves the stack of the first, which is no longer mapped: the
    next signal ends the process (seen with OpenVINO 2026.4 on Linux).
    """
    return openvino.Core()


def _converted(layers: nn.Module, examples: Sequence[Tensor]) -> Any:
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


def _channels_last(image: Tensor) -> Tensor:
    """``image`` (1, channels, rows, cols) as (1, rows, cols, channels), contiguous: a view where it has that order."""
    return image.permute(0, 2, 3, 1).contiguous()


class _Pyramid(nn.Module):
    """A compiled feature pyramid, with the levels of ``pyramid``."""

    def __init__(self, pyramid: nn.Module, *, half: bool) -> None:
        super().__init__()
        with torch.inference_mode():
            image = torch.zeros(1, 1, _TRACED_SIDE, _TRACED_SIDE)
            self._names = list(pyramid(image))
        self._layers = _CompiledLayers(_Flat(pyramid), [image], half=half)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        return dict(zip(self._names, self._layers(image), strict=True))


class _Flat(nn.Module):
    """``pyramid`` with a tuple in the place of its dictionary."""

    def __init__(self, pyramid: nn.Module) -> None:
        super().__init__()
        self.pyramid = pyramid

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.pyramid(image).values())


class _ProposalHead(nn.Module):
    """A compiled proposal head: objectness and box deltas of every level."""

    def __init__(self, head: nn.Module, channels: int, levels: int, *, half: bool) -> None:
        super().__init__()
        examples = [torch.zeros(1, channels, _TRACED_SIDE >> level, _TRACED_SIDE >> level) for level in range(levels)]
        self._layers = _CompiledLayers(_Spread(head), examples, half=half)

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


def _compiled(network: BackboneNetwork, *, half: bool) -> BackboneNetwork:
    """A copy of ``network`` with its dense layers compiled."""
    served = in_half_precision(network) if half else deepcopy(network)
    levels = len(network.config.anchor_sizes)
    served.pyramid = _Pyramid(network.pyramid, half=half)
    served.rpn.head = _ProposalHead(network.rpn.head, network.config.channels, levels, half=half)
    return served
