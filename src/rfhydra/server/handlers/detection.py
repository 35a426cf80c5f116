"""Commands about detection, and windows that come as binary frames."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from rfhydra.detection.detector import Look
from rfhydra.errors import Incompatible, InvalidMessage, NotFound
from rfhydra.protocol.commands import Detect, GetStreams, ListSources, StartStream, StopStream
from rfhydra.protocol.frames import IqFrame, WaterfallFrame
from rfhydra.protocol.messages import Detections, Sources, Streams
from rfhydra.protocol.types import DetectedBox
from rfhydra.server.handlers.images import decode_base64, decode_iq, decode_spectrogram
from rfhydra.server.handlers.samples import wire_boxes
from rfhydra.server.net.hub import Session
from rfhydra.server.service import Service
from rfhydra.spectrum.boxes import Frame
from rfhydra.spectrum.spectrogram import spectrogram


@dataclass(frozen=True)
class _Window:
    """A window to look at, and whether we made its spectrogram."""

    image: NDArray[np.uint8]
    frame: Frame
    computed: bool
    start_sample: int = 0


async def detect(service: Service, session: Session, command: Detect) -> Detections:
    spec = service.workspace.spec

    def window() -> _Window:
        rate, center = command.sample_rate_hz or 1.0, command.center_freq_hz or 0.0
        if command.spectrogram_b64 is not None:
            image = decode_spectrogram(command.spectrogram_b64, spec)
            return _Window(image, Frame(spec, rate, center, image.shape[1]), computed=False)
        assert command.iq_b64 is not None
        iq = decode_iq(decode_base64(command.iq_b64, "iq_b64"), command.iq_datatype, spec, "iq_b64")
        image = spectrogram(iq, spec).numpy()
        return _Window(image, Frame(spec, rate, center, image.shape[1]), computed=True)

    return await _detect(service, session, window, command.signal_names, command.threshold)


async def detect_frame(service: Service, session: Session, data: bytes) -> Detections:
    """The answer to a binary message.

    Raises:
        InvalidMessage: this connection did not ask for binary frames, or it is none.
    """
    if not session.binary:
        raise InvalidMessage("this connection did not ask for binary frames: send hello with binary true first")
    received, spec = IqFrame.decode(data), service.workspace.spec

    def window() -> _Window:
        image = spectrogram(decode_iq(received.samples, received.datatype, spec, "the frame"), spec).numpy()
        frame = Frame(spec, received.sample_rate_hz, received.center_freq_hz, image.shape[1])
        return _Window(image, frame, computed=True, start_sample=received.start_sample)

    return await _detect(service, session, window, None, None)


async def _detect(
    service: Service,
    session: Session,
    make_window: Callable[[], _Window],
    signal_names: list[str] | None,
    threshold: float | None,
) -> Detections:
    missing = sorted(set(signal_names or ()) - service.detector.loaded_versions.keys())
    if missing:
        raise NotFound(f"the head of {missing[0]!r} is not loaded: load it first")

    def look() -> tuple[_Window, Detections]:
        began = perf_counter()
        window = make_window()
        found = _as_message(service.detector.look(window.image, window.frame, threshold), window, signal_names)
        service.metrics.detection_sec.observe(perf_counter() - began)
        return window, found

    window, found = await service.detection.run(look)
    service.hub.publish_detections(found, session)
    if window.computed and service.hub.wanted("waterfall"):
        service.hub.publish_waterfall(_waterfall(window))
    return found


def _as_message(look: Look, window: _Window, signal_names: list[str] | None) -> Detections:
    chosen = look.versions.keys() if signal_names is None else set(signal_names)
    detections = [each for each in look.detections if each.signal_name in chosen]
    boxes = wire_boxes([each.box for each in detections], window.frame)
    return Detections(
        stream_id=None,
        start_sample=window.start_sample,
        heads={name: version for name, version in look.versions.items() if name in chosen},
        detections=[
            DetectedBox(signal_name=each.signal_name, score=each.score, track_id=None, **fields)
            for each, fields in zip(detections, boxes, strict=True)
        ],
    )


def _waterfall(window: _Window) -> WaterfallFrame:
    return WaterfallFrame(
        dropped=0,
        rows=window.image.shape[0],
        cols=window.image.shape[1],
        sample_rate_hz=window.frame.sample_rate_hz,
        center_freq_hz=window.frame.center_freq_hz,
        start_sample=window.start_sample,
        pixels=window.image.tobytes(),
    )


async def list_sources(service: Service, session: Session, command: ListSources) -> Sources:
    return Sources(sources=[])


async def start_stream(service: Service, session: Session, command: StartStream) -> Streams:
    raise Incompatible("this server has no live sources: send windows with detect")


async def stop_stream(service: Service, session: Session, command: StopStream) -> Streams:
    raise NotFound("there is no such stream")


async def get_streams(service: Service, session: Session, command: GetStreams) -> Streams:
    return Streams(streams=[])
