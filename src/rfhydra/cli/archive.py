"""``rfhydra scan``."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from rfhydra.cli.arguments import (
    AsJson,
    BackboneFile,
    CenterFrequency,
    Datatype,
    Heads,
    SampleRate,
    Workspace,
)
from rfhydra.cli.detection import fitting_heads
from rfhydra.cli.output import counted, note, print_json, print_table, progress_bar, reported, say

if TYPE_CHECKING:
    from rfhydra.archive.engine import Engine
    from rfhydra.archive.plan import ScanPlan
    from rfhydra.archive.scan import ArchiveFiles, ScanProgress, ScanReport

_OUT: Final = Path("hits.parquet")
_SHOWN_FAILURES: Final = 20


class EngineName(StrEnum):
    """What runs a scan."""

    LOCAL = "local"
    RAY = "ray"


def scan(
    directory: Workspace,
    recordings: Annotated[
        list[Path],
        typer.Argument(metavar="RECORDING...", help="Recordings, or folders of them at any depth.", show_default=False),
    ],
    engine: Annotated[EngineName, typer.Option(help="Processes of this machine, or a Ray cluster.")] = EngineName.LOCAL,
    workers: Annotated[int | None, typer.Option(min=1, help="Recordings at a time; default one per core.")] = None,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The hits; emissions and manifest lie beside.")] = _OUT,
    heads: Heads = None,
    threshold: Annotated[float | None, typer.Option(min=0, max=1, help="Least score; default each head's own.")] = None,
    objectness: Annotated[
        float, typer.Option(min=0, max=1, help="Least objectness of the emissions that are stored.")
    ] = 0.0,
    sigmf: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Write SigMF annotations.")] = None,
    sample_rate: SampleRate = None,
    center_freq: CenterFrequency = None,
    datatype: Datatype = None,
    backbone: BackboneFile = None,
    as_json: AsJson = False,
) -> None:
    """Find the emissions of trained signals in thousands of recordings. Interrupted, the same command goes on."""
    with reported(as_json=as_json):
        from rfhydra.archive.scan import ArchiveFiles
        from rfhydra.archive.scan import scan as run
        from rfhydra.archive.source import find_sources
        from rfhydra.recordings.known import KnownFields

        files = ArchiveFiles.at(out)
        known = KnownFields(datatype, sample_rate, center_freq)
        plan = _plan(
            directory,
            heads,
            backbone,
            threshold=threshold,
            min_objectness=objectness,
            known=known,
        )
        sources, failures = find_sources(recordings, known)
        with _bar() as show, _told_how_to_go_on(files.scan):
            report = run(plan, sources, failures, files, _engine(engine, workers), show)
        if sigmf is not None:
            from rfhydra.archive.annotations import write_hits

            write_hits(files.hits, plan.known, sigmf)
    if as_json:
        print_json(_as_json(report, plan, files))
    else:
        _show(report, plan, files)


def _plan(directory: Path, heads: str | None, backbone: Path | None, **options: Any) -> "ScanPlan":
    from rfhydra.archive.plan import ScanPlan
    from rfhydra.hydra.backbone_file import SHIPPED_PATH, backbone_id_in
    from rfhydra.store.workspace import Workspace as Store

    backbone_id = backbone_id_in(backbone or SHIPPED_PATH)
    with Store.view(directory) as store:
        if heads is not None:
            names = [name.strip() for name in heads.split(",")]
        elif store.versions.active_heads():
            names = fitting_heads(store, backbone_id)
        else:
            note("this workspace has no head yet: only emissions are stored, for `rfhydra search`")
            names = []
        return ScanPlan.of(store, names, backbone_id, backbone and backbone.absolute(), **options)


def _engine(name: EngineName, workers: int | None) -> "Engine":
    if name is EngineName.RAY:
        from rfhydra.archive.engine_ray import RayEngine

        return RayEngine(workers)
    from rfhydra.archive.engine_local import LocalEngine

    return LocalEngine(workers)


@contextmanager
def _bar() -> Iterator[Callable[["ScanProgress"], None]]:
    """A bar that counts seconds of recording; yields what draws it."""
    with progress_bar(estimate=True) as bar:
        task = bar.add_task("scanning, s", total=None, note="")

        def show(now: "ScanProgress") -> None:
            text = f"{now.recordings_done} of {now.recordings_total} recordings"
            text += f", {now.failed} failed" if now.failed else ""
            bar.update(task, total=round(now.seconds_total), completed=int(now.seconds_done), note=text)

        yield show


@contextmanager
def _told_how_to_go_on(state: Path) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        note(f"what is finished stays so in {state.name}: the same command goes on from there")
        raise


def _as_json(report: "ScanReport", plan: "ScanPlan", files: "ArchiveFiles") -> dict[str, object]:
    return {
        "hits_file": str(files.hits),
        "emissions_file": str(files.emissions),
        "recordings": len(report.recordings),
        "scanned_now": report.scanned,
        "duration_sec": sum(each.duration_sec for each in report.recordings),
        "versions": plan.versions,
        "hits": report.hits,
        "emissions": report.emissions,
        "failed": [{"recording": each.path, "code": each.code, "message": each.message} for each in report.failures],
    }


def _show(report: "ScanReport", plan: "ScanPlan", files: "ArchiveFiles") -> None:
    hours = sum(each.duration_sec for each in report.recordings) / 3600
    rows = [(name, plan.versions[name], count) for name, count in report.hits.items()]
    print_table(f"{counted(len(report.recordings), 'recording')}, {hours:.2f} h", ["signal", "version", "hits"], rows)
    say(f"{report.scanned} scanned now; {report.emissions} emissions")
    for failure in report.failures[:_SHOWN_FAILURES]:
        note(f"not scanned: {failure.path}: {failure.message}")
    if len(report.failures) > _SHOWN_FAILURES:
        note(f"{len(report.failures)} recordings could not be scanned, all with --json; the same command tries again")
    say(f"hits: {files.hits}, emissions: {files.emissions}")
    say(f"next: rfhydra search DIR --like RECORDING#1 --archive {files.hits}")
