"""PNG files of clients: 8-bit grey, of a size that is known before anything is decompressed.

Pillow gets the header, the image data and the end of a file and nothing else: other chunks can declare a second image
or hold compressed text, whose size only decompressing tells.
"""

import io
import struct
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rfhydra.errors import InvalidMessage

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_HEADER: Final = struct.Struct(">IIBB")  # width, height, bits, colour type; more follows
_HEADER_BYTES: Final = 13
_LENGTH: Final = struct.Struct(">I4s")
_CRC_BYTES: Final = 4
_MAX_CHUNKS: Final = 16_384
_MAX_EXTRA_BYTES: Final = 1 << 20  # above one byte per pixel: text chunks, and incompressible data
_GREY: Final = 0  # colour type
_ANCILLARY: Final = 0x20  # set in the first byte of the type of a chunk that a decoder may skip


@dataclass(frozen=True)
class GreyPng:
    """An 8-bit grey PNG that is not decompressed yet.

    Attributes:
        rows: its height.
        cols: its width.
    """

    rows: int
    cols: int
    _file: bytes  # header, image data and end

    @classmethod
    def of(cls, data: bytes, field: str) -> "GreyPng":
        """The image in the file ``data``; errors name ``field``.

        Raises:
            InvalidMessage: it is truncated, is not 8-bit grey, or has chunks that such a file cannot have.
        """
        kept, kinds, position = [data[: len(SIGNATURE)]], [], len(SIGNATURE)
        for _ in range(_MAX_CHUNKS):
            try:
                length, kind = _LENGTH.unpack_from(data, position)
            except struct.error:
                raise InvalidMessage(f"{field}: the PNG is truncated") from None
            end = position + _LENGTH.size + length + _CRC_BYTES
            if end > len(data):
                raise InvalidMessage(f"{field}: the PNG is truncated")
            if not kind[0] & _ANCILLARY:
                kept.append(data[position:end])
                kinds.append(kind)
            position = end
            if kind == b"IEND":
                return cls._of_chunks(kept, kinds, field)
        raise InvalidMessage(f"{field}: the PNG has more than {_MAX_CHUNKS} chunks")

    @classmethod
    def _of_chunks(cls, kept: list[bytes], kinds: list[bytes], field: str) -> "GreyPng":
        header = kept[1][_LENGTH.size : -_CRC_BYTES]
        if kinds[0] != b"IHDR" or len(header) != _HEADER_BYTES:
            raise InvalidMessage(f"{field}: the PNG must begin with IHDR")
        cols, rows, bits, colour = _HEADER.unpack_from(header)
        if (bits, colour) != (8, _GREY):
            raise InvalidMessage(f"{field}: the PNG must be 8-bit grey without transparency")
        if set(kinds[1:-1]) != {b"IDAT"}:
            raise InvalidMessage(f"{field}: between IHDR and IEND the PNG must have IDAT chunks, and no other image")
        return cls(rows, cols, b"".join(kept))

    def decode(self, field: str) -> NDArray[np.uint8]:
        """The pixels, uint8, shape (rows, cols), row 0 on top. Takes memory in proportion to ``rows * cols``.

        Raises:
            InvalidMessage: it is damaged, or much larger than its pixels.
        """
        pixels = self.rows * self.cols
        if len(self._file) > pixels + _MAX_EXTRA_BYTES:
            raise InvalidMessage(f"{field}: the PNG has {len(self._file)} bytes for {pixels} pixels")
        try:
            with Image.open(io.BytesIO(self._file), formats=("PNG",)) as picture:
                picture.load()
                image = np.array(picture)
        # raised by Pillow for damaged files
        except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
            raise InvalidMessage(f"{field}: the PNG is damaged") from None
        if image.dtype != np.uint8 or image.shape != (self.rows, self.cols):
            raise InvalidMessage(f"{field}: the PNG must be 8-bit grey without transparency")
        return image
