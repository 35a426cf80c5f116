"""Recordings that a server holds for its clients, on the wire: sending, listing and closing them.

A recording is a file that a client sent, or a capture of a live stream. The server keeps it in its workspace.
"""

from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import Field, FiniteFloat, model_validator

from rfhydra.protocol.base import BaseCommand, BaseMessage
from rfhydra.protocol.fields import Positive, Token, WireModel
from rfhydra.protocol.live import CenterFrequency, SampleRate

MAX_FILES: Final = 2
"""Files of one recording: metadata and data of SigMF."""
MAX_FILE_NAME: Final = 255
MAX_TUNINGS_TOLD: Final = 16
MAX_WARNINGS_TOLD: Final = 4
MAX_WARNING_LENGTH: Final = 500

Tag: TypeAlias = Annotated[int, Field(ge=0, lt=1 << 32)]


class RecordingFile(WireModel):
    """A file of a recording."""

    name: Annotated[str, Field(min_length=1, max_length=MAX_FILE_NAME)]
    """Its name, without a folder: it tells the format, and by some conventions rate, frequency and time."""
    size_bytes: Positive
    """Its size."""


class RecordingInfo(WireModel):
    """A recording that the server holds."""

    recording_id: str
    """Its id."""
    name: str
    """What people call it: the name of its file without the extension, or the stream and the time of the capture."""
    files: list[RecordingFile]
    """The files that were sent; of a capture those that were written."""
    stream_id: str | None
    """The stream that it was captured from; null for a file."""
    container: str
    """What the file is, for people."""
    datatype: str
    """Datatype of the samples, as in SigMF."""
    sample_rate_hz: float
    """Samples per second."""
    samples: int
    """Number of samples."""
    duration_sec: float
    """Length."""
    start_time: str | None
    """Time of the first sample, UTC, ISO 8601; null where the file does not state it."""
    center_freq_hz: float
    """Centre frequency of the first sample; 0 where the file does not state it."""
    center_freqs_hz: list[float]
    """The different centre frequencies, ascending, at most 16 of them."""
    captures: int
    """Number of captures: stretches of one centre frequency or time base."""
    annotations: int
    """Number of annotations that the file states."""
    size_bytes: int
    """Bytes on the disk."""
    warnings: list[str]
    """What is wrong with the file, though it can be read."""
    created_at: str
    """Time when it was opened, UTC, ISO 8601."""
    used_at: str
    """Time of its last use, which decides which one is removed when there is no room."""


class Recordings(BaseMessage):
    """The recordings that the server holds."""

    type: Literal["recordings"] = "recordings"
    recordings: list[RecordingInfo]
    """The newest first; at most ``limits.max_recordings``."""
    used_bytes: int
    """What they take on the disk, unfinished uploads included; at most ``limits.max_recordings_bytes``."""


class RecordingState(BaseMessage):
    """One recording."""

    type: Literal["recording"] = "recording"
    recording: RecordingInfo
    """The recording."""


class RecordingUpload(BaseMessage):
    """How much of a recording the server has, and the recording itself once it has all."""

    type: Literal["recording_upload"] = "recording_upload"
    upload_id: str
    """Id of the upload, and ``recording_id`` of the recording that it becomes."""
    tag: int
    """Tag of its frames on this connection."""
    received_bytes: int
    """Bytes that the server has, over all files: the next frame begins there."""
    size_bytes: int
    """Bytes of all files."""
    max_chunk_bytes: int
    """Most bytes of one frame."""
    recording: RecordingInfo | None
    """The recording; null until the last byte is there."""


class _Known(WireModel):
    sample_rate_hz: SampleRate | None = None
    """For a file that does not state it, neither by its name."""
    center_freq_hz: CenterFrequency | None = None
    """Likewise; default 0."""
    datatype: Annotated[str, Field(min_length=1, max_length=16)] | None = None
    """Likewise, for raw samples: as in SigMF, such as ``cu8`` or ``cf32_le``."""


class OpenRecording(_Known, BaseCommand[RecordingUpload]):
    """Begin to send a recording, in ``upload_frame`` messages; needs a connection that uses binary frames.

    The server answers each frame with ``recording_upload``, whose ``id`` is the tag, and the last one with the
    recording, too. If the files cannot be opened, the last answer is an ``error``, which says what to give;
    ``resume_upload`` gives it, without the bytes. A connection sends one recording at a time.

    Where there is no room for it, the recordings that were not used for longest are removed.
    """

    command: Literal["open_recording"] = "open_recording"
    files: Annotated[list[RecordingFile], Field(min_length=1, max_length=MAX_FILES, fail_fast=True)]
    """Its files, in the order of their bytes: one, or metadata and data of SigMF."""
    tag: Tag
    """Tag of the frames, chosen by the client."""


class ResumeUpload(_Known, BaseCommand[RecordingUpload]):
    """Go on with an upload, from any connection, or open its files again with other fields.

    An upload that gets no byte for ``limits.upload_linger_sec`` is removed, and so is an unfinished one when the server
    stops. Once the recording is open, the answer has it.
    """

    command: Literal["resume_upload"] = "resume_upload"
    upload_id: Token
    """The upload."""
    tag: Tag
    """Tag of the frames on this connection."""


class ListRecordings(BaseCommand[Recordings]):
    """Ask for the recordings that the server holds."""

    command: Literal["list_recordings"] = "list_recordings"


class CloseRecording(BaseCommand[Recordings]):
    """Remove a recording from the server, or give up an upload. Samples that were labelled in it stay."""

    command: Literal["close_recording"] = "close_recording"
    recording_id: Token
    """The recording, or the ``upload_id`` of an upload."""


class CaptureStream(BaseCommand[RecordingState]):
    """Make a recording of what was received from a running stream: the last seconds, or a stretch of the stream's time.

    The server keeps the last ``limits.stream_history_bytes`` of each stream, at 8 bytes a sample. A recording never
    spans a gap or a retuning: of a stretch that does, it is the longest part; of the last seconds, the newest.
    """

    command: Literal["capture_stream"] = "capture_stream"
    stream_id: Token
    """The stream."""
    duration_sec: Annotated[FiniteFloat, Field(gt=0)] | None = None
    """The last seconds; fewer if the server has fewer."""
    time_start_sec: FiniteFloat | None = None
    """Start in seconds of the stream, as in ``tracks`` and ``detections``."""
    time_end_sec: FiniteFloat | None = None
    """End, likewise."""

    @model_validator(mode="after")
    def _one_stretch(self) -> Self:
        start, end = self.time_start_sec, self.time_end_sec
        if (start is None) != (end is None) or (self.duration_sec is None) == (start is None):
            raise ValueError("give either duration_sec, or time_start_sec and time_end_sec")
        if start is not None and end is not None and end <= start:
            raise ValueError("time_end_sec must be after time_start_sec")
        return self


RecordingCommand: TypeAlias = OpenRecording | ResumeUpload | ListRecordings | CloseRecording | CaptureStream
RecordingMessage: TypeAlias = Recordings | RecordingState | RecordingUpload
"""The answers to the commands of this module."""
