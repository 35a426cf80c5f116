"""Binary messages: IQ in, waterfall out. Little-endian, a header of 40 bytes, then the samples or pixels."""

import math
import struct
from dataclasses import dataclass, replace
from typing import Final, Self, TypeAlias, get_args

from rfhydra.errors import InvalidMessage
from rfhydra.protocol.fields import MAX_WHOLE
from rfhydra.protocol.types import IqDatatype

MAGIC: Final = b"RFH1"
IQ_KIND: Final = 1
WATERFALL_KIND: Final = 2


@dataclass(frozen=True)
class HeaderField:
    """One field of the header: its name, its format as ``struct`` calls it, and its meaning in each kind of frame."""

    name: str
    code: str
    meaning: str

    @property
    def type(self) -> str:
        """The format in words."""
        return _TYPES[self.code]

    @property
    def size_bytes(self) -> int:
        return struct.calcsize(f"<{self.code}")


_TYPES: Final = {"4s": "4 bytes", "B": "uint8", "H": "uint16", "I": "uint32", "Q": "uint64", "d": "float64"}
HEADER_FIELDS: Final = (
    HeaderField("magic", "4s", f"``{MAGIC.decode()}``"),
    HeaderField("kind", "B", f"{IQ_KIND} IQ, to the server; {WATERFALL_KIND} waterfall, from it"),
    HeaderField(
        "datatype",
        "B",
        f"IQ: {', '.join(f'{code} ``{name}``' for code, name in enumerate(get_args(IqDatatype)))}; waterfall: 0",
    ),
    HeaderField("rows", "H", "waterfall: rows; IQ: 0"),
    HeaderField("tag", "I", "IQ: ``id`` of the answer; waterfall: windows dropped before this one, for this client"),
    HeaderField("sample_rate_hz", "d", "sample rate, above 0"),
    HeaderField("center_freq_hz", "d", "centre frequency"),
    HeaderField("start_sample", "Q", "first sample of the window in its stream"),
    HeaderField("count", "I", "IQ: complex samples; waterfall: columns"),
)
"""In their order, without gaps."""
HEADER: Final = struct.Struct("<" + "".join(field.code for field in HEADER_FIELDS))
IQ_DATATYPES: Final[tuple[IqDatatype, ...]] = get_args(IqDatatype)
SAMPLE_BYTES: Final[dict[IqDatatype, int]] = {"cf32_le": 8, "ci16_le": 4, "ci8": 2, "cu8": 2}


@dataclass(frozen=True)
class IqFrame:
    """One window of IQ, to the server; answered with ``detections``, whose ``id`` is ``tag``.

    ``samples`` are interleaved I and Q of ``datatype``.
    """

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
    """One spectrogram, to subscribers of ``waterfall``.

    ``pixels`` are uint8 in row order, row 0 the highest frequency.
    """

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


Frame: TypeAlias = IqFrame | WaterfallFrame
"""Every binary message."""
FRAMES: Final[dict[str, type[Frame]]] = {"iq_frame": IqFrame, "waterfall_frame": WaterfallFrame}
"""By the name that the documents give them."""


def header_offset(field: HeaderField) -> int:
    """The first byte of ``field`` in a frame."""
    return sum(before.size_bytes for before in HEADER_FIELDS[: HEADER_FIELDS.index(field)])


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
