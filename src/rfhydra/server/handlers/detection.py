"""Commands about detection, and windows that come as binary frames."""

from collections.abc import Callable
from time import perf_counter

from rfhydra.errors import InvalidMessage, NotFound, Unauthorized
from rfhydra.protocol.commands import Detect
from rfhydra.protocol.frames import IqFrame, WaterfallFrame
from rfhydra.protocol.messages import Detections
from rfhydra.server.detections import window_message
from rfhydra.server.handlers.images import decode_base64, decode_iq, decode_spectrogram
from rfhydra.server.net.hub import Session
from rfhydra.server.service import Service
from rfhydra.spectrum.boxes import Frame
from rfhydra.spectrum.spectrogram import make_window
from rfhydra.spectrum.window import Window


async def detect(service: Service, session: Session, command: Detect) -> Detections:
    spec = service.workspace.spec

    def window() -> Window:
        rate, center = command.sample_rate_hz, command.center_freq_hz
        if command.spectrogram_b64 is not None:
            image = decode_spectrogram(command.spectrogram_b64, spec)
            return Window(image, Frame(spec, rate, center, image.shape[1]))
        assert command.iq_b64 is not None
        iq = decode_iq(decode_base64(command.iq_b64, "iq_b64"), command.iq_datatype, spec, "iq_b64")
        return make_window(iq, spec, rate, center)

    return await _detect(service, session, window, command.signal_names, command.threshold)


async def detect_frame(service: Service, session: Session, data: bytes) -> Detections:
    """The answer to a binary message.

    Raises:
        Unauthorized: the session is not authorised.
        InvalidMessage: this connection did not ask for binary frames, or the message is not one.
    """
    require_binary(session)
    received, spec = IqFrame.decode(data), service.workspace.spec

    def window() -> Window:
        iq = decode_iq(received.samples, received.datatype, spec, "the frame")
        return make_window(iq, spec, received.sample_rate_hz, received.center_freq_hz, received.start_sample)

    return await _detect(service, session, window, None, None)


def require_binary(session: Session) -> None:
    """
    Raises:
        Unauthorized: the session is not authorised.
        InvalidMessage: this connection did not ask for binary frames.
    """
    if not session.authorised:
        raise Unauthorized("send the token first, with auth")
    if not session.binary:
        raise InvalidMessage("this connection did not ask for binary frames: send hello with binary true first")


async def _detect(
    service: Service,
    session: Session,
    make: Callable[[], Window],
    signal_names: list[str] | None,
    threshold: float | None,
) -> Detections:
    missing = sorted(set(signal_names or ()) - service.detector.loaded_versions.keys())
    if missing:
        raise NotFound(f"the head of {missing[0]!r} is not loaded: load it first")

    def run() -> tuple[Window, Detections]:
        began = perf_counter()
        window = make()
        with service.streams.turns.turn():  # at most one window of each stream comes before
            detected = service.detector.detect(window, threshold)
        found = window_message(detected, window, signal_names)
        service.metrics.detection_sec.observe(perf_counter() - began)
        return window, found

    window, found = await service.detection.run(run)
    service.hub.publish_detections(found, session)
    if window.iq is not None and service.hub.wanted("waterfall"):
        service.hub.publish_waterfall(_waterfall(window))
    return found


def _waterfall(window: Window) -> WaterfallFrame:
    return WaterfallFrame(
        dropped=0,
        rows=window.image.shape[0],
        cols=window.image.shape[1],
        sample_rate_hz=window.frame.bandwidth_hz,
        center_freq_hz=window.frame.center_freq_hz or 0.0,
        start_sample=window.start_sample or 0,
        pixels=window.image.tobytes(),
    )
