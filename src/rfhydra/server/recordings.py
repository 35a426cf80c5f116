"""RecordingSet: the recordings that a server holds, and their uploads. Their files are in the workspace."""

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from rfhydra.errors import Busy, Conflict, InvalidMessage, NotFound, RfhydraError
from rfhydra.protocol.frames import HEADER, UploadFrame
from rfhydra.protocol.limits import Limits
from rfhydra.protocol.recordings import (
    OpenRecording,
    RecordingFile,
    RecordingInfo,
    Recordings,
    RecordingUpload,
    ResumeUpload,
)
from rfhydra.recordings import Recording, write_recording
from rfhydra.recordings.known import KnownFields
from rfhydra.server.executor import SerialExecutor
from rfhydra.server.net.hub import Hub, Session
from rfhydra.store.columns import utc_text, utc_text_at
from rfhydra.store.recordings import RecordingStore, StoredRecording, new_recording_id
from rfhydra.streams.source import Chunk

MAX_OPEN: Final = 8
"""Recordings that are mapped at one time, those that were used last."""
_SAMPLE_BYTES: Final = 8
_METADATA_BYTES: Final = 4096
"""Room for the metadata of a capture."""
_MAX_PREFIX: Final = 160
"""Characters of the name of a capture before its time."""
_log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Upload:
    upload_id: str
    files: list[RecordingFile]
    known: KnownFields
    owner: Session | None
    tag: int
    received: int = 0
    lingering: asyncio.TimerHandle | None = None
    changing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def size(self) -> int:
        return sum(each.size_bytes for each in self.files)

    @property
    def is_whole(self) -> bool:
        return self.received == self.size


class RecordingSet:
    """The recordings and uploads of a server. Used on the event loop; files are read and written in its executor.

    Where a new one needs room, those that were not used for longest are removed.
    """

    def __init__(self, store: RecordingStore, hub: Hub, limits: Limits, executor: SerialExecutor) -> None:
        self._store, self._hub, self._limits, self._executor = store, hub, limits, executor
        self._held: dict[str, StoredRecording] = {}
        self._opened: OrderedDict[str, Recording] = OrderedDict()
        self._uploads: dict[str, _Upload] = {}
        self._removals: set[asyncio.Task[None]] = set()
        self._admitting = asyncio.Lock()
        self._captures: list[int] = []  # bytes of those that are being written
        self.max_chunk_bytes: Final = min(limits.max_chunk_bytes, limits.max_message_bytes - HEADER.size)

    async def start(self) -> None:
        """Take up the recordings of the last server; unfinished uploads of it are removed."""
        found = await self._executor.run(self._store.recover, refusable=False)
        self._held = {each.info.recording_id: each for each in reversed(found)}
        await self._expire()

    async def stop(self) -> None:
        """Wait for removals that are due; uploads are left for the next server to remove."""
        for upload in self._uploads.values():
            _end_timer(upload)
        await asyncio.gather(*self._removals)

    def state(self) -> Recordings:
        """All recordings, the newest first."""
        infos = [each.info for each in reversed(self._held.values())]
        return Recordings(recordings=infos, used_bytes=self.used_bytes)

    @property
    def used_bytes(self) -> int:
        """What recordings and uploads take on the disk, or will when they are whole."""
        held = sum(each.info.size_bytes for each in self._held.values())
        return held + sum(each.size for each in self._uploads.values()) + sum(self._captures)

    async def listed(self) -> Recordings:
        """The same, without those that nobody has used for too long."""
        await self._expire()
        return self.state()

    async def begin(self, command: OpenRecording, session: Session) -> RecordingUpload:
        """Begin an upload.

        Raises:
            Conflict: the connection sends another one, or uses the tag.
            TooLarge: the files are larger than all recordings may be.
            Busy: there are too many uploads, or they take all the room.
        """
        for other in self._uploads.values():
            if other.owner is session and (other.tag == command.tag or not other.is_whole):
                raise Conflict(f"this connection sends upload {other.upload_id!r}: finish or close it first")
        upload = _Upload(new_recording_id(), list(command.files), _known(command), session, command.tag)
        self._limits.require("size_bytes of all files", upload.size, "max_recordings_bytes")
        if len(self._uploads) >= self._limits.max_uploads:
            raise Busy(f"{self._limits.max_uploads} uploads are unfinished (max_uploads): try again later")
        self._uploads[upload.upload_id] = upload  # before the first await: its room is taken
        try:
            await self._admit()
            await self._executor.run(partial(self._store.begin, upload.upload_id), refusable=False)
        except BaseException:
            self._uploads.pop(upload.upload_id, None)
            raise
        self._await_bytes(upload)
        self._changed()
        return self._told(upload)

    async def resume(self, command: ResumeUpload, session: Session) -> RecordingUpload:
        """Let ``session`` go on with an upload; one that is whole is opened, with what the command knows.

        Raises:
            NotFound: there is no such upload.
            Conflict: the connection sends another one.
            InvalidRecording, TooLarge: the files are no recording; the message says what is wrong.
        """
        if command.upload_id in self._held:
            return self._told_held(command.upload_id, command.tag)
        upload = self._uploads.get(command.upload_id)
        if upload is None:
            raise NotFound(f"there is no upload {command.upload_id[:64]!r}: send the recording again")
        for other in self._uploads.values():
            if other is not upload and other.owner is session and other.tag == command.tag:
                raise Conflict(f"this connection sends upload {other.upload_id!r} with tag {command.tag}")
        upload.owner, upload.tag = session, command.tag
        given = {name: value for name, value in vars(_known(command)).items() if value is not None}
        upload.known = KnownFields(**{**vars(upload.known), **given})
        async with upload.changing:
            self._await_bytes(upload)
            return await self._finish(upload) if upload.is_whole else self._told(upload)

    async def take(self, session: Session, data: bytes) -> RecordingUpload:
        """Write the bytes of a frame; the last one opens the recording.

        Raises:
            InvalidMessage: not such a frame, or its bytes are not the next ones.
            NotFound: the connection sends nothing with its tag.
            TooLarge: too many bytes.
            StorageFull: there is no room on the disk; the bytes may be sent again.
            InvalidRecording, Conflict: the files are whole and no recording; the message says what is wrong.
        """
        frame = UploadFrame.decode(data)
        upload = next((each for each in self._uploads.values() if (each.owner, each.tag) == (session, frame.tag)), None)
        if upload is None:
            raise NotFound(f"this connection sends no recording with tag {frame.tag}: resume it, or open it")
        if len(frame.data) > self.max_chunk_bytes:
            self._limits.require("count of the frame", len(frame.data), "max_chunk_bytes")
        async with upload.changing:
            self._require_held(upload)
            await self._write(upload, frame)
            self._await_bytes(upload)
            return await self._finish(upload) if upload.is_whole else self._told(upload)

    async def close(self, recording_id: str) -> Recordings:
        """Remove a recording, or give up an upload.

        Raises:
            NotFound: there is neither.
        """
        if recording_id not in self._held and recording_id not in self._uploads:
            raise NotFound(f"there is no recording {recording_id[:64]!r}")
        await self._remove(recording_id)
        return self.state()

    async def open(self, recording_id: str) -> tuple[RecordingInfo, Recording]:
        """A recording, which counts as used now.

        Raises:
            NotFound: there is no such recording.
            InvalidRecording: its files were changed.
        """
        held = self._held.get(recording_id)
        if held is None:
            raise NotFound(f"there is no recording {recording_id[:64]!r}: open it again")
        self._held[recording_id] = held = held.used_now()
        recording = self._opened.get(recording_id)
        if recording is None:
            recording = await self._executor.run(partial(self._store.open, held), refusable=False)
        await self._executor.run(partial(self._store.used, recording_id), refusable=False)
        if recording_id in self._held:
            self._opened[recording_id] = recording
            self._opened.move_to_end(recording_id)
            while len(self._opened) > MAX_OPEN:
                self._opened.popitem(last=False)
        return held.info, recording

    async def capture(self, name: str, chunk: Chunk, stream_id: str | None = None) -> RecordingInfo:
        """Make a recording of samples of a stream or an archive; its name begins with ``name``.

        Raises:
            TooLarge: they are more than all recordings may be.
            Busy: uploads take all the room.
            StorageFull: there is no room on the disk.
        """
        size = len(chunk.iq) * _SAMPLE_BYTES + _METADATA_BYTES
        self._limits.require("bytes of the capture", size, "max_recordings_bytes")
        recording_id = new_recording_id()
        self._captures.append(size)
        try:
            await self._admit()
            write = partial(self._write_capture, recording_id, name, chunk, stream_id)
            held = await self._executor.run(write, refusable=False)
        finally:
            self._captures.remove(size)
        self._held[recording_id] = held
        self._changed()
        return held.info

    def client_gone(self, session: Session) -> None:
        """The connection of a client has ended: its uploads wait for another one."""
        for upload in self._uploads.values():
            if upload.owner is session:
                upload.owner = None

    async def _write(self, upload: _Upload, frame: UploadFrame) -> None:
        end = frame.start_byte + len(frame.data)
        if frame.start_byte > upload.received or end > upload.size:
            raise InvalidMessage(
                f"bytes {frame.start_byte} to {end} of the frame are not the next ones: those begin at"
                f" {upload.received}, the files have {upload.size}"
            )
        new = frame.data[upload.received - frame.start_byte :]
        if new:
            write = partial(self._store.write, upload.upload_id, upload.files, upload.received, new)
            await self._executor.run(write, refusable=False)
            upload.received = max(upload.received, end)

    async def _finish(self, upload: _Upload) -> RecordingUpload:
        self._require_held(upload)
        finish = partial(self._store.finish, upload.upload_id, upload.files, upload.known)
        held = await self._executor.run(finish, refusable=False)
        _end_timer(upload)
        del self._uploads[upload.upload_id]
        self._held[upload.upload_id] = held
        self._changed()
        return self._told_held(upload.upload_id, upload.tag)

    def _write_capture(self, recording_id: str, prefix: str, chunk: Chunk, stream_id: str | None) -> StoredRecording:
        start = utc_text_at(chunk.start_utc_sec)
        tuning = chunk.tuning
        self._store.begin(recording_id)
        try:
            stem = self._store.stem(recording_id)
            write_recording(stem, chunk.iq, tuning.sample_rate_hz, tuning.center_freq_hz, start_time=start)
            moment = (start or utc_text(datetime.now(UTC))).replace("-", "").replace(":", "")
            name = f"{prefix[:_MAX_PREFIX]}-{moment.partition('.')[0]}Z"
            files = [
                RecordingFile(name=f"{name}{suffix}", size_bytes=stem.with_suffix(suffix).stat().st_size)
                for suffix in (".sigmf-meta", ".sigmf-data")
            ]
            return self._store.finish(recording_id, files, KnownFields(), stream_id)
        except BaseException:
            self._store.remove(recording_id)
            raise

    async def _admit(self) -> None:
        """Make room for the newest upload or capture, by removing those that were not used for longest."""
        async with self._admitting:
            await self._expire()
            limits = self._limits
            while (
                len(self._held) + len(self._uploads) + len(self._captures) > limits.max_recordings
                or self.used_bytes > limits.max_recordings_bytes
            ):
                if not self._held:
                    raise Busy("unfinished uploads take all the room for recordings: try again later")
                oldest = min(self._held.values(), key=lambda each: each.info.used_at)
                await self._remove(oldest.info.recording_id)

    async def _expire(self) -> None:
        """Remove the recordings that nobody has used for too long."""
        oldest = utc_text(datetime.now(UTC) - timedelta(seconds=min(self._limits.recording_idle_sec, 10**9)))
        for idle in [name for name, each in self._held.items() if each.info.used_at < oldest]:
            await self._remove(idle)

    async def _remove(self, recording_id: str) -> None:
        self._held.pop(recording_id, None)
        self._opened.pop(recording_id, None)
        upload = self._uploads.pop(recording_id, None)
        if upload is not None:
            _end_timer(upload)
        await self._executor.run(partial(self._store.remove, recording_id), refusable=False)
        self._changed()

    def _require_held(self, upload: _Upload) -> None:
        """Raise :class:`NotFound` if the upload was removed while it waited for its turn."""
        if self._uploads.get(upload.upload_id) is not upload:
            raise NotFound(f"upload {upload.upload_id!r} was closed, or is finished")

    def _await_bytes(self, upload: _Upload) -> None:
        """Remove the upload unless it gets bytes in time."""
        _end_timer(upload)
        loop = asyncio.get_running_loop()
        upload.lingering = loop.call_later(self._limits.upload_linger_sec, self._give_up, upload)

    def _give_up(self, upload: _Upload) -> None:
        if self._uploads.get(upload.upload_id) is upload:
            removal = asyncio.create_task(self._discard(upload.upload_id))
            self._removals.add(removal)
            removal.add_done_callback(self._removals.discard)

    async def _discard(self, upload_id: str) -> None:
        try:
            await self._remove(upload_id)
        except (RfhydraError, OSError) as error:  # the next server tries again
            _log.warning("upload %s was not removed: %s", upload_id, type(error).__name__)

    def _changed(self) -> None:
        if self._hub.wanted("recordings"):
            self._hub.publish_latest("recordings", self.state())

    def _told(self, upload: _Upload) -> RecordingUpload:
        return RecordingUpload(
            upload_id=upload.upload_id,
            tag=upload.tag,
            received_bytes=upload.received,
            size_bytes=upload.size,
            max_chunk_bytes=self.max_chunk_bytes,
            recording=None,
        )

    def _told_held(self, recording_id: str, tag: int) -> RecordingUpload:
        info = self._held[recording_id].info
        return RecordingUpload(
            upload_id=recording_id,
            tag=tag,
            received_bytes=info.size_bytes,
            size_bytes=info.size_bytes,
            max_chunk_bytes=self.max_chunk_bytes,
            recording=info,
        )


def _known(command: OpenRecording | ResumeUpload) -> KnownFields:
    return KnownFields(command.datatype, command.sample_rate_hz, command.center_freq_hz)


def _end_timer(upload: _Upload) -> None:
    if upload.lingering is not None:
        upload.lingering.cancel()
        upload.lingering = None
