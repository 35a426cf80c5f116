"""Random receivers: cheap ones, and those of other kinds."""

from dataclasses import replace
from typing import Final

from rfhydra.pretrain.mix import SceneMix
from rfhydra.synth import Passband, Pumping, Receiver, Rng, Squelch, log_uniform

MUTED: Final = (0, 0, -1 - 1j, 0.01 + 0.01j)
"""Outputs of a closed squelch; unsigned samples of 0 are the third."""


def random_receiver(rng: Rng, mix: SceneMix, hop: int) -> Receiver:
    """A cheap receiver that has the properties of ``mix``, each at random; ``hop`` is that of the contract."""
    receiver = Receiver.random(rng)
    if rng.random() < mix.fine_bits:
        receiver = replace(receiver, bits=int(rng.choice([12, 14, 16])), overload_db=rng.uniform(-40, 0))
    if rng.random() < mix.ac_coupled:
        receiver = replace(receiver, dc=0.0, ac_coupling=log_uniform(rng, 5e-4, 1e-2))
    if rng.random() < mix.decimation_edges:
        half = rng.uniform(0.38, 0.47)
        receiver = replace(receiver, passband=Passband(-half, half, rng.uniform(0.01, 0.08), rng.uniform(20, 60)))
    if rng.random() < mix.sideband:
        receiver = _sideband(receiver, rng)
    if rng.random() < mix.pumping:
        decay_db = 20 / (hop * log_uniform(rng, 5, 200))
        receiver = replace(receiver, agc_db=0.0, pumping=Pumping(rng.uniform(0, 15), rng.uniform(0, 0.5), decay_db))
    if rng.random() < mix.squelched:
        receiver = replace(receiver, squelch=_squelch(rng, hop))
    return receiver


def _sideband(receiver: Receiver, rng: Rng) -> Receiver:
    """``receiver`` with audio output: 16 bits, no DC and no I/Q imbalance."""
    # Below 0.24 cycles per sample most of the upper half would be empty, too, and the noise floor unknown.
    passband = Passband(rng.uniform(0.008, 0.04), rng.uniform(0.24, 0.46), rng.uniform(0.005, 0.03), 70.0)
    overload_db = rng.uniform(-30, 0)
    return replace(
        receiver, passband=passband, audio=True, bits=16, overload_db=overload_db, dc=0.0, image_db=None, tilt_db=()
    )


def _squelch(rng: Rng, hop: int) -> Squelch:
    hang = int(hop * log_uniform(rng, 1, 30)) if rng.random() < 0.5 else 0
    starts = rng.uniform(0, 1, int(rng.integers(0, 3)))
    openings = tuple((start, start + rng.uniform(0.02, 0.3)) for start in starts.tolist())
    return Squelch(int(hop * rng.uniform(0, 3)), hang, openings, MUTED[int(rng.integers(len(MUTED)))])
