"""The label view in a browser."""

import re
from pathlib import Path
from typing import Any, Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from rfhydra.recordings import Annotation
from tests.console.conftest import OpenPage
from tests.server.json_peer import peer
from tests.server.uploads import pair
from tests.training import given
from tests.training.given import CENTER_HZ, OTHER, RATE_HZ, SIGNAL

NAME: Final = "doorbell"
SCENE: Final = 3
MARGIN: Final = 0.15
"""Of a burst's extent, that its hand-drawn box is too large on each side."""
_UNSAVED: Final = """() => Object.entries(sessionStorage)
  .filter(([key]) => key.startsWith("rfhydra-boxes-"))
  .flatMap(([, boxes]) => JSON.parse(boxes))"""


def test_boxes_are_drawn_snapped_undone_kept_and_saved(console_port: int, open_page: OpenPage, tmp_path: Path) -> None:
    made = given.scene(SCENE)
    first, second = (
        next(each for each in given.annotations_of(made) if each.label == name) for name in (SIGNAL, OTHER)
    )
    pair(tmp_path, given.heard(made, SCENE))
    with (
        peer(console_port) as client,
        open_page(console_port, "label", viewport={"width": 1366, "height": 860}) as page,
    ):
        _open(page, *tmp_path.glob("night.*"))
        page.get_by_role("combobox", name="Signal").fill(NAME)
        page.keyboard.press("Enter")
        boxes = page.locator(".box-drawn")

        page.get_by_role("button", name="Snap", exact=True).click()
        _draw(page, first)
        expect(boxes).to_have_count(1)
        drawn = _description(boxes)
        assert drawn.startswith(f"{NAME}, ")
        page.keyboard.press("Shift+S")
        expect(boxes).not_to_have_attribute("aria-label", drawn)
        snapped = _description(boxes)
        assert _is_close(page.evaluate(_UNSAVED)[0]["box"], first)

        page.keyboard.press("Control+z")
        expect(boxes).to_have_attribute("aria-label", drawn)
        page.keyboard.press("Control+z")
        expect(boxes).to_have_count(0)
        page.keyboard.press("Control+Shift+Z")
        page.keyboard.press("Control+Shift+Z")
        expect(boxes).to_have_attribute("aria-label", snapped)

        _draw(page, second)
        expect(boxes).to_have_count(2)
        page.reload()
        expect(boxes).to_have_count(2)
        expect(boxes.first).to_have_attribute("aria-label", snapped)
        assert _violations(page) == []

        page.get_by_role("button", name="Save 2 boxes").click()
        expect(page.get_by_role("heading", name="Nothing to save")).to_be_visible()
        expect(boxes).to_have_count(0)
        assert page.evaluate(_UNSAVED) == []
        (known,) = [each for each in client.ask("get_signals")["signals"] if each["signal_name"] == NAME]
        counts = f"{known['box_count']} boxes in {known['sample_count']} windows"
        expect(page.get_by_role("status").filter(has_text="saved")).to_contain_text(f"{NAME} has {counts}")
        expect(page.get_by_role("button", name=re.compile(f"Train .*{NAME} now"))).to_be_enabled()
        recording_id = page.url.rpartition("/")[2]
        stored = client.ask("get_recording_annotations", recording_id=recording_id)["annotations"]
        assert [each["label"] for each in stored if each["origin"] == "sample"] == [NAME] * 2
        expect(page.locator(".box-saved")).to_have_count(2)


def test_what_a_file_does_not_state_is_asked_for(console_port: int, open_page: OpenPage, tmp_path: Path) -> None:
    raw = tmp_path / "unknown.cu8"
    raw.write_bytes(bytes(range(256)) * 100)
    with open_page(console_port, "label") as page:
        _choose(page, raw)
        form = page.locator(".uploads form")
        form.get_by_label("Sample rate").fill("250k")
        form.get_by_role("button", name="Open").click()
        expect(page.get_by_role("heading", name="unknown")).to_be_visible()
        expect(page.get_by_text("at 250 kHz")).to_be_visible()
        page.get_by_role("link", name="All recordings").click()
        assert _violations(page) == []
        row = page.get_by_role("row", name="unknown")
        row.get_by_role("button", name="Remove unknown").click()
        expect(row).to_have_count(0)
        page.get_by_role("button", name="Undo").click()
        expect(row).to_have_count(1)


def _choose(page: Page, *files: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Open recordings…").click()
    chooser.value.set_files([*files])


def _open(page: Page, *files: Path) -> None:
    """Send a recording, and wait for its spectrogram."""
    _choose(page, *files)
    expect(page.get_by_role("heading", name="night")).to_be_visible()
    expect(page.locator(".picture-state")).to_contain_text("noise floor")


def _draw(page: Page, burst: Annotation) -> None:
    """Draw a box around a burst with the mouse, a little too large."""
    frame = page.get_by_role("application").bounding_box()
    assert frame is not None
    samples = given.SPEC.window_samples
    start, end = burst.sample_start / samples, (burst.sample_start + burst.sample_count) / samples
    low, high = ((hz - CENTER_HZ) / RATE_HZ + 0.5 for hz in (burst.freq_low_hz, burst.freq_high_hz))
    across, along = MARGIN * (end - start), MARGIN * (high - low)
    left, right = (frame["x"] + share * frame["width"] for share in (start - across, end + across))
    top, bottom = (frame["y"] + (1 - share) * frame["height"] for share in (high + along, low - along))
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move(right, bottom, steps=4)
    page.mouse.up()


def _description(box: Locator) -> str:
    text = box.get_attribute("aria-label")
    assert text is not None
    return re.sub(r"\s+", " ", text)


def _is_close(box: dict[str, float], burst: Annotation) -> bool:
    """Whether the edges are nearer to those of the burst than they were drawn."""
    start, end = burst.sample_start / RATE_HZ, (burst.sample_start + burst.sample_count) / RATE_HZ
    near_sec, near_hz = MARGIN * (end - start) / 2, MARGIN * (burst.freq_high_hz - burst.freq_low_hz)
    return (
        max(abs(box["startS"] - start), abs(box["stopS"] - end)) < near_sec
        and max(abs(box["lowHz"] - burst.freq_low_hz), abs(box["highHz"] - burst.freq_high_hz)) < near_hz
    )


def _violations(page: Page) -> list[Any]:
    found = Axe().run(page).response["violations"]
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]
