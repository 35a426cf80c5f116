"""Recordings with emissions, to be streamed, and what comes of a stream."""

from pathlib import Path
from typing import Any, Final

from rfhydra.detection.detector import HydraDetector
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.registry import VersionManager
from rfhydra.live.pipeline import LivePipeline
from rfhydra.protocol.streams import TrackEvent
from rfhydra.recordings import write_recording
from rfhydra.store.workspace import Workspace
from rfhydra.streams.address import open_source
from tests.server.json_peer import Peer
from tests.training import given
from tests.training.given import SIGNAL, SMALL_SPEC

WINDOWS: Final = 12
SEED: Final = 5


def record(stem: Path, windows: int = WINDOWS, seed: int = SEED) -> Path:
    """A recording of as many small windows, with emissions now and then; the path of its metadata."""
    made = given.scene(seed, beacons=2, samples=windows * SMALL_SPEC.window_samples)
    return write_recording(stem, given.heard(made, seed), given.RATE_HZ, given.CENTER_HZ, [], datatype="ci16_le")


class Events:
    """Output that keeps the events."""

    def __init__(self) -> None:
        self.all: list[TrackEvent] = []

    def write(self, event: TrackEvent) -> None:
        self.all.append(event)

    def close(self) -> None:
        """Nothing is queued."""


def expected_events(workspace: Workspace, backbone: Backbone, address: str, stream_id: str) -> list[dict[str, Any]]:
    """The events of a source where no server is between."""
    detector, events = HydraDetector(workspace.spec, backbone), Events()
    detector.load_heads(VersionManager(workspace).load_heads([SIGNAL], backbone))
    LivePipeline(open_source(address), detector, stream_id=stream_id, outputs=[events]).run()
    return [event.model_dump(mode="json") for event in events.all]


def ended(client: Peer, stream_id: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Read until the stream has ended: its last status, and all messages that came before."""
    heard: list[dict[str, Any]] = []
    while True:
        message = client.receive()
        for status in message["streams"] if message["type"] == "streams" else ():
            if status["stream_id"] == stream_id and status["state"] in ("ended", "failed"):
                return status, heard
        heard.append(message)


def events_of(heard: list[dict[str, Any]], stream_id: str) -> list[dict[str, Any]]:
    """The track events of a stream, in order."""
    pushes = [each for each in heard if each["type"] == "tracks" and each["stream_id"] == stream_id]
    assert all(each["dropped"] == 0 for each in pushes)
    return [event for each in pushes for event in each["events"]]


def without_clock(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events without what depends on when the source was read."""
    return [
        {name: value for name, value in event.items() if name not in ("start_time", "end_time")} for event in events
    ]
