"""Every error has the cause that it was made with."""

import numpy as np
import pytest

from benchmarks.fewshot.judgement import judge
from benchmarks.scenes import RenderedScene
from rfhydra.spectrum.pixels import PixelBoxes
from rfhydra.training.evaluation.metrics import ScoredScene
from tests.benchmarks.given import emission, rendered

EMITTER = "gsm-1"
SCENE = rendered(
    emission(EMITTER, 10, -0.3, snr_db=4.0),
    emission(EMITTER, 100, 0.2, snr_db=25.0),
    emission("lora-1", 200, 0.0),
    emission("ofdm", 300, 0.0),
)
EMPTY = rendered(emission("lora-1", 50, 0.1))
FIRST, SECOND, LORA, OFDM = SCENE.all_pixels
LONGER, LATER, LOWER = np.array([[0, 0, 30, 0], [1, 0, 1, 0], [0, 2, 0, 2]], np.float32)
FAR = np.array([400, 10, 420, 40], np.float32)


def judged(
    *found: tuple[PixelBoxes, float], proposals: PixelBoxes | None = None, scene: RenderedScene = SCENE
) -> dict[str, object]:
    boxes = np.array([box for box, _ in found], np.float32).reshape(-1, 4)
    scored = ScoredScene(boxes, np.array([score for _, score in found]), scene.pixels(EMITTER))
    return judge([scene], EMITTER, [scored], 0.5, [scene.all_pixels if proposals is None else proposals])


def test_all_found() -> None:
    row = judged((FIRST, 0.9), (SECOND, 0.8))
    assert (row["f1_score"], row["tp"], row["fp"], row["fn"]) == (1.0, 2, 0, 0)
    assert row["snr"] == [
        {"tp": 1, "fn": 0, "fp": 0},
        {"tp": 0, "fn": 0, "fp": 0},
        {"tp": 0, "fn": 0, "fp": 0},
        {"tp": 1, "fn": 0, "fp": 0},
    ]
    assert row["edges"] == {"s": [0.0, 0.0], "hz": [0.0, 0.0]}


@pytest.mark.parametrize(
    ("found", "proposals", "cause"),
    [
        ([(SECOND, 0.9)], SCENE.all_pixels[1:], "proposal"),
        ([(SECOND, 0.9), (FIRST + LONGER, 0.8)], None, "localisation"),
        ([(SECOND, 0.9), (FIRST, 0.4)], None, "threshold"),
        ([(SECOND, 0.9), (LORA, 0.8), (OFDM, 0.7), (FAR, 0.6), (FIRST, 0.1)], None, "score"),
        ([(SECOND, 0.9)], None, "score"),
    ],
)
def test_cause_of_a_miss(found: list[tuple[PixelBoxes, float]], proposals: PixelBoxes | None, cause: str) -> None:
    missed = judged(*found, proposals=proposals)["missed"]
    assert missed == dict.fromkeys(("proposal", "localisation", "threshold", "score"), 0) | {cause: 1}


@pytest.mark.parametrize(
    ("box", "cause"), [(FIRST + LONGER, "target"), (LORA, "emitter"), (OFDM, "base"), (FAR, "nothing")]
)
def test_cause_of_a_false_alarm(box: PixelBoxes, cause: str) -> None:
    false = judged((FIRST, 0.9), (SECOND, 0.8), (box, 0.7))["false"]
    assert false == dict.fromkeys(("target", "emitter", "base", "nothing"), 0) | {cause: 1}


def test_false_alarm_in_a_scene_without_the_emitter() -> None:
    row = judged((EMPTY.all_pixels[0], 0.9), scene=EMPTY)
    assert (row["empty_scenes"], row["false_alarms_in_empty"], row["fp"]) == (1, 1, 1)


def test_edge_errors_are_in_seconds_and_hertz() -> None:
    edges = judged((FIRST + LATER, 0.9), (SECOND + LOWER, 0.8))["edges"]
    assert edges == {"s": [pytest.approx(256e-6), 0.0], "hz": [0.0, pytest.approx(2 * 1e6 / 512, abs=0.1)]}
