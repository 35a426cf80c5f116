"""Connection, login and accessibility of the console in a browser."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from rfhydra.server.net.security import Gate
from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from tests.console.conftest import OpenPage
from tests.server.json_peer import running

VIEWS = ("live", "label", "train", "versions", "mission", "archive", "samples")


def connected(page: Page) -> None:
    """Wait until the console has a connection."""
    expect(page.locator(".connection .dot")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_views_are_accessible(console_port: int, open_page: OpenPage, view: str, scheme: str) -> None:
    with open_page(console_port, view, color_scheme=scheme, reduced_motion="reduce") as page:
        connected(page)
        violations = Axe().run(page).response["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in violations] == []


def test_a_lost_connection_is_told_and_made_again(small: Workspace, body_file: Path, open_page: OpenPage) -> None:
    settings = Settings(backbone_path=body_file)
    with ExitStack() as stack:
        with running(small, settings) as port:
            page = stack.enter_context(open_page(port))
            connected(page)
        expect(page.get_by_role("alert")).to_contain_text("lost")
        with running(small, settings, port):
            connected(page)


def test_the_token_is_asked_for_and_never_in_the_address(
    small: Workspace, body_file: Path, open_page: OpenPage
) -> None:
    settings = Settings(backbone_path=body_file, gate=Gate(token="correct-horse"))
    with running(small, settings) as port, open_page(port) as page:
        field = page.get_by_label("Token of the server")
        field.fill("wrong-horse")
        field.press("Enter")
        expect(page.get_by_role("dialog").get_by_text("The token is wrong.")).to_be_visible()
        field.fill("correct-horse")
        field.press("Enter")
        connected(page)
        page.reload()
        connected(page)
        assert "horse" not in page.url
