"""VrtContext: what the context packets of a VITA 49 stream say of its samples.

The fields are those of ANSI/VITA 49.0-2015, section 7.1.5, and of 49.2-2017, section 9: a word of indicators, then a
field for each indicator that is set, in the order of the bits from 31 down.
"""

import struct
from dataclasses import dataclass, replace
from typing import Final, Self

_WORDS: Final = {
    30: 1,
    29: 2,
    28: 2,
    27: 2,
    26: 2,
    25: 2,
    24: 1,
    23: 1,
    22: 1,
    21: 2,
    20: 2,
    19: 1,
    18: 1,
    17: 2,
    16: 1,
    15: 2,
}
"""Length of each field in words, by the bit of its indicator, as far as they are of interest."""
_IF_REFERENCE, _RF_REFERENCE, _RF_OFFSET, _GAIN, _SAMPLE_RATE, _PAYLOAD_FORMAT = 28, 27, 26, 23, 21, 15
_FURTHER_INDICATORS: Final = (1, 2, 3)
"""Bits of 49.2 that announce another word of indicators each, whose fields come after all of these."""
_ATTRIBUTES: Final = 7
"""Bit of 49.2 after which a field may come more than once."""
UNSUPPORTED: Final = "unsupported"
"""A payload format that SigMF has no datatype for."""
_I64: Final = struct.Struct(">q")
_HERTZ: Final = 2.0**20
"""Of frequencies and rates: the radix point is right of bit 20."""
_STAGES: Final = struct.Struct(">hh")
_DECIBEL: Final = 2.0**7
_COMPLEX_CARTESIAN: Final = 0b01
_SIGNED, _SINGLE, _DOUBLE, _UNSIGNED = 0b00000, 0b01110, 0b01111, 0b10000
_KINDS: Final = {
    (_SIGNED, 8): "i8",
    (_SIGNED, 16): "i16",
    (_SIGNED, 32): "i32",
    (_SINGLE, 32): "f32",
    (_DOUBLE, 64): "f64",
    (_UNSIGNED, 8): "u8",
    (_UNSIGNED, 16): "u16",
    (_UNSIGNED, 32): "u32",
}


@dataclass(frozen=True)
class VrtContext:
    """What is known of a stream. None where no packet said it.

    Attributes:
        sample_rate_hz: samples per second.
        rf_reference_hz: radio frequency that was translated to ``if_reference_hz``.
        rf_offset_hz: of the channel, from ``rf_reference_hz``.
        if_reference_hz: frequency in the samples that the radio frequency appears at.
        gain_db: of both stages.
        datatype: of the samples, as in SigMF; :data:`UNSUPPORTED` where SigMF has none for them.
    """

    sample_rate_hz: float | None = None
    rf_reference_hz: float | None = None
    rf_offset_hz: float = 0.0
    if_reference_hz: float = 0.0
    gain_db: float | None = None
    datatype: str | None = None

    @property
    def center_freq_hz(self) -> float | None:
        """Radio frequency of what appears at 0 Hz in the samples."""
        if self.rf_reference_hz is None:
            return None
        return self.rf_reference_hz + self.rf_offset_hz - self.if_reference_hz

    def updated(self, payload: memoryview) -> Self:
        """With the fields of another context packet; unchanged where they cannot be read."""
        found = _fields(payload)
        changes: dict[str, float | str] = {
            name: _I64.unpack(found[bit])[0] / _HERTZ
            for bit, name in (
                (_SAMPLE_RATE, "sample_rate_hz"),
                (_RF_REFERENCE, "rf_reference_hz"),
                (_RF_OFFSET, "rf_offset_hz"),
                (_IF_REFERENCE, "if_reference_hz"),
            )
            if bit in found
        }
        if _GAIN in found:
            changes["gain_db"] = sum(_STAGES.unpack(found[_GAIN])) / _DECIBEL
        if _PAYLOAD_FORMAT in found:
            changes["datatype"] = _datatype(int.from_bytes(found[_PAYLOAD_FORMAT], "big"))
        return replace(self, **changes)  # type: ignore[arg-type]


def _fields(payload: memoryview) -> dict[int, memoryview]:
    """The fields of interest by the bit of their indicator."""
    if len(payload) < 4:
        return {}
    indicators = int.from_bytes(payload[:4], "big")
    if indicators >> _ATTRIBUTES & 1:
        return {}
    at = 4 + 4 * sum(indicators >> bit & 1 for bit in _FURTHER_INDICATORS)
    found = {}
    for bit, words in _WORDS.items():
        if indicators >> bit & 1:
            found[bit] = payload[at : at + 4 * words]
            at += 4 * words
    return found if at <= len(payload) else {}


def _datatype(payload_format: int) -> str:
    """SigMF's name of a data packet payload format (49.0, section 7.1.5.18)."""
    first, second = payload_format >> 32, payload_format & 0xFFFFFFFF
    is_complex = first >> 29 & 0b11 == _COMPLEX_CARTESIAN
    item_bits, packing_bits = (first & 0b111111) + 1, (first >> 6 & 0b111111) + 1
    kind = _KINDS.get((first >> 24 & 0b11111, item_bits))
    has_tags_or_repeats = first >> 16 & 0xFF or second
    if not is_complex or kind is None or item_bits != packing_bits or has_tags_or_repeats:
        return UNSUPPORTED
    return f"c{kind}" if kind.endswith("8") else f"c{kind}_be"
