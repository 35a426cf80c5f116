"""``python -m benchmarks.fewshot``: measure, or write the page from what was measured.

The first run makes the emitters with TorchSig (``pip install 'rfhydra[pretrain]'``), which takes some minutes. A run
that is stopped goes on where it was; one with other heads asks the backbone only what is new.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import typer

from benchmarks import real_devices
from benchmarks.fewshot import (
    baselines,
    cross,
    emitters,
    energy,
    judgement,
    memory,
    position,
    real,
    scenes,
    summary,
    synthetic,
    trial,
)
from benchmarks.fewshot.bench import Bench, console
from benchmarks.fewshot.emitters import EmitterLibrary
from benchmarks.fewshot.page import write_page
from benchmarks.fewshot.plan import FULL, QUICK, Plan, with_overrides
from benchmarks.fewshot.provenance import digest_of_packages, digest_of_sources
from benchmarks.fewshot.scenes import ScenePool
from benchmarks.fewshot.tables import show
from benchmarks.fewshot.units import Units
from benchmarks.results_file import RESULTS, commit, write_result
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.hydra.torch_backbone import TorchBackbone, best_device

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "fewshot.md"
RUNS = ROOT / "runs" / "fewshot"
RECORDINGS = ROOT.parent / "shared" / "rf"
SUMMARY = "summary"
ENGINE = ("hydra", "spectrum", "store", "training")  # packages that a head's quality depends on


@dataclass(frozen=True)
class Part:
    """``measure`` does the units of a part, ``summarise`` makes tables of them; ``modules`` decide what they hold."""

    measure: Callable[[Bench], Any]
    summarise: Callable[[Any], dict[str, Any]]
    modules: tuple[ModuleType, ...]


def parts_of(recordings: Path) -> dict[str, Part]:
    """Every part, in the order in which they are done."""
    real_part = partial(real.measure, recordings=recordings)
    return {
        "synthetic": Part(synthetic.measure, summary.summarise_synthetic, (synthetic,)),
        "position": Part(position.measure, summary.summarise_position, (position,)),
        "cross": Part(cross.measure, summary.summarise_cross, (cross,)),
        "baselines": Part(baselines.measure, summary.summarise_baselines, (baselines, energy)),
        "real": Part(real_part, summary.summarise_real, (real, real_devices)),
    }


def main(
    quick: Annotated[bool, typer.Option("--quick", help="A small part of everything.")] = False,
    only: Annotated[str | None, typer.Option(help=f"Comma-separated, of {', '.join(parts_of(RECORDINGS))}.")] = None,
    report: Annotated[bool, typer.Option("--report", help="Only write the page from the results.")] = False,
    body: Annotated[Path | None, typer.Option(help="Another body than the one that ships.")] = None,
    name: Annotated[str, typer.Option(help="Of the result file.")] = "fewshot",
    recordings: Annotated[Path, typer.Option(help="Of the real part: a directory per device.")] = RECORDINGS,
    runs: Annotated[Path, typer.Option(help="Where bursts, scenes and results of units are kept.")] = RUNS,
    emitters_: Annotated[int | None, typer.Option("--emitters", help="How many.")] = None,
    draws: Annotated[int | None, typer.Option(help="Of support scenes.")] = None,
    tests: Annotated[int | None, typer.Option(help="Scenes with each emitter.")] = None,
) -> None:
    """Measure, print the tables, write the results."""
    if report:
        write_page(RESULTS / f"{name}.json", PAGE, PAGE.parent / "images")
        console.print(f"written to {PAGE.name}")
        return
    plan = with_overrides(QUICK if quick else FULL, emitters=emitters_, draws=draws, test_rounds=tests)
    parts = parts_of(recordings)
    chosen = only.split(",") if only else list(parts)
    if unknown := set(chosen) - set(parts):
        raise typer.BadParameter(f"no part {', '.join(sorted(unknown))}: there are {', '.join(parts)}")
    backbone = load_backbone(body, best_device())
    found = _measure(plan, parts, chosen, runs, backbone)
    path = write_result(name, found, backbone, RESULTS if plan == FULL else runs)
    console.print(f"written to {path.name}")


def _measure(
    plan: Plan, parts: dict[str, Part], chosen: Sequence[str], runs: Path, backbone: TorchBackbone
) -> dict[str, Any]:
    """The ``chosen`` parts, measured, and what there is of the others from earlier runs of the same code and plan."""
    begun_at = commit()  # the code that is measured, whatever the checkout holds in the end
    library = EmitterLibrary(runs / "bank", lambda waveform: console.print(f"bursts of {waveform}"))
    directory = _run_directory(runs, plan, backbone, library)
    units = {name: Units(directory / f"{name}-{digest_of_sources(*part.modules)}") for name, part in parts.items()}
    pool = ScenePool(library, runs / "scenes")
    remembering = memory.CachingBackbone(backbone, runs / "memory")
    for name in chosen:
        started = time.perf_counter()
        result = parts[name].summarise(parts[name].measure(Bench(plan, pool, remembering, backbone, units[name])))
        units[name].put(SUMMARY, result | {"elapsed_s": time.perf_counter() - started})
        show(name, result)
    found = {name: kept.read(SUMMARY) for name, kept in units.items() if kept.has(SUMMARY)}
    return {"commit": begun_at, "plan": vars(plan), **found}


def _run_directory(runs: Path, plan: Plan, backbone: TorchBackbone, library: EmitterLibrary) -> Path:
    """One for each plan, backbone and code: results that stem from other ones are never mixed."""
    code = digest_of_sources(
        emitters, scenes, trial, judgement, extra=f"{plan} {backbone.backbone_id} {library.library_id}"
    )
    return runs / "units" / digest_of_packages(ENGINE, code)


if __name__ == "__main__":
    typer.run(main)
