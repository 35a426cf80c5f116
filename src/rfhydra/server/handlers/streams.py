"""Handlers of the commands for live streams."""

from rfhydra.protocol.live import (
    GetStreams,
    ListSources,
    SetWaterfall,
    Sources,
    StartStream,
    StopStream,
    Streams,
    StreamState,
    TuneStream,
    WaterfallState,
)
from rfhydra.protocol.messages import Result
from rfhydra.server.handlers.detection import require_binary
from rfhydra.server.net.hub import Session, WaterfallView
from rfhydra.server.service import Service


async def list_sources(service: Service, session: Session, command: ListSources) -> Sources:
    return service.streams.list_sources()


async def start_stream(service: Service, session: Session, command: StartStream) -> StreamState:
    return StreamState(stream=await service.streams.begin(command, session))


async def stop_stream(service: Service, session: Session, command: StopStream) -> StreamState:
    return StreamState(stream=await service.streams.end(command.stream_id, session.name))


async def tune_stream(service: Service, session: Session, command: TuneStream) -> StreamState:
    return StreamState(stream=await service.streams.tune(command, session.name))


async def get_streams(service: Service, session: Session, command: GetStreams) -> Streams:
    return service.streams.state()


async def set_waterfall(service: Service, session: Session, command: SetWaterfall) -> WaterfallState:
    service.waterfalls.see(session, WaterfallView(command.settings, command.stream_id))
    return WaterfallState(stream_id=command.stream_id, **dict(command.settings))


async def push_frame(service: Service, session: Session, data: bytes) -> Result:
    """Append a binary frame to a stream that the connection pushes.

    Raises:
        Unauthorized: the session is not authorised.
        InvalidMessage: this connection did not ask for binary frames; and as :meth:`Pushes.take`.
    """
    require_binary(session)
    service.streams.pushes.take(session, data)
    return Result()
