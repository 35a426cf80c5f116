"""The few-shot benchmark from end to end on a backbone of random weights."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.fewshot import __main__ as fewshot
from benchmarks.fewshot import baselines, page, position
from benchmarks.fewshot.bench import Bench, Plan
from benchmarks.fewshot.pool import ScenePool
from benchmarks.fewshot.proposal_cache import CachedProposals
from benchmarks.results import Units, read_result, write_result
from benchmarks.tables import console
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
    pool = ScenePool(given.library(tmp_path / "bursts"), tmp_path / "scenes")
    cached = CachedProposals(tiny_backbone, tmp_path / "proposals")
    return Bench(PLAN, pool, tiny_backbone, cached, tmp_path / "features")


@pytest.mark.slow
def test_measure_and_report(bench: Bench, tiny_backbone: TorchBackbone, tmp_path: Path) -> None:
    with console.capture() as shown:
        found = fewshot.measure(bench, ["synthetic", "cross", "real"], tmp_path / "units")
    assert "gsm-1" in shown.get()
    write_result("fewshot", found, tiny_backbone, tmp_path)
    (tmp_path / "images").mkdir()
    page.write_page(read_result("fewshot", tmp_path), tmp_path / "page.md", tmp_path / "images")
    text = (tmp_path / "page.md").read_text()
    assert "`gsm-1`" in text
    plots = {plot.name for plot in (tmp_path / "images").iterdir()}
    assert plots == {"fewshot-f1.png", "fewshot-snr.png"}
    assert all(f"images/{name}" in text for name in plots)
    assert found["synthetic"]["by_boxes"][0]["trials"] == 2
    assert fewshot.measure(bench, [], tmp_path / "units") == found


def test_every_third_of_the_band_is_compared_with_the_others(bench: Bench) -> None:
    bench = replace(bench, plan=replace(PLAN, sizes=(12,), test_rounds=6))
    rows = [row for _, run in position.units(bench) for row in run()]
    thirds = [row["third"] for row in rows]
    assert len(set(thirds)) == len(thirds) >= 2
    sent = [{where: row[where]["tp"] + row[where]["fn"] for where in ("same", "moved")} for row in rows]
    for row in sent:
        assert row["same"] + row["moved"] == sum(each["same"] for each in sent)


def test_the_energy_detector_finds_its_training_signal(bench: Bench) -> None:
    emitter = bench.pool.emitters[0]
    scenes = bench.pool.support(emitter, 0, 6)
    trained = baselines.EnergyPrototype.train(emitter, scenes)
    assert evaluate([trained.detect(scene, emitter) for scene in scenes], trained.threshold).f1_score > 0.5


def test_a_unit_is_computed_once(tmp_path: Path) -> None:
    computed = []

    def compute() -> list[float]:
        computed.append(1)
        return [0.5]

    assert [Units(tmp_path).get("unit", compute) for _ in range(2)] == [[0.5]] * 2
    assert len(computed) == 1
