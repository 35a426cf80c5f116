"""Twelve heads, each trained without knowledge of the others, on the same scenes: who answers to whose emissions."""

from collections import Counter
from functools import partial
from typing import Any, Final

from benchmarks.fewshot.bench import Bench, tracked
from benchmarks.fewshot.judgement import is_emitter, under
from benchmarks.fewshot.scenes import FRAME, RenderedScene, Round
from benchmarks.fewshot.trial import detect_scenes, learn
from benchmarks.fewshot.units import Row
from rfhydra.config import IOU_THRESHOLD
from rfhydra.detection.detector import Detection
from rfhydra.pretrain.burst_library import HELD_OUT
from rfhydra.training.evaluation.metrics import iou_matrix

STRANGER: Final = "an emitter that none of them learnt"
BASE: Final = "a base burst"
NOTHING: Final = "nothing"
SECOND: Final = "its own emission, a second time or askew"


def measure(bench: Bench) -> dict[str, Any]:
    """The confusion matrix over all test scenes at the stored thresholds."""
    return bench.unit("confusion", partial(_confusion, bench))


def _confusion(bench: Bench) -> Row:
    names = bench.emitters[: len(HELD_OUT)]
    scenes = [
        scene
        for number in range(min(bench.plan.cross_rounds, bench.plan.test_rounds))
        for scene in bench.pool.round(Round("test", number))
    ]
    heads = [
        learn(bench.backbone, name, bench.pool.support(name, 0, bench.plan.cross_boxes))
        for name in tracked(names, "cross-head")
    ]
    found = detect_scenes(bench.backbone, heads, scenes, threshold=None)
    answers: Counter[tuple[str, str]] = Counter()
    sent: Counter[str] = Counter()
    cross: list[int] = []
    for scene, detections in zip(scenes, found, strict=True):
        sent.update(emission.kind for emission in scene.emissions if emission.kind in names)
        given = _answers(scene, detections, names)
        answers.update(given)
        cross.append(sum(count for (truth, head), count in given.items() if truth in names and truth != head))
    return {
        "boxes": bench.plan.cross_boxes,
        "heads": names,
        "scenes": len(scenes),
        "sent": {name: sent[name] for name in names},
        "cross_by_scene": cross,
        "answers": [[*pair, count] for pair, count in sorted(answers.items())],
    }


def _answers(scene: RenderedScene, detections: list[Detection], names: list[str]) -> Counter[tuple[str, str]]:
    """How often (what was sent, whose head answered). A head's second answer to one emission counts apart."""
    counts: Counter[tuple[str, str]] = Counter()
    answered: set[tuple[int, str]] = set()
    for found in detections:  # strongest first
        box = FRAME.to_pixels([found.box])
        index = under(scene, box[0])
        if index is None:
            counts[NOTHING, found.signal_name] += 1
            continue
        kind = scene.emissions[index].kind
        truth = kind if kind in names else STRANGER if is_emitter(kind) else BASE
        if kind == found.signal_name:
            own = iou_matrix(box, scene.all_pixels[[index]])[0, 0] >= IOU_THRESHOLD
            truth = truth if own and (index, found.signal_name) not in answered else SECOND
        answered.add((index, found.signal_name))
        counts[truth, found.signal_name] += 1
    return counts
