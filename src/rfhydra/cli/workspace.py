"""``rfhydra init``."""

from typing import Annotated

import typer

from rfhydra.cli.arguments import AsJson, Workspace
from rfhydra.cli.output import print_json, reported, say
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
