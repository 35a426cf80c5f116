"""The archive view in a browser: a scan, its hits, what is similar to one, and its labelling."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from tests.archive.given import record
from tests.console.conftest import OpenPage
from tests.server.json_peer import Peer, peer, running
from tests.training.given import SIGNAL

ROOF: Final = "roof"
WINDOWS: Final = 3
PAGE: Final = 24
"""Hits that the view asks for at once."""


@pytest.fixture
def port(site: Path, body_file: Path, tmp_path: Path) -> Iterator[int]:
    """A server with an archive of two recordings, and a file that is none."""
    folder = tmp_path / ROOF
    (folder / "night").mkdir(parents=True)
    record(folder / "first", seed=1, windows=WINDOWS)
    record(folder / "night" / "second", seed=2, windows=WINDOWS)
    (folder / "broken.wav").write_bytes(b"RIFF")
    settings = Settings(backbone_path=body_file, archives={ROOF: folder})
    with Workspace.open(site) as workspace, running(workspace, settings) as number:
        yield number


def test_an_archive_is_scanned_looked_through_searched_and_labelled(port: int, open_page: OpenPage) -> None:
    with peer(port) as client, open_page(port, "archive") as page:
        _scan(page)
        (info,) = client.ask("get_archives")["archives"]
        assert info["result"]["hits"].keys() == {SIGNAL}
        expect(page.get_by_role("listitem").filter(has_text="broken.wav: ")).to_be_visible()
        _expect_hits(page, client)
        assert _violations(page) == []

        _drag(page, 0.1, 0.6)
        picked = _stretch(page)
        assert 0 < picked["from_sec"] < picked["to_sec"]
        _expect_hits(page, client, **picked)
        page.reload()
        _expect_hits(page, client, **picked)
        form = page.get_by_role("form", name="Stretch")
        form.get_by_label("From").fill("0")
        form.get_by_label("From").press("Enter")
        expect(page).to_have_url(re.compile(r"/hits/\*/0/"))
        _expect_hits(page, client, **_stretch(page))

        hit = client.ask("get_archive_hits", archive=ROOF, limit=1)["hits"][0]
        _cards(page, "Hits").first.get_by_role("link", name="Find emissions similar").click()
        expect(page).to_have_url(re.compile(rf"#archive/{ROOF}/similar/"))
        page.reload()
        box = {name: value for name, value in hit.items() if name.startswith(("time_", "freq_"))}
        found = client.ask("find_similar", archive=ROOF, recording=hit["recording"], box=box)["emissions"]
        expect(_cards(page, "Similar emissions")).to_have_count(len(found))
        expect(_cards(page, "Similar emissions").first).to_contain_text(found[0]["recording"])
        assert _violations(page) == []

        page.get_by_role("link", name="All hits").click()
        _label_and_find_again(page, hit)
        _scan_for_nothing(page)


def _scan(page: Page) -> None:
    """Scan the archive; the page is loaded again meanwhile."""
    expect(page.get_by_role("heading", name="not scanned yet")).to_be_visible()
    assert _violations(page) == []
    page.get_by_role("button", name="Scan", exact=True).click()
    expect(page.get_by_role("progressbar", name=f"Scan of {ROOF}")).to_be_visible()
    page.reload()
    page.get_by_text("1 file could not be scanned").click()


def _expect_hits(page: Page, client: Peer, **stretch: float) -> None:
    """The view lists the hits that the server has in a stretch."""
    found = client.ask("get_archive_hits", archive=ROOF, **stretch)["found"]
    assert found > 0
    expect(page.get_by_role("status").filter(has_text=re.compile(rf"\b{found} hit"))).to_be_visible()
    expect(_cards(page, "Hits")).to_have_count(min(found, PAGE))


def _drag(page: Page, start: float, end: float) -> None:
    """Drag over a part of the timeline, in shares of it."""
    plot = page.get_by_role("img", name=f"{SIGNAL}: ").bounding_box()
    assert plot is not None
    middle = plot["y"] + plot["height"] / 2
    page.mouse.move(plot["x"] + start * plot["width"], middle)
    page.mouse.down()
    page.mouse.move(plot["x"] + end * plot["width"], middle, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile("/hits/"))


def _stretch(page: Page) -> dict[str, float]:
    """The stretch that the address names."""
    start, end = page.url.split("/")[-2:]
    return {"from_sec": float(start), "to_sec": float(end)}


def _label_and_find_again(page: Page, hit: dict[str, Any]) -> None:
    """Open the first hit for labelling: its box is drawn in the copy, where similar ones can be searched for."""
    _cards(page, "Hits").first.get_by_role("button", name=f"Label {SIGNAL} at ").click()
    expect(page.locator(".box-drawn")).to_have_count(1)
    page.get_by_role("heading", name="1 box to save").locator("..").get_by_role("button", name=SIGNAL).first.click()
    page.get_by_role("link", name="Find similar in archive").click()
    expect(page).to_have_url(re.compile(rf"#archive/{ROOF}/similar-to/"))
    start, end, low, high = map(float, page.url.split("/")[-4:])
    assert end - start == pytest.approx(hit["time_end_sec"] - hit["time_start_sec"], rel=1e-3)
    assert (low, high) == pytest.approx((hit["freq_low_hz"], hit["freq_high_hz"]), rel=1e-6)
    expect(_cards(page, "Similar emissions").first).to_be_visible()


def _scan_for_nothing(page: Page) -> None:
    """Other heads than before are a conflict, which a restart solves."""
    page.get_by_role("link", name="All hits").click()
    page.get_by_text("Heads: all").click()
    page.get_by_role("checkbox", name=SIGNAL).uncheck()
    page.get_by_role("button", name="Scan again").click()
    again = page.get_by_role("button", name="Scan everything again")
    again.click()
    expect(page.get_by_text("Nothing was detected in this archive.")).to_be_visible()
    expect(again).to_have_count(0)


def _cards(page: Page, title: str) -> Locator:
    return page.get_by_role("list", name=title, exact=True).get_by_role("listitem")


def _violations(page: Page) -> list[Any]:
    found = Axe().run(page).response["violations"]
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]
