"""A workspace with twelve heads of the shipped backbone, upgraded to another one: time, and F1 of each head.

    python -m benchmarks.upgrade [--to FILE]

Without a file the other backbone is the shipped one under another id: the heads must then be as good as before, and the
time is that of any backbone of this size. The upgrade runs as a process of its own: once to its end, and once, on a
copy of the workspace, killed when half of the heads are stored, and repeated.
"""

import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import typer

from benchmarks.heads import EMITTERS, PER_SCENE, emitter_name, make_scene
from benchmarks.results import Row, write_result
from benchmarks.scenes import SPEC, RenderedScene
from benchmarks.tables import figures, show, table, tracked
from benchmarks.trial import train
from rfhydra.detection.detector import Detection, HydraDetector
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.backbone_file import SHIPPED_PATH, load_backbone
from rfhydra.hydra.registry import VersionManager
from rfhydra.hydra.torch_backbone import best_device
from rfhydra.hydra.weights import read_weights, write_weights
from rfhydra.store.workspace import Workspace
from rfhydra.training.evaluation.metrics import ScoredScene, evaluate
from rfhydra.training.service import TrainingService

RFHYDRA: Final = Path(sys.executable).with_name("rfhydra")
POLL_SEC: Final = 0.01


def measure(
    samples: Annotated[int, typer.Option(help="Training samples of each emitter.")] = 6,
    scenes: Annotated[int, typer.Option(help="Scenes on which the heads are scored, four emitters in each.")] = 30,
    to: Annotated[Path | None, typer.Option(help="The other backbone; default is a copy under another id.")] = None,
    seed: Annotated[int, typer.Option(help="Random seed of the scenes.")] = 5,
) -> None:
    """Train, upgrade, kill, repeat, report."""
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        shipped, other = load_backbone(None, best_device()), to or copy_under_another_id(directory / "other")
        whole, killed = directory / "whole", directory / "killed"
        stock(whole, shipped, samples, rng)
        shutil.copytree(whole, killed)
        tests = [make_scene(rng, rng.permutation(len(EMITTERS))[:PER_SCENE].tolist()) for _ in range(scenes)]
        before = f1_scores(whole, shipped, tests)
        whole_sec, report = upgrade(whole, other)
        killed_sec, finished = upgrade_and_kill(killed, other)
        repeated_sec, repeated = upgrade(killed, other)
        after = f1_scores(whole, load_backbone(other, best_device()), tests)
        again = f1_scores(killed, load_backbone(other, best_device()), tests)
    heads = [
        {
            "signal_name": head["signal_name"],
            "reported_before": head["f1_before"],
            "reported_after": head["f1_after"],
            "boxes": head["boxes"],
            "basis": head["basis"],
            "training_time_sec": head["training_time_sec"],
            "test_before": before[head["signal_name"]],
            "test_after": after[head["signal_name"]],
            "test_after_kill": again[head["signal_name"]],
        }
        for head in report["heads"]
    ]
    times: Row = {
        "whole_sec": whole_sec,
        "killed_after_sec": killed_sec,
        "finished_at_kill": finished,
        "repeated_sec": repeated_sec,
        "reused": sum(head["is_reused"] for head in repeated["heads"]),
    }
    print_tables(heads, times)
    write_result("upgrade", {"samples": samples, "scenes": scenes, "heads": heads, **times}, shipped)


def stock(path: Path, backbone: Backbone, samples: int, rng: np.random.Generator) -> None:
    """A closed workspace with ``samples`` samples and an active head of every emitter.

    Each scene has four emitters and is a sample of each, with every emission labelled. No head is trained before all
    samples are there, so that the upgrade trains on the same data.
    """
    with Workspace.create(path, SPEC) as workspace:
        for _ in range(samples):
            for group in rng.permutation(len(EMITTERS)).reshape(-1, PER_SCENE).tolist():
                add_labelled(workspace, make_scene(rng, group), [emitter_name(number) for number in group])
        service = TrainingService(workspace, backbone)
        for number in tracked(range(len(EMITTERS)), "heads"):
            head = train(service, emitter_name(number))
            service.version_manager.promote_version(head.signal_name, head.loaded.version)


def add_labelled(workspace: Workspace, scene: RenderedScene, names: Sequence[str]) -> None:
    """Add ``scene`` as a sample of each of ``names``, the emissions of the others as its negatives."""
    for name in names:
        negatives = [(other, box) for other in names if other != name for box in scene.boxes(other)]
        workspace.samples.add(signal_name=name, window=scene.window, boxes=scene.boxes(name), negatives=negatives)


def copy_under_another_id(path: Path) -> Path:
    """Write the shipped backbone with a note in its recipe, which changes its id and nothing that it computes."""
    weights = read_weights(SHIPPED_PATH.read_bytes(), "body")
    metadata = {**weights.metadata, "recipe": {**weights.metadata["recipe"], "note": "a copy"}}
    path.write_bytes(write_weights(replace(weights, metadata=metadata)))
    return path


def f1_scores(path: Path, backbone: Backbone, scenes: Sequence[RenderedScene]) -> dict[str, float]:
    """F1 of each active head at its threshold on ``scenes``, with all heads loaded."""
    detector = HydraDetector(SPEC, backbone)
    with Workspace.view(path) as workspace:
        detector.load_heads(VersionManager(workspace).load_heads(workspace.versions.signals(), backbone))
    found = [detector.detect(scene.window).detections for scene in tracked(scenes, "scoring")]
    return {name: _f1_score(name, scenes, found) for name in detector.loaded_versions}


def _f1_score(name: str, scenes: Sequence[RenderedScene], found: Sequence[Sequence[Detection]]) -> float:
    scored = []
    for scene, detections in zip(scenes, found, strict=True):
        own = [each for each in detections if each.signal_name == name]
        pixels = scene.window.frame.to_pixels(each.box for each in own)
        scored.append(ScoredScene(pixels, np.array([each.score for each in own]), scene.pixels(name)))
    return evaluate(scored, 0.0).f1_score


def upgrade(path: Path, backbone: Path) -> tuple[float, Any]:
    """Seconds of ``rfhydra upgrade``, its start included, and its report."""
    started = time.perf_counter()
    done = subprocess.run(command(path, backbone), capture_output=True, text=True, check=True)
    return time.perf_counter() - started, json.loads(done.stdout)


def upgrade_and_kill(path: Path, backbone: Path) -> tuple[float, int]:
    """Seconds until half of the heads were stored, and how many were when the process was killed.

    Raises:
        RuntimeError: a head was switched all the same.
    """
    started, former = time.perf_counter(), active_versions(path)
    with closing(sqlite3.connect(f"{(path / 'rfhydra.db').as_uri()}?mode=ro", uri=True)) as observer:

        def stored() -> int:
            found: int = observer.execute("SELECT count(*) FROM head_versions").fetchone()[0]
            return found - len(former)

        with subprocess.Popen(command(path, backbone), stdout=subprocess.DEVNULL) as child:
            while child.poll() is None and stored() < len(former) // 2:
                time.sleep(POLL_SEC)
            child.kill()
        finished = stored()
    if active_versions(path) != former:
        raise RuntimeError("a killed upgrade has changed what is active")
    return time.perf_counter() - started, finished


def command(path: Path, backbone: Path) -> list[str]:
    """The upgrade with its report as JSON; it switches whatever a head loses, so that the loss is measured."""
    return [str(RFHYDRA), "upgrade", str(path), "--backbone", str(backbone), "--force", "--json"]


def active_versions(path: Path) -> dict[str, int | None]:
    """The active version of each signal."""
    with Workspace.open(path) as workspace:
        return {name: workspace.versions.active(name) for name in workspace.versions.signals()}


def print_tables(heads: Sequence[Row], times: Row) -> None:
    """F1 of each head and the times."""
    names = ("reported_before", "reported_after", "test_before", "test_after", "test_after_kill", "training_time_sec")
    rows = [(head["signal_name"], f"{head['boxes']} ({head['basis']})", *figures(head, names)) for head in heads]
    mean = {name: float(np.mean([head[name] for head in heads])) for name in names}
    columns = ("head", "boxes compared", "F1 before", "F1 after", "test F1 before", "after", "after kill", "seconds")
    show(table(columns, *rows, ("mean", "", *figures(mean, names))))
    show(table(("", "value"), *((name, f"{value:.1f}") for name, value in times.items())))


if __name__ == "__main__":
    typer.run(measure)
