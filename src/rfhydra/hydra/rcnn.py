"""Rcnn heads, as in the seed: a trainable RPN and RoI heads on the frozen feature pyramid.

For signals that the shared proposals miss, and the baseline of the benchmarks. Such a head takes megabytes and minutes,
an embedding head kilobytes and seconds.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Final, Self

import torch
from torch import Tensor, nn

from rfhydra.errors import Incompatible
from rfhydra.hydra.backbone import Backbone, Seen
from rfhydra.hydra.head import HeadInfo, ScoredBoxes
from rfhydra.hydra.network import NetworkConfig, image_list, make_roi_heads, make_rpn
from rfhydra.hydra.torch_backbone import TorchBackbone, TorchSeen, require_torch
from rfhydra.hydra.vision import ImageList, box_iou
from rfhydra.hydra.weights import Weights, read_weights, write_weights

GOLDEN_SIDE_PX: Final = 128
GOLDEN_SCORE_TOLERANCE: Final = 0.1  # half precision differs between processors
GOLDEN_IOU: Final = 0.5  # NMS may keep the other of two near duplicates
_ARTIFACT: Final = "rcnn-head"
_PREFIX: Final = "network."


class RcnnNetwork(nn.Module):
    """RPN, RoI heads and a two-class predictor, as in the seed's ``FasterRCNN(num_classes=2)``.

    In ``eval`` mode except inside :meth:`losses`.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.rpn = make_rpn(config)
        self.roi_heads = make_roi_heads(config, classes=2)
        self.roi_heads.score_thresh = 0.05
        self.eval()

    def warm_start(self, backbone: TorchBackbone) -> None:
        """Copy the RPN and the embedding layers of ``backbone`` as initial weights."""
        self.rpn.load_state_dict(backbone.network.rpn.state_dict())
        self.roi_heads.box_head.load_state_dict(backbone.network.roi_heads.box_head.state_dict())

    def losses(
        self, features: dict[str, Tensor], images: Tensor, targets: list[dict[str, Tensor]]
    ) -> dict[str, Tensor]:
        """The four losses of Faster R-CNN on ``images`` (n, rows, cols) with their pyramid ``features``.

        ``targets`` hold ``boxes`` (m, 4) in pixels and ``labels`` (m,), all 1.
        """
        batch = image_list(images)
        self.train()
        try:
            proposals, rpn_losses = self.rpn(batch, features, targets)
            _, roi_losses = self.roi_heads(features, proposals, batch.image_sizes, targets)
        finally:
            self.eval()
        return {**rpn_losses, **roi_losses}

    @torch.inference_mode()
    def detect(self, features: dict[str, Tensor], size: tuple[int, int]) -> ScoredBoxes:
        """Detections in one image of ``size`` (rows, cols), strongest first."""
        device = next(iter(features.values())).device
        batch = ImageList(torch.empty((1, 1, *size), device=device), [size])
        proposals, _ = self.rpn(batch, features)
        (found,), _ = self.roi_heads(features, proposals, batch.image_sizes)
        return ScoredBoxes(found["boxes"].cpu(), found["scores"].cpu())


@dataclass(frozen=True, eq=False)
class RcnnHead:
    """A trained network with its metadata.

    ``golden_image`` is a uint8 crop, ``golden`` the strongest detection in it, or none.
    """

    kind: ClassVar[str] = "rcnn"

    info: HeadInfo
    network: RcnnNetwork
    golden_image: Tensor
    golden: ScoredBoxes

    def detect(self, seen: Seen, threshold: float) -> ScoredBoxes:
        """Detections at ``threshold`` in one image of the torch runtime, which alone has the feature pyramid."""
        assert isinstance(seen, TorchSeen), "loading binds an rcnn head to the torch runtime"
        found = self.network.detect(seen.features, seen.size)
        strong = found.scores >= threshold
        return ScoredBoxes(found.boxes[strong], found.scores[strong])

    def to_bytes(self) -> bytes:
        """The artifact, weights in half precision."""
        tensors = {f"{_PREFIX}{name}": tensor.half() for name, tensor in self.network.state_dict().items()}
        tensors |= {"golden_image": self.golden_image}
        tensors |= {f"golden_{name}": tensor for name, tensor in vars(self.golden).items()}
        return write_weights(Weights(_ARTIFACT, tensors, {"info": self.info.to_metadata()}))

    @classmethod
    def record(cls, info: HeadInfo, network: RcnnNetwork, image: Tensor, backbone: TorchBackbone) -> Self:
        """A head of ``network``, rounded to half precision as it is stored, with its golden detection in ``image``."""
        rounded = {name: tensor.half().float() for name, tensor in network.state_dict().items()}
        network.load_state_dict(rounded)
        head = cls(info, network, image, ScoredBoxes.none())
        found = head._golden_detections(backbone)
        return replace(head, golden=ScoredBoxes(found.boxes[:1], found.scores[:1]))

    @classmethod
    def from_bytes(cls, data: bytes, backbone: Backbone) -> Self:
        """The inverse of :meth:`to_bytes`; replays the golden image.

        Raises:
            Incompatible: not an rcnn artifact, of another backbone or runtime, or its golden detection fails.
        """
        torch_backbone = require_torch(backbone)
        weights = read_weights(data, _ARTIFACT)
        info = HeadInfo.from_metadata(weights.metadata.get("info", {}))
        backbone.require(info.backbone_id, f"the head of {info.signal_name}")
        network = RcnnNetwork(torch_backbone.network.config).to(torch_backbone.device).requires_grad_(False)
        state = {name.removeprefix(_PREFIX): t for name, t in weights.tensors.items() if name.startswith(_PREFIX)}
        replace(weights, tensors=state).load_into(network)
        try:
            golden = ScoredBoxes(weights.tensors["golden_boxes"], weights.tensors["golden_scores"])
            head = cls(info, network, weights.tensors["golden_image"], golden)
        except KeyError:
            raise Incompatible(f"the head of {info.signal_name} lacks its golden image: train it again") from None
        head._replay(torch_backbone)
        return head

    def _replay(self, backbone: TorchBackbone) -> None:
        found = self._golden_detections(backbone)
        same_box = box_iou(self.golden.boxes, found.boxes) >= GOLDEN_IOU
        same_score = (self.golden.scores[:, None] - found.scores).abs() <= GOLDEN_SCORE_TOLERANCE
        if not bool((same_box & same_score).any(1).all()):
            raise Incompatible(
                f"the head of {self.info.signal_name} fails its golden detection: roll back or train it again"
            )

    def _golden_detections(self, backbone: TorchBackbone) -> ScoredBoxes:
        seen = backbone.see(self.golden_image)
        return self.network.detect(seen.features, seen.size)


def golden_crop(image: Tensor, box: Tensor) -> Tensor:
    """The crop of ``image`` (rows, cols) around the centre of the pixel ``box`` (4,), :data:`GOLDEN_SIDE_PX` square."""
    starts = []
    for middle, side in (((box[1] + box[3]) / 2, image.shape[0]), ((box[0] + box[2]) / 2, image.shape[1])):
        starts.append(int(min(max(float(middle) - GOLDEN_SIDE_PX / 2, 0), max(side - GOLDEN_SIDE_PX, 0))))
    top, left = starts
    return image[top : top + GOLDEN_SIDE_PX, left : left + GOLDEN_SIDE_PX].clone()
