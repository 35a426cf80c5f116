"""Seeded synthetic signals with known truth, for the demo, the tests and pretraining."""

from rfhydra.synth.burst import Burst, Iq, Rng, log_uniform, occupied_band
from rfhydra.synth.line_coding import LineCode
from rfhydra.synth.receiver import Passband, Pumping, Receiver, Squelch
from rfhydra.synth.scene import BAND_EDGE, Emission, Scene
from rfhydra.synth.signals import EMITTERS, make_burst, random_drift, tone_shift_keying

__all__ = [
    "BAND_EDGE",
    "EMITTERS",
    "Burst",
    "Emission",
    "Iq",
    "LineCode",
    "Passband",
    "Pumping",
    "Receiver",
    "Rng",
    "Scene",
    "Squelch",
    "log_uniform",
    "make_burst",
    "occupied_band",
    "random_drift",
    "tone_shift_keying",
]
