"""Reserve: room on the disk that only deletions use, so that a full disk can be emptied from inside."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from rfhydra.errors import StorageFull
from rfhydra.files import NO_ROOM_MESSAGE, PRIVATE_FILE, os_errors_named

RESERVE_BYTES: Final = 1 << 20
T = TypeVar("T")


class Reserve:
    """A file that takes up room until a deletion needs it. While it is missing, nothing but deletions may be stored."""

    def __init__(self, path: Path) -> None:
        """The reserve at ``path``; call :meth:`make` before :meth:`require`."""
        self._path = path
        self.is_held = False

    def make(self) -> None:
        """Take the room where there is any.

        Raises:
            Busy: no file descriptor is free.
        """
        if self.is_held:
            return
        try:
            with os_errors_named():
                descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, PRIVATE_FILE)
            try:
                os.fchmod(descriptor, PRIVATE_FILE)  # a umask may have taken the owner's permissions, too
                os.posix_fallocate(descriptor, 0, RESERVE_BYTES)
            finally:
                os.close(descriptor)
        except (OSError, StorageFull):
            self.release()
        else:
            self.is_held = True

    def release(self) -> None:
        """Give the room back."""
        self.is_held = False
        with suppress(OSError):
            self._path.unlink()

    def require(self) -> None:
        """
        Raises:
            StorageFull: the room is needed for deletions.
            Busy: no file descriptor is free.
        """
        self.make()
        if not self.is_held:
            raise StorageFull(NO_ROOM_MESSAGE)

    def spend(self, deletion: Callable[[], T], prepare: Callable[[], None] = lambda: None) -> T:
        """The result of ``deletion``; on a full disk it is tried once more, in the room of the reserve.

        Args:
            deletion: changes nothing where it raises :class:`StorageFull`.
            prepare: called before the second try.

        Raises:
            StorageFull: there is not even room for the deletion.
        """
        try:
            return deletion()
        except StorageFull:
            self.release()
            prepare()
            return deletion()
