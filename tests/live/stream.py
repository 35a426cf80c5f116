"""A detector that finds something everywhere, streams of IQ for it, and an output that keeps its events."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rfhydra.detection.detector import HydraDetector
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.loading import LoadedHead
from rfhydra.protocol.streams import TrackEvent
from rfhydra.streams.source import Chunk, Tuning
from tests.hydra.given import make_head
from tests.streams.given import ScriptedSource
from tests.training import given

SPEC: Final = given.SMALL_SPEC
WINDOW: Final = SPEC.window_samples
TUNING: Final = Tuning(given.RATE_HZ, given.CENTER_HZ)
BEGAN_UTC_SEC: Final = 1_790_000_000.0


class Events:
    """An output that keeps what it is told."""

    def __init__(self) -> None:
        self.all: list[TrackEvent] = []

    def write(self, event: TrackEvent) -> None:
        self.all.append(event)

    def close(self) -> None:
        """Nothing is queued."""

    @property
    def ends(self) -> list[TrackEvent]:
        """The end of every track that is not a part of another, in the order of its box."""
        ends = [each for each in self.all if each.event == "end" and each.merged_into is None]
        return sorted(ends, key=lambda each: (each.time_start_sec, each.time_end_sec, each.freq_low_hz))


def detector_of(backbone: Backbone, version: int = 1, names: Sequence[str] = ("lora",)) -> HydraDetector:
    detector = HydraDetector(SPEC, backbone)
    detector.load_heads(heads(version, names))
    return detector


def heads(version: int, names: Sequence[str] = ("lora",)) -> dict[str, LoadedHead]:
    """Heads that detect some of the proposals."""
    return {name: LoadedHead(version, make_head(number, name)) for number, name in enumerate(names)}


def received(windows: float, seed: int = 0) -> NDArray[np.complex64]:
    """IQ of so many windows, with emissions."""
    return given.heard(given.scene(seed, beacons=2, samples=int(windows * WINDOW)), seed)


def chunks_of(
    iq: NDArray[np.complex64], sizes: Iterable[int], start: int = 0, tuning: Tuning = TUNING
) -> Iterator[Chunk]:
    """``iq`` in chunks of ``sizes``, again and again, with times."""
    sizes, at = [*sizes], 0
    while at < len(iq):
        for size in sizes:
            part = iq[at : at + size]
            if len(part):
                yield Chunk(part, start + at, tuning, BEGAN_UTC_SEC + (start + at) / tuning.sample_rate_hz)
            at += size


def source_of(chunks: Iterable[Chunk]) -> ScriptedSource:
    """A source of ``chunks`` that waits for its reader."""
    return ScriptedSource([], [*chunks], may_wait=True)
