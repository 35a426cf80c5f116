"""How many times real time live detection is, what takes the time, and how late tracks are reported.

    python -m benchmarks.live

Streams with no emission, with emissions in one tile of twenty, and with a full band, at three sample rates, with one
head and with five. At 250 kS/s the contract has 512² pixels of 512-point transforms, above it is the default one. A
stream is read from memory as fast as it is detected in; for the latency it is read in real time.

In a sparse band the images of the backbone have many sizes, and convolutions are compiled for each size when it comes
first. So other streams of this band run before it is measured.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer
from numpy.typing import NDArray

from benchmarks.results import Row, write_result
from benchmarks.scenes import SPEC
from benchmarks.streams import detector_of, looked_at, make_stream, train_heads
from benchmarks.tables import figures, show, table, tracked
from rfhydra.detection.detector import HydraDetector
from rfhydra.detection.plan import WindowPlan
from rfhydra.detection.sequence import SequenceDetector
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.runtimes import Runtime
from rfhydra.hydra.torch_backbone import best_device
from rfhydra.live.pipeline import LivePipeline
from rfhydra.protocol.streams import TrackEvent
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.spectrogram import WindowSeries
from rfhydra.streams.source import Chunk, EndOfStream, Tuning, chunk_samples
from rfhydra.synth import Emission, Rng

CONTRACTS: Final = {250e3: SPEC, 2.4e6: SpectrogramSpec(), 20e6: SpectrogramSpec()}
SHARES: Final = {"empty": 0.0, "sparse": 0.05, "full": 1.0}
"""Tiles that hold a part of an emission, of all tiles."""
HEADS: Final = (1, 5)
TARGETS: Final = {("sparse", 250e3): 8.0, ("sparse", 2.4e6): 3.0, ("sparse", 20e6): 1.0}
"""Least real-time factor with five heads."""
MAX_PACED_SAMPLES: Final = 1 << 25
"""Of a stream in real time, for the memory."""
_STAGES: Final = ("spectrogram", "gate", "detection")


@dataclass
class ArraySource:
    """IQ in memory as a source, as fast as it is read or, ``paced``, in real time."""

    iq: NDArray[np.complex64]
    sample_rate_hz: float
    paced: bool = False
    at: int = 0
    started: float = 0.0
    name: str = "memory"

    @property
    def may_wait(self) -> bool:
        return not self.paced

    def open(self) -> Tuning:
        self.started = time.time()
        return self.tuning

    def read(self, timeout_sec: float) -> Chunk | None:
        part = self.iq[self.at : self.at + chunk_samples(self.sample_rate_hz)]
        if not len(part):
            raise EndOfStream
        start, self.at = self.at, self.at + len(part)
        due = self.started + self.at / self.sample_rate_hz
        if self.paced and (wait := due - time.time()) > 0:
            time.sleep(wait)
        return Chunk(part, start, self.tuning, self.started + start / self.sample_rate_hz)

    @property
    def tuning(self) -> Tuning:
        return Tuning(self.sample_rate_hz, 0.0)

    def tune(self, tuning: Tuning) -> Tuning:
        return self.tuning

    def close(self) -> None:
        """Nothing is open."""


class Arrivals:
    """An output that notes when it was told of each track first."""

    def __init__(self) -> None:
        self.begun: list[tuple[TrackEvent, float]] = []

    def write(self, event: TrackEvent) -> None:
        if event.event == "begin":
            self.begun.append((event, time.time()))

    def close(self) -> None:
        """Nothing is queued."""


def measure(
    windows: Annotated[
        int, typer.Option(help="Windows of each stream; the first and the last are not detected in beside others.")
    ] = 48,
    samples: Annotated[int, typer.Option(help="Training samples of each head.")] = 6,
    before: Annotated[int, typer.Option(help="Other streams of a sparse band that run before it is measured.")] = 5,
    seconds: Annotated[float, typer.Option(help="Length of each stream in real time, for the latency.")] = 20.0,
    backbone: Annotated[Path | None, typer.Option(help="Backbone file; default is the one that ships.")] = None,
    seed: Annotated[int, typer.Option(help="Random seed of the scenes.")] = 5,
    runtime: Annotated[Runtime, typer.Option(help="What computes the convolutions.")] = "auto",
) -> None:
    """Train, stream, report."""
    rng, loaded = np.random.default_rng(seed), load_backbone(backbone, best_device(), runtime)
    heads = {
        spec: train_heads(loaded, spec, samples, rng) for spec in tracked(dict.fromkeys(CONTRACTS.values()), "heads")
    }
    rows, latencies = list[Row](), list[Row]()
    for rate, spec in CONTRACTS.items():
        detectors = {count: detector_of(loaded, spec, heads[spec][:count]) for count in HEADS}
        for kind, share in SHARES.items():
            iq, emissions = make_stream(rng, spec, windows, share)
            if 0 < share < 1:
                _warm_up(detectors[HEADS[-1]], rate, share, [windows] * before, np.random.default_rng(seed + 1))
            for count, detector in detectors.items():
                rows.append(_row(kind, rate, count, ArraySource(iq, rate), emissions, detector))
        length = min(seconds * rate, MAX_PACED_SAMPLES) / spec.window_samples
        iq, emissions = make_stream(rng, spec, max(round(length), 2), SHARES["sparse"])
        latencies.append(_latency(ArraySource(iq, rate, paced=True), emissions, detectors[HEADS[-1]]))
    _show(rows, latencies)
    result = {"runtime": loaded.runtime, "windows": windows, "before": before, "rows": rows, "latency": latencies}
    write_result("live", result, loaded)


def _warm_up(detector: HydraDetector, rate: float, share: float, lengths: Sequence[int], rng: Rng) -> None:
    """Detect in streams of so many windows each, so that the sizes of images that are in them are compiled."""
    for windows in tracked(lengths, f"{rate / 1e6:g} MS/s: other streams"):
        iq, _ = make_stream(rng, detector.spec, windows, share)
        LivePipeline(ArraySource(iq, rate), detector).run()


def _row(
    kind: str, rate: float, heads: int, source: ArraySource, emissions: list[Emission], detector: HydraDetector
) -> Row:
    """The real-time factor of one stream, and CPU seconds of each stage for one second of signal."""
    duration = len(source.iq) / rate
    pipeline = LivePipeline(source, detector)
    LivePipeline(ArraySource(source.iq[: 2 * detector.spec.window_samples], rate), detector).run()  # warms up
    wall, cpu = time.perf_counter(), time.process_time()
    pipeline.run()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    stages, looked = _stages(source.iq, rate, detector)
    status = pipeline.status()
    per_second = {f"{name}_s": seconds / duration for name, seconds in stages.items()}
    return {
        "band": kind,
        "sample_rate_hz": rate,
        "heads": heads,
        "emissions": len(emissions),
        "real_time_factor": duration / wall,
        "cpu_s": cpu / duration,
        **per_second,
        "rest_s": max(0.0, cpu - sum(stages.values())) / duration,
        "empty_windows": status.empty_windows / status.windows,
        "looked_at": looked,
        "tracks": status.tracks,
        "target": TARGETS.get((kind, rate)) if heads == HEADS[-1] else None,
    }


def _stages(iq: NDArray[np.complex64], rate: float, detector: HydraDetector) -> tuple[dict[str, float], float]:
    """CPU seconds of each stage on the windows of ``iq``, one after the other, and the part of the pixels looked at."""
    spec, spent, looked = detector.spec, dict.fromkeys(_STAGES, 0.0), list[float]()
    series, sequence = WindowSeries(spec, rate, 0.0), SequenceDetector(detector)
    for start, count in WindowPlan.of(spec, rate, 1.0).spans(len(iq)):
        marks = [time.process_time()]
        window = series.window(iq[start : start + count], start)
        marks.append(time.process_time())
        regions = sequence.look(window)
        marks.append(time.process_time())
        sequence.track(window, sequence.detect(window, regions))
        marks.append(time.process_time())
        looked.append(looked_at(window, regions))
        for name, seconds in zip(_STAGES, np.diff(marks).tolist(), strict=True):
            spent[name] += seconds
    return spent, float(np.mean(looked))


def _latency(source: ArraySource, emissions: list[Emission], detector: HydraDetector) -> Row:
    """Seconds from the end of an emission to the event that its track began."""
    arrivals, rate = Arrivals(), source.sample_rate_hz
    pipeline = LivePipeline(source, detector, outputs=[arrivals])
    pipeline.run()
    late = list(_delays(arrivals, emissions, source))
    status = pipeline.status()
    return {
        "sample_rate_hz": rate,
        "window_s": detector.spec.window_samples / rate,
        "emissions": len(emissions),
        "found": len(late),
        "p50_s": float(np.quantile(late, 0.5)) if late else None,
        "p99_s": float(np.quantile(late, 0.99)) if late else None,
        "dropped": status.dropped_samples / status.samples,
    }


def _delays(arrivals: Arrivals, emissions: list[Emission], source: ArraySource) -> Iterator[float]:
    rate = source.sample_rate_hz
    for emission in emissions:
        box = emission.box(rate, 0.0)
        middle = (box.time_start_sec + box.time_end_sec) / 2
        of_it = [
            at
            for event, at in arrivals.begun
            if event.signal_name == emission.kind
            and event.time_start_sec <= middle <= event.time_end_sec
            and event.freq_low_hz < box.freq_high_hz
            and event.freq_high_hz > box.freq_low_hz
        ]
        if of_it:
            yield min(of_it) - source.started - box.time_end_sec


def _show(rows: list[Row], latencies: list[Row]) -> None:
    names = ("real_time_factor", "cpu_s", *(f"{name}_s" for name in _STAGES), "rest_s", "empty_windows", "looked_at")
    shown = [
        (row["band"], f"{row['sample_rate_hz'] / 1e6:g} MS/s", row["heads"], *figures(row, names), row["target"] or "")
        for row in rows
    ]
    columns = ("band", "rate", "heads", "× real time", "CPU s", *_STAGES, "rest", "empty", "looked at", "target")
    show(table(columns, *shown))
    late = ("window_s", "p50_s", "p99_s", "dropped")
    show(
        table(
            ("rate", "emissions", "found", "window s", "p50 s", "p99 s", "dropped"),
            *(
                (f"{row['sample_rate_hz'] / 1e6:g} MS/s", row["emissions"], row["found"], *figures(row, late))
                for row in latencies
            ),
        )
    )


if __name__ == "__main__":
    typer.run(measure)
