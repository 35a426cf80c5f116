"""Images that are more than they seem: PNG bombs, a second header, ``.npy`` tricks."""

import base64
import struct
import zlib
from collections import Counter
from typing import Final

from tests.abuse.attack import MIB, Attack, Target
from tests.abuse.samples import sample
from tests.training.given import SMALL_SPEC

_ROWS, _COLS = SMALL_SPEC.rows, SMALL_SPEC.cols
_BOMB: Final = 20_000
"""Rows and columns of the bomb: 400 MB of pixels."""


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _header(rows: int, cols: int) -> bytes:
    return _chunk(b"IHDR", struct.pack(">IIBBBBB", cols, rows, 8, 0, 0, 0, 0))


def _png(*chunks: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + _chunk(b"IEND", b"")


def _pixels(rows: int, cols: int) -> bytes:
    packer = zlib.compressobj(9)
    return _chunk(b"IDAT", b"".join(packer.compress(bytes(cols + 1)) for _ in range(rows)) + packer.flush())


def _pngs() -> list[bytes]:
    small, bomb = _header(_ROWS, _COLS), _pixels(_BOMB, _BOMB)
    texts = _chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(64 * MIB), 9))
    return [
        _png(small, _header(_BOMB, _BOMB), bomb),
        _png(_header(_BOMB, _BOMB), bomb),
        _png(small, _header(60_000, 60_000), _pixels(1, 1)),
        _png(small, bomb),
        _png(small, texts * 4, _pixels(_ROWS, _COLS)),
        _png(small, _chunk(b"acTL", struct.pack(">II", 2**31, 0)), _pixels(_ROWS, _COLS)),
    ]


def _npy(header: bytes, body: bytes = b"", version: bytes = b"\x02\x00") -> bytes:
    return b"\x93NUMPY" + version + struct.pack("<I", len(header)) + header + body


def _npys() -> list[bytes]:
    form = b"{'descr': '%b', 'fortran_order': False, 'shape': %b, }\n"
    shape = b"(%d, %d)" % (_ROWS, _COLS)
    return [
        _npy(b"{'descr': " + b"(" * 200_000 + b"\n"),
        _npy(b" " * 2 * MIB + b"\n"),
        _npy(form % (b"|u1", b"(1000000000, 1000000000)")),
        _npy(form % (b"|u1", b"(-128, -128)"), bytes(_ROWS * _COLS)),
        _npy(form % (b"|u1", b"(True, %d)" % _COLS), bytes(_COLS)),
        _npy(form % (b"|O", shape), b"cos\nsystem\n."),
        _npy(form % (b"|V0", shape)),
        _npy(form % (b"<f4", shape), bytes(2 * MIB)),
        _npy(form % (b"|u1", shape), version=b"\x09\x00"),
        _npy(b"{'descr': '|u1', 'fortran_order': False, 'shape': (" + b"1," * 100_000 + b")}\n"),
    ]


def _send(images: list[bytes], target: Target) -> str:
    codes = Counter[str]()
    with target.peer(wait_sec=60) as client:
        for image in images:
            text = base64.b64encode(image).decode()
            codes[target.code(client, "add_training_sample", **{**sample(0), "spectrogram_b64": text})] += 1
            codes[target.code(client, "detect", spectrogram_b64=text)] += 1
    return ", ".join(f"{code} {count}" for code, count in codes.items())


ATTACKS: Final = (
    Attack("png-bombs", lambda target: _send(_pngs(), target), allowed_bytes=32 * MIB),
    Attack("npy-tricks", lambda target: _send(_npys(), target), allowed_bytes=32 * MIB),
)
