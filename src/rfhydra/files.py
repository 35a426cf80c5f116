"""Files that appear whole or not at all, whatever kills the process or the power: the one atomic write."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from rfhydra.errors import InvalidMessage, StorageFull

# EFBIG is a quota of another kind: the process or the file system allows no file of that size.
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
NO_ROOM_MESSAGE: Final = "the disk is full or over quota; nothing was changed: free some space and try again"


def make_directory(path: Path) -> None:
    """Make ``path`` and its parents if they are missing, durably.

    Raises:
        StorageFull: there is no room on the disk.
    """
    with _storage_full_raised():
        path.mkdir(parents=True, exist_ok=True)
        _sync(path.parent)


def write_file(path: Path, data: bytes, scratch: Path | None = None) -> None:
    """Put ``data`` at ``path``; see :func:`replacing`.

    Raises:
        StorageFull: there is no room on the disk; ``path`` is as it was.
    """
    with replacing(path, scratch) as file:
        file.write(data)


@contextmanager
def replacing(path: Path, scratch: Path | None = None, *, durable: bool = True) -> Iterator[BinaryIO]:
    """A file that replaces ``path`` atomically when the block ends without an error, and is removed otherwise.

    Args:
        path: what to replace.
        scratch: a directory on the same file system for the temporary file, which is then readable by the owner alone;
            default is the directory of ``path``. A kill may leave the temporary file there, nothing else.
        durable: sync the data and the rename to disk; a cache need not.

    Raises:
        StorageFull: there is no room on the disk; ``path`` is as it was.
    """
    temporary = (scratch or path.parent) / f".{path.name}.{secrets.token_hex(4)}"
    mode = 0o666 if scratch is None else 0o600
    with _storage_full_raised():
        try:
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                yield file
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):  # it was never made, or its directory is gone
                temporary.unlink()
            raise
        if durable:
            _sync(path.parent)


@contextmanager
def writing_output(path: Path) -> Iterator[BinaryIO]:
    """:func:`replacing` for a path that the user chose.

    Raises:
        StorageFull: there is no room on the disk; ``path`` is as it was.
        InvalidMessage: ``path`` cannot be written for another reason.
    """
    try:
        with replacing(path) as file:
            yield file
    except OSError as error:
        raise InvalidMessage(f"{path.name} cannot be written: {error.strerror}") from error


def _sync(directory: Path) -> None:
    """Make the names in ``directory`` durable: a rename is not before that."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _storage_full_raised() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StorageFull(NO_ROOM_MESSAGE) from error
        raise
