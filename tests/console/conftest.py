"""A real browser, and servers whose console it opens."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from tests.server.json_peer import running
from tests.server.stream_scenes import record

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS: Final = (
    "--no-sandbox",  # Chromium refuses to run as root without
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--disable-gpu",
)
_LOST_CONNECTION: Final = ("WebSocket connection to", "net::ERR_CONNECTION", "establish a connection to the server at")
WAIT_MS: Final = 600_000
"""How long anything may take before a test gives up; no test depends on how fast it is."""

expect.set_options(timeout=WAIT_MS)

OpenPage: TypeAlias = Callable[..., AbstractContextManager[Page]]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium. One for each module: as long as it lives, its event loop is that of this thread."""
    if CHROMIUM is None:
        pytest.skip("no Chromium: install Debian's package chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield launched
        launched.close()


@pytest.fixture
def open_page(browser: Browser) -> OpenPage:
    """Opens the console of a port, in a browser profile of its own; errors of its scripts fail the test."""

    @contextmanager
    def call(port: int, view: str = "", **options: Any) -> Iterator[Page]:
        errors: list[str] = []
        with browser.new_context(**options) as context:
            context.set_default_timeout(WAIT_MS)
            page = context.new_page()
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
            page.goto(f"http://127.0.0.1:{port}/#{view}")
            yield page
        assert not [error for error in errors if not _tells_of_a_lost_connection(error)]

    return call


def _tells_of_a_lost_connection(error: str) -> bool:
    return any(told in error for told in _LOST_CONNECTION)


@pytest.fixture(scope="session")
def band(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Address of a source that plays a small recording over and over, in real time."""
    return f"{record(tmp_path_factory.mktemp('band') / 'band')}?pace=1&loop=1"


@pytest.fixture(scope="module")
def console_port(
    shared_site: Path, body_file: Path, band: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[int]:
    """The port of a server with versions of one signal, samples of another, and a source ``band``."""
    path = Path(shutil.copytree(shared_site, tmp_path_factory.mktemp("console") / "site"))
    settings = Settings(backbone_path=body_file, sources={"band": band})
    with Workspace.open(path) as workspace, running(workspace, settings) as port:
        yield port
