"""``rfhydra init``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rfhydra.cli.arguments import AsJson, BackboneFile, CenterFrequency, Datatype, SampleRate, Workspace
from rfhydra.cli.output import print_json, reported, say
from rfhydra.cli.recordings import open_recordings
from rfhydra.cli.suggest import Label, chosen, show_choice
from rfhydra.errors import InvalidMessage

if TYPE_CHECKING:
    from rfhydra.contract.choice import ContractChoice
    from rfhydra.spectrum.spec import SpectrogramSpec


FftSize = Annotated[int | None, typer.Option(help="Samples per transform, a power of two.")]
Hop = Annotated[int | None, typer.Option(help="Samples per column, even.")]
Rows = Annotated[int | None, typer.Option(help="Frequency rows; divides the FFT size.")]
Cols = Annotated[int | None, typer.Option(help="Columns of a window.")]
FromRecordings = Annotated[
    list[Path] | None,
    typer.Option("--from", metavar="FILE...", help="Choose the contract by recordings, as `rfhydra suggest` does."),
]
MoreRecordings = Annotated[list[Path] | None, typer.Argument(metavar="", hidden=True)]
"""What the shell made of ``--from *.sigmf-meta``, from the second file on."""


def init(
    directory: Workspace,
    more: MoreRecordings = None,
    fft_size: FftSize = None,
    hop: Hop = None,
    rows: Rows = None,
    cols: Cols = None,
    recordings: FromRecordings = None,
    signal: Label = None,
    sample_rate: SampleRate = None,
    center_freq: CenterFrequency = None,
    datatype: Datatype = None,
    backbone: BackboneFile = None,
    as_json: AsJson = False,
) -> None:
    """Create a workspace and lock its spectrogram contract.

    What is not given follows from the FFT size, or with --from, from the emissions in recordings.
    """
    with reported(as_json=as_json):
        if more and not recordings:
            raise InvalidMessage(f"{more[0]} is one argument too many: recordings follow --from")
        from rfhydra.store.workspace import Workspace as Store

        known = {"datatype": datatype, "sample_rate_hz": sample_rate, "center_freq_hz": center_freq}
        chosen_by = [*(recordings or []), *(more or [])]
        spec, choice = contract_of((fft_size, hop, rows, cols), chosen_by, signal, backbone, **known)
        Store.create(directory, spec).close()
    name = directory.resolve().name  # DIR may be "."
    if as_json:
        print_json({"workspace": name, "spec_id": spec.spec_id, "contract": spec.to_dict()})
        return
    if choice is not None:
        show_choice(*choice)
    say("workspace ", (name, "bold"), f" with contract {spec.spec_id}:")
    say(
        f"  FFT {spec.fft_size}, hop {spec.hop}, {spec.rows} rows,"
        f" windows of {spec.cols} columns ({spec.window_samples} samples)"
    )
    say(f"next: rfhydra import {directory} RECORDING...")


def contract_of(
    fields: tuple[int | None, int | None, int | None, int | None],
    recordings: Sequence[Path],
    signal: str | None,
    backbone: Path | None,
    **known: Any,
) -> "tuple[SpectrogramSpec, tuple[ContractChoice, str] | None]":
    """The contract that options ask for, and with recordings the choice and what it was made by.

    Args:
        fields: FFT size, hop, rows and columns, None where not given.
        recordings: to choose the contract by.
        signal: label to choose by.
        backbone: file of the backbone, for recordings without annotations.
        known: arguments of :func:`rfhydra.recordings.open_recording` for files without metadata.

    Raises:
        InvalidMessage: recordings are given beside fields, or a field is out of range.
    """
    from rfhydra.spectrum.spec import SpectrogramSpec

    if not recordings and any(each is not None for each in known.values()):
        raise InvalidMessage("--sample-rate, --datatype and --freq are options of --from")
    if not recordings:
        return SpectrogramSpec.completed(*fields), None
    if any(each is not None for each in fields):
        raise InvalidMessage("--from excludes --fft-size, --hop, --rows and --cols: it chooses them")
    choice = chosen(open_recordings(recordings, **known), signal, backbone)
    return choice[0].spec, choice
