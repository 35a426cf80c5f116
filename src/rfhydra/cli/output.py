"""What the commands print: tables and bars for people, JSON for programs, errors that say what to do next.

Results go to standard output, everything else to standard error. An error ends the command with status 2 when the
command was called wrongly, else 1.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from rfhydra.errors import InvalidMessage, InvalidName, MissingExtra, RfhydraError

USAGE: Final = 2
FAILURE: Final = 1
_SPARKS: Final = "▁▂▃▄▅▆▇█"

console = Console(highlight=False)
messages = Console(stderr=True, highlight=False)


@contextmanager
def reported(*, as_json: bool = False) -> Iterator[None]:
    """Turn errors of rfhydra into a message and an exit status; a bug keeps its trace."""
    try:
        yield
    except RfhydraError as error:
        _fail(error, as_json=as_json)
    except ModuleNotFoundError as error:
        missing = MissingExtra(f"{error.name} is not installed: pip install 'rfhydra[engine]'")
        _fail(missing, as_json=as_json)
    except KeyboardInterrupt:
        messages.print("[yellow]stopped[/]; nothing was changed")
        raise typer.Exit(130) from None


def _fail(error: RfhydraError, *, as_json: bool) -> NoReturn:
    if as_json:
        sys.stderr.write(json.dumps({"type": "error", "code": error.code, "message": str(error)}) + "\n")
    else:
        messages.print(f"[bold red]error[/] [dim]({error.code})[/] {error}", soft_wrap=True)
    raise typer.Exit(USAGE if type(error) in (InvalidMessage, InvalidName) else FAILURE)


def print_json(body: Any) -> None:
    """``body`` as JSON on standard output, and nothing else there."""
    sys.stdout.write(json.dumps(body, indent=2) + "\n")


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table; numbers with a fraction are shown to three places, None as a dash."""
    table = Table(*columns, title=title, title_justify="left", title_style="bold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    console.print(table)


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def progress_bar() -> Progress:
    """A bar on standard error that leaves no trace in a pipe."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[note]}"),
        console=messages,
        transient=True,
    )


def sparkline(values: Sequence[float], low: float | None = None, high: float | None = None) -> str:
    """``values`` as a line of blocks, scaled from ``low`` to ``high`` (default: their own range)."""
    if not values:
        return ""
    low = min(values) if low is None else low
    high = max(values) if high is None else high
    span = (high - low) or 1.0
    return "".join(_SPARKS[min(int((value - low) / span * len(_SPARKS)), len(_SPARKS) - 1)] for value in values)
