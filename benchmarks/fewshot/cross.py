"""Twelve heads, each trained without knowledge of the others, on the same scenes: the confusion matrix."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from benchmarks.fewshot.bench import Bench, Plan, Unit
from benchmarks.fewshot.judgement import emission_under, is_emitter
from benchmarks.fewshot.pool import Round
from benchmarks.fewshot.statistics import ratio_of_totals
from benchmarks.results import Row
from benchmarks.scenes import RenderedScene
from benchmarks.tables import tracked
from benchmarks.trial import detect
from rfhydra.config import IOU_THRESHOLD
from rfhydra.detection.detection import Detection
from rfhydra.pretrain.burst_library import HELD_OUT
from rfhydra.training.evaluation.metrics import iou_matrix

# Causes of false alarms, beside the other heads' emissions. They are keys of the result file.
OTHER_EMITTER: Final = "an emitter that none of them learnt"
BASE: Final = "a base burst"
NOTHING: Final = "nothing"
OWN: Final = "its own emission, a second time or askew"
CAUSES: Final = (OTHER_EMITTER, BASE, NOTHING, OWN)


def units(bench: Bench) -> Iterator[Unit]:
    """All test scenes with all heads at their stored thresholds."""
    yield "confusion", partial(_confusion, bench)


def _confusion(bench: Bench) -> list[Row]:
    names = bench.emitters[: len(HELD_OUT)]
    rounds = range(min(bench.plan.cross_rounds, bench.plan.test_rounds))
    scenes = [scene for number in rounds for scene in bench.pool.round(Round("test", number))]
    heads = [
        bench.train(name, bench.pool.support(name, 0, bench.plan.cross_boxes))
        for name in tracked(names, "heads of the cross part")
    ]
    total: Counter[tuple[str, str]] = Counter()
    cross: list[int] = []
    for scene, detections in zip(scenes, detect(bench.cached, heads, scenes, threshold=None), strict=True):
        found = _confused(scene, detections, names)
        total.update(found)
        cross.append(sum(count for (truth, head), count in found.items() if truth in names and truth != head))
    return [
        {
            "heads": names,
            "scenes": len(scenes),
            "sent": {name: sum(len(scene.of(name)) for scene in scenes) for name in names},
            "cross_by_scene": cross,
            "answers": [[*pair, count] for pair, count in sorted(total.items())],
        }
    ]


def _confused(scene: RenderedScene, detections: Sequence[Detection], names: list[str]) -> Counter[tuple[str, str]]:
    """Counts of (truth, head of the detection). A second detection of one emission by its own head counts as OWN."""
    counts: Counter[tuple[str, str]] = Counter()
    detected: set[tuple[int, str]] = set()
    for found in detections:  # strongest first
        box = scene.window.frame.to_pixels([found.box])
        index = emission_under(scene, box[0])
        if index is None:
            counts[NOTHING, found.signal_name] += 1
            continue
        kind = scene.emissions[index].kind
        truth = kind if kind in names else OTHER_EMITTER if is_emitter(kind) else BASE
        if kind == found.signal_name:
            accurate = iou_matrix(box, scene.all_pixels[[index]])[0, 0] >= IOU_THRESHOLD
            truth = truth if accurate and (index, found.signal_name) not in detected else OWN
        detected.add((index, found.signal_name))
        counts[truth, found.signal_name] += 1
    return counts


def summarise(rows: Sequence[Row], plan: Plan) -> Row:
    """The confusion matrix, rows the truth, columns the head that detected; and false alarms per scene by cause."""
    (measured,) = rows
    heads: list[str] = measured["heads"]
    answers = {(truth, head): count for truth, head, count in measured["answers"]}
    matrix = {truth: [answers.get((truth, head), 0) for head in heads] for truth in [*heads, *CAUSES]}
    return {
        "boxes": plan.cross_boxes,
        **{name: measured[name] for name in ("heads", "scenes", "sent")},
        "rows": list(matrix),
        "matrix": list(matrix.values()),
        "cross_false_alarms_per_scene": ratio_of_totals([(count, 1) for count in measured["cross_by_scene"]]),
        "false_alarms_per_scene": {cause: sum(matrix[cause]) / measured["scenes"] for cause in CAUSES},
    }
