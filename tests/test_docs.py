"""Promises of the documents that a build can check."""

import ast
import re
from pathlib import Path
from typing import Final

import pytest

import rfhydra

ROOT: Final = Path(__file__).parents[1]
PACKAGE: Final = ROOT / "src" / "rfhydra"
DOCUMENTS: Final = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]

_CODE_BLOCK: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"\]\(<?([^)\s>]+)")
_EXTERNAL: Final = re.compile(r"[a-z][a-z0-9+.-]*:|#")
_MODULES_BEGIN: Final = "<!-- modules: python -m tests.test_docs -->\n"


def module_tables() -> str:
    """Every package and module of rfhydra with the first line of its docstring, in Markdown."""
    parts = [_table(sorted(PACKAGE.glob("*.py")))]
    for package in sorted(path.parent for path in PACKAGE.glob("*/__init__.py")):
        text = _docstring(package / "__init__.py").replace("``", "`").partition("\n\n")[0].replace("\n", " ")
        parts += [f"### `{package.name}/`\n", f"{text}\n", _table(sorted(package.rglob("*.py")))]
    return "\n".join(parts)


def _table(paths: list[Path]) -> str:
    rows = [
        f"| `{path.relative_to(PACKAGE).as_posix()}` | {_docstring(path).partition(chr(10))[0].replace('``', '`')} |"
        for path in paths
        if path.name != "__init__.py"
    ]
    return "\n".join(["| module | |", "|---|---|", *rows, ""])


def _docstring(path: Path) -> str:
    text = ast.get_docstring(ast.parse(path.read_text()))
    assert text is not None, f"{path.relative_to(ROOT)} has no docstring"
    return text


def test_architecture_lists_every_module() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    assert text.partition(_MODULES_BEGIN)[2] == module_tables(), "run: python -m tests.test_docs"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_relative_links_resolve(document: Path) -> None:
    text = _CODE_BLOCK.sub("", document.read_text())
    links = [link for link in _LINK.findall(text) if not _EXTERNAL.match(link)]
    broken = [link for link in links if not (document.parent / link.partition("#")[0]).exists()]
    assert not broken


def test_index_lists_every_document() -> None:
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in _LINK.findall(index.read_text())}
    pages = {path for suffix in ("md", "ipynb") for path in index.parent.rglob(f"*.{suffix}")} - {index}
    assert pages <= linked


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_changelog_is_at_this_version() -> None:
    newest = re.search(r"^## \[?(\d[^\]\s]*)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert newest[1] == rfhydra.__version__


if __name__ == "__main__":
    page = ROOT / "docs" / "architecture.md"
    page.write_text("".join([*page.read_text().partition(_MODULES_BEGIN)[:2], module_tables()]))
