"""Small recordings in every container."""

import json
import wave
from pathlib import Path
from typing import Any

import numpy as np
import sigmf
from numpy.typing import NDArray

RATE_HZ = 1_000_000.0


CENTER_HZ = 433_920_000.0


def ramp(count: int = 1000) -> NDArray[np.complex64]:
    return np.linspace(-0.9, 0.9, count, dtype=np.float32) * np.complex64(1 - 1j)


def write_pair(
    folder: Path,
    *,
    data: bytes | None = bytes(2000),
    changes: dict[str, Any] | None = None,
    captures: list[Any] | None = None,
    annotations: list[Any] | None = None,
) -> Path:
    """A SigMF pair of 1000 cu8 samples, with ``changes`` to its global fields; a change to None removes the field."""
    fields = {"core:datatype": "cu8", "core:sample_rate": RATE_HZ, "core:version": "1.2.0", **(changes or {})}
    metadata = {
        "global": {key: value for key, value in fields.items() if value is not None},
        "captures": captures if captures is not None else [{"core:sample_start": 0, "core:frequency": CENTER_HZ}],
        "annotations": annotations or [],
    }
    path = folder / "rec.sigmf-meta"
    path.write_text(json.dumps(metadata))
    if data is not None:
        path.with_suffix(".sigmf-data").write_bytes(data)
    return path


def write_wav(path: Path, frames: bytes, *, channels: int = 2, width: int = 2) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(48_000)
        file.writeframes(frames)
    return path


def validate(path: Path) -> sigmf.SigMFFile:
    """``path`` as the reference library reads it; raises if schema or checksum are violated."""
    opened = sigmf.fromfile(path)
    opened.validate()
    return opened
