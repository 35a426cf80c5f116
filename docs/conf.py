"""The site of these documents: ``sphinx-build --fail-on-warning docs build/docs``."""

import re
import tomllib
from pathlib import Path
from typing import Final

from sphinx.application import Sphinx

DOCS: Final = Path(__file__).parent
ROOT: Final = DOCS.parent
_PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
_REPOSITORY: Final = _PROJECT["urls"]["Repository"]
_LISTED_PAGE: Final = re.compile(r"^(?:-|\d+\.) \[[^\]]*\]\(([^)#:]+)\.(?:md|ipynb)\)", re.MULTILINE)
_LINK_UP: Final = re.compile(r"(?<=\]\()(\.\./[^)\s#]+)(?=[)#])")

project = "rfhydra"
author = copyright = "The rfhydra authors"
version = release = _PROJECT["version"]
extensions = ["myst_nb"]
myst_heading_anchors = 4
nb_execution_mode = "off"
html_theme = "furo"
html_title = f"rfhydra {release}"
html_theme_options = {"source_repository": f"{_REPOSITORY}/", "source_branch": "main", "source_directory": "docs/"}


def navigation(index: str, pages: set[str]) -> str:
    """The tables of contents that end the index: ``pages`` in the order of the index, those it does not list last."""
    listed = [page for page in _LISTED_PAGE.findall(index) if page in pages]
    ordered = dict.fromkeys([*listed, *sorted(pages - {"index"})])
    return "".join(
        f"\n\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n"
        + "\n".join(page for page in ordered if page.startswith("decisions/") == decisions)
        + "\n```\n"
        for caption, decisions in (("Documents", False), ("Decisions", True))
    )


def link_repository(text: str, folder: Path) -> str:
    """The Markdown ``text`` of a document in ``folder`` with links to what is outside ``docs/`` made absolute."""

    def absolute(link: re.Match[str]) -> str:
        target = (folder / link[1]).resolve()
        if target.is_relative_to(DOCS) or not target.exists():
            return link[1]
        return f"{_REPOSITORY}/{'tree' if target.is_dir() else 'blob'}/main/{target.relative_to(ROOT).as_posix()}"

    return _LINK_UP.sub(absolute, text)


def _prepare(app: Sphinx, document: str, source: list[str]) -> None:
    source[0] = link_repository(source[0], (DOCS / document).parent)
    if document == "index":
        source[0] += navigation(source[0], app.env.found_docs)


def setup(app: Sphinx) -> None:
    """Register what is done to the text of each document before it is parsed."""
    app.connect("source-read", _prepare)
