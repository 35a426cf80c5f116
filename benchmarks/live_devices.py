"""Are the tracks of a stream those that ``rfhydra detect`` finds in a file, and what do they find of real devices?

    python -m benchmarks.live_devices ../shared/rf --support 10

Heads are trained as in ``benchmarks.real_devices``; every other recording is then detected in
twice: as a stream that is read as fast as possible, and as a file. A window of a stream has one core, one of a file
has all of them, so sums are rounded differently: tracks are the same up to that.
"""

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.real_devices import Collection
from benchmarks.results import Row, write_result
from benchmarks.tables import figures, show, table, tracked
from rfhydra.detection.detector import Detection, HydraDetector
from rfhydra.detection.recording import detect_recording
from rfhydra.detection.tracker import intersection_over_union
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.torch_backbone import best_device
from rfhydra.live.pipeline import LivePipeline
from rfhydra.protocol.streams import TrackEvent
from rfhydra.recordings import Recording
from rfhydra.spectrum.boxes import Box
from rfhydra.streams.recording_source import RecordingSource
from rfhydra.training.evaluation.recordings import as_scene, summarise

IOU = 0.5
MAX_SCORE_DIFFERENCE = 1e-4
MIN_SAME_IOU = 0.999


class Ends:
    """An output that keeps the tracks that ended and are no part of another."""

    def __init__(self) -> None:
        self.tracks: list[TrackEvent] = []

    def write(self, event: TrackEvent) -> None:
        if event.event == "end" and event.merged_into is None:
            self.tracks.append(event)

    def close(self) -> None:
        """Nothing is queued."""


def measure(
    recordings: Annotated[Path, typer.Argument(help="A folder per device.")],
    support: Annotated[int, typer.Option(help="Recordings to train on, at most half of a device's.")] = 10,
    tested: Annotated[int | None, typer.Option(help="Test recordings of each device; default all.")] = None,
    seed: Annotated[int, typer.Option(help="Random seed of the split.")] = 0,
    backbone: Annotated[Path | None, typer.Option(help="Backbone file; default is the one that ships.")] = None,
) -> None:
    """Train, stream, detect, compare."""
    collection, loaded = Collection(recordings), load_backbone(backbone, best_device())
    split = collection.split(collection.devices, support, seed, tested)
    detector = collection.train(split, loaded)
    streamed, filed = list[list[Detection]](), list[list[Detection]]()
    spent = {"stream_s": 0.0, "signal_s": 0.0}
    for recording in tracked(split.test, "streaming"):
        began = time.perf_counter()
        streamed.append(_streamed(recording, detector))
        spent["stream_s"] += time.perf_counter() - began
        spent["signal_s"] += recording.sample_count / recording.sample_rate_hz
        filed.append(detect_recording(recording, detector))
    rows = [_row(device, split.test, streamed, filed, detector) for device in collection.devices]
    columns = ("device", "annotated", "found", "false alarms", "tracks", "in the file", "F1 @0.5")
    names = ("annotated", "found", "false", "tracks", "detected")
    show(
        table(columns, *((row["device"], *(row[each] for each in names), *figures(row, ("f1_score",))) for row in rows))
    )
    equal = sum(_are_same(one, other) for one, other in zip(streamed, filed, strict=True))
    show(f"{equal} of {len(filed)} recordings have the same tracks as a stream and as a file")
    result = {"support": support, "seed": seed, "tested_recordings": len(filed), "equal": equal, **spent, "rows": rows}
    write_result("live_devices", result, loaded)
    raise typer.Exit(int(equal < len(filed)))


def _are_same(tracks: Sequence[Detection], others: Sequence[Detection]) -> bool:
    return len(tracks) == len(others) and all(any(_is_same(each, other) for other in others) for each in tracks)


def _is_same(track: Detection, other: Detection) -> bool:
    return (
        (track.signal_name, track.version) == (other.signal_name, other.version)
        and abs(track.score - other.score) <= MAX_SCORE_DIFFERENCE
        and intersection_over_union(track.box, other.box, 0.0, math.inf) >= MIN_SAME_IOU
    )


def _streamed(recording: Recording, detector: HydraDetector) -> list[Detection]:
    """The tracks of a recording that is a stream, as :func:`detect_recording` has them."""
    ends = Ends()
    LivePipeline(RecordingSource(recording.path), detector, outputs=[ends]).run()
    tracks = [
        Detection(
            each.signal_name,
            each.version,
            each.score,
            Box(each.time_start_sec, each.time_end_sec, each.freq_low_hz, each.freq_high_hz),
        )
        for each in ends.tracks
    ]
    return sorted(tracks, key=lambda detection: detection.box)


def _row(
    device: str,
    recordings: Sequence[Recording],
    streamed: list[list[Detection]],
    filed: list[list[Detection]],
    detector: HydraDetector,
) -> Row:
    scenes = [as_scene(each, device, found) for each, found in zip(recordings, streamed, strict=True)]
    summary = summarise(scenes, detector.loaded_threshold(device), IOU)
    return {
        "device": device,
        "annotated": summary["tp"] + summary["fn"],
        "found": summary["tp"],
        "false": summary["fp"],
        "tracks": sum(each.signal_name == device for found in streamed for each in found),
        "detected": sum(each.signal_name == device for found in filed for each in found),
        "f1_score": summary["f1_score"],
    }


if __name__ == "__main__":
    typer.run(measure)
