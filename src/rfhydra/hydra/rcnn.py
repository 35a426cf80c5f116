"""The seed's head: a trainable RPN and RoI heads of its own on the frozen feature pyramid.

Megabytes instead of kilobytes and minutes instead of seconds. It is the escalation when the shared proposals miss a
signal, and the baseline that the embedding head is measured against.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Final, Self

import torch
from torch import Tensor, nn
from torchvision.models.detection.image_list import ImageList

from rfhydra.errors import Incompatible
from rfhydra.hydra.backbone import Backbone, BodyConfig, image_list, make_roi_heads, make_rpn
from rfhydra.hydra.head import Detections, HeadInfo
from rfhydra.hydra.weights import Weights, read_weights, write_weights

GOLDEN_SIDE_PX: Final = 128
GOLDEN_SCORE_TOLERANCE: Final = 0.1  # half precision differs between processors


class RcnnNetwork(nn.Module):
    """RPN, RoI heads and a two-class predictor, as in the seed's ``FasterRCNN(num_classes=2)``."""

    def __init__(self, config: BodyConfig) -> None:
        super().__init__()
        self.rpn = make_rpn(config)
        self.roi_heads = make_roi_heads(config, classes=2)
        self.roi_heads.score_thresh = 0.05

    def warm_start(self, backbone: Backbone) -> None:
        """Begin from the body's own proposals and embedding layers instead of from noise."""
        self.rpn.load_state_dict(backbone.body.rpn.state_dict())
        self.roi_heads.box_head.load_state_dict(backbone.body.roi_heads.box_head.state_dict())

    def losses(
        self, features: dict[str, Tensor], images: Tensor, targets: list[dict[str, Tensor]]
    ) -> dict[str, Tensor]:
        """The four losses of Faster R-CNN. Works in ``eval`` mode too, where layers behave as in service."""
        batch = image_list(images)
        was_training = self.training
        self.train()
        try:
            proposals, rpn_losses = self.rpn(batch, features, targets)
            _, roi_losses = self.roi_heads(features, proposals, batch.image_sizes, targets)
        finally:
            self.train(was_training)
        return {**rpn_losses, **roi_losses}

    @torch.inference_mode()
    def detect(self, features: dict[str, Tensor], size: tuple[int, int]) -> Detections:
        """Detections in one image of ``size`` (rows, cols), strongest first."""
        device = next(iter(features.values())).device
        batch = ImageList(torch.empty((1, 1, *size), device=device), [size])
        proposals, _ = self.rpn(batch, features)
        (found,), _ = self.roi_heads(features, proposals, batch.image_sizes)
        return Detections(found["boxes"].cpu(), found["scores"].cpu())


@dataclass(frozen=True, eq=False)
class RcnnHead:
    """A trained network and what makes it valid. ``golden_image`` is a uint8 crop, ``golden_*`` its answers."""

    kind: ClassVar[str] = "rcnn"

    info: HeadInfo
    network: RcnnNetwork
    golden_image: Tensor
    golden_scores: Tensor

    def detect(self, features: dict[str, Tensor], threshold: float, size: tuple[int, int]) -> Detections:
        """Detections at ``threshold`` in one image of ``size`` (rows, cols)."""
        found = self.network.detect(features, size)
        strong = found.scores >= threshold
        return Detections(found.boxes[strong], found.scores[strong])

    def to_bytes(self) -> bytes:
        """The artifact, weights in half precision."""
        tensors = {f"network.{name}": tensor.half() for name, tensor in self.network.state_dict().items()}
        tensors |= {"golden_image": self.golden_image, "golden_scores": self.golden_scores}
        info = {**vars(self.info), "sample_ids": list(self.info.sample_ids)}
        return write_weights(Weights("rcnn-head", tensors, {"info": info}))

    @classmethod
    def record(cls, info: HeadInfo, network: RcnnNetwork, image: Tensor, backbone: Backbone) -> Self:
        """A head of ``network`` (rounded to half precision, as it will be served) with its answers on ``image``."""
        rounded = {name: tensor.half().float() for name, tensor in network.state_dict().items()}
        network.load_state_dict(rounded)
        head = cls(info, network.eval(), image, torch.zeros(0))
        return replace(head, golden_scores=head._golden_answers(backbone))

    @classmethod
    def from_bytes(cls, data: bytes, backbone: Backbone) -> Self:
        """The inverse of :meth:`to_bytes`; replays the golden image.

        Raises:
            Incompatible: not such an artifact, or the head answers otherwise than when it was made.
        """
        weights = read_weights(data, "rcnn-head")
        info = HeadInfo.from_metadata(weights.metadata.get("info", {}))
        backbone.require(info.backbone_id, f"the head of {info.signal_name}")
        network = RcnnNetwork(backbone.config).to(backbone.device).eval().requires_grad_(False)
        prefix = "network."
        state = {name.removeprefix(prefix): t for name, t in weights.tensors.items() if name.startswith(prefix)}
        Weights(weights.kind, state, {}).load_into(network)
        try:
            head = cls(info, network, weights.tensors["golden_image"], weights.tensors["golden_scores"])
        except KeyError:
            raise Incompatible(f"the head of {info.signal_name} lacks its golden image: train it again") from None
        answers = head._golden_answers(backbone)
        if (
            len(answers) != len(head.golden_scores)
            or (answers - head.golden_scores).abs().gt(GOLDEN_SCORE_TOLERANCE).any()
        ):
            raise Incompatible(f"the head of {info.signal_name} does not answer as when it was made: train it again")
        return head

    def _golden_answers(self, backbone: Backbone) -> Tensor:
        """The strongest score, or 0: more would depend on which of two near duplicates won."""
        size = (self.golden_image.shape[0], self.golden_image.shape[1])
        found = self.network.detect(backbone.features(self.golden_image), size)
        return found.scores[:1] if len(found.scores) else torch.zeros(1)


def golden_crop(image: Tensor, box: Tensor) -> Tensor:
    """A crop of at most :data:`GOLDEN_SIDE_PX` squared around the middle of the pixel ``box``, uint8."""
    starts = []
    for middle, side in (((box[1] + box[3]) / 2, image.shape[0]), ((box[0] + box[2]) / 2, image.shape[1])):
        starts.append(int(min(max(float(middle) - GOLDEN_SIDE_PX / 2, 0), max(side - GOLDEN_SIDE_PX, 0))))
    top, left = starts
    return image[top : top + GOLDEN_SIDE_PX, left : left + GOLDEN_SIDE_PX].clone()
