"""Output of the commands: tables, progress bars, JSON, errors.

Results go to standard output, everything else to standard error. The exit status is 2 for wrong usage, 130 after
Ctrl+C, 1 for other errors.
"""

import json
import os
import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NoReturn

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from rfhydra.errors import InvalidMessage, InvalidName, MissingExtra, RecordingWarning, RfhydraError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from rfhydra.protocol.types import EpochProgress

USAGE: Final = 2
FAILURE: Final = 1
_SPARKS: Final = "▁▂▃▄▅▆▇█"
_UNLIMITED: Final = 10_000
_ESTIMATE_SEC: Final = 600
"""The time left is estimated from the last so many seconds."""
_EXTRAS: Final = {"pyarrow": "archive", "ray": "ray"}
"""The extra that has a package, where that is not ``engine``."""

option_names: Final[ContextVar[Mapping[str, str]]] = ContextVar("option_names", default=MappingProxyType({}))
"""How a user writes the parameters of the running command, by their names in Python."""
_PARAMETER: Final = re.compile(r"(?<![\w:.])[a-z]+(?:_[a-z0-9]+)+\b")
"""A parameter of Python in the text of an error: such a word is not prose. A key of SigMF, ``core:…``, is none."""
_FIELD: Final = re.compile(r"^[a-z]+(?=[ :])|(?<=: give )[a-z]+")
"""What an error of usage begins with, or asks for."""
_UNITS: Final = ("_hz", "_sec")

# No markup: names of files and signals may contain brackets.
console = Console(highlight=False, markup=False, emoji=False)
messages = Console(stderr=True, highlight=False, markup=False, emoji=False)


@contextmanager
def reported(*, as_json: bool = False) -> Iterator[None]:
    """Print expected errors and set the exit status; other exceptions propagate."""
    try:
        with _warnings_noted():
            yield
    except RfhydraError as error:
        _fail(error, as_json=as_json)
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get(error.name or "", "engine")
        missing = MissingExtra(f"{error.name} is not installed: pip install 'rfhydra[{extra}]'")
        _fail(missing, as_json=as_json)
    except BrokenPipeError:  # the reader of the output has closed it
        raise
    except OSError as error:
        _fail(as_error(error), as_json=as_json)
    except OverflowError as error:  # of a number that SQLite, or a number of samples, cannot be
        _fail(InvalidMessage(f"a number is too large: {error}"), as_json=as_json)


@contextmanager
def _warnings_noted() -> Iterator[None]:
    """Print what is wrong with a recording as a note, each time."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", RecordingWarning)
        show = warnings.showwarning

        def shown(message: Warning | str, category: type[Warning], *where: Any, **options: Any) -> None:
            if issubclass(category, RecordingWarning):
                note(str(message))
            else:
                show(message, category, *where, **options)

        warnings.showwarning = shown
        yield


def as_error(error: OSError, what: str = "a file") -> RfhydraError:
    """An error of the operating system as one of ours; ``what`` it is about if it does not say."""
    name = Path(str(error.filename)).name if error.filename else what
    return RfhydraError(f"{name} cannot be used: {error.strerror or error}")


def report(error: RfhydraError, *, as_json: bool) -> None:
    """Print an error in one line on standard error, if that can be written."""
    text = _as_typed(error)
    with suppress(OSError):
        if as_json:
            sys.stderr.write(json.dumps({"type": "error", "code": error.code, "message": text}) + "\n")
        else:
            _print_line(messages, ("error", "bold red"), (f" ({error.code}) ", "dim"), text)


def _as_typed(error: RfhydraError) -> str:
    """The text of ``error``, with the options of the command where it names parameters of Python."""
    names = option_names.get()

    def option(word: str) -> str | None:
        stem = next((word.removesuffix(unit) for unit in _UNITS if word.endswith(unit)), word)
        return names.get("signal" if word == "signal_name" else stem)

    text = _PARAMETER.sub(lambda found: option(found[0]) or found[0], str(error))
    if not isinstance(error, InvalidMessage):
        return text

    def named(found: re.Match[str]) -> str:
        shown = option(found[0]) or ""
        return shown if shown.startswith("--") else found[0]  # an argument's name may be a word of the sentence

    return _FIELD.sub(named, text)


def _fail(error: RfhydraError, *, as_json: bool) -> NoReturn:
    report(error, as_json=as_json)
    # Not isinstance: an invalid recording or box is not wrong usage.
    raise typer.Exit(USAGE if type(error) in (InvalidMessage, InvalidName) else FAILURE)


def say(*parts: str | tuple[str, str]) -> None:
    """Print one line of texts and (text, style) pairs on standard output."""
    _print_line(console, *parts)


def note(text: str) -> None:
    """Print a note on standard error."""
    _print_line(messages, ("note ", "yellow"), text)


def counted(count: int, noun: str) -> str:
    """``1 sample``, ``2 samples``, ``2 boxes``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}{'es' if noun.endswith('x') else 's'}"


def _print_line(to: Console, *parts: str | tuple[str, str]) -> None:
    to.print(Text.assemble(*parts), soft_wrap=True)  # do not wrap lines in a pipe


def print_json(body: Any) -> None:
    """Print ``body`` as JSON on standard output; messages and types of the protocol without ``id`` and ``type``."""
    sys.stdout.write(json.dumps(body, indent=2, default=_fields) + "\n")
    sys.stdout.flush()  # a closed pipe must raise here, where click expects it, not at exit


def _fields(model: "BaseModel") -> dict[str, Any]:
    return model.model_dump(mode="json", exclude={"id", "type"})


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; floats with three decimals, None as a dash. Names that are too long continue on the next line."""
    table = new_table(title, columns)
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    if console.is_terminal:
        console.print(table)
        return
    width = int(os.environ["COLUMNS"]) if os.environ.get("COLUMNS", "").isdecimal() else _UNLIMITED
    Console(width=width, highlight=False, markup=False, emoji=False).print(table)


def new_table(title: str, columns: Sequence[str]) -> Table:
    """An empty table with two spaces between its columns, which cuts off no cell and breaks no time."""
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    table.padding = (0, 1, 0, 0)
    for name in columns:
        table.add_column(name, overflow="fold", no_wrap=name.endswith("UTC"))
    return table


def as_minute(time: str) -> str:
    """A time in UTC, ISO 8601, as date and minute."""
    return time[:16].replace("T", " ")


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def progress_bar(*, estimate: bool = False) -> Progress:
    """A progress bar on standard error; disabled in a pipe. With ``estimate`` it shows the time left."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        *([TextColumn("left"), TimeRemainingColumn()] if estimate else []),
        TextColumn("{task.fields[note]}", style="dim", markup=False),
        speed_estimate_period=_ESTIMATE_SEC,
        console=messages,
        transient=True,
        disable=not messages.is_terminal,
    )


def score_note(progress: "EpochProgress") -> str:
    """Note of a bar of epochs: F1, or the training loss where nothing is validated."""
    if progress.f1_score is None:
        return f"loss {progress.train_loss:.4f}"
    return f"F1 {progress.f1_score:.3f}"


def interval_text(metrics: Mapping[str, Any]) -> str:
    """The 90 % interval of F1 in ``metrics``, and what it is from where that is known."""
    low, high = metrics["f1_interval"]
    recordings = metrics.get("interval_recordings")
    basis = "" if recordings is None else f", from {recordings} recordings"
    basis = ", from the windows of one recording" if recordings == 1 else basis
    return f"90 % interval {low:.2f} to {high:.2f}{basis}"


def output_file(path: Path) -> Path:
    """``path``, with its directory created if missing. Call it before the work that it is for.

    Raises:
        InvalidMessage: ``path`` is a directory.
    """
    if path.is_dir():
        raise InvalidMessage(f"{path} is a directory: give the name of a file")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def sparkline(values: Sequence[float], low: float | None = None, high: float | None = None) -> str:
    """``values`` as a line of block characters, scaled from ``low`` to ``high`` (default: their range)."""
    if not values:
        return ""
    low = min(values) if low is None else low
    high = max(values) if high is None else high
    span = (high - low) or 1.0
    return "".join(_SPARKS[min(int((value - low) / span * len(_SPARKS)), len(_SPARKS) - 1)] for value in values)
