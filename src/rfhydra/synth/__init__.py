"""Seeded synthetic signals with known truth, for the demo, the tests and pretraining."""

from rfhydra.synth.burst import Burst, Iq, Rng, log_uniform, occupied_band
from rfhydra.synth.line_coding import LineCode
from rfhydra.synth.receiver import Receiver
from rfhydra.synth.scene import BAND_EDGE, Emission, Scene
from rfhydra.synth.signals import EMITTERS, make_burst

__all__ = [
    "BAND_EDGE",
    "EMITTERS",
    "Burst",
    "Emission",
    "Iq",
    "LineCode",
    "Receiver",
    "Rng",
    "Scene",
    "log_uniform",
    "make_burst",
    "occupied_band",
]
