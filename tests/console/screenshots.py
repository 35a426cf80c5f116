"""Pictures of the console for the documents: every view, light and dark.

python -m tests.console.screenshots docs/images/console [VIEW...]
"""

import io
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

from rfhydra.cli.demo_console import SOURCE, make_band
from rfhydra.cli.demo_scenes import CENTER_FREQ_HZ, Neighbourhood
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.protocol.types import TrainingRequest
from rfhydra.recordings import write_recording
from rfhydra.server.service import Settings
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.importer import import_recordings
from rfhydra.training.service import TrainingService
from tests.console.conftest import CHROMIUM, FLAGS, WAIT_MS
from tests.server.json_peer import peer, running

SIGNAL: Final = "mystery-burst"
SEED: Final = 1
SPEC: Final = SpectrogramSpec(fft_size=512, hop=256, rows=512, cols=512)
SCREEN: Final[ViewportSize] = {"width": 1366, "height": 860}
RECORDING: Final = "support-1"
LIVE_ROWS: Final = 12
ARCHIVE: Final = "harbour"
ARCHIVED: Final = 8
MIDNIGHT: Final = datetime(2026, 11, 20, tzinfo=UTC)
SHOWN_MS: Final = 10_000
TALL: Final = ("train", "versions")
"""Views of which more is shown than fits a screen: their curves."""
TALL_PX: Final = 1330
MOST_BYTES: Final = 150_000
QUALITIES: Final = (88, 80, 72, 64, 56, 48)


def live(page: Page) -> None:
    start = page.get_by_role("button", name=f"Start {SOURCE}")
    expect(start.or_(page.get_by_role("application"))).to_be_visible()
    if not start.is_visible():  # begin anew: on a slow machine the detection of a stream that runs is far behind
        page.get_by_role("button", name="Stop").click()
    start.click()
    page.wait_for_timeout(SHOWN_MS)  # until the waterfall is full
    rows = page.get_by_role("table", name="Newest tracks").get_by_role("button")
    expect(rows.nth(LIVE_ROWS)).to_be_visible()
    rows.first.click()  # brings it into the picture, where it is not
    expect(page.locator(".box-chosen")).to_be_visible()


def label(page: Page) -> None:
    page.get_by_role("link", name=RECORDING).first.click()
    expect(page.get_by_role("heading", name=RECORDING)).to_be_visible()
    page.get_by_role("button", name="Suggest boxes").click()
    expect(page.get_by_role("button", name="Enough")).to_be_hidden()
    page.get_by_role("button", name="Next").click()


def train(page: Page) -> None:
    page.get_by_role("link", name=SIGNAL).first.click()
    expect(page.get_by_role("img", name="Loss").first).to_be_visible()


def versions(page: Page) -> None:
    page.get_by_role("link", name=SIGNAL).first.click()
    expect(page.get_by_role("img", name="Precision and recall by threshold").first).to_be_visible()


def mission(page: Page) -> None:
    expect(page.locator(".curve polyline").first).to_be_attached()


def archive(page: Page) -> None:
    scan = page.get_by_role("button", name="Scan", exact=True)
    hits = page.get_by_role("list", name="Hits", exact=True).get_by_role("listitem")
    expect(scan.or_(hits.first)).to_be_visible()
    if scan.is_visible():
        scan.click()
    expect(hits.first).to_be_visible()
    page.wait_for_timeout(SHOWN_MS)  # until their pictures are there


def samples(page: Page) -> None:
    page.get_by_role("link", name=SIGNAL).first.click()
    expect(page.locator(".sample >> nth=9")).to_be_visible()


VIEWS: Final[dict[str, Callable[[Page], None]]] = {
    each.__name__: each for each in (live, label, train, versions, mission, archive, samples)
}


def main(folder: Path, views: Sequence[str]) -> None:
    """Write the pictures of ``views`` into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    with _served() as (port, directory), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        for scheme in ("dark", "light"):
            context = browser.new_context(viewport=SCREEN, color_scheme=scheme, reduced_motion="reduce")
            context.set_default_timeout(WAIT_MS)
            page = context.new_page()
            _prepare(page, port, directory)
            for view in views:
                page.set_viewport_size({**SCREEN, "height": TALL_PX} if view in TALL else SCREEN)
                page.goto(f"http://127.0.0.1:{port}/#{view}")
                VIEWS[view](page)
                _save(page, folder / f"{view}-{scheme}.webp")
            context.close()
        browser.close()


@contextmanager
def _served() -> Iterator[tuple[int, Path]]:
    """A server of a workspace with two versions of one head, and a live source; its port and the recordings' folder."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        neighbourhood, support = Neighbourhood(SIGNAL, SEED), []
        for number in range(1, 11):
            stem = directory / f"support-{number}"
            support.append(neighbourhood.record(stem, SPEC.window_samples, packets=1, others=4))
        band = make_band(directory / SOURCE, SIGNAL, SEED, SPEC)
        _make_archive(directory / ARCHIVE, neighbourhood)
        with Workspace.create(directory / "workspace", SPEC) as workspace:
            service = TrainingService(workspace, load_backbone())
            import_recordings(workspace, support[:6], SIGNAL)
            service.train(TrainingRequest(signal_name=SIGNAL, notes="first six boxes"))
            import_recordings(workspace, support[6:], SIGNAL)
            settings = Settings(sources={SOURCE: f"{band}?pace=1&loop=1"}, archives={ARCHIVE: directory / ARCHIVE})
            with running(workspace, settings) as port:
                with peer(port) as client:  # a training of the server, whose curves the console shows
                    client.send("extend_signal", signal_name=SIGNAL, notes="four more")
                    client.until("training_complete")
                yield port, directory


def _make_archive(folder: Path, neighbourhood: Neighbourhood) -> None:
    """Recordings of one night, a quarter of an hour from one to the next."""
    folder.mkdir()
    for number in range(ARCHIVED):
        begun = MIDNIGHT + timedelta(minutes=15 * number)
        drawn = neighbourhood.record(
            folder.with_name(f"drawn-{number}"), 4 * SPEC.window_samples, packets=number, others=8
        )
        iq = drawn.read(0, drawn.sample_count)
        stem, start = folder / f"{begun:%H%M}", begun.isoformat()
        write_recording(stem, iq, drawn.sample_rate_hz, CENTER_FREQ_HZ, datatype="cu8", start_time=start)


def _prepare(page: Page, port: int, directory: Path) -> None:
    """Load the head, save a mission, and open a recording, where that was not done before."""
    page.goto(f"http://127.0.0.1:{port}/#mission")
    expect(page.locator(".connection .dot")).to_be_visible()
    page.evaluate("localStorage.setItem('rfhydra-guide-dismissed', 'true')")
    load = page.get_by_role("button", name="Load", exact=True).first
    expect(page.get_by_text(SIGNAL).first).to_be_visible()
    if page.get_by_text("None: nothing is detected").is_visible():
        load.click()
        page.get_by_label("Name of the mission").fill("harbour-night")
        page.get_by_role("button", name="Save what is loaded").click()
        page.goto(f"http://127.0.0.1:{port}/#label")
        files = [str(directory / f"{RECORDING}.sigmf-{part}") for part in ("meta", "data")]
        page.get_by_label("Files of recordings").set_input_files(files)
        expect(page.get_by_role("heading", name=RECORDING)).to_be_visible()
    page.reload()


def _save(page: Page, path: Path) -> None:
    """Write what the page shows: as it is where that is small, else with the noise of its spectrograms smoothed."""
    page.wait_for_function("() => document.fonts.ready.then(() => true)")
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.save(path, lossless=True, quality=100, method=6)
    for quality in QUALITIES:
        if path.stat().st_size <= MOST_BYTES:
            break
        picture.save(path, quality=quality, method=6)
    print(f"{path}  {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or list(VIEWS))
