"""Does the live view stay quick and small: frames, latency of input, memory, in headless Chromium.

    python -m benchmarks.console --minutes 30

A server in a process of its own plays the band of ``rfhydra demo`` in real time, with one head loaded, and the console
shows it. Chromium draws with the processor, as the console does where there is no graphics card, and shares the cores
with the detection.
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from benchmarks.results import Row, write_result
from benchmarks.tables import show, table
from rfhydra.cli.demo_console import SOURCE, make_band
from rfhydra.cli.demo_scenes import Neighbourhood
from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.backbone_file import load_backbone
from rfhydra.protocol.types import TrainingRequest
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.importer import import_recordings
from rfhydra.training.service import TrainingService
from tests.console.conftest import CHROMIUM, FLAGS, WAIT_MS
from tests.server.json_peer import peer
from tests.server.server_process import Server, serving

SIGNAL: Final = "mystery-burst"
SEED: Final = 1
SPEC: Final = SpectrogramSpec(fft_size=512, hop=256, rows=512, cols=512)
BOXES: Final = 10
SCREEN: Final[ViewportSize] = {"width": 1366, "height": 860}
WARM_UP_MS: Final = 10_000
INPUTS: Final = 30
BETWEEN_MS: Final = 170
_MIB: Final = 1 << 20
_COUNT_DRAWS: Final = """() => {
  const draw = CanvasRenderingContext2D.prototype.putImageData;
  window.draws = 0;
  CanvasRenderingContext2D.prototype.putImageData = function (...given) {
    window.draws += Boolean(this.canvas.closest(".spectrum-frame"));
    return draw.apply(this, given);
  };
}"""
_FRAMES: Final = """(milliseconds) => new Promise((resolve) => {
  const begin = performance.now();
  const drawn = window.draws;
  let [frames, longest, last] = [0, 0, begin];
  const count = (now) => {
    frames++;
    longest = Math.max(longest, now - last);
    last = now;
    const seconds = (performance.now() - begin) / 1000;
    if (seconds * 1000 < milliseconds) requestAnimationFrame(count);
    else resolve({frames: frames / seconds, redraws: (window.draws - drawn) / seconds, longest});
  };
  requestAnimationFrame(count);
})"""
# The message is handled after the frame of the animation callback was painted.
_TIME_INPUTS: Final = """(type) => {
  window.latencies = [];
  const channel = new MessageChannel();
  let began = 0;
  channel.port1.onmessage = () => window.latencies.push(performance.now() - began);
  addEventListener(type, (event) => {
    began = event.timeStamp;
    requestAnimationFrame(() => channel.port2.postMessage(null));
  }, {capture: true});
}"""


def measure(
    minutes: Annotated[float, typer.Option(help="How long the live view is watched for its memory.")] = 30.0,
    every: Annotated[float, typer.Option(help="Minutes between two looks at the memory.")] = 5.0,
    frames_sec: Annotated[float, typer.Option(help="Seconds over which frames are counted.")] = 20.0,
    name: Annotated[str, typer.Option(help="Name of the result file.")] = "console",
) -> None:
    """Serve, watch, report."""
    backbone = load_backbone()
    with tempfile.TemporaryDirectory() as folder:
        site, source = _site(Path(folder), backbone)
        with serving(site, "--source", source) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            with browser.new_context(viewport=SCREEN) as context:
                context.set_default_timeout(WAIT_MS)
                page = context.new_page()
                _open(page, server)
                row: Row = {"frames": _frames(page, frames_sec), "latency_ms": _latency(page)}
                row["memory"] = _Memory(browser, page, server).watch(60 * minutes, 60 * every)
            browser.close()
    write_result(name, {"minutes": minutes, **row}, backbone)
    _show(row)


def _site(folder: Path, backbone: Backbone) -> tuple[Path, str]:
    """A workspace with a head, and the address of the band that it knows."""
    neighbourhood = Neighbourhood(SIGNAL, SEED)
    support = [
        neighbourhood.record(folder / f"support-{number}", SPEC.window_samples, packets=1, others=4)
        for number in range(BOXES)
    ]
    band = make_band(folder / SOURCE, SIGNAL, SEED, SPEC)
    with Workspace.create(folder / "workspace", SPEC) as workspace:
        import_recordings(workspace, support, SIGNAL)
        TrainingService(workspace, backbone).train(TrainingRequest(signal_name=SIGNAL))
    return folder / "workspace", f"{SOURCE}={band}?pace=1&loop=1"


def _open(page: Page, server: Server) -> None:
    """Show the live view of the running band, with tracks of the head."""
    with peer(server.port) as client:
        client.ask("load_heads", signal_names=[SIGNAL])
        client.ask("start_stream", source={"name": SOURCE})
    page.add_init_script(f"({_COUNT_DRAWS})()")
    page.goto(f"http://127.0.0.1:{server.port}/#live")
    expect(page.get_by_role("table", name="Newest tracks").get_by_role("button").first).to_be_visible()
    page.wait_for_timeout(WARM_UP_MS)


def _frames(page: Page, seconds: float) -> Row:
    """Frames and redraws of the waterfall, each second, and the longest time between two frames."""
    found = page.evaluate(_FRAMES, 1000 * seconds)
    return {
        "seconds": seconds,
        "per_second": found["frames"],
        "waterfall_redraws_per_second": found["redraws"],
        "longest_ms": found["longest"],
        "load_average": os.getloadavg()[0],
    }


def _latency(page: Page) -> Row:
    """From a key or a click to the end of the frame that shows what it did."""
    picture = page.get_by_role("application")
    picture.focus()
    keys = _timed(page, "keydown", lambda number: page.keyboard.press("-" if number % 2 else "+"))
    pause = page.get_by_role("button", name="Pause").bounding_box()
    assert pause is not None
    at = pause["x"] + pause["width"] / 2, pause["y"] + pause["height"] / 2
    clicks = _timed(page, "click", lambda _: page.mouse.click(*at))
    return {"inputs": INPUTS, "key": keys, "click": clicks, "load_average": os.getloadavg()[0]}


def _timed(page: Page, event: str, act: Callable[[int], None]) -> Row:
    page.evaluate(_TIME_INPUTS, event)
    for number in range(INPUTS):
        act(number)
        page.wait_for_function("count => window.latencies.length > count", arg=number)
        page.wait_for_timeout(BETWEEN_MS)
    latencies = page.evaluate("() => window.latencies")
    return {"p50": float(np.percentile(latencies, 50)), "p95": float(np.percentile(latencies, 95))}


class _Memory:
    """The memory of the page, of the processes of its browser, and of the server."""

    def __init__(self, browser: Browser, page: Page, server: Server) -> None:
        self._page, self._server = page, server
        self._tab = page.context.new_cdp_session(page)
        self._tab.send("HeapProfiler.enable")
        self._tab.send("Performance.enable")
        found = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
        busiest = {each["type"]: each["id"] for each in sorted(found, key=lambda each: float(each["cpuTime"]))}
        self._processes = {"renderer": int(busiest["renderer"]), "gpu": int(busiest["GPU"]), "server": server.pid}

    def watch(self, seconds: float, every_sec: float) -> list[Row]:
        """A row now, and one after each ``every_sec`` until ``seconds`` have passed."""
        began = time.monotonic()
        rows = [self._row(0.0)]
        while (passed := time.monotonic() - began) < seconds:
            self._page.wait_for_timeout(1000 * min(every_sec, seconds - passed))
            rows.append(self._row(time.monotonic() - began))
        return rows

    def _row(self, passed_sec: float) -> Row:
        self._tab.send("HeapProfiler.collectGarbage")
        metrics = {each["name"]: each["value"] for each in self._tab.send("Performance.getMetrics")["metrics"]}
        resident = {f"{name}_mib": _resident_mib(pid) for name, pid in self._processes.items()}
        row = {"minutes": passed_sec / 60, "heap_mib": metrics["JSHeapUsedSize"] / _MIB, "nodes": metrics["Nodes"]}
        return row | resident | {"load_average": os.getloadavg()[0]}


def _resident_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / _MIB


def _show(row: Row) -> None:
    frames, latency = row["frames"], row["latency_ms"]
    show(
        table(
            ("live view", "", "load average"),
            ("frames per second", f"{frames['per_second']:.1f}", f"{frames['load_average']:.1f}"),
            ("redraws of the waterfall per second", f"{frames['waterfall_redraws_per_second']:.1f}", ""),
            ("longest time between two frames", f"{frames['longest_ms']:.0f} ms", ""),
            *(
                (f"{what} to painted frame, p50, p95", f"{each['p50']:.0f} ms, {each['p95']:.0f} ms", "")
                for what, each in (("key", latency["key"]), ("click", latency["click"]))
            ),
        )
    )
    names = ("heap_mib", "renderer_mib", "gpu_mib", "server_mib")
    show(
        table(
            ("minutes", "JavaScript heap, MiB", "renderer, MiB", "GPU process, MiB", "server, MiB", "load average"),
            *(
                (f"{each['minutes']:.0f}", *(f"{each[name]:.0f}" for name in names), f"{each['load_average']:.1f}")
                for each in row["memory"]
            ),
        )
    )


if __name__ == "__main__":
    typer.run(measure)
