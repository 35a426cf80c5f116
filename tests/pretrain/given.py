"""A burst library of a few synthetic bursts: pretraining without TorchSig."""

import numpy as np

from rfhydra.synth import Burst, make_burst


def tiny_library() -> list[Burst]:
    rng = np.random.default_rng(0)
    return [make_burst(kind, rng, 6000, 0.05) for kind in ("qpsk", "ook", "ofdm", "tone", "qpsk")]
