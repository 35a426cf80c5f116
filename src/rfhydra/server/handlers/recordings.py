"""Handlers of the commands that open, list and close recordings, and of the frames of an upload."""

from rfhydra.protocol.recordings import (
    CaptureStream,
    CloseRecording,
    ListRecordings,
    OpenRecording,
    Recordings,
    RecordingState,
    RecordingUpload,
    ResumeUpload,
)
from rfhydra.server.handlers.detection import require_binary
from rfhydra.server.net.hub import Session
from rfhydra.server.service import Service
from rfhydra.streams.source import Chunk


async def open_recording(service: Service, session: Session, command: OpenRecording) -> RecordingUpload:
    require_binary(session)
    return await service.recordings.begin(command, session)


async def resume_upload(service: Service, session: Session, command: ResumeUpload) -> RecordingUpload:
    return await service.recordings.resume(command, session)


async def list_recordings(service: Service, session: Session, command: ListRecordings) -> Recordings:
    return await service.recordings.listed()


async def close_recording(service: Service, session: Session, command: CloseRecording) -> Recordings:
    return await service.recordings.close(command.recording_id)


async def capture_stream(service: Service, session: Session, command: CaptureStream) -> RecordingState:
    history = service.streams.history(command.stream_id)

    def read() -> Chunk:
        if command.duration_sec is not None:
            return history.last(command.duration_sec)
        assert command.time_start_sec is not None
        assert command.time_end_sec is not None
        return history.between(command.time_start_sec, command.time_end_sec)

    chunk = await service.files.run(read)
    return RecordingState(recording=await service.recordings.capture(command.stream_id, chunk, command.stream_id))


async def upload_frame(service: Service, session: Session, data: bytes) -> RecordingUpload:
    """Take a binary frame of an upload.

    Raises:
        Unauthorized: the session is not authorised.
        InvalidMessage: this connection did not ask for binary frames; and as :meth:`RecordingSet.take`.
    """
    require_binary(session)
    return await service.recordings.take(session, data)
