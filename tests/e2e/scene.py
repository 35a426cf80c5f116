"""A workspace with a trained head, and a scene to transmit whose emissions are known."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rfhydra.spectrum.boxes import Box
from rfhydra.synth import Receiver, Scene, make_burst
from tests.cli.command_runner import BEACON, CONTRACT, RATE_HZ, SIGNAL, record, run

CENTER_HZ: Final = 7e6
"""That every link can tune to."""
SUPPORT: Final = 8
BEACONS_PER_SEC: Final = 2
SNR_DB: Final = (18.0, 28.0)
_MARGIN_SEC: Final = 1.0
_OTHERS: Final = (("ofdm", 0.2), ("tone", 0.004), ("chirp", 0.15))


@dataclass(frozen=True)
class Transmission:
    """What is sent: complex64 within ±1, shape (samples,), and the boxes of the wanted emissions by their start."""

    iq: NDArray[np.complex64]
    truth: list[Box]


def make_workspace(directory: Path) -> Path:
    """A workspace with a head of :data:`SIGNAL`, made by the commands."""
    site = directory / "site"
    support = [record(directory / f"support-{seed}", seed) for seed in range(SUPPORT)]
    for arguments in (("init", site, *CONTRACT), ("import", site, *support), ("train", site, SIGNAL)):
        done = run(*arguments)
        assert done.status == 0, done.stderr
    return site


def compose(seconds: float, seed: int) -> Transmission:
    """Beacons at random frequencies, other emissions between them, and noise before the first and after the last."""
    rng, scene = np.random.default_rng(seed), Scene(int(seconds * RATE_HZ))
    first, last = int(_MARGIN_SEC * RATE_HZ), int((seconds - _MARGIN_SEC) * RATE_HZ)
    count = max(1, int((seconds - 2 * _MARGIN_SEC) * BEACONS_PER_SEC))
    placed = []
    for start in np.linspace(first, last, count, endpoint=False).astype(int).tolist():
        burst = BEACON.packet(rng, 40_000)
        placed.append(scene.place(burst, rng, rng.uniform(*SNR_DB), start=start, max_overlap=0.0))
        kind, bandwidth = _OTHERS[int(rng.integers(len(_OTHERS)))]
        scene.place(make_burst(kind, rng, 20_000, bandwidth), rng, 12, cut=0.0, max_overlap=0.0)
    iq = Receiver(bits=8, overload_db=-6).apply(scene, rng)
    return Transmission(iq, [each.box(RATE_HZ, CENTER_HZ) for each in placed if each is not None])
