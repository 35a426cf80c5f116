"""The loop as an animated picture: look, box, train, live boxes, in twenty seconds. Waiting is shortened.

python -m tests.console.animation docs/images/console/loop.webp
"""

import base64
import io
import sys
import tempfile
import time
from bisect import bisect_right
from pathlib import Path
from typing import Any, Final

from PIL import Image
from playwright.sync_api import Page, ViewportSize, sync_playwright

from rfhydra.cli.demo import SIGNAL
from rfhydra.cli.demo_console import SOURCE, make_band
from rfhydra.server.service import Settings
from rfhydra.store.workspace import Workspace
from tests.console.conftest import CHROMIUM, FLAGS, WAIT_MS
from tests.console.first_steps import FirstSteps
from tests.console.screenshots import SEED, SPEC
from tests.server.json_peer import running

SCREEN: Final[ViewportSize] = {"width": 1120, "height": 700}
WIDTH_PX: Final = 880
FRAMES_PER_SEC: Final = 6
QUALITY: Final = 50
LIVE_MS: Final = 10_000
REST_MS: Final = 1200
_MOVES: Final = 8
_MOVE_MS: Final = 40
_POINTER: Final = """() => addEventListener("DOMContentLoaded", () => {
  const pointer = document.createElement("div");
  Object.assign(pointer.style, {
    position: "fixed", zIndex: 99, width: "20px", height: "20px", margin: "-10px", borderRadius: "50%",
    border: "2px solid #fff", background: "rgb(255 80 60 / 55%)", boxShadow: "0 0 4px #000", pointerEvents: "none",
  });
  document.body.append(pointer);
  addEventListener("pointermove", (event) => {
    pointer.style.left = `${event.clientX}px`;
    pointer.style.top = `${event.clientY}px`;
  }, true);
  addEventListener("pointerdown", () => (pointer.style.background = "rgb(255 220 60 / 90%)"), true);
  addEventListener("pointerup", () => (pointer.style.background = "rgb(255 80 60 / 55%)"), true);
})"""


class Film:
    """What a page shows while scenes are played, each of which then takes the seconds that it should."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._session = page.context.new_cdp_session(page)
        self._session.on("Page.screencastFrame", self._keep)
        self._session.send("Page.startScreencast", {"format": "jpeg", "quality": 92})
        self._times = list[float]()
        self._pictures = list[bytes]()
        self._scenes = list[tuple[float, float, float]]()
        self._at = (0.0, 0.0)

    def scene(self, seconds: float, began: float) -> None:
        """End a scene that began at a time, and is to take so many seconds."""
        self._page.wait_for_timeout(REST_MS)
        self._scenes.append((began, time.time(), seconds))

    def glide(self, x: float, y: float) -> None:
        """Take the mouse to a point, so that it is seen on its way."""
        (x0, y0), self._at = self._at, (x, y)
        for step in range(1, _MOVES + 1):
            share = step / _MOVES
            self._page.mouse.move(x0 + share * (x - x0), y0 + share * (y - y0))
            self._page.wait_for_timeout(_MOVE_MS)

    def end(self) -> None:
        """Take no more pictures."""
        self._session.send("Page.stopScreencast")
        self._session.remove_listener("Page.screencastFrame", self._keep)

    def save(self, path: Path) -> None:
        """Write the animated picture."""
        frames = [self._picture_at(began + share * (ended - began)) for began, ended, share in self._shares()]
        first, *others = frames
        milliseconds = round(1000 / FRAMES_PER_SEC)
        first.save(
            path, "WEBP", save_all=True, append_images=others, duration=milliseconds, loop=0, quality=QUALITY, method=5
        )
        print(f"{path}  {len(frames)} frames, {path.stat().st_size / 1e6:.2f} MB")

    def _shares(self) -> list[tuple[float, float, float]]:
        counts = [(began, ended, round(seconds * FRAMES_PER_SEC)) for began, ended, seconds in self._scenes]
        return [(began, ended, number / count) for began, ended, count in counts for number in range(count)]

    def _picture_at(self, moment: float) -> Image.Image:
        found = self._pictures[max(0, bisect_right(self._times, moment) - 1)]
        picture = Image.open(io.BytesIO(found)).convert("RGB")
        height = round(WIDTH_PX * picture.height / picture.width)
        return picture.resize((WIDTH_PX, height), Image.Resampling.LANCZOS)

    def _keep(self, event: dict[str, Any]) -> None:
        self._times.append(event["metadata"]["timestamp"])
        self._pictures.append(base64.b64decode(event["data"]))
        self._session.send("Page.screencastFrameAck", {"sessionId": event["sessionId"]})


def main(path: Path) -> None:
    """Play the loop on a server of an empty workspace, and write it to ``path``."""
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        band = make_band(folder / SOURCE, SIGNAL, SEED, SPEC)
        settings = Settings(sources={SOURCE: f"{band}?pace=1&loop=1"})
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        with (
            Workspace.create(folder / "workspace", SPEC) as workspace,
            running(workspace, settings) as port,
            browser.new_context(viewport=SCREEN, color_scheme="dark") as context,
        ):
            context.set_default_timeout(WAIT_MS)
            page = context.new_page()
            page.add_init_script(f"({_POINTER})()")
            steps = FirstSteps(page, SOURCE, folder / f"{SOURCE}-truth.sigmf-meta", SIGNAL)
            page.goto(f"http://127.0.0.1:{port}/")
            film = Film(page)
            steps.move = film.glide
            for take, seconds in (
                (steps.look, 3.0),
                (steps.freeze, 2.5),
                (steps.box, 5.5),
                (steps.train, 3.5),
                (lambda: _watch(steps), 6.0),
            ):
                began = time.time()
                take()
                film.scene(seconds, began)
            film.end()
        browser.close()
    path.parent.mkdir(parents=True, exist_ok=True)
    film.save(path)


def _watch(steps: FirstSteps) -> None:
    steps.watch()
    steps.page.wait_for_timeout(LIVE_MS)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
