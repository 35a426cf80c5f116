"""Promises of the documents that a build can check."""

import re
from pathlib import Path
from typing import Final

import pytest

import rfhydra

ROOT: Final = Path(__file__).parents[1]
PACKAGE: Final = ROOT / "src" / "rfhydra"
DOCUMENTS: Final = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]

_CODE_BLOCK: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"\]\(<?([^)\s>]+)")
_EXTERNAL: Final = re.compile(r"[a-z][a-z0-9+.-]*:|#")
_MODULE_ROW: Final = re.compile(r"^\| `([\w/]+\.py)` \| \S", re.MULTILINE)


def modules() -> set[str]:
    """Every module of the package, as a path in it; what ``__init__`` files hold goes without saying."""
    return {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if path.name != "__init__.py"}


def test_architecture_names_every_module_once() -> None:
    rows = _MODULE_ROW.findall((ROOT / "docs" / "architecture.md").read_text())
    assert sorted(rows) == sorted(modules())


def test_architecture_names_every_package() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert packages == set(re.findall(r"^### `(\w+)/`", text, re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_relative_links_resolve(document: Path) -> None:
    text = _CODE_BLOCK.sub("", document.read_text())
    links = [link for link in _LINK.findall(text) if not _EXTERNAL.match(link)]
    broken = [link for link in links if not (document.parent / link.partition("#")[0]).exists()]
    assert not broken


def test_index_lists_every_document() -> None:
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in _LINK.findall(index.read_text())}
    assert {path for path in index.parent.rglob("*.md") if path != index} <= linked


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_changelog_is_at_this_version() -> None:
    newest = re.search(r"^## \[?(\d[^\]\s]*)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert newest[1] == rfhydra.__version__
