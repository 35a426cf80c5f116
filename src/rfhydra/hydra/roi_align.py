"""RoIAlign over the levels of a pyramid: a multi-threaded ``MultiScaleRoIAlign`` of torchvision.

On a CPU torchvision pools on one core, which took a third of a detection (docs/decisions/0023). Here each bin is a
weighted sum of rows of channels-last features, computed by ``embedding_bag``.
"""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding_bag

from rfhydra.hydra.vision import initLevelMapper

STRIDES: Final = {"0": 4, "1": 8, "2": 16, "3": 32}
PYRAMID_STRIDES: Final = {**STRIDES, "pool": 64}
"""With the level that has proposals only."""
BINS: Final = 7
SAMPLES_PER_BIN: Final = 2  # along each side (He et al., Mask R-CNN, 2017)


class RoiAlign(nn.Module):
    """Pools boxes to 7 × 7 bins, each from the level of its size (Lin et al., 2017).

    Has the signature of ``box_roi_pool`` in torchvision's ``RoIHeads``.
    """

    def __init__(self) -> None:
        super().__init__()
        self._level_of = initLevelMapper(2, 2 + len(STRIDES) - 1)

    def forward(self, features: dict[str, Tensor], boxes: list[Tensor], image_sizes: list[tuple[int, int]]) -> Tensor:
        """The bins (n, channels, 7, 7) of all pixel ``boxes``, (k, 4) for each image, image by image.

        ``features`` are float32 (images, channels, rows, cols) by level; ``image_sizes`` is not used.
        """
        joined = torch.cat(boxes)
        images = torch.cat([torch.full((len(each),), index) for index, each in enumerate(boxes)]).to(joined.device)
        levels = self._level_of(boxes)
        channels = features["0"].shape[1]
        pooled = joined.new_zeros((len(joined), BINS**2, channels))
        for index, (name, stride) in enumerate(STRIDES.items()):
            (chosen,) = torch.where(levels == index)
            if len(chosen):
                pooled.index_copy_(0, chosen, _pool(features[name], joined[chosen] / stride, images[chosen]))
        return pooled.transpose(1, 2).reshape(len(joined), channels, BINS, BINS)


def _pool(level: Tensor, boxes: Tensor, images: Tensor) -> Tensor:
    """The bins (k, 49, channels) of ``boxes`` (k, 4), in cells of ``level``, on the ``images`` (k,) of a batch."""
    count, channels, rows, cols = level.shape
    (x, x_weights), (y, y_weights) = _taps(boxes[:, 0::2], cols), _taps(boxes[:, 1::2], rows)
    y = y + images[:, None, None] * rows
    taps = y[:, :, None, :, None] * cols + x[:, None, :, None, :]
    weights = y_weights[:, :, None, :, None] * x_weights[:, None, :, None, :]
    bags = len(boxes) * BINS**2
    table = level.permute(0, 2, 3, 1).reshape(count * rows * cols, channels)
    sums = embedding_bag(taps.reshape(bags, -1), table, per_sample_weights=weights.reshape(bags, -1), mode="sum")
    return sums.reshape(len(boxes), BINS**2, channels)


def _taps(spans: Tensor, cells: int) -> tuple[Tensor, Tensor]:
    """Indices and weights, each (k, 7, taps), of the ``cells`` of one axis that each bin of ``spans`` (k, 2) sums.

    A bin is the mean of its samples, a sample interpolates two cells; beyond the last cell it is 0.
    """
    start, length = spans[:, :1], (spans[:, 1:] - spans[:, :1]).clamp_min(1)
    samples = BINS * SAMPLES_PER_BIN
    at = start + (torch.arange(samples, device=spans.device) + 0.5) / samples * length
    inside, at = at <= cells, at.clamp(0, cells - 1)
    before = at.floor()
    after = at - before
    taps = torch.stack([before, (before + 1).clamp_max(cells - 1)], dim=2).long()
    weights = torch.stack([1 - after, after], dim=2) * inside.unsqueeze(2) / SAMPLES_PER_BIN
    return taps.reshape(len(spans), BINS, -1), weights.reshape(len(spans), BINS, -1)
