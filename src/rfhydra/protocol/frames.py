"""Binary messages: IQ in, waterfall out. Little-endian, a header of 40 bytes, then the samples or pixels.

Bytes of the header::

    0   4  magic       "RFH1"
    4   1  kind        1 IQ, to the server; 2 waterfall, from it
    5   1  datatype    IQ: 0 cf32_le, 1 ci16_le, 2 ci8, 3 cu8; waterfall: 0
    6   2  rows        waterfall: rows; IQ: 0
    8   4  tag         IQ: `id` of the answer; waterfall: windows dropped before this one, for this client
    12  8  sample_rate_hz     float64
    20  8  center_freq_hz     float64
    28  8  start_sample       first sample of the window in its stream
    36  4  count       IQ: complex samples; waterfall: columns

An IQ frame is one window and is answered with ``detections``, whose ``id`` is ``tag``. A waterfall frame is the
spectrogram, uint8 in row order, row 0 the highest frequency.
"""

import math
import struct
from dataclasses import dataclass, replace
from typing import Final, Self, get_args

from rfhydra.errors import InvalidMessage
from rfhydra.protocol.fields import MAX_WHOLE
from rfhydra.protocol.types import IqDatatype

MAGIC: Final = b"RFH1"
IQ_KIND: Final = 1
WATERFALL_KIND: Final = 2
HEADER: Final = struct.Struct("<4sBBHIddQI")
IQ_DATATYPES: Final[tuple[IqDatatype, ...]] = get_args(IqDatatype)
SAMPLE_BYTES: Final[dict[IqDatatype, int]] = {"cf32_le": 8, "ci16_le": 4, "ci8": 2, "cu8": 2}


@dataclass(frozen=True)
class IqFrame:
    """One window of IQ; ``samples`` are interleaved I and Q of ``datatype``."""

    tag: int
    datatype: IqDatatype
    sample_rate_hz: float
    center_freq_hz: float
    start_sample: int
    samples: bytes

    def encode(self) -> bytes:
        count = len(self.samples) // SAMPLE_BYTES[self.datatype]
        datatype = IQ_DATATYPES.index(self.datatype)
        rate, center, start = self.sample_rate_hz, self.center_freq_hz, self.start_sample
        return HEADER.pack(MAGIC, IQ_KIND, datatype, 0, self.tag, rate, center, start, count) + self.samples

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The inverse of :meth:`encode`.

        Raises:
            InvalidMessage: not such a frame; the message names the field.
        """
        datatype, _, tag, rate, center, start, count = _header(data, IQ_KIND)
        if datatype >= len(IQ_DATATYPES):
            raise InvalidMessage(f"datatype {datatype} of the frame must be 0 to {len(IQ_DATATYPES) - 1}")
        name = IQ_DATATYPES[datatype]
        _require_size(data, count * SAMPLE_BYTES[name], f"count {count}")
        return cls(tag, name, rate, center, start, data[HEADER.size :])


@dataclass(frozen=True)
class WaterfallFrame:
    """One spectrogram; ``pixels`` are uint8 in row order, row 0 the highest frequency."""

    dropped: int
    rows: int
    cols: int
    sample_rate_hz: float
    center_freq_hz: float
    start_sample: int
    pixels: bytes

    def with_dropped(self, dropped: int) -> Self:
        """The same window, after ``dropped`` others that the client did not get."""
        return replace(self, dropped=dropped)

    def encode(self) -> bytes:
        rate, center, start = self.sample_rate_hz, self.center_freq_hz, self.start_sample
        header = HEADER.pack(MAGIC, WATERFALL_KIND, 0, self.rows, self.dropped, rate, center, start, self.cols)
        return header + self.pixels

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The inverse of :meth:`encode`.

        Raises:
            InvalidMessage: not such a frame; the message names the field.
        """
        _, rows, dropped, rate, center, start, cols = _header(data, WATERFALL_KIND)
        _require_size(data, rows * cols, f"{rows} rows of {cols}")
        return cls(dropped, rows, cols, rate, center, start, data[HEADER.size :])


def frame_tag(data: bytes) -> int | None:
    """The tag of a frame that may be wrong otherwise, None if it has none."""
    return HEADER.unpack_from(data)[4] if len(data) >= HEADER.size and data.startswith(MAGIC) else None


def _header(data: bytes, wanted: int) -> tuple[int, int, int, float, float, int, int]:
    if len(data) < HEADER.size:
        raise InvalidMessage(f"the frame has {len(data)} bytes, its header alone takes {HEADER.size}")
    magic, kind, datatype, rows, tag, rate, center, start, count = HEADER.unpack_from(data)
    if magic != MAGIC or kind != wanted:
        raise InvalidMessage(f"the frame must begin with {MAGIC.decode()!r} and kind {wanted}")
    if not (math.isfinite(rate) and rate > 0 and math.isfinite(center)):
        raise InvalidMessage("sample_rate_hz of the frame must be a positive number, center_freq_hz a finite one")
    if start > MAX_WHOLE:
        raise InvalidMessage(f"start_sample of the frame must be 0 to {MAX_WHOLE}")
    return datatype, rows, tag, rate, center, start, count


def _require_size(data: bytes, expected: int, what: str) -> None:
    if len(data) != HEADER.size + expected:
        raise InvalidMessage(
            f"{what} of the frame needs {expected} bytes after the header, it has {len(data) - HEADER.size}"
        )
