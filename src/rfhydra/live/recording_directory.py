"""RecordingDirectory: triggered recordings in a directory, the oldest removed when they take more than a quota."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from rfhydra.errors import Busy, InvalidMessage, TooLarge
from rfhydra.files import make_directory, os_errors_named
from rfhydra.recordings import Annotation, write_recording
from rfhydra.recordings.sigmf_extension import NAMESPACE

TRIGGER: Final = "detection"
_DATATYPE: Final = "ci16_le"
_SAMPLE_BYTES: Final = 4
_META, _DATA = ".sigmf-meta", ".sigmf-data"
_MAX_META: Final = 1 << 20
_LOCK: Final = ".rfhydra-recordings.lock"
_STEM: Final = r"rfhydra-\d{8}T\d{6}\.\d{6}Z-[A-Za-z0-9_.-]+"
_OURS: Final = re.compile(rf"({_STEM})\{_META}")
_LEFTOVER: Final = re.compile(rf"\.{_STEM}\.sigmf-(meta|data)\.[0-9a-f]{{8}}")
_FOREIGN: Final = re.compile(r"[^A-Za-z0-9_.-]")


@dataclass(frozen=True, eq=False)
class TriggeredRecording:
    """IQ around detections.

    Attributes:
        name: what its file name says beside the time.
        start_time: of the first sample, UTC, ISO 8601 with microseconds and a ``Z``.
        iq: complex64, shape (samples,), with a full scale of ±1.
    """

    name: str
    start_time: str
    iq: NDArray[np.complex64]
    sample_rate_hz: float
    center_freq_hz: float
    annotations: Sequence[Annotation]

    @property
    def stem(self) -> str:
        """File name without extension; names sort by time."""
        time = self.start_time.replace("-", "").replace(":", "")
        return f"rfhydra-{time}-{_FOREIGN.sub('_', self.name)}"


class RecordingDirectory:
    """Triggered recordings in one directory. Used by one thread at a time, and by one process.

    A file is ours if its name has our form and, for a recording, its metadata says that we made it because of a
    detection. Nothing else in the directory is counted, changed or removed; links are not followed.
    """

    def __init__(self, path: Path, quota_bytes: int) -> None:
        """Use ``path``, which is made if it is missing; unfinished writes of a killed process are removed.

        Raises:
            InvalidMessage: it is not a directory, or cannot be written.
            Busy: another process records there.
            StorageFull: there is no room on the disk.
        """
        if path.exists() and not path.is_dir():
            raise InvalidMessage(f"{path.name} is not a directory: give one for the recordings")
        self._path, self._quota = path, quota_bytes
        self._lock = FileLock(path / _LOCK, timeout=0, thread_local=False)
        try:
            make_directory(path)
            self._lock.acquire()
        except Timeout:
            raise Busy(f"another rfhydra process records in {path.name}: give each a directory of its own") from None
        except OSError as error:
            raise InvalidMessage(f"{path.name} cannot be written: {error.strerror}") from error
        with os_errors_named():
            self._remove_leftovers()
            self._sizes = {stem: self._size(stem) for stem in self._stems()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def used_bytes(self) -> int:
        """What our recordings take."""
        return sum(self._sizes.values())

    def close(self) -> None:
        """Let other processes record there."""
        self._lock.release()

    @os_errors_named()
    def add(self, recording: TriggeredRecording) -> Path:
        """Write a recording, after the oldest ones have been removed as far as the quota demands; returns its metadata.

        Raises:
            TooLarge: it is larger than the quota; nothing was removed.
            StorageFull: there is no room on the disk.
            InvalidMessage: the files cannot be written.
        """
        needed = len(recording.iq) * _SAMPLE_BYTES + _meta_bytes(recording)
        if needed > self._quota:
            raise TooLarge(f"a recording of {needed} bytes is larger than the quota of {self._quota}")
        for stem in sorted(self._sizes):
            if self.used_bytes + needed <= self._quota:
                break
            self._remove(stem)
        path = write_recording(
            self._path / recording.stem,
            recording.iq,
            recording.sample_rate_hz,
            recording.center_freq_hz,
            recording.annotations,
            datatype=_DATATYPE,
            start_time=recording.start_time,
            trigger=TRIGGER,
        )
        self._sizes[recording.stem] = self._size(recording.stem)
        return path

    def _stems(self) -> list[str]:
        names = [_OURS.fullmatch(path.name) for path in self._path.iterdir()]
        return [match[1] for match in names if match is not None and self._is_ours(match[1])]

    def _is_ours(self, stem: str) -> bool:
        meta, data = self._path / f"{stem}{_META}", self._path / f"{stem}{_DATA}"
        if any(each.is_symlink() or not each.is_file() for each in (meta, data)) or meta.stat().st_size > _MAX_META:
            return False
        try:
            fields: Any = json.loads(meta.read_bytes())["global"]
            return (fields["core:recorder"], fields[f"{NAMESPACE}:trigger"]) == ("rfhydra", TRIGGER)
        except (ValueError, KeyError, TypeError, RecursionError):
            return False

    def _size(self, stem: str) -> int:
        return sum((self._path / f"{stem}{suffix}").stat().st_size for suffix in (_META, _DATA))

    def _remove(self, stem: str) -> None:
        """Remove a recording, unless somebody has replaced it meanwhile."""
        if self._is_ours(stem):
            (self._path / f"{stem}{_META}").unlink()  # first: data without metadata is a leftover
            (self._path / f"{stem}{_DATA}").unlink()
        del self._sizes[stem]

    def _remove_leftovers(self) -> None:
        """Temporary files of a killed process, and data whose metadata it did not write or had removed already."""
        for path in [*self._path.iterdir()]:
            if path.is_symlink() or not path.is_file():
                continue
            is_data = path.suffix == _DATA and _OURS.fullmatch(f"{path.stem}{_META}") is not None
            is_alone = is_data and not path.with_suffix(_META).exists()
            if _LEFTOVER.fullmatch(path.name) or is_alone:
                path.unlink()


def _meta_bytes(recording: TriggeredRecording) -> int:
    """No less than the metadata will take."""
    return 4096 + 1024 * len(recording.annotations)
