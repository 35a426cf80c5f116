"""An import of a recording with many labels, and one that is refused at its end."""

from typing import Any, Final

import numpy as np

from tests.abuse.attack import MIB, Attack, Target
from tests.server.json_peer import iq_b64
from tests.training.given import CENTER_HZ, RATE_HZ, SMALL_SPEC

_LABELS: Final = 800
_SAMPLES: Final = SMALL_SPEC.window_samples
_IQ: Final = np.random.default_rng(1).standard_normal(2 * _SAMPLES).astype(np.float32).view(np.complex64)


def _annotation(label: str, low_hz: float = CENTER_HZ) -> dict[str, Any]:
    return {
        "core:sample_start": 0,
        "core:sample_count": _SAMPLES,
        "core:freq_lower_edge": low_hz,
        "core:freq_upper_edge": low_hz + RATE_HZ / 8,
        "core:label": label,
    }


def _recording(annotations: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "meta": {
            "global": {"core:datatype": "cf32_le", "core:version": "1.0.0", "core:sample_rate": RATE_HZ},
            "captures": [{"core:sample_start": 0, "core:frequency": CENTER_HZ}],
            "annotations": annotations,
        },
        "data_b64": iq_b64(_IQ),
    }


def _labels(target: Target) -> str:
    before = target.disk_bytes()
    with target.peer(wait_sec=120) as client:
        code = target.code(client, "import_sigmf", **_recording([_annotation(f"l{each}") for each in range(_LABELS)]))
    return f"{_LABELS} labels: {code}; {(target.disk_bytes() - before) / MIB:.1f} MiB of blobs"


def _refused(target: Target) -> str:
    """The last label lies outside the band."""
    before = target.disk_bytes()
    annotations = [*(_annotation(f"l{each:03d}") for each in range(100)), _annotation("z", CENTER_HZ + 9 * RATE_HZ)]
    with target.peer(wait_sec=120) as client:
        code = target.code(client, "import_sigmf", **_recording(annotations))
    if target.disk_bytes() > before:
        target.fault("a refused import leaves blobs")
    return code


ATTACKS: Final = (
    Attack("import-of-many-labels", _labels, alone=True, allowed_bytes=64 * MIB),
    Attack("import-refused-at-the-end", _refused, allowed_bytes=64 * MIB),
)
