"""The parts from end to end on a body that knows nothing: what is measured can be summed up, shown and written."""

import json
from pathlib import Path

import pytest

from benchmarks.fewshot import cross, summary, synthetic
from benchmarks.fewshot.bench import Bench, console
from benchmarks.fewshot.memory import RememberingBackbone
from benchmarks.fewshot.page import write_page
from benchmarks.fewshot.plan import Plan
from benchmarks.fewshot.scenes import ScenePool
from benchmarks.fewshot.tables import show
from benchmarks.fewshot.units import Row, Units
from benchmarks.results_file import write_result
from rfhydra.hydra.backbone import Backbone
from tests.benchmarks import given

PLAN = Plan(
    emitters=2,
    draws=1,
    sizes=(5,),
    test_rounds=2,
    timed=1,
    cross_boxes=5,
    cross_rounds=1,
)


@pytest.fixture
def bench(tiny_backbone: Backbone, tmp_path: Path) -> Bench:
    pool = ScenePool(given.bank(tmp_path / "bank"), tmp_path / "scenes")
    remembering = RememberingBackbone(tiny_backbone, tmp_path / "memory")
    return Bench(PLAN, pool, remembering, tiny_backbone, Units(tmp_path / "units"))


@pytest.mark.slow
def test_measure_and_report(bench: Bench, tiny_backbone: Backbone, tmp_path: Path) -> None:
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


def test_a_unit_is_done_once(tmp_path: Path) -> None:
    made = []

    def make() -> Row:
        made.append(1)
        return {"f1": 0.5}

    assert [Units(tmp_path).get("unit", make) for _ in range(2)] == [{"f1": 0.5}] * 2
    assert len(made) == 1
