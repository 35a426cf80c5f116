"""Arguments and options that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

Workspace = Annotated[Path, typer.Argument(metavar="DIR", help="The workspace.", show_default=False)]
Signal = Annotated[str, typer.Argument(metavar="SIGNAL", help="Name of the signal.", show_default=False)]
Recordings = Annotated[
    list[Path],
    typer.Argument(metavar="RECORDING...", help="SigMF, wav or raw recordings.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Body = Annotated[
    Path | None,
    typer.Option("--backbone", metavar="FILE", help="Another body than the one that ships.", envvar="RFHYDRA_BACKBONE"),
]
SampleRate = Annotated[
    float | None, typer.Option("--sample-rate", metavar="HZ", help="Of raw files, which do not say it.")
]
CenterFrequency = Annotated[
    float | None, typer.Option("--center-freq", metavar="HZ", help="Of raw and wav files, which do not say it.")
]
Datatype = Annotated[
    str | None, typer.Option("--datatype", metavar="TYPE", help="Of raw files: cu8, ci8, ci16_le, cf32_le …")
]
