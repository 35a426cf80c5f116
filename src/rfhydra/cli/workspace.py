"""``rfhydra init`` and ``rfhydra import``."""

from dataclasses import asdict
from typing import Annotated

import typer

from rfhydra.cli.arguments import AsJson, Recordings, Workspace
from rfhydra.cli.output import print_json, print_table, progress_bar, reported, say
from rfhydra.cli.recordings import open_recordings
from rfhydra.spectrum.spec import SpectrogramSpec

_DEFAULT = SpectrogramSpec()


def init(
    directory: Workspace,
    fft_size: Annotated[int, typer.Option(help="Samples per transform, a power of two.")] = _DEFAULT.fft_size,
    hop: Annotated[int, typer.Option(help="Samples per column, even.")] = _DEFAULT.hop,
    rows: Annotated[int, typer.Option(help="Frequency rows; divides the FFT size.")] = _DEFAULT.rows,
    cols: Annotated[int, typer.Option(help="Columns of a window.")] = _DEFAULT.cols,
    as_json: AsJson = False,
) -> None:
    """Create a workspace and lock its spectrogram contract."""
    with reported(as_json=as_json):
        from rfhydra.store.workspace import Workspace as Store

        spec = SpectrogramSpec(fft_size=fft_size, hop=hop, rows=rows, cols=cols)
        Store.create(directory, spec).close()
    name = directory.resolve().name  # DIR may be "."
    if as_json:
        print_json({"workspace": name, "spec_id": spec.spec_id, "contract": spec.to_dict()})
        return
    say("workspace ", (name, "bold"), f" with contract {spec.spec_id}, locked for good:")
    say(f"  FFT {fft_size}, hop {hop}, {rows} rows, windows of {cols} columns ({spec.window_samples} samples)")
    say(f"next: rfhydra import {directory} RECORDING...")


def import_(
    directory: Workspace,
    recordings: Recordings,
    label: Annotated[str | None, typer.Option(help="Only annotations with this label.")] = None,
    max_samples: Annotated[int | None, typer.Option(min=1, help="Maximum number of samples per signal.")] = None,
    as_json: AsJson = False,
) -> None:
    """Import samples from annotated SigMF recordings: windows around the labelled boxes."""
    with reported(as_json=as_json), progress_bar() as bar:
        from rfhydra.store.workspace import Workspace as Store
        from rfhydra.training.data.importer import import_recordings

        opened = open_recordings(recordings)
        task = bar.add_task("importing", total=len(opened), note="")
        with Store.open(directory) as store:
            result = import_recordings(
                store, opened, label, max_samples, lambda name: bar.update(task, advance=1, note=name)
            )
    if as_json:
        print_json(asdict(result))
        return
    rows = [(name, new, result.total_samples[name]) for name, new in sorted(result.new_samples.items())]
    print_table("samples", ["signal", "new", "in all"], rows)
    if result.skipped:
        say(f"{len(result.skipped)} recordings without such an annotation were skipped: {_some(result.skipped)}")
    say(f"next: rfhydra train {directory} {rows[0][0]}")


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
