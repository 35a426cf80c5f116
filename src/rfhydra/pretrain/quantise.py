"""Post-training quantisation: the dense layers of a backbone as int8 layers, by NNCF.

The ranges of activations are those of pretraining scenes of synthetic bursts, which need no TorchSig.
"""

import logging
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from rfhydra.errors import MissingExtra
from rfhydra.hydra.int8_file import Int8Layers
from rfhydra.hydra.network import normal_pixels
from rfhydra.hydra.openvino_backbone import DenseModels, Model, channels_last, dense_models
from rfhydra.hydra.torch_backbone import TorchBackbone
from rfhydra.pretrain.scenes import SceneMaker

_LOGGERS: Final = logging.getLoggerClass()
try:
    import nncf
except ImportError:
    raise MissingExtra("NNCF is not installed: pip install 'rfhydra[quantise]'") from None
logging.setLoggerClass(_LOGGERS)  # NNCF makes all later loggers of the process its own


def calibration_images(count: int, seed: int) -> Iterator[NDArray[np.uint8]]:
    """Images (rows, cols) of ``count`` pretraining scenes."""
    scenes = SceneMaker([], np.random.default_rng(seed))
    for _ in range(count):
        yield scenes.draw().image


@torch.inference_mode()
def quantise(backbone: TorchBackbone, images: Sequence[NDArray[np.uint8]]) -> Int8Layers:
    """The dense layers of ``backbone`` with 8-bit weights and activations, whose ranges are those in ``images``.

    Method: NNCF's post-training quantisation with its bias correction. The first convolution stays as it is: it sees
    the one grey channel, and 8 bits there cost F1 (docs/decisions/0038).
    """
    logging.getLogger("nncf").setLevel(logging.ERROR)  # its own function sets the level of all handlers
    models, network = dense_models(backbone.network), backbone.network
    pixels = [torch.as_tensor(image)[None, None].float() / 255 for image in images]
    first = next(each for each in models.pyramid.get_ordered_ops() if each.get_type_name() == "Convolution")
    images_in = [[channels_last(normal_pixels(each))] for each in pixels]
    levels_in = [[channels_last(level) for level in network.features(each).values()] for each in pixels]
    return DenseModels(
        _quantised(models.pyramid, images_in, nncf.IgnoredScope(names=[first.get_friendly_name()])),
        _quantised(models.proposal_head, levels_in, None),
    ).stored()


def _quantised(
    model: Model, inputs: Sequence[Sequence[NDArray[np.float32]]], ignored: nncf.IgnoredScope | None
) -> Model:
    preset = nncf.QuantizationPreset.MIXED  # symmetric weights, asymmetric activations
    data = nncf.Dataset(inputs)
    return nncf.quantize(model, data, preset=preset, subset_size=len(inputs), ignored_scope=ignored)
