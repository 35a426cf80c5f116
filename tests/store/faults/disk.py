"""What a disk holds after the power failed: a model of files, directories and what is durable of them.

The model allows a file system everything that POSIX does not forbid:

- What is written to a file is durable once fsync or fdatasync of it has returned. Until then each sector of 512 bytes
  of each write, and each change of the size, is on the disk or not, whatever the others are.
- An entry of a directory that is made, renamed or removed is durable once fsync of the directory has returned, for a
  rename that of the new name. Until then each is on the disk or not, whatever the others are. A rename is atomic.
- What was there before the first logged call is durable.

Files of shared memory (``-shm``) are left out: SQLite makes them anew. Permissions are those of a new file.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from tests.store.faults.calls import Call

SECTOR_BYTES: Final = 512
Survives: TypeAlias = Callable[[], bool]
"""Whether the next change that is not durable is on the disk."""


@dataclass(eq=False)
class _File:
    """``durable`` bytes, and the changes since: an offset and bytes, none to grow up to it, None to end there."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        _apply(self.durable, self.pending)
        self.pending.clear()

    def after(self, survives: Survives) -> bytes:
        data = bytearray(self.durable)
        _apply(data, (each for change in self.pending for each in _sectors(*change) if survives()))
        return bytes(data)


_Node: TypeAlias = _File | None
"""None is a directory."""


@dataclass(frozen=True, eq=False)
class _Entry:
    """A change of entries: ``path`` is ``node`` now, or if ``is_removed``, nothing; ``source`` was its name."""

    path: Path
    node: _Node
    source: Path | None = None
    is_removed: bool = False

    def apply(self, entries: dict[Path, _Node]) -> None:
        if self.source is not None:
            entries.pop(self.source, None)
        if self.is_removed:
            entries.pop(self.path, None)
        else:
            entries[self.path] = self.node


class Disk:
    """A directory tree that calls change."""

    def __init__(self, base: Path, root: Path) -> None:
        """A copy of the tree at ``base``, all of it durable, which the calls know as ``root``."""
        self._root = root
        self._durable: dict[Path, _Node] = {}
        for path in base.rglob("*"):
            if not _is_shared_memory(path):
                node = None if path.is_dir() else _File(bytearray(path.read_bytes()))
                self._durable[root / path.relative_to(base)] = node
        self._present = dict(self._durable)
        self._pending: list[_Entry] = []

    def apply(self, call: Call) -> None:
        """A call that changed something below the root."""
        path = Path(call.path)
        if call.name == "mark" or _is_shared_memory(path):
            return
        match call.name:
            case "open" if call.offset == 0:
                self._change(_Entry(path, _File()))
            case "mkdir":
                self._change(_Entry(path, None))
            case "unlink":
                self._change(_Entry(path, None, is_removed=True))
            case "rename":
                self._change(_Entry(Path(call.target), self._present[path], source=path))
            case "fsync" | "fdatasync" if path == self._root or self._present[path] is None:
                self._sync_directory(path)
            case _:
                self._change_file(call)

    def _change_file(self, call: Call) -> None:
        file = self._present.get(Path(call.path))  # none where it was unlinked while it was open
        if file is None:
            return
        match call.name:
            case "fsync" | "fdatasync":
                file.sync()
            case "open":
                file.pending.append((0, None))
            case "ftruncate" | "ftruncate64":
                file.pending.append((call.offset, None))
            case "posix_fallocate" | "posix_fallocate64":
                file.pending.append((call.offset, b""))
            case _:
                assert call.is_write, call.name
                file.pending.append((call.offset, call.data))

    def after(self, survives: Survives) -> dict[Path, bytes | None]:
        """What is there after a power failure: the bytes of each file, None for a directory."""
        entries = dict(self._durable)
        for change in self._pending:
            if survives():
                change.apply(entries)
        known = {path for path in entries if all(_is_directory(entries, each) for each in self._above(path))}
        return {path: None if (node := entries[path]) is None else node.after(survives) for path in sorted(known)}

    def _above(self, path: Path) -> Iterator[Path]:
        return (each for each in path.parents if each.is_relative_to(self._root) and each != self._root)

    def _change(self, change: _Entry) -> None:
        change.apply(self._present)
        self._pending.append(change)

    def _sync_directory(self, path: Path) -> None:
        synced = [change for change in self._pending if change.path.parent == path]
        for change in synced:
            change.apply(self._durable)
        gone = {change.source for change in synced}  # a name that a durable rename has taken away does not come back
        self._pending = [each for each in self._pending if each.path.parent != path and each.path not in gone]


def write(tree: dict[Path, bytes | None], root: Path, to: Path) -> None:
    """Make ``tree``, whose paths are below ``root``, a directory at ``to``."""
    to.mkdir(parents=True)
    for path, data in tree.items():
        place = to / path.relative_to(root)
        if data is None:
            place.mkdir()
        else:
            place.write_bytes(data)


def _is_directory(entries: dict[Path, _Node], path: Path) -> bool:
    return path in entries and entries[path] is None


def _is_shared_memory(path: Path) -> bool:
    return path.name.endswith("-shm")


def _sectors(offset: int, data: bytes | None) -> Iterator[tuple[int, bytes | None]]:
    """A write in parts that are each on the disk or not."""
    if not data:
        yield offset, data
        return
    at = 0
    while at < len(data):
        end = at + SECTOR_BYTES - (offset + at) % SECTOR_BYTES
        yield offset + at, data[at:end]
        at = end


def _apply(data: bytearray, changes: Iterable[tuple[int, bytes | None]]) -> None:
    for offset, part in changes:
        if part is None:
            del data[offset:]
        missing = offset - len(data)
        if missing > 0:
            data.extend(bytes(missing))
        if part:
            data[offset : offset + len(part)] = part
