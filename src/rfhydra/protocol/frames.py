"""Binary messages: IQ and files in, waterfall out. Little-endian, a header of 40 bytes, then samples, pixels or bytes.

Between header and pixels, the waterfall of a stream has 26 bytes more and the id of the stream as UTF-8.
"""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final, Self, TypeAlias, get_args

from rfhydra.config import MAX_WHOLE
from rfhydra.errors import InvalidMessage
from rfhydra.protocol.fields import MAX_ID_LENGTH
from rfhydra.protocol.types import IqDatatype

MAGIC: Final = b"RFH1"
IQ_KIND: Final = 1
WATERFALL_KIND: Final = 2
STREAM_IQ_KIND: Final = 3
STREAM_WATERFALL_KIND: Final = 4
UPLOAD_KIND: Final = 5


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


_TYPES: Final = {
    "4s": "4 bytes",
    "B": "uint8",
    "H": "uint16",
    "I": "uint32",
    "Q": "uint64",
    "d": "float64",
}
HEADER_FIELDS: Final = (
    HeaderField("magic", "4s", f"``{MAGIC.decode()}``"),
    HeaderField(
        "kind",
        "B",
        f"{IQ_KIND} IQ of one window, to the server; {WATERFALL_KIND} waterfall of such a window, from it;"
        f" {STREAM_IQ_KIND} IQ of a stream, to the server; {STREAM_WATERFALL_KIND} waterfall of a stream, from it;"
        f" {UPLOAD_KIND} bytes of a recording's files, to the server",
    ),
    HeaderField(
        "datatype",
        "B",
        f"IQ: {', '.join(f'{code} ``{name}``' for code, name in enumerate(get_args(IqDatatype)))}; else: 0",
    ),
    HeaderField("rows", "H", "waterfall: rows; else: 0"),
    HeaderField(
        "tag",
        "I",
        "IQ of a window: ``id`` of the answer; IQ of a stream: ``tag`` of its source; bytes: ``tag`` of the upload;"
        " waterfall: frames dropped before this one, for this client",
    ),
    HeaderField("sample_rate_hz", "d", "sample rate, above 0; bytes: not used"),
    HeaderField("center_freq_hz", "d", "centre frequency; bytes: not used"),
    HeaderField("start_sample", "Q", "first sample of the frame in its stream; bytes: the first byte, over all files"),
    HeaderField("count", "I", "IQ: complex samples; waterfall: columns; bytes: their number"),
)
"""In their order, without gaps."""
STREAM_FIELDS: Final = (
    HeaderField("samples_per_column", "Q", "samples from the start of one column to the start of the next"),
    HeaderField("min_db", "d", "level of the grey value 0; a sine of full scale has 0 dB"),
    HeaderField("max_db", "d", "level of the grey value 255"),
    HeaderField("id_bytes", "H", "bytes of the stream's id, which follows"),
)
"""The fields that follow the header in a waterfall of a stream."""


def _struct_of(fields: Sequence[HeaderField]) -> struct.Struct:
    return struct.Struct("<" + "".join(field.code for field in fields))


HEADER: Final = _struct_of(HEADER_FIELDS)
STREAM_HEADER: Final = _struct_of(STREAM_FIELDS)
IQ_DATATYPES: Final[tuple[IqDatatype, ...]] = get_args(IqDatatype)
SAMPLE_BYTES: Final[dict[IqDatatype, int]] = {"cf32_le": 8, "ci16_le": 4, "ci8": 2, "cu8": 2}


@dataclass(frozen=True)
class _Iq:
    kind: ClassVar[int]

    tag: int
    datatype: IqDatatype
    sample_rate_hz: float
    center_freq_hz: float
    start_sample: int
    samples: bytes

    @property
    def count(self) -> int:
        """Number of complex samples."""
        return len(self.samples) // SAMPLE_BYTES[self.datatype]

    def encode(self) -> bytes:
        datatype = IQ_DATATYPES.index(self.datatype)
        rate, center, start = self.sample_rate_hz, self.center_freq_hz, self.start_sample
        return HEADER.pack(MAGIC, self.kind, datatype, 0, self.tag, rate, center, start, self.count) + self.samples

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The inverse of :meth:`encode`.

        Raises:
            InvalidMessage: not such a frame; the message names the field.
        """
        datatype, _, tag, rate, center, start, count = _header(data, cls.kind)
        if datatype >= len(IQ_DATATYPES):
            raise InvalidMessage(f"datatype {datatype} of the frame must be 0 to {len(IQ_DATATYPES) - 1}")
        name = IQ_DATATYPES[datatype]
        _require_size(data, count * SAMPLE_BYTES[name], f"count {count}")
        return cls(tag, name, rate, center, start, data[HEADER.size :])


@dataclass(frozen=True)
class IqFrame(_Iq):
    """One window of IQ, to the server; answered with ``detections``, whose ``id`` is ``tag``.

    ``samples`` are interleaved I and Q of ``datatype``.
    """

    kind = IQ_KIND


@dataclass(frozen=True)
class StreamIqFrame(_Iq):
    """Successive IQ of a stream that this connection pushes, to the server; ``tag`` is that of its source.

    ``samples`` are interleaved I and Q of ``datatype``. Where ``start_sample`` is not the end of the frame before, the
    samples between are counted as lost. A frame without samples ends the stream, after the detection in those before.
    Not answered; refused with an ``error`` whose ``id`` is ``tag``.
    """

    kind = STREAM_IQ_KIND


@dataclass(frozen=True)
class WaterfallFrame:
    """One spectrogram, to subscribers of ``waterfall``: the image of a window that a client sent with ``detect``.

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


@dataclass(frozen=True)
class StreamWaterfallFrame:
    """Successive columns of the waterfall of a stream, to subscribers of ``waterfall``, as ``set_waterfall`` chose.

    ``pixels`` are uint8 in row order, row 0 the highest frequency. Row ``r`` of ``n`` is the bin centred
    ``n / 2 - 1 - r`` bin widths above the centre frequency. Where ``start_sample`` is not the end of the frame before,
    the columns between are missing.
    """

    dropped: int
    rows: int
    cols: int
    sample_rate_hz: float
    center_freq_hz: float
    start_sample: int
    samples_per_column: int
    min_db: float
    max_db: float
    stream_id: str
    pixels: bytes

    def with_dropped(self, dropped: int) -> Self:
        """The same columns, after ``dropped`` other frames that the client did not get."""
        return replace(self, dropped=dropped)

    def encode(self) -> bytes:
        rate, center, start = self.sample_rate_hz, self.center_freq_hz, self.start_sample
        header = HEADER.pack(MAGIC, STREAM_WATERFALL_KIND, 0, self.rows, self.dropped, rate, center, start, self.cols)
        name = self.stream_id.encode()
        levels = STREAM_HEADER.pack(self.samples_per_column, self.min_db, self.max_db, len(name))
        return b"".join((header, levels, name, self.pixels))

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The inverse of :meth:`encode`.

        Raises:
            InvalidMessage: not such a frame; the message names the field.
        """
        _, rows, dropped, rate, center, start, cols = _header(data, STREAM_WATERFALL_KIND)
        begin = HEADER.size + STREAM_HEADER.size
        if len(data) < begin:
            raise InvalidMessage(f"the frame has {len(data)} bytes, its header alone takes {begin}")
        step, low, high, id_bytes = STREAM_HEADER.unpack_from(data, HEADER.size)
        if not (math.isfinite(low) and math.isfinite(high)) or id_bytes > MAX_ID_LENGTH:
            raise InvalidMessage(f"min_db and max_db of the frame must be finite, id_bytes at most {MAX_ID_LENGTH}")
        _require_size(data, STREAM_HEADER.size + id_bytes + rows * cols, f"{rows} rows of {cols}")
        try:
            name = data[begin : begin + id_bytes].decode()
        except UnicodeDecodeError:
            raise InvalidMessage("the id of the stream in the frame is not UTF-8") from None
        return cls(dropped, rows, cols, rate, center, start, step, low, high, name, data[begin + id_bytes :])


@dataclass(frozen=True)
class UploadFrame:
    """The next bytes of a recording that this connection sends, to the server; ``tag`` is that of the upload.

    ``start_byte``, in the field ``start_sample``, counts over all files in their order; a frame may span two. Answered
    with ``recording_upload``, whose ``id`` is ``tag``: bytes that the server has already are taken once.
    """

    tag: int
    start_byte: int
    data: bytes

    def encode(self) -> bytes:
        return HEADER.pack(MAGIC, UPLOAD_KIND, 0, 0, self.tag, 0.0, 0.0, self.start_byte, len(self.data)) + self.data

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The inverse of :meth:`encode`.

        Raises:
            InvalidMessage: not such a frame; the message names the field.
        """
        _, _, tag, _, _, start, count = _header(data, UPLOAD_KIND)
        _require_size(data, count, f"count {count}")
        return cls(tag, start, data[HEADER.size :])


Frame: TypeAlias = IqFrame | WaterfallFrame | StreamIqFrame | StreamWaterfallFrame | UploadFrame
"""Every binary message."""
FRAMES: Final[dict[str, type[Frame]]] = {
    "iq_frame": IqFrame,
    "waterfall_frame": WaterfallFrame,
    "stream_iq_frame": StreamIqFrame,
    "stream_waterfall_frame": StreamWaterfallFrame,
    "upload_frame": UploadFrame,
}
"""By the name that the documents give them."""


def header_offset(field: HeaderField, fields: Sequence[HeaderField] = HEADER_FIELDS) -> int:
    """The first byte of ``field`` in a header of ``fields``."""
    return sum(before.size_bytes for before in fields[: fields.index(field)])


def frame_kind(data: bytes) -> int | None:
    """The kind of a frame that may be wrong otherwise, None if it has none."""
    return data[len(MAGIC)] if len(data) >= HEADER.size and data.startswith(MAGIC) else None


def frame_tag(data: bytes) -> int | None:
    """The tag of a frame that may be wrong otherwise, None if it has none."""
    return HEADER.unpack_from(data)[4] if frame_kind(data) is not None else None


def read_waterfall(data: bytes) -> WaterfallFrame | StreamWaterfallFrame | None:
    """The frame that a server pushed, None if its kind is unknown: a newer server may send more kinds.

    Raises:
        InvalidMessage: no frame, or a wrong one; the message names the field.
    """
    kind = frame_kind(data)
    if kind == STREAM_WATERFALL_KIND:
        return StreamWaterfallFrame.decode(data)
    return WaterfallFrame.decode(data) if kind in (WATERFALL_KIND, None) else None


def _header(data: bytes, wanted: int) -> tuple[int, int, int, float, float, int, int]:
    if len(data) < HEADER.size:
        raise InvalidMessage(f"the frame has {len(data)} bytes, its header alone takes {HEADER.size}")
    magic, kind, datatype, rows, tag, rate, center, start, count = HEADER.unpack_from(data)
    if magic != MAGIC or kind != wanted:
        raise InvalidMessage(f"the frame must begin with {MAGIC.decode()!r} and kind {wanted}")
    if wanted != UPLOAD_KIND and not (math.isfinite(rate) and rate > 0 and math.isfinite(center)):
        raise InvalidMessage("sample_rate_hz of the frame must be a positive number, center_freq_hz a finite one")
    if start > MAX_WHOLE:
        raise InvalidMessage(f"start_sample of the frame must be 0 to {MAX_WHOLE}")
    return datatype, rows, tag, rate, center, start, count


def _require_size(data: bytes, expected: int, what: str) -> None:
    if len(data) != HEADER.size + expected:
        raise InvalidMessage(
            f"{what} of the frame needs {expected} bytes after the header, it has {len(data) - HEADER.size}"
        )
