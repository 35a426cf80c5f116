"""Recordings of the demo: an unknown emitter among others, with known truth."""

from pathlib import Path
from typing import Final

import numpy as np

from rfhydra.recordings import Annotation, Recording, open_recording, write_recording
from rfhydra.synth import Burst, Emission, LineCode, Receiver, Scene, make_burst

SAMPLE_RATE_HZ: Final = 250e3
CENTER_FREQ_HZ: Final = 433.92e6
_LONGEST: Final = 40_000  # samples of a packet
_REMOTE: Final = LineCode("pwm", symbol=150, bits=25)
_VARIANTS: Final = (
    LineCode("fsk", symbol=90, bits=60, rise=8, deviation=0.012),
    LineCode("manchester", symbol=260, bits=30),
)
_RECEIVER: Final = Receiver(tilt_db=(-2.0, 0.5, 1.0, -1.0), dc=0.1, bits=8, overload_db=-8.0)


class Neighbourhood:
    """An unknown FSK transmitter, similar and other transmitters, and a cheap receiver; all drawn from one seed."""

    def __init__(self, signal_name: str, seed: int) -> None:
        self._signal_name = signal_name
        self._rng = np.random.default_rng(seed)
        symbol, deviation = int(self._rng.integers(200, 320)), float(self._rng.uniform(0.03, 0.05))
        self._unknown = LineCode("fsk", symbol=symbol, bits=48, rise=16, deviation=deviation)

    def record(self, path_stem: Path, samples: int, *, packets: int, others: int) -> Recording:
        """Write a SigMF recording with up to ``packets`` annotated packets and ``others`` other emissions."""
        rng, scene = self._rng, Scene(samples)
        placed = [
            scene.place(self._unknown.packet(rng, _LONGEST), rng, rng.uniform(8, 30), cut=0.0) for _ in range(packets)
        ]
        remote, snr_db, start = _REMOTE.packet(rng, _LONGEST), rng.uniform(15, 40), int(rng.integers(60_000))
        scene.place_train(remote, rng, snr_db, repeats=5, gap=3_000, start=start)
        for _ in range(others):
            scene.place(self._other(), rng, rng.uniform(5, 30))
        annotations = [self._annotation(emission) for emission in placed if emission is not None]
        iq = _RECEIVER.apply(scene, rng)
        return open_recording(
            write_recording(path_stem, iq, SAMPLE_RATE_HZ, CENTER_FREQ_HZ, annotations, datatype="cu8")
        )

    def _other(self) -> Burst:
        rng = self._rng
        if rng.random() < 0.4:
            return _VARIANTS[int(rng.integers(len(_VARIANTS)))].packet(rng, _LONGEST)
        kind = str(rng.choice(["chirp", "ofdm", "qpsk", "tone", "hopper", "ook"]))
        return make_burst(kind, rng, int(rng.uniform(4_000, _LONGEST)), float(rng.uniform(0.02, 0.12)))

    def _annotation(self, emission: Emission) -> Annotation:
        return Annotation(
            emission.start,
            emission.stop - emission.start,
            CENTER_FREQ_HZ + emission.low * SAMPLE_RATE_HZ,
            CENTER_FREQ_HZ + emission.high * SAMPLE_RATE_HZ,
            self._signal_name,
        )
