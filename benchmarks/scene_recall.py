"""Proposal recall of a backbone on each part of the scene mix of pretraining, and how fast the scenes are made.

    python -m benchmarks.scene_recall --library runs/body/bank.safetensors

Each part is measured alone: scenes of one arrangement only, or mixed ones with one property of contract, transmitter or
receiver. Recall counts the true boxes, skirts among them, on which one of the proposals lies. Scenes per second are
those of one core, in CPU time.
"""

import time
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer

from benchmarks.results import Row, write_result
from benchmarks.tables import figures, show, table, tracked
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.torch_backbone import best_device
from rfhydra.pretrain.burst_library import load_burst_library
from rfhydra.pretrain.mix import MIXED, SceneMix
from rfhydra.pretrain.scenes import SceneMaker
from rfhydra.synth import Burst
from rfhydra.training.evaluation.metrics import iou_matrix

ALL: Final = "the mix"
IOUS: Final = {"recall": 0.5, "recall_tight": 0.7}
COLUMNS: Final = {
    "boxes_per_scene": "boxes per scene",
    "recall": "recall at IoU 0.5",
    "recall_tight": "at 0.7",
    "scenes_per_second": "scenes per second",
}


def measure(
    library: Annotated[Path | None, typer.Option(help="Burst library; default is synthetic bursts only.")] = None,
    scenes: Annotated[int, typer.Option(help="Scenes of each part.")] = 24,
    backbone: Annotated[Path | None, typer.Option(help="Backbone file; default is the one that ships.")] = None,
    seed: Annotated[int, typer.Option(help="Random seed of the scenes.")] = 11,
    name: Annotated[str, typer.Option(help="Name of the result file.")] = "scene_recall",
) -> None:
    """Make scenes, propose, report."""
    loaded, bursts = load_backbone(backbone, best_device()), load_burst_library(library) if library else []
    parts = [field.name for field in fields(SceneMix)]
    mixes = {MIXED: SceneMix.only(), **{part: SceneMix.only(part) for part in parts}, ALL: SceneMix()}
    rows = [
        {"part": part, **_measure(SceneMaker(bursts, np.random.default_rng(seed), mix), loaded, scenes)}
        for part, mix in tracked(mixes.items(), "scenes")
    ]
    show(table(("scenes", *COLUMNS.values()), *((row["part"], *figures(row, COLUMNS, 2)) for row in rows)))
    write_result(name, {"scenes": scenes, "library": _contents(bursts), "rows": rows}, loaded)


def _measure(maker: SceneMaker, backbone: Backbone, count: int) -> Row:
    started = time.process_time()
    scenes = [maker.draw() for _ in range(count)]
    seconds = time.process_time() - started
    best = np.concatenate(
        [iou_matrix(scene.boxes, backbone.see(scene.image).propose().boxes.numpy()).max(1) for scene in scenes]
    )
    recalls = {label: float((best >= iou).mean()) for label, iou in IOUS.items()}
    return {"boxes_per_scene": len(best) / count, **recalls, "scenes_per_second": count / seconds}


def _contents(bursts: list[Burst]) -> Row:
    return {"bursts": len(bursts), "waveforms": len({burst.kind for burst in bursts})}


if __name__ == "__main__":
    typer.run(measure)
