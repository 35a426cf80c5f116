"""What the commands print: tables and bars for people, JSON for programs, errors that say what to do next.

Results go to standard output, everything else to standard error. An error ends the command with status 2 when the
command was called wrongly, else 1.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from rfhydra.errors import InvalidMessage, InvalidName, MissingExtra, RfhydraError

if TYPE_CHECKING:
    from pydantic import BaseModel

USAGE: Final = 2
FAILURE: Final = 1
_SPARKS: Final = "▁▂▃▄▅▆▇█"
_UNLIMITED: Final = 10_000

# No markup: what is printed holds names of files and signals, and brackets in them are no styles.
console = Console(highlight=False, markup=False, emoji=False)
messages = Console(stderr=True, highlight=False, markup=False, emoji=False)


@contextmanager
def reported(*, as_json: bool = False) -> Iterator[None]:
    """Turn what can go wrong into a message and an exit status; a bug keeps its trace."""
    try:
        yield
    except RfhydraError as error:
        _fail(error, as_json=as_json)
    except ModuleNotFoundError as error:
        missing = MissingExtra(f"{error.name} is not installed: pip install 'rfhydra[engine]'")
        _fail(missing, as_json=as_json)
    except BrokenPipeError:  # whoever reads our output has enough of it
        raise
    except OSError as error:
        what = Path(str(error.filename)).name if error.filename else "a file"
        _fail(RfhydraError(f"{what} cannot be used: {error.strerror or error}"), as_json=as_json)


def _fail(error: RfhydraError, *, as_json: bool) -> NoReturn:
    if as_json:
        sys.stderr.write(json.dumps({"type": "error", "code": error.code, "message": str(error)}) + "\n")
    else:
        _print_line(messages, ("error", "bold red"), (f" ({error.code}) ", "dim"), str(error))
    # Not isinstance: of a recording or a box that is wrong, the command knows nothing.
    raise typer.Exit(USAGE if type(error) in (InvalidMessage, InvalidName) else FAILURE)


def say(*parts: str | tuple[str, str]) -> None:
    """One line on standard output, of texts and of (text, style) pairs."""
    _print_line(console, *parts)


def note(text: str) -> None:
    """One line on standard error: worth knowing, but not the result."""
    _print_line(messages, ("note ", "yellow"), text)


def _print_line(to: Console, *parts: str | tuple[str, str]) -> None:
    to.print(Text.assemble(*parts), soft_wrap=True)  # a line is a line in a pipe too, however long


def print_json(body: Any) -> None:
    """``body`` as JSON on standard output, and nothing else there; of a message without its ``id`` and ``type``."""
    sys.stdout.write(json.dumps(body, indent=2, default=_fields) + "\n")
    sys.stdout.flush()  # a closed pipe must raise here, where click expects it, not at exit


def _fields(model: "BaseModel") -> dict[str, Any]:
    return model.model_dump(mode="json", exclude={"id", "type"})


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table; numbers with a fraction are shown to three places, None as a dash."""
    table = Table(*columns, title=title, title_justify="left", title_style="bold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    # a pipe has no width that the table would have to be cut to
    to = console if console.is_terminal else Console(width=_UNLIMITED, highlight=False, markup=False, emoji=False)
    to.print(table)


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
        TextColumn("{task.fields[note]}", style="dim", markup=False),
        console=messages,
        transient=True,
        disable=not messages.is_terminal,
    )


def output_file(path: Path) -> Path:
    """``path``, its directory made if it is missing. Asked for before the work, so that no work is lost.

    Raises:
        InvalidMessage: it is a directory.
    """
    if path.is_dir():
        raise InvalidMessage(f"{path} is a directory: give the name of a file")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def sparkline(values: Sequence[float], low: float | None = None, high: float | None = None) -> str:
    """``values`` as a line of blocks, scaled from ``low`` to ``high`` (default: their own range)."""
    if not values:
        return ""
    low = min(values) if low is None else low
    high = max(values) if high is None else high
    span = (high - low) or 1.0
    return "".join(_SPARKS[min(int((value - low) / span * len(_SPARKS)), len(_SPARKS) - 1)] for value in values)
