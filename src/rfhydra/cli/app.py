"""The ``rfhydra`` command and its subcommands."""

from typing import Annotated, Final

import typer

import rfhydra
from rfhydra.cli.root import HELP_OPTIONS, lazily

COMMANDS: Final = {
    "demo": "demo:demo",
    "info": "info:info",
    "show": "show:show",
    "suggest": "suggest:suggest",
    "init": "workspace:init",
    "import": "import_:import_",
    "label": "label:labels",
    "train": "training:train",
    "extend": "training:extend",
    "upgrade": "upgrade:upgrade",
    "recontract": "recontract:recontract",
    "detect": "detection:detect",
    "watch": "watch:watch",
    "eval": "evaluation:evaluate",
    "review": "review:review",
    "scan": "archive:scan",
    "search": "search:search",
    "card": "card:card",
    "versions": "versions:versions",
    "promote": "versions:promote",
    "rollback": "versions:rollback",
    "registry": "versions:registry",
    "samples": "samples:samples",
    "signals": "signals:signals",
    "rename": "signals:rename",
    "delete": "signals:delete",
    "trash": "signals:trash",
    "log": "log:log",
    "unknown": "unknown:unknown",
    "serve": "serve:serve",
    "streams": "streams:streams",
    "jobs": "service:jobs",
    "cancel": "service:cancel",
    "load": "service:load",
    "unload": "service:unload",
    "loaded": "service:loaded",
    "pretrain": "pretraining:pretrain",
    "quantise": "pretraining:quantise",
}
"""The place of each command: a module of :mod:`rfhydra.cli`, and the name of a function or :class:`typer.Typer` there.
The module is imported when the command runs."""

app = typer.Typer(
    name="rfhydra",
    cls=lazily(COMMANDS),
    help="Train detectors of radio signals from a few labelled boxes, and run them.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
    context_settings=HELP_OPTIONS,
)


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
