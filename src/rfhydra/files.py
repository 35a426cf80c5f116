"""Atomic, durable writes of files, and errors of the operating system as ours."""

import ctypes
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from rfhydra.errors import Busy, Conflict, InvalidMessage, StorageFull

# EFBIG: the process or the file system allows no file of that size.
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
NO_ROOM_MESSAGE: Final = "the disk is full or over quota; nothing was changed: free some space and try again"
_NO_DESCRIPTORS: Final = frozenset({errno.EMFILE, errno.ENFILE})
NO_DESCRIPTORS_MESSAGE: Final = (
    "no file descriptor is free; nothing was changed: try again, or raise the limit of open files (ulimit -n)"
)

_AT_CWD: Final = -100  # AT_FDCWD of fcntl.h
_RENAME_EXCHANGE: Final = 2  # of linux/fs.h

PRIVATE_FILE: Final = 0o600
PRIVATE_DIRECTORY: Final = 0o700


def resolved(path: Path) -> Path:
    """``path``, absolute and without links.

    Raises:
        OSError: its links form a loop.
    """
    try:
        return path.resolve()
    except RuntimeError:  # what Python raises for that before 3.13
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path)) from None


def make_directory(path: Path, *, private: bool = False) -> None:
    """Make ``path`` and its missing parents, durably; with ``private`` only the owner gets into ``path``.

    Raises:
        StorageFull: the disk is full.
        Busy: no file descriptor is free.
    """
    with os_errors_named():
        if not path.parent.exists():
            make_directory(path.parent)
        path.mkdir(exist_ok=True)
        if private:
            restrict(path, PRIVATE_DIRECTORY)
        sync_directory(path.parent)


def restrict(path: Path, mode: int) -> None:
    """Take all permissions but ``mode`` from ``path``, whatever the umask was, if it belongs to this user."""
    status = path.stat()
    if stat.S_IMODE(status.st_mode) != mode and status.st_uid == os.geteuid():
        path.chmod(mode)


def write_file(path: Path, data: bytes, scratch: Path | None = None) -> None:
    """Replace ``path`` by ``data`` atomically; see :func:`replacing`.

    Raises:
        StorageFull: the disk is full; ``path`` is unchanged.
        Busy: no file descriptor is free; ``path`` is unchanged.
    """
    with replacing(path, scratch) as file:
        file.write(data)


@contextmanager
def replacing(
    path: Path, scratch: Path | None = None, *, durable: bool = True, private: bool = False
) -> Iterator[BinaryIO]:
    """A temporary file that atomically replaces ``path`` at the end of the block, or is removed after an error.

    Args:
        path: what to replace.
        scratch: a directory on the same file system for the temporary file; default is the directory of ``path``. A
            killed process may leave the temporary file there.
        durable: sync the data and the rename to disk; not needed for a cache.
        private: only the owner may read the file, whatever the umask is; so it is if ``scratch`` is given.

    Raises:
        StorageFull: the disk is full; ``path`` is unchanged.
        Busy: no file descriptor is free; ``path`` is unchanged.
    """
    temporary = (scratch or path.parent) / f".{path.name}.{secrets.token_hex(4)}"
    private = private or scratch is not None
    mode = PRIVATE_FILE if private else 0o666
    with os_errors_named():
        try:
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                if private:
                    os.fchmod(file.fileno(), mode)  # a umask may have taken the owner's permissions, too
                yield file
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):  # not made, or its directory is gone
                temporary.unlink()
            raise
        if durable:
            sync_directory(path.parent)


@contextmanager
def writing_output(path: Path) -> Iterator[BinaryIO]:
    """:func:`replacing` for a path that the user chose.

    Raises:
        StorageFull: the disk is full; ``path`` is unchanged.
        Busy: no file descriptor is free; ``path`` is unchanged.
        InvalidMessage: ``path`` cannot be written for another reason.
    """
    try:
        with replacing(path) as file:
            yield file
    except OSError as error:
        raise InvalidMessage(f"{path.name} cannot be written: {error.strerror}") from error


def exchange_directories(one: Path, other: Path) -> None:
    """Exchange two directories on one file system: whenever a process is killed, both are whole, under either name.

    Raises:
        Conflict: the system or the file system cannot do it in one step.
        OSError: a directory is missing, or may not be renamed.
    """
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:
        raise Conflict("this system cannot exchange two directories in one step: use Linux") from None
    if rename(_AT_CWD, os.fsencode(one), _AT_CWD, os.fsencode(other), _RENAME_EXCHANGE):
        error = ctypes.get_errno()
        if error in (errno.EINVAL, errno.ENOSYS, errno.EXDEV, errno.EBUSY):
            raise Conflict(
                f"{one.name} and {other.name} cannot be exchanged in one step ({os.strerror(error)}): keep them on one"
                " local file system, neither of them a mount point"
            )
        raise OSError(error, os.strerror(error), str(one))
    for parent in {one.parent, other.parent}:
        sync_directory(parent)


def sync_directory(directory: Path) -> None:
    """Sync the entries of ``directory``, such as a rename, to disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def os_errors_named() -> Iterator[None]:
    """Raise errors of the operating system that a caller can act on as ours; also a decorator.

    Raises:
        StorageFull: the disk is full.
        Busy: no file descriptor is free.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StorageFull(NO_ROOM_MESSAGE) from error
        if error.errno in _NO_DESCRIPTORS:
            raise Busy(NO_DESCRIPTORS_MESSAGE) from error
        raise


def require_descriptor() -> None:
    """
    Raises:
        Busy: no file descriptor is free.
    """
    with os_errors_named():
        os.close(os.open(os.devnull, os.O_RDONLY))
