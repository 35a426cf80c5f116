"""``rfhydra import``."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rfhydra.cli.arguments import AsJson, CenterFrequency, Datatype, SampleRate, ServerUrl, Token, Workspace
from rfhydra.cli.label_options import AnyRate, AudacityFiles, Bandwidth, CsvFiles, LabelOptions, Length, Rtl433Files
from rfhydra.cli.output import counted, note, print_json, print_table, progress_bar, reported, say
from rfhydra.cli.recordings import find_recordings
from rfhydra.config import MIN_SAMPLES_FOR_TRAINING
from rfhydra.errors import InvalidMessage

if TYPE_CHECKING:
    from rfhydra.labels.label import Label
    from rfhydra.recordings import Recording
    from rfhydra.training.data.importer import ImportResult


def import_(
    directory: Workspace,
    recordings: Annotated[
        list[Path],
        typer.Argument(
            metavar="RECORDING...",
            help="SigMF, wav or raw recordings, or folders of them, searched at any depth.",
            show_default=False,
        ),
    ],
    label: Annotated[
        str | None, typer.Option(help="Only boxes with this label; also the label of boxes that state none.")
    ] = None,
    max_samples: Annotated[int | None, typer.Option(min=1, help="Maximum number of samples per signal.")] = None,
    csv: CsvFiles = None,
    audacity: AudacityFiles = None,
    rtl_433: Rtl433Files = None,
    length: Length = None,
    bandwidth: Bandwidth = None,
    sample_rate: SampleRate = None,
    center_freq: CenterFrequency = None,
    datatype: Datatype = None,
    any_rate: AnyRate = False,
    server: ServerUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Import samples from annotated recordings: windows around the labelled boxes."""
    with reported(as_json=as_json):
        options = LabelOptions(csv, audacity, rtl_433, length, bandwidth)
        sources = options.sources()
        known = {"datatype": datatype, "sample_rate_hz": sample_rate, "center_freq_hz": center_freq}
        opened = find_recordings(recordings, **known)
        if sources:
            opened = options.annotate(opened, sources, lambda each: _name(each, label))
        imported = import_boxes(
            opened, directory, server, token, label, max_samples, any_rate=any_rate, merged=bool(sources)
        )
    show_import(imported, directory, server, as_json=as_json)


@dataclass(frozen=True)
class Imported:
    """What was imported, which of its signals have a head, and what does not fit the contract."""

    result: "ImportResult"
    trained: set[str]
    warnings: list[str]


def import_boxes(
    recordings: Sequence["Recording"],
    directory: Path,
    server: str | None,
    token: str | None,
    label: str | None,
    max_samples: int | None = None,
    *,
    any_rate: bool = False,
    merged: bool,
) -> Imported:
    """Import the annotations of ``recordings`` into a workspace here, or on ``server``.

    Args:
        any_rate: whether a signal may have samples of several sample rates; a server does not look at them.
        merged: keep the boxes that samples of these recordings have already.

    Raises:
        InvalidMessage: ``any_rate`` with a server.
    """
    if any_rate and server is not None:
        raise InvalidMessage("--any-rate does not go with --server, which takes recordings of any sample rate")
    with progress_bar() as bar:
        task = bar.add_task("importing", total=len(recordings), note="")

        def advance(name: str) -> None:
            bar.update(task, advance=1, note=name)

        if server is None:
            return _import_here(recordings, directory, label, max_samples, advance, any_rate=any_rate, merged=merged)
        from rfhydra.cli.upload import import_on_server

        return import_on_server(server, token, recordings, label, max_samples, advance, merged=merged)


def _import_here(
    recordings: Sequence["Recording"],
    directory: Path,
    label: str | None,
    max_samples: int | None,
    progress: Callable[[str], None],
    *,
    any_rate: bool,
    merged: bool,
) -> Imported:
    from rfhydra.contract.checks import box_warnings, require_one_rate
    from rfhydra.store.workspace import Workspace as Store
    from rfhydra.training.data.importer import import_recordings
    from rfhydra.training.data.labelling import label_recordings

    with Store.open(directory) as store:
        if not any_rate:
            require_one_rate(store, recordings, label)
        warnings = box_warnings(recordings, store.spec, label)
        add = label_recordings if merged else import_recordings
        result = add(store, recordings, label, max_samples, progress)
        trained = {name for name in result.new_samples if store.versions.active(name) is not None}
        return Imported(result, trained, warnings)


def show_import(imported: Imported, directory: Path, server: str | None, *, as_json: bool) -> None:
    """Print what was imported and the command that follows."""
    result = imported.result
    for warning in imported.warnings:
        note(warning)
    if as_json:
        print_json(asdict(result))
        return
    rows = [(name, new, result.total_samples[name]) for name, new in sorted(result.new_samples.items())]
    print_table("samples", ["signal", "new", "in all"], rows)
    if result.skipped:
        say(f"skipped {counted(len(result.skipped), 'recording')} without such an annotation: {_some(result.skipped)}")
    name, _, total = rows[0]
    if total < MIN_SAMPLES_FOR_TRAINING:
        note(f"{name} has {counted(total, 'sample')}, a training needs {MIN_SAMPLES_FOR_TRAINING}: label more boxes")
    verb = "extend" if name in imported.trained else "train"
    say(f"next: rfhydra {verb} {f'{name} --server {server}' if server else f'{directory} {name}'}")


def _name(each: "Label", label: str | None) -> str:
    name = each.text or label
    if name is None:
        raise InvalidMessage(f"{each.where} has no label: give --label")
    return name


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
