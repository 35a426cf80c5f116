"""VrtPacket: a packet of VITA Radio Transport, as in ANSI/VITA 49.0-2015 and 49.2-2017, section 5.1.

Everything is in words of 32 bits, most significant byte first: one of header, then those that it announces: a stream
identifier, two of class identifier, one of whole seconds, two of fractional seconds, payload, one of trailer.
"""

import struct
from dataclasses import dataclass
from typing import Final, Self

_WORD_BYTES: Final = 4
_DATA_TYPES: Final = frozenset({0b0000, 0b0001})
_CONTEXT_TYPE: Final = 0b0100
_TYPES_WITHOUT_STREAM_ID: Final = frozenset({0b0000, 0b0010})
_UTC, _GPS = 0b01, 0b10
_SAMPLE_COUNT, _REAL_TIME = 0b01, 0b10
_GPS_TO_UTC_SEC: Final = 315_964_800 - 18
"""From GPS seconds to those since 1970, without the leap seconds up to 2017, the last ones so far."""
_PICOSECONDS: Final = 10**12
_U32: Final = struct.Struct(">I")
_U64: Final = struct.Struct(">Q")


@dataclass(frozen=True)
class VrtPacket:
    """One packet of signal data or of their context.

    Attributes:
        is_context: whether it holds context and not samples.
        stream_id: identifier of its stream; None where it has none.
        count: number of the packet in its stream, modulo 16.
        seconds: whole seconds of the time of its first sample, since 1970 UTC; None where it has no such time.
        fraction_picoseconds: the rest of that time; None where it is counted in samples, or there is none.
        fraction_samples: the same, counted in samples.
        payload: samples, or the fields of the context.
    """

    is_context: bool
    stream_id: int | None
    count: int
    seconds: int | None
    fraction_picoseconds: int | None
    fraction_samples: int | None
    payload: memoryview

    @classmethod
    def parse(cls, data: memoryview) -> Self | None:
        """The packet in a datagram; None if it is none of signal data or context, or is damaged.

        Of version 49.2, spectra (the header's bit 24 of a data packet) are none of signal data.
        """
        if len(data) < _WORD_BYTES:
            return None
        (header,) = _U32.unpack_from(data)
        kind, size = header >> 28, (header & 0xFFFF) * _WORD_BYTES
        is_context = kind == _CONTEXT_TYPE
        if not (is_context or (kind in _DATA_TYPES and not header >> 24 & 1)):
            return None
        has_trailer = not is_context and header >> 26 & 1
        whole_type, fraction_type = header >> 22 & 0b11, header >> 20 & 0b11
        stream_at = _WORD_BYTES
        class_at = stream_at + (_WORD_BYTES if kind not in _TYPES_WITHOUT_STREAM_ID else 0)
        whole_at = class_at + (2 * _WORD_BYTES if header >> 27 & 1 else 0)
        fraction_at = whole_at + (_WORD_BYTES if whole_type else 0)
        payload_at = fraction_at + (2 * _WORD_BYTES if fraction_type else 0)
        payload_end = size - (_WORD_BYTES if has_trailer else 0)
        if not payload_at <= payload_end <= size <= len(data):
            return None
        seconds = _seconds(whole_type, _U32.unpack_from(data, whole_at)[0]) if whole_type else None
        fraction = _U64.unpack_from(data, fraction_at)[0] if fraction_type and seconds is not None else None
        return cls(
            is_context=is_context,
            stream_id=_U32.unpack_from(data, stream_at)[0] if class_at > stream_at else None,
            count=header >> 16 & 0b1111,
            seconds=seconds,
            fraction_picoseconds=fraction if fraction_type == _REAL_TIME else None,
            fraction_samples=fraction if fraction_type == _SAMPLE_COUNT else None,
            payload=data[payload_at:payload_end],
        )

    def time_picoseconds(self, sample_rate_hz: float) -> int | None:
        """Time of the first sample since 1970 UTC, in whole picoseconds; None where the packet does not state it."""
        if self.seconds is None:
            return None
        if self.fraction_picoseconds is not None:
            return self.seconds * _PICOSECONDS + self.fraction_picoseconds
        if self.fraction_samples is not None:
            return self.seconds * _PICOSECONDS + round(self.fraction_samples * _PICOSECONDS / sample_rate_hz)
        return None


def _seconds(kind: int, value: int) -> int | None:
    if kind == _UTC:
        return value
    return value + _GPS_TO_UTC_SEC if kind == _GPS else None
