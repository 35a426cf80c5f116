"""The ``rfhydra`` command: what there is, and where each command lives."""

from typing import Annotated

import typer

import rfhydra
from rfhydra.cli import demo, detection, pretraining, serve, training, versions, workspace

app = typer.Typer(
    name="rfhydra",
    help="Learns to recognise a new radio signal from a handful of boxes, then watches for it.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
)

app.command("demo")(demo.demo)
app.command("init")(workspace.init)
app.command("import")(workspace.import_)
app.command("train")(training.train)
app.command("extend")(training.extend)
app.command("detect")(detection.detect)
app.command("eval")(detection.evaluate)
app.command("versions")(versions.versions)
app.command("promote")(versions.promote)
app.command("rollback")(versions.rollback)
app.command("registry")(versions.registry)
app.command("serve")(serve.serve)
app.command("pretrain")(pretraining.pretrain)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(rfhydra.__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Options of rfhydra itself."""


def main() -> None:
    """Entry point of the ``rfhydra`` command."""
    app()
