"""Emitters that need no TorchSig, and scenes of known truth."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from benchmarks.fewshot.emitters import SUPPORT_BURSTS, Emitter, EmitterLibrary
from benchmarks.scenes import FRAME, SPEC, RenderedScene
from rfhydra.pretrain.burst_library import save_burst_library
from rfhydra.spectrum.window import Window
from rfhydra.synth import Burst, Emission, make_burst

WAVEFORMS = ("gsm", "lora", "p25", "dmr", "btle", "zigbee")
TEST_BURSTS = 4
LENGTH = 4_000


def library(directory: Path) -> EmitterLibrary:
    """Six emitters, named after held-out waveforms."""
    rng = np.random.default_rng(0)
    emitters, bursts = [], []
    for number, waveform in enumerate(WAVEFORMS):
        emitter = Emitter(f"{waveform}-1", waveform, LENGTH * (1 + number), 0.05, 0.05)
        emitters.append(emitter)
        for _ in range(SUPPORT_BURSTS + TEST_BURSTS):
            made = make_burst("qpsk", rng, emitter.duration, emitter.bandwidth)
            bursts.append(Burst(emitter.name, made.iq, made.low, made.high))
    directory.mkdir(parents=True)
    save_burst_library(bursts, directory / "emitters.safetensors")
    save_burst_library(
        [make_burst(kind, rng, LENGTH, 0.1) for kind in ("ofdm", "chirp")], directory / "base.safetensors"
    )
    (directory / "emitters.json").write_text(json.dumps([asdict(emitter) for emitter in emitters]))
    return EmitterLibrary(directory)


def emission(kind: str, col: int, low: float, *, cols: int = 20, height: float = 0.1, snr_db: float = 10.0) -> Emission:
    """An emission of ``cols`` columns from ``col`` on."""
    return Emission(kind, col * SPEC.hop, (col + cols) * SPEC.hop, low, low + height, snr_db)


def rendered(*emissions: Emission) -> RenderedScene:
    """A scene with an empty image."""
    return RenderedScene(Window(np.zeros((SPEC.rows, SPEC.cols), np.uint8), FRAME), emissions)
