"""WAV files of receivers: RIFF, RF64 and BW64 with I and Q as their two channels.

The samples are mapped where they are, so only the header is read here. No library gives what is needed: their place in
the file, the ``auxi`` chunk, and the samples behind a header that its program never finished.
"""

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from rfhydra.errors import InvalidRecording
from rfhydra.recordings.container import Container, generated_metadata
from rfhydra.recordings.naming import NameFields

_DATATYPES: Final = {
    (1, 8): "cu8",  # WAVE's 8-bit samples are unsigned
    (1, 16): "ci16_le",
    (1, 24): "ci24_le",
    (1, 32): "ci32_le",
    (3, 32): "cf32_le",
    (3, 64): "cf64_le",
}
"""By format tag (1: integers, 3: floats) and bits of a component."""
_EXTENSIBLE: Final = 0xFFFE
_EXTENSIBLE_TAIL: Final = bytes.fromhex("000000001000800000aa00389b71")
"""Of the GUID of a format, which begins with its tag."""
_PLACEHOLDERS: Final = range(0x7FFF0000, 1 << 32)
"""Lengths that programs write until they know the length."""
_MAX_CHUNKS: Final = 1000
_MAX_READ: Final = 1 << 16
_WRAP: Final = 1 << 32


@dataclass
class _Header:
    """What the chunks tell."""

    sizes: bytes | None = None
    format: bytes | None = None
    auxiliary: bytes = b""
    start_byte: int | None = None
    stated_bytes: int = 0


def open_wav(path: Path) -> Container:
    """The container of a WAV file.

    Raises:
        InvalidRecording: it is damaged, or has no two channels of a known format.
    """
    file_bytes = path.stat().st_size
    with path.open("rb") as file:
        header = _read_header(file, file_bytes, path.name)
    if header.format is None or header.start_byte is None:
        raise InvalidRecording(f"{path.name} is not a whole wav: it has no format or no samples")
    datatype, rate, sample_bytes = _format(header.format, path.name)
    byte_count, remark = _byte_count(header, file_bytes, path.name, sample_bytes)
    center_hz, start_time = _auxiliary(header.auxiliary)
    metadata = generated_metadata(datatype, rate, center_hz, start_time)
    kind = "WAV" if header.sizes is None else "WAV (RF64)"
    remarks = () if remark is None else (remark,)
    return Container(kind, path, metadata, path, header.start_byte, byte_count, NameFields.of(path.stem), remarks)


def _read_header(file: BinaryIO, file_bytes: int, name: str) -> _Header:
    magic = file.read(12)
    if len(magic) < 12 or magic[:4] not in (b"RIFF", b"RF64", b"BW64") or magic[8:] != b"WAVE":
        raise InvalidRecording(f"{name} is not a whole wav: it does not begin as one")
    header = _Header()
    for tag, start, size in _chunks(file, file_bytes):
        if tag == b"data":
            header.start_byte, header.stated_bytes = start, size
            if size == 0 or size in _PLACEHOLDERS:  # what follows cannot be told from samples
                break
            continue
        known = {b"ds64": "sizes", b"fmt ": "format", b"auxi": "auxiliary"}.get(tag)
        if known is not None:
            file.seek(start)
            setattr(header, known, file.read(min(size, _MAX_READ)))
    return header


def _chunks(file: BinaryIO, file_bytes: int) -> Iterator[tuple[bytes, int, int]]:
    """Tag, first byte and length of the chunks, which begin at even bytes."""
    position = 12
    for _ in range(_MAX_CHUNKS):
        file.seek(position)
        head = file.read(8)
        if len(head) < 8:
            return
        size = int.from_bytes(head[4:], "little")
        yield head[:4], position + 8, size
        position += 8 + size + size % 2
        if position > file_bytes:
            return


def _format(fields: bytes, name: str) -> tuple[str, int, int]:
    """Datatype, sample rate and bytes of a sample."""
    if len(fields) < 16:
        raise InvalidRecording(f"{name} is not a whole wav: its format is cut off")
    tag, channels, rate, _, sample_bytes, bits = struct.unpack_from("<HHIIHH", fields)
    if tag == _EXTENSIBLE and fields[26:40] == _EXTENSIBLE_TAIL:
        tag = int.from_bytes(fields[24:26], "little")
    datatype = _DATATYPES.get((tag, bits))
    if channels != 2 or datatype is None or sample_bytes != 2 * bits // 8:
        raise InvalidRecording(
            f"{name} has {channels} channel(s) of {bits} bits in format {tag}: a recording has two, I and Q, of 8, 16,"
            " 24 or 32 bits, or of floats"
        )
    return datatype, rate, sample_bytes


def _byte_count(header: _Header, file_bytes: int, name: str, sample_bytes: int) -> tuple[int, str | None]:
    """Bytes of the samples, and what is wrong with the header."""
    present, stated = file_bytes - (header.start_byte or 0), header.stated_bytes
    if header.sizes is not None and len(header.sizes) >= 16 and stated == _WRAP - 1:
        stated = int.from_bytes(header.sizes[8:16], "little")
        is_unfinished = stated == 0
    else:
        is_unfinished = stated == 0 or (stated in _PLACEHOLDERS and stated > present)
    if is_unfinished:
        whole = present - present % sample_bytes
        return whole, f"{name}: its header was never finished: all {whole} bytes after it are taken for samples"
    if present - stated >= _WRAP and (present - stated) % _WRAP < _MAX_READ:
        whole = stated + (present - stated) // _WRAP * _WRAP
        return whole, f"{name}: its header cannot state over 4 GiB: {whole} bytes are taken for samples"
    if stated > present:
        raise InvalidRecording(f"{name}: the data ends before the header says: the file is truncated")
    return stated, None


def _auxiliary(fields: bytes) -> tuple[float | None, str | None]:
    """Centre frequency in Hz and UTC time of the first sample: two SYSTEMTIMEs and a frequency, or nothing known."""
    if len(fields) < 36:
        return None, None
    year, month, _, day, hour, minute, second, millisecond = struct.unpack_from("<8H", fields)
    start_time = None
    with suppress(ValueError):
        time = datetime(year, month, day, hour, minute, second, 1000 * millisecond, tzinfo=UTC)
        start_time = time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if start_time is None:  # other programs write text under this tag
        return None, None
    center_hz = int.from_bytes(fields[32:36], "little")
    return float(center_hz) or None, start_time
