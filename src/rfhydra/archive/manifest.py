"""Manifest: which recordings a scan has finished, one line of JSON for each, beside the result.

Invariant: a recording is finished if and only if its line is on disk, and then so is its part. A line is appended and
synced after the part; a last line that is not whole was never acknowledged, and is cut off.
"""

import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias

from filelock import FileLock, Timeout
from pydantic import TypeAdapter

from rfhydra.archive.source import Failure, SourceFile
from rfhydra.errors import Busy, Conflict, Damaged
from rfhydra.files import make_directory, os_errors_named, sync_directory

MANIFEST: Final = "manifest.jsonl"
_LOCK: Final = "lock"
_PARTS: Final = "parts"
_IDENTITY: Final = "identity"


@dataclass(frozen=True)
class Finished:
    """A scanned recording: the name of its part, and what is in it. The first two are those of its source.

    ``start_utc_sec`` is None where the recording does not state its time.
    """

    path: str
    fingerprint: str
    part: str
    recording_id: str
    duration_sec: float
    hits: int
    emissions: int
    start_utc_sec: float | None = None


Entry: TypeAlias = Finished | Failure
_ENTRY: Final[TypeAdapter[Entry]] = TypeAdapter(Entry)


@dataclass(frozen=True)
class PartFiles:
    """The two files of a part: the hits and the emissions of one recording."""

    hits: Path
    emissions: Path

    @classmethod
    def named(cls, folder: Path, part: str) -> "PartFiles":
        return cls(folder / f"{part}.hits.parquet", folder / f"{part}.emissions.parquet")

    def exist(self) -> bool:
        return self.hits.is_file() and self.emissions.is_file()


class Manifest:
    """The manifest in ``directory``, owned by this process. Of several entries of a recording the last one counts.

    Attributes:
        directory: of the manifest and the parts.
        entries: of each recording, by path.
    """

    def __init__(self, directory: Path, file: BinaryIO, entries: dict[str, Entry]) -> None:
        """Use :meth:`opened`."""
        self.directory, self.entries, self._file = directory, entries, file

    @classmethod
    @contextmanager
    def opened(cls, directory: Path, identity: dict[str, Any]) -> Iterator["Manifest"]:
        """Make or continue the manifest of the scan with ``identity`` (:meth:`ScanPlan.identity`) in ``directory``.

        Recordings whose part is gone count as not scanned.

        Raises:
            Conflict: it is of a scan with another identity; the message names what differs.
            Busy: another process has it open, or no file descriptor is free.
            Damaged: a line other than the last cannot be read.
            StorageFull: the disk is full.
        """
        with ExitStack() as owned, os_errors_named():
            make_directory(directory / _PARTS)
            owned.enter_context(_lock(directory))
            path = directory / MANIFEST
            path.touch()
            file = owned.enter_context(path.open("r+b"))
            lines, length = _whole_lines(file.read(), directory)
            if lines:
                _require_same(lines[0], identity, directory)
            file.truncate(length)
            file.seek(length)
            if not lines:
                _append(file, {_IDENTITY: identity})
                sync_directory(directory)
            entries = {entry.path: entry for entry in map(_ENTRY.validate_python, lines[1:])}
            yield cls(directory, file, {path: entry for path, entry in entries.items() if _is_there(entry, directory)})

    @property
    def parts(self) -> Path:
        """The folder of the parts."""
        return self.directory / _PARTS

    @os_errors_named()
    def add(self, entry: Entry) -> None:
        """Append ``entry``; it is on disk when this returns.

        Raises:
            StorageFull: the disk is full.
        """
        _append(self._file, asdict(entry))
        self.entries[entry.path] = entry

    def is_finished(self, source: SourceFile) -> bool:
        """Whether ``source`` was scanned as it is now."""
        entry = self.entries.get(source.path)
        return isinstance(entry, Finished) and entry.fingerprint == source.fingerprint

    def finished(self) -> list[Finished]:
        """Every scanned recording, sorted by path."""
        entries = (self.entries[path] for path in sorted(self.entries))
        return [entry for entry in entries if isinstance(entry, Finished)]

    def files_of(self, entry: Finished) -> PartFiles:
        """The files of its part."""
        return PartFiles.named(self.parts, entry.part)

    def remove_unfinished(self) -> None:
        """Remove what killed workers, and former states of recordings, have left among the parts."""
        kept = {path for entry in self.finished() for path in vars(self.files_of(entry)).values()}
        for path in self.parts.iterdir():
            if path not in kept:
                path.unlink()


def _lock(directory: Path) -> AbstractContextManager[object]:
    try:
        return FileLock(directory / _LOCK, timeout=0, thread_local=False).acquire()
    except Timeout:
        raise Busy(f"another scan writes to {directory.name}: wait for it, or give another --out") from None


def _append(file: BinaryIO, fields: dict[str, Any]) -> None:
    file.write(json.dumps(fields).encode() + b"\n")
    file.flush()
    os.fsync(file.fileno())


def _whole_lines(data: bytes, directory: Path) -> tuple[list[dict[str, Any]], int]:
    """The first line and the entries that ``data`` holds, and the length of that in bytes."""
    lines, length = list[dict[str, Any]](), 0
    *texts, _ = data.split(b"\n")
    for number, text in enumerate(texts, start=1):
        try:
            fields = json.loads(text)
            if _IDENTITY not in fields:
                _ENTRY.validate_python(fields)
        except (ValueError, TypeError):
            if number < len(texts):
                raise Damaged(
                    f"line {number} of {directory.name}/{MANIFEST} cannot be read: delete {directory.name} to scan"
                    " everything again"
                ) from None
            break
        lines.append(fields)
        length += len(text) + 1
    return lines, length


def _require_same(first: dict[str, Any], identity: dict[str, Any], directory: Path) -> None:
    before = first.get(_IDENTITY, {})
    differing = [name for name in identity if before.get(name) != identity[name]]
    if differing:
        name = differing[0]
        raise Conflict(
            f"{directory.name} is of a scan with {name.replace('_', ' ')} {_short(before.get(name))}, not"
            f" {_short(identity[name])}, and results are not mixed: give another --out, or delete {directory.name} to"
            " scan everything again"
        )


def _short(value: Any) -> str:
    if isinstance(value, dict) and all(isinstance(each, dict) for each in value.values()):
        return ", ".join(f"{name} {head['version']}" for name, head in value.items()) or "none"
    return json.dumps(value)


def _is_there(entry: Entry, directory: Path) -> bool:
    return isinstance(entry, Failure) or PartFiles.named(directory / _PARTS, entry.part).exist()
