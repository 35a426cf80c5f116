"""Tables in Markdown, for pages and, rendered by rich, for the terminal."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

from rich.console import Console
from rich.markdown import Markdown
from rich.progress import track

console: Final = Console()
T = TypeVar("T")


def table(*rows: Iterable[object]) -> str:
    """Markdown table; the first row is the header."""
    cells = [[str(cell) for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in [cells[0], ["---"] * len(cells[0]), *cells[1:]]) + "\n"


def show(markdown: str) -> None:
    """Print ``markdown`` on the terminal."""
    console.print(Markdown(markdown))


def tracked(items: Iterable[T], what: str) -> Iterable[T]:
    """``items`` with a progress bar."""
    return track(list(items), what, console=console)


def figures(row: Mapping[str, Any], names: Iterable[str], digits: int = 3) -> list[str]:
    """The values of ``names`` in ``row``, rounded; a mean comes with its interval."""
    return [spread(row[name], digits) if isinstance(row[name], dict) else f"{row[name]:.{digits}f}" for name in names]


def spread(value: Mapping[str, float], digits: int = 3) -> str:
    """Mean and interval of ``{"mean", "low", "high"}``."""
    return f"{value['mean']:.{digits}f} ({value['low']:.{digits}f}–{value['high']:.{digits}f})"


def counts(causes: Mapping[str, int]) -> str:
    """The counts that are not zero, by name."""
    return ", ".join(f"{cause} {count}" for cause, count in causes.items() if count) or "–"
