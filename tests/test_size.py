"""Module sizes have a limit. ``python -m tests.test_size [CHECKOUT]`` prints the sizes of a tree."""

import ast
import sys
from pathlib import Path
from statistics import median
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
PARTS: Final = ("src", "tests", "benchmarks")
MAX_MODULE_LINES: Final = 400


def modules(part: Path) -> dict[Path, int]:
    """Lines of every module below ``part``."""
    return {path: len(path.read_text().splitlines()) for path in sorted(part.rglob("*.py"))}


def functions(path: Path) -> list[int]:
    """Lines of every function and method of a module, decorators left out."""
    nodes = ast.walk(ast.parse(path.read_text()))
    return [
        n.end_lineno - n.lineno + 1
        for n in nodes
        if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
        if n.end_lineno
    ]


@pytest.mark.parametrize("part", PARTS)
def test_no_module_is_too_long(part: str) -> None:
    too_long = {
        path.relative_to(ROOT): lines for path, lines in modules(ROOT / part).items() if lines > MAX_MODULE_LINES
    }
    assert not too_long


def report(root: Path) -> str:
    """A table of the sizes of a checkout, in Markdown."""
    rows = ["| part | lines | modules | module: median, largest | function: median, largest |", "|---|---|---|---|---|"]
    for part in PARTS:
        sizes = modules(root / part)
        lengths = [length for path in sizes for length in functions(path)]
        largest = max(sizes, key=lambda path: sizes[path])
        name = largest.relative_to(root / part)
        rows.append(
            f"| `{part}` | {sum(sizes.values()):,} | {len(sizes)} | {median(sizes.values()):.0f},"
            f" {sizes[largest]} (`{name}`) | {median(lengths):.0f}, {max(lengths)} |"
        )
    return "\n".join(rows)


if __name__ == "__main__":
    print(report(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT))
