"""Small recordings in every container."""

import json
import struct
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


def wav_bytes(
    frames: bytes,
    bits: int,
    *,
    floats: bool = False,
    kind: str = "RIFF",
    extensible: bool = False,
    before: bytes = b"",
    stated: int | None = None,
    rate_hz: int = 48_000,
) -> bytes:
    """A WAV file of two channels with the chunks ``before`` its samples. ``stated`` is a wrong length of them."""
    tag, sample_bytes = 3 if floats else 1, 2 * bits // 8
    fields = struct.pack(
        "<HHIIHH", 0xFFFE if extensible else tag, 2, rate_hz, rate_hz * sample_bytes, sample_bytes, bits
    )
    if extensible:
        guid = tag.to_bytes(2, "little") + bytes.fromhex("000000001000800000aa00389b71")
        fields += struct.pack("<HHI", 22, bits, 3) + guid
    length = len(frames) if stated is None else stated
    sizes = b"" if kind == "RIFF" else chunk(b"ds64", struct.pack("<QQQI", 0, length, 0, 0))
    data = b"data" + struct.pack("<I", length if kind == "RIFF" else 0xFFFFFFFF) + frames
    body = b"WAVE" + sizes + chunk(b"fmt ", fields) + before + data
    return kind.encode() + struct.pack("<I", len(body) if kind == "RIFF" else 0xFFFFFFFF) + body


def chunk(tag: bytes, fields: bytes) -> bytes:
    return tag + struct.pack("<I", len(fields)) + fields + bytes(len(fields) % 2)


def auxi(center_hz: int, *time: int) -> bytes:
    """The chunk that receivers add: start and stop as year, month, day of week, day, hour, …, and the centre."""
    return chunk(b"auxi", struct.pack("<8H8HI", *time, *time, center_hz) + bytes(32))


def validate(path: Path) -> sigmf.SigMFFile:
    """``path`` as the reference library reads it; raises if schema or checksum are violated."""
    opened = sigmf.fromfile(path)
    opened.validate()
    return opened
