"""Detectability cards against truth: the minimum SNR that a card predicts, and that of new scenes.

    python -m benchmarks.card

A head is trained for each of a few synthetic emitters on scenes of 8 to 30 dB, and its card is made from these samples.
Then it is searched for in new scenes in which every burst has the same in-band SNR, step by step. Both minimum SNRs are
read off a curve in the same way.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import typer

from benchmarks.results import Row, write_result
from benchmarks.scenes import RenderedScene, render
from benchmarks.tables import show, table, tracked
from benchmarks.trial import TrainedHead, add_samples, score, temporary_workspace, train
from rfhydra.config import IOU_THRESHOLD
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.torch_backbone import best_device
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.synth import Burst, Rng, make_burst
from rfhydra.training.evaluation.card import DetectabilityCard, RecallAt
from rfhydra.training.evaluation.detectability import measure_card
from rfhydra.training.evaluation.metrics import evaluate
from rfhydra.training.evaluation.trials import SNR_STEPS_DB, crossing, crossing_interval
from rfhydra.training.service import TrainingService

SPEC: Final = SpectrogramSpec(fft_size=512, hop=256, rows=256, cols=256)
SIGNAL: Final = "emitter"
EMITTERS: Final = (
    ("fsk2", 20_000, 0.06),
    ("chirp", 8_000, 0.12),
    ("ofdm", 12_000, 0.04),
    ("hopper", 20_000, 0.12),
    ("qpsk", 6_000, 0.08),
    ("ook", 16_000, 0.03),
)
OTHERS: Final = ("chirp", "ofdm", "qpsk", "tone", "hopper", "ook", "fsk2")
TRAINING_SNR_DB: Final = (8.0, 30.0)
PER_TEST_SCENE: Final = 2
TARGET_DB: Final = 2.0
LEVELS: Final = {"min_snr_50": 0.5, "min_snr_90": 0.9}


def measure(
    emitters: Annotated[int, typer.Option(help="Emitters, each trained alone.", max=len(EMITTERS))] = len(EMITTERS),
    samples: Annotated[int, typer.Option(help="Training samples, one box each.")] = 12,
    scenes: Annotated[int, typer.Option(help="Test scenes at each SNR, with two bursts each.")] = 16,
    backbone: Annotated[Path | None, typer.Option(help="Backbone file; default is the one that ships.")] = None,
    seed: Annotated[int, typer.Option(help="Random seed of the scenes.")] = 11,
) -> None:
    """Train, make the card, measure the truth, report."""
    loaded, rng = load_backbone(backbone, best_device()), np.random.default_rng(seed)
    rows = []
    for number in tracked(range(emitters), "emitters"):
        head, card = make_card(loaded, number, samples, rng)
        rows.append(compare(number, card, true_curve(loaded, head, number, scenes, rng)))
    body = {
        "samples": samples,
        "test_bursts_per_snr": scenes * PER_TEST_SCENE,
        "target_db": TARGET_DB,
        "largest_difference_db": {name: _largest(row["difference_db"][name] for row in rows) for name in LEVELS},
        "intervals_overlap": {name: sum(row["intervals_overlap"][name] for row in rows) for name in LEVELS},
        "rows": rows,
    }
    columns = ("emitter", "card, recall 0.5", "truth", "card, recall 0.9", "truth")
    show(table(columns, *(_shown(row) for row in rows)))
    write_result("card", body, loaded)


def make_card(backbone: Backbone, number: int, samples: int, rng: Rng) -> tuple[TrainedHead, DetectabilityCard]:
    """Train a head of emitter ``number`` and make its card, in a workspace of their own."""
    with temporary_workspace(SPEC) as workspace:
        add_samples(workspace, SIGNAL, [make_scene(number, rng, TRAINING_SNR_DB, count=1) for _ in range(samples)])
        head = train(TrainingService(workspace, backbone), SIGNAL)
        return head, measure_card(workspace, SIGNAL, head.loaded.version, backbone)


def true_curve(backbone: Backbone, head: TrainedHead, number: int, scenes: int, rng: Rng) -> list[RecallAt]:
    """Recall in new scenes, at IoU 0.5 and the stored threshold, by rising SNR."""
    points: list[RecallAt] = []
    for step in SNR_STEPS_DB:
        made = [make_scene(number, rng, (step, step), count=PER_TEST_SCENE) for _ in range(scenes)]
        counts = evaluate(score(backbone, head, made), head.threshold, IOU_THRESHOLD)
        points.insert(0, RecallAt(value=step, trials=counts.tp + counts.fn, hits=counts.tp))
        if counts.tp == 0:
            break
    return points


def make_scene(number: int, rng: Rng, snr_db: tuple[float, float], count: int) -> RenderedScene:
    """A window with ``count`` bursts of emitter ``number`` and, where there is room, two others, all of ``snr_db``."""

    def wanted() -> list[Burst]:
        kind, duration, bandwidth = EMITTERS[number]
        made = [make_burst(kind, rng, duration, bandwidth) for _ in range(count)]
        return [Burst(SIGNAL, each.iq, each.low, each.high) for each in made]

    kinds = rng.permutation([kind for kind in OTHERS if kind != EMITTERS[number][0]])[:2].tolist()
    others = [make_burst(kind, rng, int(rng.integers(5_000, 20_000)), float(rng.uniform(0.02, 0.1))) for kind in kinds]
    return render(rng, wanted, others, spec=SPEC, snr_db=snr_db, with_iq=True)


def compare(number: int, card: DetectabilityCard, truth: list[RecallAt]) -> Row:
    """Both curves of an emitter, and the minimum SNRs that the card predicts less the measured ones."""
    assert card.snr is not None
    predicted, measured = _minima(card.snr.points), _minima(truth)
    return {
        "emitter": EMITTERS[number],
        "predicted": predicted,
        "measured": measured,
        "difference_db": {name: _difference(predicted[name]["db"], measured[name]["db"]) for name in LEVELS},
        "intervals_overlap": {
            name: _overlap(predicted[name]["interval_db"], measured[name]["interval_db"]) for name in LEVELS
        },
        "card": [vars(each) for each in card.snr.points],
        "truth": [vars(each) for each in truth],
        "own_snr_db": card.snr.own_snr_db,
    }


def _minima(points: list[RecallAt]) -> dict[str, Row]:
    """Both minimum SNRs of a curve, as the card has them."""
    return {
        name: {"db": crossing(points, recall), "interval_db": crossing_interval(points, recall)}
        for name, recall in LEVELS.items()
    }


def _overlap(one: tuple[float | None, float | None], other: tuple[float | None, float | None]) -> bool:
    """Whether two intervals overlap; an end that is None is open."""
    (low, high), (other_low, other_high) = one, other
    is_below = high is not None and other_low is not None and high < other_low
    is_above = low is not None and other_high is not None and low > other_high
    return not is_below and not is_above


def _largest(differences: Iterable[float | None]) -> float | None:
    return max((abs(each) for each in differences if each is not None), default=None)


def _difference(predicted: float | None, measured: float | None) -> float | None:
    return None if predicted is None or measured is None else predicted - measured


def _shown(row: Row) -> list[str]:
    kind, duration, bandwidth = row["emitter"]
    pairs = [row[source][name] for name in LEVELS for source in ("predicted", "measured")]
    return [f"{kind}, {duration} × {bandwidth}", *(_minimum(each) for each in pairs)]


def _minimum(found: Row) -> str:
    low, high = found["interval_db"]
    return f"{_rounded(found['db'])} ({_rounded(low)} to {_rounded(high)})"


def _rounded(value: Any) -> str:
    return "–" if value is None else f"{value:.1f}"


if __name__ == "__main__":
    typer.run(measure)
