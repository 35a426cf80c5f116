"""What the energy gate costs in F1, and what it saves: detection in synthetic streams with it and without it.

    python -m benchmarks.gate

Five heads, 512² pixels. Streams with emissions in a stated share of the tiles, weak ones and strong ones, through a
clean receiver and through one with slopes, DC, images, spurs and clipping. Then consecutive pieces of one real
recording of each signal in ../shared/rf2, if that is there, with a head from the first of them: bands that are full.

Means over the emitters of F1 at the stored thresholds and of AP, both at IoU 0.5; the CPU time is a share of that
without the gate.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer
from numpy.typing import NDArray

from benchmarks.real_devices import PIECES, Collection
from benchmarks.results import Row, write_result
from benchmarks.scenes import RATE_HZ, SPEC, clean_receiver, sdr_receiver
from benchmarks.streams import detector_of, looked_at, make_stream, train_heads
from benchmarks.tables import figures, show, table, tracked
from rfhydra.detection.detector import HydraDetector
from rfhydra.detection.plan import WindowPlan
from rfhydra.detection.sequence import SequenceDetector
from rfhydra.detection.tracker import Track
from rfhydra.detection.windows import stretches
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.runtimes import Runtime
from rfhydra.hydra.torch_backbone import best_device
from rfhydra.recordings import Recording
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.spectrogram import WindowSeries
from rfhydra.spectrum.window import Window
from rfhydra.synth import Emission
from rfhydra.training.evaluation.metrics import MIN_SCORE, ScoredScene, average_precision, evaluate
from rfhydra.training.evaluation.recordings import corners

RECEIVERS: Final = {"clean": clean_receiver, "impaired": sdr_receiver}
SNRS_DB: Final = {"weak": (2.0, 10.0), "strong": (10.0, 25.0)}
RECORDINGS: Final = Path(__file__).parents[2] / "shared" / "rf2"
_NAMES: Final = {False: "all", True: "gated"}

Truth = tuple[Sequence[Window], Sequence[tuple[str, Box]]]
"""The windows of a stream, and name and box of its emissions, in seconds and Hz."""


def measure(
    streams: Annotated[int, typer.Option(help="Streams of each kind.")] = 10,
    windows: Annotated[int, typer.Option(help="Windows of each stream.")] = 6,
    share: Annotated[float, typer.Option(help="Tiles that hold a part of an emission, of all tiles.")] = 0.05,
    samples: Annotated[int, typer.Option(help="Training samples of each head.")] = 10,
    backbone: Annotated[Path | None, typer.Option(help="Backbone file; default is the one that ships.")] = None,
    seed: Annotated[int, typer.Option(help="Random seed of the scenes.")] = 7,
    runtime: Annotated[
        Runtime, typer.Option(help="What computes the convolutions in detection; heads are trained on torch.")
    ] = "torch",
    recordings: Annotated[Path, typer.Option(help="A folder of consecutive pieces per real signal.")] = RECORDINGS,
) -> None:
    """Train, detect with the gate and without it, compare."""
    trainer, rng = load_backbone(backbone, best_device()), np.random.default_rng(seed)
    loaded = load_backbone(backbone, best_device(), runtime)
    detector = detector_of(loaded, SPEC, train_heads(trainer, SPEC, samples, rng))
    rows = list[Row]()
    for receiver, snr in tracked([(one, other) for one in RECEIVERS for other in SNRS_DB], "kinds"):
        made = [make_stream(rng, SPEC, windows, share, SNRS_DB[snr], RECEIVERS[receiver](rng)) for _ in range(streams)]
        rows.append({"receiver": receiver, "snr": snr, **_row([_synthetic(*each) for each in made], detector)})
    for name, spec in PIECES.items():
        if (recordings / name).is_dir():
            collection = Collection(recordings, spec, name, in_order=True)
            split = collection.split(collection.devices, samples, 0)
            tested = [_real(each, spec) for each in split.test]
            detector = HydraDetector(spec, loaded)
            detector.load_heads(collection.train(split, trainer).loaded_heads())
            rows.append({"receiver": name, "snr": "real", **_row(tested, detector)})
    names = ("f1_all", "f1_gated", "ap_all", "ap_gated", "looked_at", "cpu_share")
    columns = ("receiver", "SNR", "emissions", "F1", "gated", "AP", "gated", "looked at", "CPU", "false", "gated")
    show(
        table(
            columns,
            *(
                (
                    row["receiver"],
                    row["snr"],
                    row["emissions"],
                    *figures(row, names),
                    row["false_all"],
                    row["false_gated"],
                )
                for row in rows
            ),
        )
    )
    result = {"runtime": loaded.runtime, "streams": streams, "windows": windows, "share": share, "rows": rows}
    write_result("gate", result, loaded)


def _synthetic(iq: NDArray[np.complex64], emissions: Sequence[Emission]) -> Truth:
    series = WindowSeries(SPEC, RATE_HZ, 0.0)
    spans = WindowPlan.of(SPEC).spans(len(iq))
    windows = [series.window(iq[start : start + count], start) for start, count in spans]
    return windows, [(each.kind, each.box(RATE_HZ, 0.0)) for each in emissions]


def _real(recording: Recording, spec: SpectrogramSpec) -> Truth:
    windows = [window for stretch in stretches(recording, spec) for window in stretch]
    return windows, [(each.label, each.box(recording.sample_rate_hz)) for each in recording.annotations if each.label]


def _row(streams: Sequence[Truth], detector: HydraDetector) -> Row:
    """Counts over all emitters without the gate and with it, and the CPU time of the latter over that of the former."""
    names, spent, row = detector.get_loaded_heads(), dict[bool, float](), Row()
    row["emissions"] = sum(name in names for _, emissions in streams for name, _ in emissions)
    for gated in (False, True):
        began = time.process_time()
        tracks, shares = zip(*(_tracks(detector, windows, gated=gated) for windows, _ in streams), strict=True)
        spent[gated] = time.process_time() - began
        row["looked_at"] = float(np.mean([each for stream in shares for each in stream]))
        found = {
            name: [_scene(each, emissions, name) for each, (_, emissions) in zip(tracks, streams, strict=True)]
            for name in names
        }
        counts = [evaluate(scenes, detector.loaded_threshold(name)) for name, scenes in found.items()]
        row[f"false_{_NAMES[gated]}"] = sum(each.fp for each in counts)
        row[f"f1_{_NAMES[gated]}"] = float(np.mean([each.f1_score for each in counts]))
        row[f"ap_{_NAMES[gated]}"] = float(np.mean([average_precision(scenes) for scenes in found.values()]))
    return {**row, "cpu_share": spent[True] / spent[False]}


def _tracks(detector: HydraDetector, windows: Sequence[Window], *, gated: bool) -> tuple[list[Track], list[float]]:
    """The tracks of a stream, and the part of the pixels of each window that the backbone is given."""
    sequence, closed, shares = SequenceDetector(detector, MIN_SCORE, gated=gated), list[Track](), list[float]()
    for window in windows:
        regions = sequence.look(window)
        shares.append(looked_at(window, regions))
        closed += sequence.track(window, sequence.detect(window, regions))
    return closed + sequence.tracker.close(), shares


def _scene(tracks: Sequence[Track], emissions: Sequence[tuple[str, Box]], name: str) -> ScoredScene:
    """Tracks and truth of one emitter; boxes are in seconds and Hz."""
    own = [track.detection for track in tracks if track.detection.signal_name == name]
    found = corners([each.box for each in own])
    return ScoredScene(
        found, np.array([each.score for each in own]), corners([box for kind, box in emissions if kind == name])
    )


if __name__ == "__main__":
    typer.run(measure)
