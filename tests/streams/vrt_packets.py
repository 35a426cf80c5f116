"""Packets of VITA 49, built field by field as the standard lists them."""

import struct

import numpy as np
from numpy.typing import NDArray

STREAM = 0xABCD
UTC, GPS = 1, 2
SAMPLE_COUNT, REAL_TIME = 1, 2
CI16 = 0xA00003CF_00000000
"""Payload format: complex, signed, 16 bits, link-efficient; as receivers of the DIFI consortium state it."""


def prologue(
    kind: int, count: int, stream: int | None, time: tuple[int, int, int, int] | None, flags: int, words: int
) -> bytes:
    """Everything before the payload of ``words`` words. ``time``: kind and value of whole and fractional seconds."""
    header = kind << 28 | flags << 24 | (count % 16) << 16
    rest = b"" if stream is None else struct.pack(">I", stream)
    if flags & 0b1000:
        rest += struct.pack(">II", 0x00_12_34_56, 0x0001_0002)
    if time is not None:
        whole_kind, whole, fraction_kind, fraction = time
        header |= whole_kind << 22 | fraction_kind << 20
        rest += struct.pack(">I", whole) if whole_kind else b""
        rest += struct.pack(">Q", fraction) if fraction_kind else b""
    return struct.pack(">I", header | (1 + len(rest) // 4 + words)) + rest


def data_packet(
    iq: NDArray[np.complex64],
    count: int,
    *,
    stream: int | None = STREAM,
    time: tuple[int, int, int, int] | None = None,
    class_id: bool = False,
    trailer: bool = False,
    dtype: str = ">i2",
) -> bytes:
    """A packet of signal data. Samples are scaled by 2**15 if ``dtype`` is one of integers."""
    components = iq.view(np.float32)
    payload = (components if "f" in dtype else np.rint(components * 2.0**15)).astype(dtype).tobytes()
    end = struct.pack(">I", 0x40000000) if trailer else b""
    flags = 0b1000 * class_id | 0b0100 * trailer
    kind = 0 if stream is None else 1
    return prologue(kind, count, stream, time, flags, (len(payload) + len(end)) // 4) + payload + end


def context_packet(
    *,
    stream: int = STREAM,
    count: int = 0,
    rate_hz: float | None = None,
    rf_hz: float | None = None,
    rf_offset_hz: float | None = None,
    if_hz: float | None = None,
    gain_db: tuple[float, float] | None = None,
    payload_format: int | None = None,
    others: bool = False,
    further_indicators: bool = False,
) -> bytes:
    """A context packet with the given fields, and with fields of every length between them if ``others``."""
    fields = {
        30: struct.pack(">I", 7) if others else None,
        29: _hertz(8e5) if others else None,
        28: _hertz(if_hz),
        27: _hertz(rf_hz),
        26: _hertz(rf_offset_hz),
        24: struct.pack(">hh", 0, -20 * 128) if others else None,
        23: None if gain_db is None else struct.pack(">hh", *(round(128 * each) for each in reversed(gain_db))),
        22: bytes(4) if others else None,
        21: _hertz(rate_hz),
        20: bytes(8) if others else None,
        19: bytes(4) if others else None,
        18: bytes(4) if others else None,
        17: bytes(8) if others else None,
        16: bytes(4) if others else None,
        15: None if payload_format is None else struct.pack(">Q", payload_format),
        14: bytes(44) if others else None,
    }
    indicators = sum(1 << bit for bit, field in fields.items() if field is not None) | 1 << 31
    indicators |= 0b10 if further_indicators else 0
    payload = struct.pack(">I", indicators) + (bytes(4) if further_indicators else b"")
    payload += b"".join(field for field in fields.values() if field is not None)
    return prologue(4, count, stream, None, 0, len(payload) // 4) + payload


def _hertz(value: float | None) -> bytes | None:
    return None if value is None else struct.pack(">q", round(value * 2**20))
