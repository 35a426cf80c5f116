"""Arguments and options that several commands take."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from rfhydra.cli.completion import complete_signal, complete_signals
from rfhydra.errors import InvalidMessage
from rfhydra.quantities import parse_hertz, parse_seconds


def hertz(text: str) -> float:
    """Parser of an option in Hz: ``250k``, ``433.92M``. For ``typer.Option(parser=hertz, metavar="HZ")``.

    Raises:
        typer.BadParameter: it is none.
    """
    try:
        return parse_hertz(str(text), "the value")  # typer passes a default as the number that it is
    except InvalidMessage as error:
        raise typer.BadParameter(str(error)) from None


def seconds(text: str) -> float:
    """Parser of an option in seconds: ``30ms``, ``1.2s``. For ``typer.Option(parser=seconds, metavar="TIME")``.

    Raises:
        typer.BadParameter: it is none.
    """
    try:
        return parse_seconds(str(text), "the value")
    except InvalidMessage as error:
        raise typer.BadParameter(str(error)) from None


Workspace = Annotated[Path, typer.Argument(metavar="DIR", help="The workspace.", show_default=False)]
Signal = Annotated[
    str,
    typer.Argument(metavar="SIGNAL", help="Name of the signal.", show_default=False, autocompletion=complete_signal),
]
Heads = Annotated[
    str | None,
    typer.Option(metavar="A,B", help="Signals to look for; default all.", autocompletion=complete_signals),
]
Recordings = Annotated[
    list[Path],
    typer.Argument(metavar="RECORDING...", help="SigMF, wav or raw recordings.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
BackboneFile = Annotated[
    Path | None,
    typer.Option(
        "--backbone", metavar="FILE", help="Backbone file; default the one that ships.", envvar="RFHYDRA_BACKBONE"
    ),
]
RuntimeName = Annotated[
    Literal["auto", "torch", "openvino", "openvino-int8"],
    typer.Option(
        "--runtime",
        help="What computes the convolutions; 'auto' is the fastest one here, by a measurement of some seconds.",
        envvar="RFHYDRA_RUNTIME",
    ),
]
SampleRate = Annotated[
    float | None,
    typer.Option("--sample-rate", metavar="HZ", help="Sample rate of raw files, such as 250k.", parser=hertz),
]
CenterFrequency = Annotated[
    float | None,
    typer.Option(
        "--center-freq",
        "--freq",
        metavar="HZ",
        help="Centre frequency of files that do not state it, such as 433.92M.",
        parser=hertz,
    ),
]
Datatype = Annotated[
    str | None,
    typer.Option("--datatype", metavar="TYPE", help="SigMF datatype of raw files: cu8, ci8, ci16_le, cf32_le …"),
]
ServerUrl = Annotated[
    str | None, typer.Option("--server", metavar="URL", help="Use a server (ws://…) in place of DIR.")
]
Token = Annotated[str | None, typer.Option(envvar="RFHYDRA_TOKEN", help="Token of the server.", show_default=False)]
