"""What rfhydra uses of torchvision. Import it from here: so it is imported without torch's compiler and ONNX exporter.

torchvision's RoIAlign names ``torch._dynamo``, and its operators register themselves with ``torch.onnx``; importing
these takes several times as long as all the rest of torchvision. Nothing here calls that RoIAlign (see
:mod:`.roi_align`), compiles a network or exports one to ONNX. A program that does imports torchvision before rfhydra.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from threading import RLock
from types import ModuleType
from typing import Any, Final

import torch  # noqa: F401  # before, with its own modules

_lock: Final = RLock()
"""Of the entries of substitutes in ``sys.modules``."""


class _Substitute(ModuleType):
    """The one function of a module that an import needs, in place of the module.

    Another thread may import the module meanwhile: it gets this, which gives way to the module itself as soon as it is
    asked for anything else.
    """

    def __init__(self, name: str, function: str, value: Callable[..., Any]) -> None:
        super().__init__(name)
        setattr(self, function, value)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what the import system and inspections look for
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        self.withdraw()
        return getattr(import_module(self.__name__), name)

    def withdraw(self) -> None:
        """Let the next import of the module be one."""
        with _lock:
            if sys.modules.get(self.__name__) is self:
                del sys.modules[self.__name__]


@contextmanager
def _substituted(name: str, function: str, value: Callable[..., Any]) -> Iterator[None]:
    """Let the module ``name`` have nothing but ``function``, unless it is imported already."""
    substitute = _Substitute(name, function, value)
    with _lock:
        sys.modules.setdefault(name, substitute)
    try:
        yield
    finally:
        substitute.withdraw()


with ExitStack() as _imports:
    _imports.enter_context(_substituted("torch._dynamo.utils", "is_compile_supported", lambda device: False))
    _imports.enter_context(_substituted("torchvision.ops._register_onnx_ops", "_register_custom_op", lambda: None))
    from torchvision.models import resnet18
    from torchvision.models.detection.anchor_utils import AnchorGenerator
    from torchvision.models.detection.backbone_utils import BackboneWithFPN
    from torchvision.models.detection.faster_rcnn import TwoMLPHead
    from torchvision.models.detection.image_list import ImageList
    from torchvision.models.detection.roi_heads import RoIHeads
    from torchvision.models.detection.rpn import RegionProposalNetwork, RPNHead
    from torchvision.ops import batched_nms, box_iou, clip_boxes_to_image, nms
    from torchvision.ops.feature_pyramid_network import LastLevelMaxPool
    from torchvision.ops.poolers import initLevelMapper

__all__ = [
    "AnchorGenerator",
    "BackboneWithFPN",
    "ImageList",
    "LastLevelMaxPool",
    "RPNHead",
    "RegionProposalNetwork",
    "RoIHeads",
    "TwoMLPHead",
    "batched_nms",
    "box_iou",
    "clip_boxes_to_image",
    "initLevelMapper",
    "nms",
    "resnet18",
]
