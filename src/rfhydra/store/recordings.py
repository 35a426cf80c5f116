"""Recordings that a server holds for its clients, each a directory with its files.

Invariant: ``recording.json`` is written last, and atomically: a directory without it is an unfinished upload, which
the next owner of the workspace removes. Files have names of ours, whatever the client called them.
"""

import json
import os
import secrets
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PureWindowsPath
from typing import Any, Final

from pydantic import ValidationError
from sigmf import keys

from rfhydra.errors import Damaged, InvalidRecording
from rfhydra.files import PRIVATE_FILE, make_directory, os_errors_named, sync_directory, write_file
from rfhydra.protocol.recordings import (
    MAX_TUNINGS_TOLD,
    MAX_WARNING_LENGTH,
    MAX_WARNINGS_TOLD,
    RecordingFile,
    RecordingInfo,
)
from rfhydra.recordings import Recording, open_recording
from rfhydra.recordings.known import KnownFields
from rfhydra.recordings.open import RAW_DATATYPES
from rfhydra.store.columns import utc_now, utc_text, utc_text_at

_ENTRY: Final = "recording.json"
_STEM: Final = "samples"
_VERSION: Final = 1
_META: Final = keys.SIGMF_METADATA_EXT
_DATA: Final = keys.SIGMF_DATASET_EXT
_SUFFIXES: Final = frozenset({".wav", ".npy", ".npz", keys.SIGMF_ARCHIVE_EXT, *RAW_DATATYPES})
"""Extensions that tell the format. Of others the name tells it, or the client."""
_RAW: Final = ".raw"


@dataclass(frozen=True)
class StoredRecording:
    """A recording that is held: what it is, and what its client knew."""

    info: RecordingInfo
    known: KnownFields

    def used_now(self) -> "StoredRecording":
        """The same, used at this moment."""
        return replace(self, info=self.info.model_copy(update={"used_at": utc_now()}))


def new_recording_id() -> str:
    """An id that no other recording has."""
    return secrets.token_hex(8)


def file_name(text: str) -> str:
    """The last part of a name, whichever separators it has."""
    return PureWindowsPath(text).name or "recording"


class RecordingStore:
    """The recordings of a workspace. Used by one thread at a time."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @os_errors_named()
    def recover(self) -> list[StoredRecording]:
        """Remove the unfinished uploads of a killed process; returns the recordings, the newest first.

        One whose entry cannot be read is removed, too.
        """
        if not self._root.is_dir():
            return []
        found = list[StoredRecording]()
        for directory in self._root.iterdir():
            try:
                found.append(self._entry(directory.name))
            except (FileNotFoundError, Damaged):
                self.remove(directory.name)
        return sorted(found, key=lambda each: each.info.created_at, reverse=True)

    @os_errors_named()
    def begin(self, recording_id: str) -> None:
        """Make the directory of a recording."""
        make_directory(self._root, private=True)
        make_directory(self._root / recording_id, private=True)

    @os_errors_named()
    def write(self, recording_id: str, files: Sequence[RecordingFile], start_byte: int, data: bytes) -> None:
        """Write bytes of the files of an upload; ``start_byte`` counts over all of them in their order.

        Raises:
            StorageFull: there is no room on the disk; the bytes may be written again.
            Busy: no file descriptor is free; likewise.
        """
        begin, view = 0, memoryview(data)
        for file, name in zip(files, _stored_names(files), strict=True):
            first, last = max(start_byte, begin), min(start_byte + len(data), begin + file.size_bytes)
            if first < last:
                part = view[first - start_byte : last - start_byte]
                _write_at(self._root / recording_id / name, part, first - begin)
            begin += file.size_bytes

    @os_errors_named()
    def finish(
        self, recording_id: str, files: Sequence[RecordingFile], known: KnownFields, stream_id: str | None = None
    ) -> StoredRecording:
        """Open the files of an upload, which are whole, and hold the recording.

        Raises:
            InvalidRecording, Conflict, TooLarge: as :func:`open_recording`; the upload is as it was.
            StorageFull: there is no room on the disk; likewise.
        """
        for name in _stored_names(files):
            _sync(self._root / recording_id / name)
        info = _info(recording_id, files, self._open(recording_id, files, known), stream_id)
        entry = {"version": _VERSION, "info": info.model_dump(mode="json"), "known": vars(known)}
        write_file(self._root / recording_id / _ENTRY, json.dumps(entry).encode())
        return StoredRecording(info, known)

    @os_errors_named()
    def open(self, stored: StoredRecording) -> Recording:
        """The recording itself.

        Raises:
            InvalidRecording: its files were changed.
        """
        return self._open(stored.info.recording_id, stored.info.files, stored.known)

    def used(self, recording_id: str) -> None:
        """Note that the recording is used now."""
        with suppress(OSError):  # only the order of removal depends on it
            os.utime(self._root / recording_id / _ENTRY)

    @os_errors_named()
    def remove(self, recording_id: str) -> None:
        """Remove a recording or an upload. Opened samples can still be read."""
        directory = self._root / recording_id
        if directory.is_symlink() or not directory.is_dir():
            directory.unlink(missing_ok=True)
            return
        (directory / _ENTRY).unlink(missing_ok=True)  # first: what is left is an unfinished upload
        shutil.rmtree(directory)
        sync_directory(self._root)

    @os_errors_named()
    def link_to(self, root: Path) -> None:
        """Hold the same recordings at ``root``, of a workspace on the same file system, without copies."""
        other = RecordingStore(root)
        for stored in self.recover() if self._root.is_dir() else []:
            name = stored.info.recording_id
            other.begin(name)
            for path in sorted((self._root / name).iterdir(), key=lambda each: each.name == _ENTRY):
                os.link(path, other._root / name / path.name)
            sync_directory(other._root / name)

    def stem(self, recording_id: str) -> Path:
        """Path of the SigMF pair of a capture, without extension."""
        return self._root / recording_id / _STEM

    def _entry(self, recording_id: str) -> StoredRecording:
        path = self._root / recording_id / _ENTRY
        try:
            fields: dict[str, Any] = json.loads(path.read_bytes())
            used_at = utc_text(datetime.fromtimestamp(path.stat().st_mtime, UTC))
            info = RecordingInfo.model_validate({**fields["info"], "used_at": used_at})
            return StoredRecording(info, KnownFields(**fields["known"]))
        except NotADirectoryError:
            raise Damaged(f"{recording_id} is no directory of a recording") from None
        except (ValueError, KeyError, TypeError, ValidationError) as error:
            raise Damaged(f"the entry of recording {recording_id} cannot be read: {error}") from error

    def _open(self, recording_id: str, files: Sequence[RecordingFile], known: KnownFields) -> Recording:
        names = _stored_names(files)
        path = self._root / recording_id / next((name for name in names if name.endswith(_META)), names[0])
        _require_whole(names)
        called = next((each.name for each in files if each.name.lower().endswith(_META)), files[0].name)
        return open_recording(path, **vars(known), name=file_name(called), is_foreign=True)


def _stored_names(files: Sequence[RecordingFile]) -> list[str]:
    """Our names for the files of a recording."""
    suffixes = [Path(file_name(each.name)).suffix.lower() for each in files]
    if _META in suffixes:  # whatever its data are called: the metadata say what they are
        return [f"{_STEM}{_META if each == _META else _DATA}" for each in suffixes]
    return [f"{_STEM}{each if each in _SUFFIXES else _DATA if each == _DATA else _RAW}" for each in suffixes]


def _require_whole(names: Sequence[str]) -> None:
    """Raise :class:`InvalidRecording` unless the files are one recording."""
    pair = {f"{_STEM}{_DATA}", f"{_STEM}{_META}"}
    if (len(names) > 1 or pair & {*names}) and {*names} != pair:
        raise InvalidRecording(f"files: send a {_META} together with its data, and any other recording alone")


def _write_at(path: Path, data: memoryview, offset: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, PRIVATE_FILE)
    try:
        while data:
            written = os.pwrite(descriptor, data, offset)
            data, offset = data[written:], offset + written
    finally:
        os.close(descriptor)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _info(
    recording_id: str,
    files: Sequence[RecordingFile],
    recording: Recording,
    stream_id: str | None,
) -> RecordingInfo:
    first, now = recording.captures[0], utc_now()
    return RecordingInfo(
        recording_id=recording_id,
        name=recording.name,
        files=list(files),
        stream_id=stream_id,
        container=recording.container,
        datatype=recording.datatype,
        sample_rate_hz=recording.sample_rate_hz,
        samples=recording.sample_count,
        duration_sec=recording.duration_sec,
        start_time=utc_text_at(recording.start_utc_sec),
        center_freq_hz=first.center_freq_hz,
        center_freqs_hz=sorted({each.center_freq_hz for each in recording.captures})[:MAX_TUNINGS_TOLD],
        captures=len(recording.captures),
        annotations=len(recording.annotations),
        size_bytes=sum(each.size_bytes for each in files),
        warnings=[each[:MAX_WARNING_LENGTH] for each in recording.remarks[:MAX_WARNINGS_TOLD]],
        created_at=now,
        used_at=now,
    )
