"""F1 on two crowded kinds of signal: dense parallel lines, and drifting hoppers.

    python -m benchmarks.kinds

*Lines*: up to thirty slow 8-FSK transmissions at a time, 12.6 s long and 50 Hz wide at 4 kS/s, in slots of 15 s, as
amateur digital modes send them; slower and wider ones among them. *Hoppers*: on-off keyed packets of 6 ms at 2.4 MS/s
from many transmitters of one make, as utility meters send them: each on a random channel, with a carrier that drifts
by its own amount, at its own level and bit rate; other packets among them. The transmitters of the test scenes are
others than those of the training scenes.

The backbone that ships was trained without scenes of them; the scene mix of pretraining now has similar ones
(docs/decisions/0030).

All emissions of the kind are boxed in each training scene; the others are not labelled.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import numpy as np
import typer
from scipy.ndimage import gaussian_filter1d

from benchmarks.results import Row, write_result
from benchmarks.scenes import RATE_HZ, SPEC, RenderedScene, sdr_receiver
from benchmarks.tables import figures, show, table, tracked
from benchmarks.trial import score, train_on
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.torch_backbone import best_device
from rfhydra.spectrum.spectrogram import make_window
from rfhydra.synth import Burst, LineCode, Rng, Scene, make_burst
from rfhydra.synth.burst import KEYED_OCCUPIED_POWER
from rfhydra.synth.signals import phase_modulated
from rfhydra.training.evaluation.metrics import average_precision, best_threshold, evaluate

LINE_RATE_HZ: Final = 4e3
SLOT_SEC: Final = 15.0
LINES_PER_SLOT: Final = (8, 16)
SYMBOL_SEC: Final = 0.16
SYMBOLS: Final = 79
METER_RATE_HZ: Final = 2.4e6
METERS: Final = (6, 12)  # packets in a scene
METER_SYMBOL_SEC: Final = 15.3e-6
METER_BITS: Final = 192
MAX_DRIFT_HZ: Final = 30e3
SNR_DB: Final = (5.0, 30.0)
RATES: Final = {
    "f1_score": "F1 at IoU 0.5",
    "f1_oracle": "at the best threshold",
    "precision": "precision",
    "recall": "recall",
    "ap": "AP",
}


class Kind(NamedTuple):
    """A kind of signal; ``make`` places its emissions, and others, in an empty scene."""

    name: str
    make: Callable[[Scene, Rng], None]


def place_lines(scene: Scene, rng: Rng) -> None:
    """Two slots of lines, and some slower and wider transmissions."""
    for slot in range(2):
        for _ in range(rng.integers(*LINES_PER_SLOT)):
            start_sec = 0.5 + slot * SLOT_SEC + rng.uniform(-0.3, 0.8)
            scene.place(line(rng), rng, rng.uniform(*SNR_DB), start=int(start_sec * LINE_RATE_HZ))
    for kind, bandwidth in (("fsk2", 180.0), ("tone", 20.0), ("qpsk", 60.0)):
        duration = int(rng.uniform(3.0, 20.0) * LINE_RATE_HZ)
        scene.place(make_burst(kind, rng, duration, bandwidth / LINE_RATE_HZ), rng, rng.uniform(*SNR_DB))


def line(rng: Rng) -> Burst:
    """79 symbols of 0.16 s on eight tones, 6.25 Hz apart, with Gaussian transitions."""
    samples = int(SYMBOL_SEC * LINE_RATE_HZ)
    tones = (rng.integers(0, 8, SYMBOLS) - 3.5) / samples
    smooth = gaussian_filter1d(np.repeat(tones, samples), samples / 4)
    return Burst.measured("lines", phase_modulated(smooth))


def place_hoppers(scene: Scene, rng: Rng) -> None:
    """Packets of transmitters of one make, each on a channel of its own, and other packets."""
    for _ in range(rng.integers(*METERS)):
        scene.place(meter(rng), rng, rng.uniform(*SNR_DB), cut=0.0)
    for kind, seconds in (("nrz", 20e-6), ("pwm", 40e-6), ("fsk", 10e-6)):
        symbol = int(seconds * rng.uniform(0.7, 1.4) * METER_RATE_HZ)
        other = LineCode(kind, symbol, int(rng.integers(60, 250)), deviation=0.01 if kind == "fsk" else 0.0)
        scene.place(other.packet(rng, len(scene.iq)), rng, rng.uniform(*SNR_DB))


def meter(rng: Rng) -> Burst:
    """192 Manchester bits of one transmitter: its clock is off by up to 3 %, its carrier drifts by up to 30 kHz."""
    symbol = round(METER_SYMBOL_SEC * METER_RATE_HZ * rng.uniform(0.97, 1.03))
    keyed = LineCode("manchester", symbol, METER_BITS, rise=4).packet(rng, 10**6)
    drift = rng.uniform(-1, 1) * MAX_DRIFT_HZ / METER_RATE_HZ
    settling = drift * (1 - np.exp(-np.linspace(0, 3, len(keyed))))
    return Burst.measured("hoppers", keyed.iq * phase_modulated(settling), KEYED_OCCUPIED_POWER)


KINDS: Final = (Kind("lines", place_lines), Kind("hoppers", place_hoppers))


def measure(
    samples: Annotated[str, typer.Option(help="Training scenes, comma-separated.")] = "5,10",
    draws: Annotated[int, typer.Option(help="Draws of training scenes.")] = 3,
    tests: Annotated[int, typer.Option(help="Test scenes.")] = 30,
    backbone: Annotated[Path | None, typer.Option(help="Backbone file; default is the one that ships.")] = None,
    seed: Annotated[int, typer.Option(help="Random seed of the scenes.")] = 7,
    name: Annotated[str, typer.Option(help="Name of the result file.")] = "kinds",
) -> None:
    """Train, detect, score, report."""
    loaded = load_backbone(backbone, best_device())
    sizes = [int(size) for size in samples.split(",")]
    rows = list[Row]()
    for kind in KINDS:
        scenes = [make_scene(kind, np.random.default_rng([seed, 0, number])) for number in range(tests)]
        for draw in tracked(range(draws), kind.name):
            support = [
                make_scene(kind, np.random.default_rng([seed, 1 + draw, number])) for number in range(max(sizes))
            ]
            rows += [{"draw": draw, **_trial(loaded, kind, support[:size], scenes)} for size in sizes]
    summary = list(_summarise(rows, sizes))
    shown = [
        (row["kind"], row["samples"], f"{row['boxes']:.0f}", *figures(row, RATES, 2), f"{row['training_s']:.1f}")
        for row in summary
    ]
    show(table(("kind", "samples", "boxes", *RATES.values(), "training, s"), *shown))
    write_result(name, {"draws": draws, "tests": tests, "rows": summary}, loaded)


def make_scene(kind: Kind, rng: Rng) -> RenderedScene:
    """A window with emissions of ``kind``, and others."""
    scene = Scene(SPEC.window_samples)
    kind.make(scene, rng)
    window = make_window(sdr_receiver(rng).apply(scene, rng), SPEC, RATE_HZ, 0.0)
    return RenderedScene(replace(window, iq=None), tuple(scene.emissions))


def _trial(backbone: Backbone, kind: Kind, support: Sequence[RenderedScene], tests: Sequence[RenderedScene]) -> Row:
    head = train_on(backbone, kind.name, support)
    scored = score(backbone, head, tests)
    stored = evaluate([scene.at(head.threshold) for scene in scored], head.threshold)
    return {
        "kind": kind.name,
        "samples": len(support),
        "boxes": sum(len(scene.of(kind.name)) for scene in support),
        **stored.to_dict(),
        "f1_oracle": evaluate(scored, best_threshold(scored)).f1_score,
        "ap": average_precision(scored),
        "training_s": head.seconds,
    }


def _summarise(rows: Sequence[Row], sizes: Sequence[int]) -> Iterator[Row]:
    """Means over the draws."""
    for kind, size in product(KINDS, sizes):
        own = [row for row in rows if row["kind"] == kind.name and row["samples"] == size]
        means = {name: float(np.mean([row[name] for row in own])) for name in ("boxes", "training_s", *RATES)}
        yield {"kind": kind.name, "samples": size, **means, "f1_of_draws": [row["f1_score"] for row in own]}


if __name__ == "__main__":
    typer.run(measure)
