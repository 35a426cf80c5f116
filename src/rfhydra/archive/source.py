"""SourceFile: a recording of an archive, and what tells whether it has changed since a scan."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from sigmf import keys

from rfhydra.errors import Busy, InvalidName, NotFound, RfhydraError
from rfhydra.recordings import Recording
from rfhydra.recordings.known import SIGMF_SUFFIXES, WAV_SUFFIX, KnownFields
from rfhydra.recordings.open import RAW_DATATYPES
from rfhydra.recordings.sigmf_read import load_metadata

_METADATA: Final = keys.SIGMF_METADATA_EXT
_FOUND_IN_FOLDERS: Final = frozenset({*SIGMF_SUFFIXES, WAV_SUFFIX, *RAW_DATATYPES})
MAX_MESSAGE: Final = 400
"""Characters of an error that are kept."""


@dataclass(frozen=True)
class SourceFile:
    """A recording that can be opened, by its absolute path. ``fingerprint`` changes with each of its files."""

    path: str
    fingerprint: str
    duration_sec: float

    @classmethod
    def of(cls, recording: Recording) -> Self:
        state = fingerprint(recording.path, recording.data_path)
        return cls(str(recording.path.absolute()), state, recording.duration_sec)


@dataclass(frozen=True)
class Failure:
    """A file that could not be scanned, and why: ``code`` and ``message`` of the error."""

    path: str
    fingerprint: str
    code: str
    message: str

    @classmethod
    def of(cls, path: str, state: str, error: Exception) -> Self:
        """The failure that ``error`` is, also one that is not ours."""
        if isinstance(error, RfhydraError):
            return cls(path, state, error.code, str(error)[:MAX_MESSAGE])
        text = error.strerror if isinstance(error, OSError) else None
        return cls(path, state, RfhydraError.code, f"{type(error).__name__}: {text or error}"[:MAX_MESSAGE])


def fingerprint(*paths: Path) -> str:
    """Size and time of change of each file; a missing one has none."""
    states = []
    for path in dict.fromkeys(paths):
        try:
            status = path.stat()
            states.append(f"{status.st_size}@{status.st_mtime_ns}")
        except OSError:
            states.append("-")
    return " ".join(states)


def find_sources(
    paths: Sequence[Path], known: KnownFields, check: Callable[[], None] = lambda: None
) -> tuple[list[SourceFile], list[Failure]]:
    """The recordings that ``paths`` name or, if they are folders, hold at any depth, each once, sorted by path.

    Metadata that describes the samples of another recording, such as a file of detections, is left out. ``check`` is
    called before each file, and ends the search if it raises.

    Returns:
        What can be opened, and what cannot.

    Raises:
        NotFound: a path does not exist, or there is no recording at all.
        Busy: no file descriptor is free.
    """
    found, failures = dict[Path, tuple[int, SourceFile]](), list[Failure]()
    for path, is_named in _files(paths):
        check()
        absolute = path.absolute()
        try:
            str(absolute).encode()
            recording = known.open(absolute)
        except UnicodeEncodeError:
            name = os.fsencode(absolute).decode(errors="backslashreplace")
            failures.append(Failure(name, fingerprint(path), InvalidName.code, "its name is not UTF-8: rename it"))
        except (RfhydraError, OSError) as error:
            if isinstance(error, Busy) or (is_named and isinstance(error, NotFound)):
                raise
            if is_named or not _has_no_samples(absolute):
                failures.append(Failure.of(str(absolute), fingerprint(absolute), error))
        else:
            data_path, rank = recording.data_path.resolve(), _rank(recording)
            if data_path not in found or found[data_path][0] <= rank:
                found[data_path] = rank, SourceFile.of(recording)
    if not found and not failures:
        raise NotFound(f"there is no recording in {', '.join(map(str, paths[:3]))}")
    return sorted((source for _, source in found.values()), key=lambda source: source.path), failures


def _rank(recording: Recording) -> int:
    """Which of several files that describe the same samples counts: their own metadata, before the file of the samples
    itself, before other metadata such as detections."""
    if recording.path.with_suffix("") != recording.data_path.with_suffix(""):
        return 0
    return 2 if recording.path.suffix == _METADATA else 1


def _files(paths: Sequence[Path]) -> Iterator[tuple[Path, bool]]:
    """Every file to open, and whether it is one of ``paths``; of a SigMF pair only the metadata."""
    for path in paths:
        if not path.is_dir():
            yield path, True
            continue
        for folder, folders, names in os.walk(path):
            folders.sort()
            for name in sorted(names):
                inner = Path(folder, name)
                has_metadata = inner.suffix == keys.SIGMF_DATASET_EXT and f"{inner.stem}{_METADATA}" in names
                if inner.suffix.lower() in _FOUND_IN_FOLDERS and not has_metadata:
                    yield inner, False


def _has_no_samples(path: Path) -> bool:
    """Whether the file at ``path`` says that it is metadata without samples, as a file of detections may."""
    if path.suffix != _METADATA:
        return False
    try:
        return bool(load_metadata(path.read_bytes(), path.name)["global"].get(keys.METADATA_ONLY_KEY))
    except (RfhydraError, OSError):
        return False
