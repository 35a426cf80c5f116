"""Images for :mod:`.fuzz_inputs`: sound ones, damaged ones, and some that pretend to be what they are not."""

import base64
import io
import struct
from typing import Any, Final

import numpy as np
from PIL import Image

from rfhydra.store.arrays import encode_array
from tests.training.given import SMALL_SPEC

BIG: Final = 300_000
_ROWS, _COLS = SMALL_SPEC.rows, SMALL_SPEC.cols


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def png(image: np.ndarray[Any, Any]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def _resized(data: bytes, width: int, height: int) -> bytes:
    """A PNG that claims another size in its header, with a wrong checksum as a bonus."""
    return data[:16] + struct.pack(">II", width, height) + data[24:]


def _npy(header: str, body: bytes = b"") -> bytes:
    text = header.encode("latin-1").ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + body


def images() -> list[bytes]:
    grey = [np.random.default_rng(seed).integers(0, 256, (_ROWS, _COLS), np.uint8) for seed in range(6)]
    floats = np.linspace(0, 1, _ROWS * _COLS, dtype=np.float32).reshape(_ROWS, _COLS)
    good = [png(grey[0]), png(grey[1]), *(encode_array(image) for image in grey[2:]), encode_array(floats)]
    bomb = io.BytesIO()
    Image.new("L", (12_000, 12_000)).save(bomb, "PNG", compress_level=9)
    bad = [
        b"",
        b"\x89PNG\r\n\x1a\n",
        bomb.getvalue()[:BIG],
        _resized(good[0], 2**31 - 1, 2**31 - 1),
        _resized(good[0], _COLS, 0),
        good[0][:-20],
        png(np.zeros((_ROWS, _COLS, 3), np.uint8)),
        encode_array(floats * np.float32("nan")),
        encode_array(floats * 2),
        encode_array(grey[0][:-1]),
        encode_array(grey[0].astype(np.int64)),
        encode_array(np.zeros((_ROWS, 0), np.uint8)),
        encode_array(np.zeros((_ROWS, 3), np.uint8)),
        _npy(f"{{'descr': '|O', 'fortran_order': False, 'shape': ({_ROWS}, {_COLS}), }}", b"cos\nsystem\n."),
        _npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000, 1000000000), }"),
        _npy(f"{{'descr': '|u1', 'fortran_order': True, 'shape': ({_ROWS}, {_COLS}), }}", bytes(_ROWS * _COLS)),
        _npy("__import__('os').system('true')"),
        _npy("{" * 100),
        good[2][:50],
    ]
    return 3 * good + bad
