"""The parts from end to end on a backbone that knows nothing: what is measured can be summed up, shown and written."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.fewshot import cross, energy, position, summary, synthetic
from benchmarks.fewshot.bench import Bench, console
from benchmarks.fewshot.memory import CachingBackbone
from benchmarks.fewshot.page import write_page
from benchmarks.fewshot.plan import Plan
from benchmarks.fewshot.scenes import ScenePool
from benchmarks.fewshot.tables import show
from benchmarks.fewshot.units import Row, Units
from benchmarks.results_file import write_result
from rfhydra.hydra.torch_backbone import TorchBackbone
from rfhydra.training.evaluation.metrics import evaluate
from tests.benchmarks import given

PLAN = Plan(
    emitters=2,
    draws=1,
    sizes=(5,),
    test_rounds=2,
    timed=1,
    position_boxes=5,
    position_draws=2,
    position_emitters=1,
    cross_boxes=5,
    cross_rounds=1,
)


@pytest.fixture
def bench(tiny_backbone: TorchBackbone, tmp_path: Path) -> Bench:
    pool = ScenePool(given.library(tmp_path / "bank"), tmp_path / "scenes")
    remembering = CachingBackbone(tiny_backbone, tmp_path / "memory")
    return Bench(PLAN, pool, remembering, tiny_backbone, Units(tmp_path / "units"))


@pytest.mark.slow
def test_measure_and_report(bench: Bench, tiny_backbone: TorchBackbone, tmp_path: Path) -> None:
    found = {
        "synthetic": summary.summarise_synthetic(synthetic.measure(bench)),
        "cross": summary.summarise_cross(cross.measure(bench)),
    }
    for part, tables in found.items():
        with console.capture() as shown:
            show(part, tables)
        assert "gsm-1" in shown.get()
    path = write_result("fewshot", {"plan": vars(PLAN), **found}, tiny_backbone, tmp_path)
    (tmp_path / "images").mkdir()
    write_page(path, tmp_path / "page.md", tmp_path / "images")
    page = (tmp_path / "page.md").read_text()
    assert "`gsm-1`" in page
    pictures = {picture.name for picture in (tmp_path / "images").iterdir()}
    assert pictures == {"fewshot-f1.png", "fewshot-snr.png", "fewshot-confusion.png"}
    assert all(f"images/{name}" in page for name in pictures)
    assert json.loads(path.read_text())["synthetic"]["by_boxes"][0]["trials"] == 2


def test_every_third_of_the_band_is_compared_with_the_others(bench: Bench) -> None:
    measured = position.measure(replace(bench, plan=replace(PLAN, sizes=(12,), test_rounds=6)))
    thirds = [row["third"] for row in measured["trials"]]
    assert len(set(thirds)) == len(thirds) >= 2
    sent = [{where: row[where]["tp"] + row[where]["fn"] for where in ("same", "moved")} for row in measured["trials"]]
    for row in sent:
        assert row["same"] + row["moved"] == sum(each["same"] for each in sent)


def test_the_energy_detector_finds_what_it_learnt(bench: Bench) -> None:
    emitter = bench.pool.emitters[0]
    scenes = bench.pool.support(emitter, 0, 6)
    learnt = energy.EnergyPrototype.learn(emitter, scenes)
    assert evaluate([learnt.detect(scene, emitter) for scene in scenes], learnt.threshold).f1_score > 0.5


def test_a_unit_is_done_once(tmp_path: Path) -> None:
    made = []

    def make() -> Row:
        made.append(1)
        return {"f1": 0.5}

    assert [Units(tmp_path).get("unit", make) for _ in range(2)] == [{"f1": 0.5}] * 2
    assert len(made) == 1
