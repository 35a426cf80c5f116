"""Samples that are refused or deleted: what they leave on the disk."""

from collections import Counter
from typing import Any, Final

import numpy as np

from tests.abuse.attack import Attack, Target
from tests.server.json_peer import Peer, npy_b64
from tests.training.given import SMALL_SPEC

_TIMES: Final = 100
_BOX: Final = {"x_min": 10, "y_min": 10, "x_max": 40, "y_max": 30}
_OUTSIDE: Final = {"time_start_sec": 1e3, "time_end_sec": 2e3, "freq_low_hz": 1.0, "freq_high_hz": 2.0}
_KEPT: Final = 8
_SLICES: Final = 256  # of a garbage collection, at most


def sample(seed: int, **fields: Any) -> dict[str, Any]:
    """The fields of ``add_training_sample``."""
    image = np.random.default_rng([99, seed]).integers(0, 256, (SMALL_SPEC.rows, SMALL_SPEC.cols), np.uint8)
    return {"signal_name": "heap", "spectrogram_b64": npy_b64(image), "boxes": [_BOX], "metadata": {}, **fields}


def _refused(target: Target) -> str:
    """A signal that is full, and boxes outside their window."""
    codes, before = Counter[str](), target.disk_bytes()
    with target.peer() as client:
        for seed in range(_KEPT + _TIMES):
            for fields in (sample(seed), sample(1000 + seed, signal_name="x", boxes=[_OUTSIDE])):
                codes[target.code(client, "add_training_sample", **fields)] += 1
    left = (target.disk_bytes() - before) // SMALL_SPEC.rows // SMALL_SPEC.cols
    if left > 2 * _KEPT:
        target.fault(f"{left - _KEPT} images of refused samples are on the disk")
    return _told(codes)


def _deleted(target: Target) -> str:
    codes, before = Counter[str](), target.disk_bytes()
    with target.peer() as client:
        for seed in range(_TIMES):
            added = client.ask("add_training_sample", **sample(seed))
            codes[target.code(client, "delete_training_sample", sample_id=added["sample_id"])] += 1
        pass_collection(client)
    left = (target.disk_bytes() - before) // SMALL_SPEC.rows // SMALL_SPEC.cols
    if left > _TIMES // 2:
        target.fault(f"{left} images of {_TIMES} deleted samples are on the disk")
    return _told(codes)


def pass_collection(client: Peer) -> None:
    """Wait until garbage has been collected: it is in the queue of the store, other calls go between its slices."""
    for _ in range(2 * _SLICES):
        client.ask("get_registry")


def _told(codes: Counter[str]) -> str:
    return ", ".join(f"{code} {count}" for code, count in codes.items())


ATTACKS: Final = (
    Attack("refused-samples", _refused, options=("--limit", f"max_samples_per_signal={_KEPT}")),
    Attack("deleted-samples", _deleted, alone=True),
)
