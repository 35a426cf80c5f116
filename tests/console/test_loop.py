"""The whole loop in a browser: from an empty workspace to a head that watches a stream, corrected and rolled back."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect

from rfhydra.recordings import write_recording
from rfhydra.server.service import Settings
from rfhydra.spectrum.boxes import Box
from rfhydra.store.workspace import Workspace
from tests.console.conftest import OpenPage
from tests.server.json_peer import running
from tests.training import given
from tests.training.given import CENTER_HZ, RATE_HZ, SIGNAL, SPEC

WINDOWS: Final = 10
SEED: Final = 3
SCREEN: Final = {"width": 1600, "height": 1000}


@dataclass(frozen=True)
class Band:
    """A recording with emissions of one signal, and where they are."""

    meta: Path
    duration_sec: float
    boxes: list[Box]

    @property
    def files(self) -> list[str]:
        return [str(self.meta), str(self.meta.with_suffix(".sigmf-data"))]


@pytest.fixture(scope="module")
def beacons(tmp_path_factory: pytest.TempPathFactory) -> Band:
    made = given.scene(SEED, beacons=WINDOWS, samples=WINDOWS * SPEC.window_samples)
    stem = tmp_path_factory.mktemp("beacons") / "beacons"
    meta = write_recording(stem, given.heard(made, SEED), RATE_HZ, CENTER_HZ, [], datatype="ci16_le")
    boxes = sorted(given.boxes_of(made, SIGNAL), key=lambda box: box.time_start_sec)
    return Band(meta, len(made.iq) / RATE_HZ, boxes)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.create(tmp_path / "site", SPEC) as workspace:
        yield workspace


def test_the_loop(empty: Workspace, beacons: Band, browser: Browser, open_page: OpenPage) -> None:
    settings = Settings(sources={"band": f"{beacons.meta}?pace=1&loop=1"})
    with ExitStack() as stack:
        with running(empty, settings) as port:
            page = stack.enter_context(open_page(port, "label", viewport=SCREEN))
            open_recording(page, beacons)
            for box in beacons.boxes[:6]:
                draw(page, beacons, box)
            save(page, 6)
            train(page)
            watch(page)
            reject_one(page, beacons)
            extend_promote_and_roll_back(page)
        expect(page.get_by_role("alert")).to_contain_text("lost")
        with running(empty, settings, port):
            expect(page.locator(".connection .dot")).to_be_visible()
            if browser.browser_type.name == "chromium":  # Playwright is not told of the downloads of Debian's Firefox
                export(page, beacons)
    assert [version.version for version in empty.versions.list(SIGNAL)] == [1, 2]
    assert empty.versions.active(SIGNAL) == 1


def open_recording(page: Page, band: Band) -> None:
    page.get_by_label("Files of recordings").set_input_files(band.files)
    expect(page.get_by_role("heading", name=band.meta.stem)).to_be_visible()
    expect(page.locator(".axis-frequency")).to_contain_text("MHz")
    snap = page.get_by_role("button", name="Snap", exact=True)
    if snap.get_attribute("aria-pressed") == "true":
        snap.click()
    page.get_by_label("Signal", exact=True).fill(SIGNAL)
    page.get_by_label("Signal", exact=True).press("Enter")


def draw(page: Page, band: Band, box: Box) -> None:
    """Draw a box with the mouse on a picture that shows the whole recording."""
    frame = page.get_by_role("application").bounding_box()
    assert frame is not None

    def place(time_sec: float, hz: float) -> tuple[float, float]:
        return (
            frame["x"] + time_sec / band.duration_sec * frame["width"],
            frame["y"] + (CENTER_HZ + RATE_HZ / 2 - hz) / RATE_HZ * frame["height"],
        )

    boxes = page.locator(".box-drawn")
    before = boxes.count()
    page.mouse.move(*place(box.time_start_sec, box.freq_high_hz))
    page.mouse.down()
    page.mouse.move(*place(box.time_end_sec, box.freq_low_hz), steps=4)
    page.mouse.up()
    expect(boxes).to_have_count(before + 1)


def save(page: Page, count: int) -> None:
    page.get_by_role("button", name=re.compile(rf"^Save {count} box")).click()
    expect(page.get_by_role("heading", name="Nothing to save")).to_be_visible()


def train(page: Page) -> None:
    """Train a head; the page is loaded again while the training goes on."""
    page.goto(f"{page.url.split('#')[0]}#train/{SIGNAL}")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_role("progressbar", name=f"Training of {SIGNAL}")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Load it and watch live")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile(r"^Loss\."))).to_be_visible()


def watch(page: Page) -> None:
    page.get_by_role("button", name="Load it and watch live").click()
    page.get_by_role("button", name="Start band").click()
    expect(page.locator(".box", has_text=SIGNAL).first).to_be_visible()
    page.get_by_role("button", name="Stop").click()


def reject_one(page: Page, band: Band) -> None:
    """Answer a suggestion of the head with no, and box one more emission."""
    page.get_by_role("link", name="Label", exact=True).click()
    page.get_by_role("link", name=band.meta.stem).first.click()
    page.get_by_role("button", name="Suggest boxes").click()
    page.get_by_role("button", name="Reject").click()
    page.get_by_role("button", name="Whole").click()  # the picture has moved to the next suggestion
    expect(page.locator(".box-drawn.box-negative")).to_have_count(1)
    draw(page, band, band.boxes[6])
    page.get_by_role("button", name=re.compile(r"^Save")).click()
    expect(page.get_by_role("heading", name="Nothing to save")).to_be_visible()


def extend_promote_and_roll_back(page: Page) -> None:
    page.goto(f"{page.url.split('#')[0]}#train/{SIGNAL}")
    page.get_by_role("button", name=re.compile("^Extend with")).click()
    expect(page.get_by_role("heading", name="Result: version 2")).to_be_visible()
    expect(page.locator(".verdict")).to_be_visible()
    page.get_by_role("link", name="All versions").click()
    rows = page.locator("table.versions tbody tr")
    expect(rows).to_have_count(2)
    promote = page.get_by_role("button", name="Promote version 2", exact=True).first
    if promote.is_visible():  # where the evidence did not promote it
        promote.click()
    expect(rows.filter(has_text="version 2")).to_contain_text("active")
    page.get_by_role("button", name="Roll back to version 1").click()
    expect(rows.filter(has_text="version 1")).to_contain_text("active")


def export(page: Page, band: Band) -> None:
    """Save the boxes as SigMF."""
    page.goto(f"{page.url.split('#')[0]}#label")
    page.get_by_role("link", name=band.meta.stem).first.click()
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile("SigMF")).click()
    assert download.value.suggested_filename.endswith(".sigmf-meta")
