"""What rfhydra uses of torchvision. Import it from here: so it is imported without torch's compiler.

torchvision's RoIAlign names ``torch._dynamo``, whose import takes four times as long as all the rest of torchvision.
Nothing here calls that RoIAlign (see :mod:`.roi_align`) or compiles a network.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Final

import torch  # noqa: F401  # before, with its own modules

_COMPILER: Final = "torch._dynamo.utils"


@contextmanager
def _without_compiler() -> Iterator[None]:
    """Let ``torch._dynamo.utils`` be a module that supports no compilation, unless it is imported already."""
    if _COMPILER in sys.modules:
        yield
        return
    substitute = ModuleType(_COMPILER)
    substitute.is_compile_supported = lambda device: False  # type: ignore[attr-defined]
    sys.modules[_COMPILER] = substitute
    try:
        yield
    finally:
        del sys.modules[_COMPILER]  # whoever needs the real one may import it


with _without_compiler():
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
