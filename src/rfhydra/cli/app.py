"""The ``rfhydra`` command and its subcommands."""

from typing import Annotated

import typer

import rfhydra
from rfhydra.cli import (
    archive,
    card,
    demo,
    detection,
    import_,
    label,
    pretraining,
    recontract,
    review,
    samples,
    search,
    serve,
    service,
    signals,
    streams,
    suggest,
    training,
    upgrade,
    versions,
    watch,
    workspace,
)
from rfhydra.cli.arguments import ServedCommand
from rfhydra.cli.info import info
from rfhydra.cli.log import log
from rfhydra.cli.root import Root
from rfhydra.cli.show import show
from rfhydra.cli.unknown import unknown

app = typer.Typer(
    name="rfhydra",
    cls=Root,
    help="Train detectors of radio signals from a few labelled boxes, and run them.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
)

app.command("demo")(demo.demo)
app.command("info")(info)
app.command("show")(show)
app.command("init")(workspace.init)
app.command("suggest")(suggest.suggest)
app.command("import", cls=ServedCommand)(import_.import_)
app.command("label", cls=label.LabelCommand)(label.label)
app.command("train", cls=ServedCommand)(training.train)
app.command("extend", cls=ServedCommand)(training.extend)
app.command("upgrade", cls=ServedCommand)(upgrade.upgrade)
app.command("recontract")(recontract.recontract)
app.command("detect")(detection.detect)
app.command("watch", cls=ServedCommand)(watch.watch)
app.command("eval")(detection.evaluate)
app.command("scan")(archive.scan)
app.command("search")(search.search)
app.command("card")(card.card)
app.command("versions", cls=ServedCommand)(versions.versions)
app.command("promote", cls=ServedCommand)(versions.promote)
app.command("rollback", cls=ServedCommand)(versions.rollback)
app.command("registry", cls=ServedCommand)(versions.registry)
app.add_typer(samples.samples, name="samples")
app.command("signals", cls=ServedCommand)(signals.signals)
app.command("rename", cls=ServedCommand)(signals.rename)
app.command("delete", cls=ServedCommand)(signals.delete)
app.command("trash", cls=ServedCommand)(signals.trash)
app.command("review")(review.review)
app.command("log")(log)
app.command("unknown", cls=ServedCommand)(unknown)
app.command("serve")(serve.serve)
app.command()(streams.streams)
for command in (service.jobs, service.cancel, service.load, service.unload, service.loaded):
    app.command()(command)
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
