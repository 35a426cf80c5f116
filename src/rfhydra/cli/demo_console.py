"""The console on a synthetic live band: what ``rfhydra demo`` opens in a browser."""

import logging
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rfhydra.cli.output import progress_bar, say
from rfhydra.config import DEFAULT_HOST

if TYPE_CHECKING:
    from rfhydra.spectrum.spec import SpectrogramSpec
    from rfhydra.store.workspace import Workspace as Store

SOURCE: Final = "band"
WINDOWS: Final = 24
"""Of the recording that is played over and over."""


def serve_demo(store: "Store", directory: Path, signal_name: str, seed: int, spec: "SpectrogramSpec") -> None:
    """Serve an empty workspace with a live band, open the console, and go on until SIGINT or SIGTERM."""
    from rfhydra.server.run import run_server
    from rfhydra.server.service import Settings

    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    band = make_band(directory / SOURCE, signal_name, seed, spec)
    settings = Settings(sources={SOURCE: f"{band}?pace=1&loop=1"})

    def on_ready(port: int) -> None:
        url = f"http://{DEFAULT_HOST}:{port}/"
        say(("the console: ", "bold"), (url, "bold cyan"))
        say(f"workspace and recordings: {directory}, which stays there; Ctrl+C ends the demo")
        webbrowser.open(url)

    run_server(store, DEFAULT_HOST, 0, settings, on_ready)


def make_band(stem: Path, signal_name: str, seed: int, spec: "SpectrogramSpec") -> Path:
    """Record many transmitters, of which one is unknown; the path of the metadata, which has no annotations."""
    from rfhydra.cli.demo_scenes import CENTER_FREQ_HZ, SAMPLE_RATE_HZ, Neighbourhood
    from rfhydra.recordings import write_recording

    with progress_bar() as bar:
        task = bar.add_task("making a band", total=None, note="")
        band = Neighbourhood(signal_name, seed)
        truth = band.record(
            stem.with_name(f"{stem.name}-truth"), WINDOWS * spec.window_samples, packets=2 * WINDOWS, others=4 * WINDOWS
        )
        iq = truth.read(0, truth.sample_count)
        bar.update(task, total=1, completed=1)
    return write_recording(stem, iq, SAMPLE_RATE_HZ, CENTER_FREQ_HZ, datatype="cu8")
