"""Content-addressed blobs. Invariant: the bytes of a blob have the SHA-256 that names it."""

import fcntl
import hashlib
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Final

from rfhydra.errors import Damaged, InvalidMessage, NotFound
from rfhydra.files import make_directory, os_errors_named, write_file
from rfhydra.store.reserve import Reserve

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_PREFIX: Final = re.compile(r"[0-9a-f]{2}")
_SCRATCH: Final = "tmp"
_RESERVE: Final = "reserve"


def digest_of(data: bytes) -> str:
    """The SHA-256 of ``data`` as 64 lower-case hex digits: its name in a :class:`BlobStore`."""
    return hashlib.sha256(data).hexdigest()


class BlobStore:
    """A directory of blobs, ``ab/cdef…`` each, with ``tmp`` for unfinished writes. Thread-safe.

    Every method raises :class:`Busy` where no file descriptor is free; nothing was changed then.

    Attributes:
        scratch: the directory of unfinished writes.
        reserve: room for deletions on a full disk.
    """

    def __init__(self, root: Path) -> None:
        """The store at ``root``; call :meth:`prepare` before writing."""
        self._root = root
        self.scratch = root / _SCRATCH
        self.reserve = Reserve(root / _RESERVE)

    @os_errors_named()
    def prepare(self) -> None:
        """Make missing directories and remove unfinished writes of a killed process.

        Raises:
            StorageFull: there is no room on the disk.
        """
        make_directory(self._root, private=True)
        make_directory(self.scratch, private=True)
        for leftover in self.scratch.iterdir():
            leftover.unlink()
        self.reserve.make()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Prevent garbage collection by any process while the block runs, or until this process dies."""
        with self._readers_lock(fcntl.LOCK_SH):
            yield

    def put(self, data: bytes) -> str:
        """Store ``data`` durably and return its digest, 64 hex digits.

        An existing blob is written again: it may be damaged, or its directory entry not yet on disk after a crash.

        Raises:
            StorageFull: there is no room on the disk; nothing was stored.
        """
        self.reserve.require()
        digest = digest_of(data)
        path = self._path(digest)
        make_directory(path.parent, private=True)
        write_file(path, data, self.scratch)
        return digest

    @os_errors_named()
    def get(self, digest: str) -> bytes:
        """The bytes that ``digest`` names.

        Raises:
            InvalidMessage: not a digest.
            NotFound: no such blob.
            Damaged: the file no longer matches its digest.
        """
        try:
            data = self._path(digest).read_bytes()
        except FileNotFoundError:
            raise NotFound(f"no blob {digest[:12]} in this workspace") from None
        if digest_of(data) != digest:
            raise Damaged(
                f"blob {digest[:12]} does not match its digest: restore it from a backup or add its data again"
            )
        return data

    @os_errors_named()
    def prefixes(self) -> list[str]:
        """The first two digits of all blobs, sorted: the slices of a garbage collection."""
        return sorted(path.name for path in self._root.iterdir() if _PREFIX.fullmatch(path.name))

    @os_errors_named()
    def collect(self, prefix: str, unreferenced: Callable[[Collection[str]], Iterable[str]], limit: int) -> int:
        """Remove at most ``limit`` blobs of one prefix that ``unreferenced`` names; returns their number.

        Removes nothing while a reader holds :meth:`kept`. Call it under the write lock only: a blob is written before
        the row that names it.
        """
        try:
            with self._readers_lock(fcntl.LOCK_EX | fcntl.LOCK_NB):
                stored = [prefix + path.name for path in (self._root / prefix).iterdir()]
                removed = list(islice(unreferenced(stored), limit))
                for digest in removed:
                    self._path(digest).unlink()
        except BlockingIOError:
            return 0
        return len(removed)

    @contextmanager
    def _readers_lock(self, mode: int) -> Iterator[None]:
        with os_errors_named():
            descriptor = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, mode)  # on the directory itself: released by the kernel when the process ends
            yield
        finally:
            os.close(descriptor)

    def _path(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise InvalidMessage(f"digest {digest[:64]!r} must be 64 lower-case hex digits")
        return self._root / digest[:2] / digest[2:]
