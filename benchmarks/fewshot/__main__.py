"""``python -m benchmarks.fewshot``: measure, or write the page from what was measured.

The first run makes the emitters with TorchSig (``pip install 'rfhydra[pretrain]'``), which takes some minutes. An
interrupted run resumes; one with another recipe of heads passes only new images through the backbone.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from benchmarks import real_devices, scenes, trial
from benchmarks.fewshot import (
    baselines,
    cross,
    emitters,
    judgement,
    page,
    pool,
    position,
    proposal_cache,
    real,
    synthetic,
)
from benchmarks.fewshot.bench import FULL, QUICK, Bench
from benchmarks.real_devices import Collection
from benchmarks.results import RESULTS, Row, Units, commit, digest_of_sources, read_result, write_result
from benchmarks.tables import console, show
from rfhydra import detection, hydra, spectrum, store, training
from rfhydra.hydra import network, roi_align, torch_backbone
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.training.data import features

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "fewshot.md"
RUNS: Final = ROOT / "runs" / "fewshot"
RECORDINGS: Final = ROOT.parent / "shared" / "rf"
PIECES: Final = ROOT.parent / "shared" / "rf2"
PARTS: Final[dict[str, Any]] = {
    "synthetic": synthetic,
    "position": position,
    "cross": cross,
    "baselines": baselines,
    "real": real,
}
SUMMARY: Final = "summary"
SHARED: Final = (emitters, pool, scenes, trial, judgement, real_devices)
PRODUCT: Final = (hydra, spectrum, store, detection, training)


def main(
    quick: Annotated[bool, typer.Option("--quick", help="Measure a small part of everything.")] = False,
    only: Annotated[str | None, typer.Option(help=f"Comma-separated, of {', '.join(PARTS)}.")] = None,
    report: Annotated[bool, typer.Option("--report", help="Only write the page from the results.")] = False,
    backbone: Annotated[Path | None, typer.Option(help="Backbone file; default is the one that ships.")] = None,
    name: Annotated[str, typer.Option(help="Name of the result file.")] = "fewshot",
    recordings: Annotated[Path, typer.Option(help="For the real part: a folder per device.")] = RECORDINGS,
    pieces: Annotated[Path, typer.Option(help="The same, a folder of consecutive pieces per signal.")] = PIECES,
    runs: Annotated[Path, typer.Option(help="Directory of bursts, scenes, caches and units.")] = RUNS,
    emitters_: Annotated[int | None, typer.Option("--emitters", help="Number of emitters.")] = None,
    draws: Annotated[int | None, typer.Option(help="Draws of support scenes.")] = None,
    tests: Annotated[int | None, typer.Option(help="Test scenes with each emitter.")] = None,
) -> None:
    """Measure, print the tables, write the results."""
    if report:
        page.write_page(read_result(name), PAGE, PAGE.parent / "images")
        return
    plan = (QUICK if quick else FULL).override(emitters=emitters_, draws=draws, test_rounds=tests)
    chosen = only.split(",") if only else list(PARTS)
    if unknown := set(chosen) - set(PARTS):
        raise typer.BadParameter(f"no part {', '.join(sorted(unknown))}: there are {', '.join(PARTS)}")
    loaded = load_backbone(backbone, torch_backbone.best_device())
    answers = digest_of_sources(network, roi_align, torch_backbone, features)
    cache = runs / "cache" / f"{loaded.backbone_id}-{answers}"
    library = emitters.EmitterLibrary(runs / "bank", lambda waveform: console.print(f"bursts of {waveform}"))
    bench = Bench(
        plan,
        pool.ScenePool(library, runs / "scenes"),
        loaded,
        proposal_cache.CachedProposals(loaded, cache / "proposals"),
        cache / "features",
        collections(recordings, pieces),
    )
    code = digest_of_sources(*SHARED, *PRODUCT, extra=f"{plan} {loaded.backbone_id} {library.library_id}")
    found = measure(bench, chosen, runs / "units" / code)
    write_result(name, found, loaded, RESULTS if plan == FULL else runs)


def collections(recordings: Path, pieces: Path) -> list[Collection]:
    """The collections that are there: all devices in ``recordings``, and each signal in ``pieces``."""
    devices = [Collection(recordings)] if recordings.is_dir() else []
    each = (Collection(pieces, spec, name, True) for name, spec in real_devices.PIECES.items())
    return [*devices, *(collection for collection in each if (pieces / str(collection.only)).is_dir())]


def measure(bench: Bench, chosen: Sequence[str], directory: Path) -> Row:
    """Measure the ``chosen`` parts; results of the others are taken from earlier runs of the same code and plan."""
    measured = commit()  # the working tree may change during a run
    units = {name: Units(directory / f"{name}-{digest_of_sources(part)}") for name, part in PARTS.items()}
    for name in chosen:
        started = time.perf_counter()
        rows: list[Row] = []
        for unit, run in PARTS[name].units(bench):
            console.print(f"{name}: {unit}")
            rows += units[name].get(unit, run)
        summary = PARTS[name].summarise(rows, bench.plan)
        units[name].put(SUMMARY, summary | {"elapsed_s": time.perf_counter() - started})
        show(page.SECTIONS[name](summary))
    summaries = {name: summary for name, each in units.items() if (summary := each.find(SUMMARY))}
    return {"commit": measured, "plan": vars(bench.plan), **summaries}


if __name__ == "__main__":
    typer.run(main)
