"""What the server sends of the console: whole, small, and nothing that a stranger's page could use."""

import gzip
import re
from pathlib import PurePosixPath
from typing import Final

import pytest

from rfhydra.server.net.console import PAGE, console_files
from tests.server.test_app import get, status

MAX_TRANSFER_BYTES: Final = 250_000
_IMPORT: Final = re.compile(r"""(?:from|import)\s+"(\.[^"]+)";""")
_LINK: Final = re.compile(r'(?:href|src)="/console/([^"]+)"')


def test_every_file_that_is_referred_to_is_served() -> None:
    served = console_files()
    page = served[PAGE].content.decode()
    wanted = set(_LINK.findall(page))
    for name in [name for name in served if name.endswith(".js") and not name.startswith("vendor/")]:
        for target in _IMPORT.findall(served[name].content.decode()):
            wanted.add(_joined(PurePosixPath(name).parent, target))
    assert "app.js" in wanted
    assert wanted <= served.keys()


def _joined(folder: PurePosixPath, target: str) -> str:
    parts = list(folder.parts)
    for part in PurePosixPath(target).parts:
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def test_the_transfer_is_small(console_port: int) -> None:
    sent = 0
    for name, file in console_files().items():
        with get(console_port, f"/console/{name}", **{"Accept-Encoding": "gzip"}) as response:
            body = response.read()
        assert gzip.decompress(body) == file.content
        sent += len(body)
    assert sent < MAX_TRANSFER_BYTES


def test_only_files_of_the_console_are_served(console_port: int) -> None:
    assert status(console_port, "/console/app.js") == 200
    for path in ("/console/", "/console/__init__.py", "/console/../server/run.py", "/console/%2e%2e/__init__.py"):
        assert status(console_port, path) == 404


@pytest.mark.parametrize("path", ["/", "/console/app.js"])
def test_scripts_come_from_the_server_only(console_port: int, path: str) -> None:
    with get(console_port, path) as response:
        policy = response.headers["Content-Security-Policy"]
        etag = response.headers["ETag"]
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == "'self'"
    assert directives["style-src"] == "'self'"
    assert status(console_port, path, **{"If-None-Match": etag}) == 304


def test_the_page_has_no_script_or_style_of_its_own() -> None:
    page = console_files()[PAGE].content.decode()
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son\w+=", page)
