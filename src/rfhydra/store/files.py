"""Files that are there whole or not at all, whatever kills the process or the power."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rfhydra.errors import StorageFull

# EFBIG is a quota of another kind: the process or the file system allows no file of that size.
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
NO_ROOM_MESSAGE: Final = "the disk is full or over quota; nothing was changed: free some space and try again"


def make_directory(path: Path) -> None:
    """Make ``path`` and its parents if they are missing, durably.

    Raises:
        StorageFull: there is no room on the disk.
    """
    with _full_disk_named():
        path.mkdir(parents=True, exist_ok=True)
        _sync(path.parent)


def write_file(path: Path, data: bytes, scratch: Path) -> None:
    """Put ``data`` at ``path`` atomically and durably, replacing what is there.

    ``scratch`` is a directory on the same file system; a kill may leave a temporary file in it, nothing else.

    Raises:
        StorageFull: there is no room on the disk; ``path`` is as it was.
    """
    with _full_disk_named():
        descriptor, name = tempfile.mkstemp(dir=scratch)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync(path.parent)


def _sync(directory: Path) -> None:
    """Make the names in ``directory`` durable: a rename is not before that."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _full_disk_named() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StorageFull(NO_ROOM_MESSAGE) from error
        raise
