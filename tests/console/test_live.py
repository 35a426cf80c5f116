"""The live view in a browser."""

from playwright.sync_api import Page, expect

from tests.console.conftest import OpenPage
from tests.server.json_peer import peer
from tests.training.given import SIGNAL

_IS_DRAWN = """() => {
  const canvas = document.querySelector(".spectrum-frame canvas");
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [canvas.width, canvas.height];
  return new Promise((resolve) => requestAnimationFrame(() => {
    const context = copy.getContext("2d");
    context.drawImage(canvas, 0, 0);
    const pixels = new Set(new Uint32Array(context.getImageData(0, 0, copy.width, copy.height).data.buffer));
    resolve(pixels.size > 16);
  }));
}"""


def test_a_stream_is_shown_paused_and_magnified(console_port: int, open_page: OpenPage) -> None:
    with open_page(console_port, "live", viewport={"width": 1366, "height": 860}) as page:
        page.get_by_role("button", name="Start band").click()
        expect(page.locator(".connection .tag", has_text="band")).to_be_visible()
        expect(page.get_by_text("× real time")).to_be_visible()
        page.wait_for_function(_IS_DRAWN)
        page.get_by_role("button", name="Pause").click()
        expect(page.get_by_role("button", name="Go on")).to_be_visible()
        _magnifies_with_the_keyboard(page)
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_role("heading", name="No live stream")).to_be_visible()


def _magnifies_with_the_keyboard(page: Page) -> None:
    picture = page.get_by_role("application")
    before = page.locator(".axis-time").inner_text()
    picture.focus()
    picture.press("+")
    expect(page.locator(".axis-time")).not_to_have_text(before)
    assert page.locator(".axis-frequency span").count() > 0


def test_tracks_of_loaded_heads_are_listed_and_boxed(console_port: int, open_page: OpenPage) -> None:
    with peer(console_port) as client, open_page(console_port, "live") as page:
        client.ask("load_heads", signal_names=[SIGNAL])
        page.get_by_role("button", name="Start band").click()
        row = page.get_by_role("table", name="Newest tracks").get_by_role("row", name=SIGNAL).first
        row.get_by_role("button").click()
        expect(page.locator(".box-chosen")).to_contain_text(SIGNAL)
        client.ask("stop_stream", stream_id="band")
