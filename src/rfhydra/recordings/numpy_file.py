"""NumPy files: one row of complex samples in a ``.npy``, or as the only such array of a ``.npz``."""

import zipfile
import zlib
from pathlib import Path
from tokenize import TokenError
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.lib import format as npy

from rfhydra.errors import InvalidRecording
from rfhydra.recordings.container import Container, generated_metadata
from rfhydra.recordings.copies import copied
from rfhydra.recordings.naming import NameFields

_DATATYPES: Final = {"<c8": "cf32_le", ">c8": "cf32_be", "<c16": "cf64_le", ">c16": "cf64_be"}
# RuntimeError: it is encrypted
_DAMAGED: Final = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError)
_MAX_DIRECTORY: Final = 1 << 20
"""Bytes of the list of members of a zip."""
_END_SEARCH: Final = (1 << 16) + 22 + 20
"""Bytes at the end of a zip in which the record about its list is, with a comment behind and a locator before it."""
_LOCAL_HEADER: Final = 30
"""Bytes of the header before a member of a zip, without its name and its extra field."""


def open_npy(path: Path) -> Container:
    """The container of a ``.npy``.

    Raises:
        InvalidRecording: it is damaged, or no row of complex numbers.
    """
    with path.open("rb") as file:
        datatype, byte_count = _array(file, path.name)
        start = file.tell()
    _require_whole(byte_count, path.stat().st_size - start, path.name)
    return Container("NumPy", path, generated_metadata(datatype), path, start, byte_count, NameFields.of(path.stem))


def open_npz(path: Path, *, is_foreign: bool = False) -> Container:
    """The container of a ``.npz``, whose array is mapped in place unless it is compressed.

    Raises:
        InvalidRecording: it is damaged, has no or several rows of complex numbers, or ``is_foreign`` and is compressed
            or has many members.
        TooLarge: it is compressed, and larger than a copy may be.
    """
    if is_foreign:
        _require_small_directory(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = [each for each in archive.infolist() if _is_row(archive, each, path.name)]
            if len(members) != 1:
                names = ", ".join(each.filename.removesuffix(".npy") for each in members[:5])
                found = f"{len(members)} rows of complex samples ({names})" if members else "no row of complex samples"
                raise InvalidRecording(f"{path.name} holds {found}: save one array")
            (member,) = members
            with archive.open(member) as stream:
                datatype, byte_count = _array(stream, path.name)  # type: ignore[arg-type]  # it reads as a file does
                header = stream.tell()
                _require_whole(byte_count, member.file_size - header, path.name)
                is_mapped = member.compress_type == zipfile.ZIP_STORED
                if is_foreign and not is_mapped:
                    raise InvalidRecording(f"{path.name} is compressed: save it without compression")
                copy = None if is_mapped else copied(stream, path.name)[0]  # type: ignore[arg-type]
    except _DAMAGED as error:
        raise InvalidRecording(f"{path.name} is not a whole .npz: {error or 'it ends too early'}") from None
    start = _member_start(path, member.header_offset) + header if is_mapped else 0
    metadata = generated_metadata(datatype)
    return Container("NumPy archive", path, metadata, path, start, byte_count, NameFields.of(path.stem), copy=copy)


def _require_small_directory(path: Path) -> None:
    """Raise :class:`InvalidRecording` where the zip at ``path`` lists more than a few members: all come into memory."""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - _END_SEARCH, 0))
        tail = file.read()
    ends = tail.split(b"PK\x05\x06")[1:]  # whichever of them a reader takes for the end
    if b"PK\x06\x07" in tail or any(int.from_bytes(end[8:12], "little") > _MAX_DIRECTORY for end in ends):
        raise InvalidRecording(f"{path.name} has too many members, or more than 4 GiB: save one array as .npy")


def _is_row(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> bool:
    if not member.filename.endswith(".npy"):
        return False
    with archive.open(member) as stream:
        shape, dtype = _header(stream, name)  # type: ignore[arg-type]
    return len(shape) == 1 and dtype.kind == "c"


def _member_start(path: Path, header_offset: int) -> int:
    with path.open("rb") as file:
        file.seek(header_offset + _LOCAL_HEADER - 4)
        lengths = file.read(4)
    return header_offset + _LOCAL_HEADER + sum(int.from_bytes(lengths[part : part + 2], "little") for part in (0, 2))


def _array(file: BinaryIO, name: str) -> tuple[str, int]:
    """Datatype and bytes of the array whose header ``file`` begins with."""
    shape, dtype = _header(file, name)
    datatype = _DATATYPES.get(dtype.newbyteorder("<").str if dtype.byteorder == "=" else dtype.str)
    if len(shape) != 1 or datatype is None:
        raise InvalidRecording(
            f"{name} holds an array of shape {shape} and type {dtype.name}: a recording is one row of complex64 or"
            " complex128"
        )
    return datatype, shape[0] * dtype.itemsize


def _header(file: BinaryIO, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    try:
        version = npy.read_magic(file)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read(file)
    except (ValueError, SyntaxError, TokenError, RecursionError) as error:  # of the text that a header is
        raise InvalidRecording(f"{name} is not a whole .npy: {str(error)[:200]}") from None
    return shape, dtype


def _require_whole(stated: int, present: int, name: str) -> None:
    if stated > present:
        raise InvalidRecording(f"{name}: the array has {stated} bytes, of which {present} are there: it is truncated")
