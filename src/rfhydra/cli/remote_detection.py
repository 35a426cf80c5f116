"""Detection in recordings by a server: their windows are uploaded, and joined into emissions here. Without torch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rfhydra.cli.remote import on_server
from rfhydra.detection.detection import Detection
from rfhydra.detection.plan import WindowPlan
from rfhydra.detection.tracker import Track, Tracker
from rfhydra.errors import NotFound
from rfhydra.protocol.messages import Detections
from rfhydra.spectrum.boxes import Box, Frame
from rfhydra.spectrum.spec import SpectrogramSpec

if TYPE_CHECKING:
    from rfhydra.client import Client
    from rfhydra.recordings import Recording


@dataclass
class RemoteDetections:
    """What the loaded heads of a server detected in recordings.

    Attributes:
        spec: the contract of the server.
        found: the detections in each recording, sorted by time, in seconds from its start.
        versions: of the heads that were applied, by signal name.
        thresholds: their stored thresholds.
    """

    spec: SpectrogramSpec
    found: list[list[Detection]] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)
    thresholds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class _Span:
    """A window by its place alone."""

    frame: Frame
    start_sec: float

    @property
    def end_sec(self) -> float:
        return self.start_sec + self.frame.duration_sec


def detect_on_server(
    server: str,
    token: str | None,
    recordings: Sequence["Recording"],
    names: list[str] | None,
    threshold: float | None,
    progress: Callable[["Recording", int], None],
) -> RemoteDetections:
    """Detect with the loaded heads of a server, by default all of them.

    Args:
        server: its address.
        token: its token.
        recordings: to detect in.
        names: signals to look for, None for all that are loaded.
        threshold: minimum score; default is that of each head.
        progress: called after each window with its recording and the sample that it ended at.

    Raises:
        NotFound: one of ``names`` is not loaded, or no head is.
        InvalidRecording: a recording is shorter than a column.
    """

    async def detect(client: "Client") -> RemoteDetections:
        _require_loaded((await client.get_loaded_heads()).versions, names)
        spec = SpectrogramSpec.from_dict({k: v for k, v in client.server.spectrogram.items() if k != "spec_id"})
        result = RemoteDetections(spec)
        for recording in recordings:
            result.found.append(await _detect_in(client, recording, names, threshold, result, progress))
        return result

    return on_server(server, token, detect)


def _require_loaded(loaded: dict[str, int], names: list[str] | None) -> None:
    if not loaded:
        raise NotFound("no head is loaded on the server: load some with rfhydra load SIGNAL...")
    for name in names or ():
        if name not in loaded:
            there = ", ".join(loaded)
            raise NotFound(f"the head of {name!r} is not loaded on the server, which has {there}: rfhydra load {name}")


async def _detect_in(
    client: "Client",
    recording: "Recording",
    names: list[str] | None,
    threshold: float | None,
    result: RemoteDetections,
    progress: Callable[["Recording", int], None],
) -> list[Detection]:
    spec, rate = result.spec, recording.sample_rate_hz
    plan, tracker, tracks = WindowPlan.of(spec), Tracker(), list[Track]()
    for first, end, capture in recording.segments(spec.hop):
        for start, count in plan.spans(end - first):
            answer = await client.detect(
                iq=recording.read(first + start, count).astype("<c8").tobytes(),
                sample_rate_hz=rate,
                center_freq_hz=capture.center_freq_hz,
                signal_names=names,
                threshold=threshold,
            )
            result.versions |= answer.heads
            result.thresholds |= answer.thresholds or {}
            span = _Span(Frame(spec, rate, capture.center_freq_hz, count // spec.hop), (first + start) / rate)
            tracks += tracker.update(span, _detections(answer))
            progress(recording, first + start + count)
    tracks += tracker.close()
    return sorted((track.detection for track in tracks), key=lambda detection: detection.box)


def _detections(answer: Detections) -> list[Detection]:
    return [
        Detection(
            each.signal_name,
            answer.heads[each.signal_name],
            each.score,
            Box(each.time_start_sec, each.time_end_sec, each.freq_low_hz, each.freq_high_hz),
        )
        for each in answer.detections
    ]
