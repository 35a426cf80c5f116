"""The tutorial runs from its first cell to its last."""

import ast
import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.cli.command_runner import png_size

TUTORIAL: Final = Path(__file__).parents[1] / "docs" / "tutorial.ipynb"


def run_cell(source: str, names: dict[str, Any]) -> Any:
    """Run a cell as a notebook does; returns the value of its last line, None if that is a statement."""
    tree, last = ast.parse(source), None
    if isinstance(tree.body[-1], ast.Expr):
        last = ast.Expression(tree.body.pop().value)  # type: ignore[attr-defined]  # an expression has a value
    exec(compile(tree, TUTORIAL.name, "exec"), names)
    return None if last is None else eval(compile(last, TUTORIAL.name, "eval"), names)


def test_the_tutorial_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    notebook = json.loads(TUTORIAL.read_text())
    assert (notebook["nbformat"], len({each["id"] for each in notebook["cells"]})) == (4, len(notebook["cells"]))
    cells = [each for each in notebook["cells"] if each["cell_type"] == "code"]
    assert all(each["outputs"] == [] and each["execution_count"] is None for each in cells), "committed without outputs"
    names = dict[str, Any]()
    tables, pictures = list[str](), list[bytes]()
    for each in cells:
        shown = run_cell("".join(each["source"]), names)
        tables += [shown._repr_html_()] if hasattr(shown, "_repr_html_") else []
        pictures += [shown._repr_png_()] if hasattr(shown, "_repr_png_") else []
    assert (len(tables), len(pictures)) == (3, 2)
    assert all("mystery-burst" in each for each in tables)
    assert names["training"].metrics["f1_score"] > 0.9
    assert len(names["found"]) == pytest.approx(8, abs=1)
    width, _ = png_size(names["found"].plot().save("night.png"))
    assert width > 1000
