"""Speed of a backbone on the windows of a contract, measured on this machine."""

import time
from typing import Final

import numpy as np

from rfhydra.contract.choice import ContractChoice
from rfhydra.hydra.backbone import Backbone

_PASSES: Final = 2


def times_real_time(choice: ContractChoice, backbone: Backbone) -> float:
    """Seconds of signal for each second of computing: 1 keeps up with a receiver. Takes seconds.

    Of passes over whole windows of noise; detection passes over parts with energy only.
    """
    spec = choice.spec
    image = np.random.default_rng(0).integers(0, 2 * spec.scaling.floor_grey, (spec.rows, spec.cols), dtype=np.uint8)
    backbone.see(image).propose()  # buffers of this size are made once
    taken = []
    for _ in range(_PASSES):
        started = time.perf_counter()
        backbone.see(image).propose()
        taken.append(time.perf_counter() - started)
    return choice.window_sec / min(taken)
