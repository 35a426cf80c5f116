"""The commands for recordings that a server holds, as typed methods."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final, TypedDict, Unpack

from rfhydra.client.asking import Asking, checked
from rfhydra.errors import InvalidMessage, RfhydraError, Unreachable
from rfhydra.protocol import recording_contents as contents
from rfhydra.protocol import recording_suggestions as suggestions
from rfhydra.protocol.frames import UploadFrame
from rfhydra.protocol.recordings import (
    CaptureStream,
    CloseRecording,
    ListRecordings,
    OpenRecording,
    RecordingFile,
    RecordingInfo,
    Recordings,
    RecordingUpload,
    ResumeUpload,
)

_FRAME: Final = "upload frame"


class ViewOptions(TypedDict, total=False):
    """The part of a recording that is shown, and how: the fields of :class:`.GetRecordingView`, which has the defaults.

    Times are seconds from the start of the recording.
    """

    time_start_sec: float | None
    time_end_sec: float | None
    freq_low_hz: float | None
    freq_high_hz: float | None
    columns: int
    rows: int
    min_db: float | None
    max_db: float | None
    center_freq_hz: float | None
    fft_size: int | None
    pooling: contents.Pooling


class RecordingCommands(Asking):
    """Opening recordings on a server, and working in them. Times are seconds from the start of the recording."""

    async def open_recording(
        self,
        paths: Sequence[Path],
        *,
        sample_rate_hz: float | None = None,
        center_freq_hz: float | None = None,
        datatype: str | None = None,
        progress: Callable[[int], None] = lambda sent_bytes: None,
    ) -> RecordingInfo:
        """Send a recording, one file or metadata and data of SigMF, and open it. Needs a client with ``binary=True``.

        A lost connection is resumed. Where the files cannot be opened, the server forgets them.

        Args:
            paths: the files.
            sample_rate_hz: for files that do not state it; the other two likewise.
            center_freq_hz: see there.
            datatype: see there.
            progress: called with the number of bytes that the server has.

        Raises:
            InvalidRecording: the files are no recording, or something about them must be given.
            TooLarge, Busy: there is no room for them.
        """
        files = [RecordingFile(name=path.name, size_bytes=path.stat().st_size) for path in paths]
        upload = await self._ask(
            OpenRecording,
            files=files,
            tag=self._connection.number(),
            sample_rate_hz=sample_rate_hz,
            center_freq_hz=center_freq_hz,
            datatype=datatype,
        )
        try:
            while upload.recording is None:
                data = await asyncio.to_thread(_read, paths, upload.received_bytes, upload.max_chunk_bytes)
                if not data:
                    raise InvalidMessage(f"{paths[0].name} has become shorter: send it again")
                upload = await self._send(upload, data)
                progress(upload.received_bytes)
        except RfhydraError:
            with suppress(RfhydraError):
                await self.close_recording(upload.upload_id)
            raise
        return upload.recording

    async def resume_upload(self, upload_id: str) -> RecordingUpload:
        """Take over an upload, for example to see how much of it the server has."""
        return await self._ask(ResumeUpload, upload_id=upload_id, tag=self._connection.number())

    async def list_recordings(self) -> Recordings:
        """The recordings that the server holds, the newest first."""
        return await self._ask(ListRecordings)

    async def close_recording(self, recording_id: str) -> Recordings:
        """Remove a recording, or give up an upload; returns those that are left."""
        return await self._ask(CloseRecording, recording_id=recording_id)

    async def capture_stream(
        self,
        stream_id: str,
        duration_sec: float | None = None,
        *,
        time_start_sec: float | None = None,
        time_end_sec: float | None = None,
    ) -> RecordingInfo:
        """Make a recording of the last seconds of a running stream, or of a stretch of its time.

        Raises:
            NotFound: the server does not have these samples any more; the message says which it has.
        """
        answer = await self._ask(
            CaptureStream,
            stream_id=stream_id,
            duration_sec=duration_sec,
            time_start_sec=time_start_sec,
            time_end_sec=time_end_sec,
        )
        return answer.recording

    async def get_recording_view(self, recording_id: str, **options: Unpack[ViewOptions]) -> contents.RecordingView:
        """A part of a recording as an image."""
        return await self._ask(contents.GetRecordingView, recording_id=recording_id, **options)

    async def get_recording_annotations(
        self, recording_id: str, *, limit: int | None = None, cursor: str | None = None
    ) -> contents.RecordingAnnotations:
        """A page of the labelled boxes of a recording."""
        return await self._ask(contents.GetRecordingAnnotations, recording_id=recording_id, limit=limit, cursor=cursor)

    async def export_recording_sigmf(self, recording_id: str) -> contents.RecordingSigmf:
        """The labelled boxes of a recording as SigMF metadata."""
        return await self._ask(contents.ExportRecordingSigmf, recording_id=recording_id)

    async def label_recording(
        self, recording_id: str, annotations: Iterable[contents.NewAnnotation], *, any_rate: bool = False
    ) -> contents.RecordingLabelled:
        """Label boxes in a recording; the same boxes again change nothing.

        Raises:
            InvalidBox: a box lies outside the recording or its band.
            Conflict: a signal has samples of another sample rate, and not ``any_rate``.
        """
        return await self._ask(
            contents.LabelRecording, recording_id=recording_id, annotations=list(annotations), any_rate=any_rate
        )

    async def snap_boxes(
        self, recording_id: str, boxes: Iterable[contents.RecordingBox]
    ) -> list[contents.RecordingBox]:
        """Boxes with their edges at those of the energy in them."""
        return (await self._ask(contents.SnapBoxes, recording_id=recording_id, boxes=list(boxes))).boxes

    async def get_candidates(
        self,
        recording_id: str,
        time_start_sec: float,
        time_end_sec: float,
        *,
        freq_low_hz: float | None = None,
        freq_high_hz: float | None = None,
        signal_names: Iterable[str] | None = None,
        min_objectness: float = 0.3,
        max_candidates: int = 100,
    ) -> suggestions.Candidates:
        """Boxes of a part that may be worth a label, the most useful first."""
        return await self._ask(
            suggestions.GetCandidates,
            recording_id=recording_id,
            time_start_sec=time_start_sec,
            time_end_sec=time_end_sec,
            freq_low_hz=freq_low_hz,
            freq_high_hz=freq_high_hz,
            signal_names=None if signal_names is None else list(signal_names),
            min_objectness=min_objectness,
            max_candidates=max_candidates,
        )

    async def suggest_contract(
        self, recording_id: str, boxes: Iterable[contents.RecordingBox] | None = None
    ) -> suggestions.ContractSuggestion:
        """The contract that suits the emissions of a recording."""
        return await self._ask(
            suggestions.SuggestContract, recording_id=recording_id, boxes=None if boxes is None else list(boxes)
        )

    async def _send(self, upload: RecordingUpload, data: bytes) -> RecordingUpload:
        """Send the next bytes; after a lost connection, find out what the server has."""
        tag, start = upload.tag, upload.received_bytes
        try:
            answer = await self._connection.ask_frame(
                _FRAME, lambda number: UploadFrame(number, start, data).encode(), number=tag, retryable=False
            )
            return checked(RecordingUpload, answer)
        except Unreachable:
            return await self._ask(ResumeUpload, upload_id=upload.upload_id, tag=tag)


def _read(paths: Sequence[Path], start: int, count: int) -> bytes:
    """At most ``count`` bytes from ``start`` on, counted over all files, of one of them."""
    for path in paths:
        size = path.stat().st_size
        if start < size:
            with path.open("rb") as file:
                return _part(file, start, count)
        start -= size
    return b""


def _part(file: BinaryIO, start: int, count: int) -> bytes:
    file.seek(start)
    return file.read(count)
