"""Calls that changed files, as the preloaded shim logged them; the compiler and the control of the shim."""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from typing import Final

SOURCE: Final = Path(__file__).with_name("shim.c")
PREPARED: Final = "prepared"
COMMITTED: Final = "committed"
_RECORD: Final = Struct("=qqIIIxxxx")


@dataclass(frozen=True)
class Call:
    """One call that succeeded; ``name`` is its own, for ``mark`` ``path`` is the text.

    ``offset`` is that of ``data``, for truncations and allocations the new size, for ``open`` 1 if the file was there
    and has been truncated. ``target`` is the second path of a rename.
    """

    name: str
    path: str
    target: str
    offset: int
    data: bytes

    @property
    def is_write(self) -> bool:
        return self.name in ("write", "pwrite", "pwrite64")


def compiler() -> str | None:
    """The C compiler, None where there is none."""
    return shutil.which("cc") or shutil.which("gcc")


def build(library: Path) -> Path:
    """Compile the shim to ``library``."""
    found = compiler()
    assert found is not None
    options = ["-shared", "-fPIC", "-O1", "-Wall", "-U_FORTIFY_SOURCE"]  # fortified headers define open themselves
    subprocess.run([found, *options, "-o", library, SOURCE, "-ldl", "-lpthread"], check=True)
    return library


def watch(directory: Path, log: Path) -> None:
    """Log the calls of this process below ``directory`` to a new file. The shim must be preloaded."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    ctypes.CDLL(None).faults_watch(str(directory).encode(), descriptor)


def end_with(last: int, *, halfway: bool = False) -> None:
    """End this process with call number ``last`` from now on; with ``halfway``, after half of the bytes of that call.

    0 is never.
    """
    ctypes.CDLL(None).faults_end_with(ctypes.c_long(last), int(halfway))


def mark(text: str) -> None:
    """Add a line to the log."""
    ctypes.CDLL(None).faults_mark(text.encode())


def read(log: Path) -> list[Call]:
    """All of a log."""
    return [*_parse(log.read_bytes())]


def _parse(data: bytes) -> Iterator[Call]:
    at = 0
    while at < len(data):
        offset, size, *lengths = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        texts = []
        for length in lengths:
            texts.append(data[at : at + length].decode())
            at += length
        name, path, target = texts
        yield Call(name, path, target, offset, data[at : at + size])
        at += size
