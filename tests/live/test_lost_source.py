"""A source that is lost and stays away."""

import threading
from pathlib import Path

import pytest

from rfhydra.detection.detector import HydraDetector
from rfhydra.errors import Unreachable
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.registry import VersionManager
from rfhydra.live.pipeline import LivePipeline
from rfhydra.protocol.streams import TrackEvent
from rfhydra.store.workspace import Workspace
from rfhydra.streams.source import Chunk, Tuning
from tests.server.stream_scenes import SEED
from tests.streams.given import DEADLINE_SEC, ScriptedSource
from tests.training import given
from tests.training.given import CENTER_HZ, RATE_HZ, SIGNAL, SMALL_SPEC

WINDOWS = 4.4
"""So that tracks are open, and samples wait for their window, when the source is lost."""
SCENES = 20


class Events:
    """Output that others can wait for."""

    def __init__(self) -> None:
        self.all: list[TrackEvent] = []
        self.changed = threading.Condition()

    def write(self, event: TrackEvent) -> None:
        with self.changed:
            self.all.append(event)
            self.changed.notify_all()

    def close(self) -> None:
        """Nothing is queued."""


@pytest.fixture(scope="module")
def detector(shared_site: Path, body_file: Path) -> HydraDetector:
    backbone = load_backbone(body_file)
    with Workspace.view(shared_site) as workspace:
        made = HydraDetector(workspace.spec, backbone)
        made.load_heads(VersionManager(workspace).load_heads([SIGNAL], backbone))
    return made


def _with_a_late_track(detector: HydraDetector) -> tuple[Chunk, Events]:
    """Samples with a track in their last half window, and all events of them.

    What a backbone of random weights finds depends on the last digits of the processor: the first such scene counts.
    """
    samples = int(WINDOWS * SMALL_SPEC.window_samples)
    for seed in range(SEED, SEED + SCENES):
        iq = given.heard(given.scene(seed, beacons=2, samples=samples), seed)
        chunk, events = Chunk(iq, 0, Tuning(RATE_HZ, CENTER_HZ), 1_790_000_000.0), Events()
        LivePipeline(ScriptedSource([], [chunk], may_wait=True), detector, outputs=[events]).run()
        if any(event.time_end_sec > (WINDOWS - 0.5) * samples / WINDOWS / RATE_HZ for event in events.all):
            return chunk, events
    raise AssertionError(f"no track in the last half window of {SCENES} scenes")


def test_tracks_end_when_their_source_is_lost_as_when_it_ends(detector: HydraDetector) -> None:
    chunk, expected = _with_a_late_track(detector)
    gone = Unreachable("gone")
    events, source = Events(), ScriptedSource([None, *[gone] * 1000], [chunk, gone], may_wait=True)
    pipeline = LivePipeline(source, detector, outputs=[events])
    worker = threading.Thread(target=pipeline.run)
    worker.start()
    try:
        with events.changed:
            assert events.changed.wait_for(lambda: len(events.all) >= len(expected.all), DEADLINE_SEC)
        assert (pipeline.status().state, pipeline.status().tracks > 0) == ("connecting", True)
    finally:
        pipeline.stop()
        worker.join()
    assert events.all == expected.all


def test_tracks_are_numbered_from_where_they_shall_be(detector: HydraDetector) -> None:
    iq = given.heard(given.scene(SEED, beacons=2, samples=4 * SMALL_SPEC.window_samples), SEED)
    chunk = Chunk(iq, 0, Tuning(RATE_HZ, CENTER_HZ), 1_790_000_000.0)
    numbers = []
    for first in (1, 100):
        events = Events()
        source = ScriptedSource([], [chunk], may_wait=True)
        LivePipeline(source, detector, outputs=[events], first_track_id=first).run()
        numbers.append([event.track_id for event in events.all])
    assert min(numbers[0]) == 1
    assert numbers[1] == [99 + number for number in numbers[0]]
