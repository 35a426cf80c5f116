"""How long does a newcomer take from ``rfhydra demo`` to the first head?

    python -m benchmarks.first_head

The command is started as the README says, and the five steps of the guide are followed with the mouse. The browser's
own start is not counted; how long a person thinks is not in it, either.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Annotated, Final

import typer
from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

from benchmarks.results import Row, write_result
from benchmarks.tables import show, table
from rfhydra.cli.demo import SIGNAL
from rfhydra.cli.demo_console import SOURCE
from tests.console.conftest import CHROMIUM, FLAGS, WAIT_MS
from tests.console.first_steps import FirstSteps

SCREEN: Final[ViewportSize] = {"width": 1366, "height": 860}
TARGET_SEC: Final = 180.0
_URL: Final = re.compile(r"http://\S+/")


def measure(name: Annotated[str, typer.Option(help="Name of the result file.")] = "first_head") -> None:
    """Start the demo, follow the guide, report."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        with browser.new_context(viewport=SCREEN) as context:
            context.set_default_timeout(WAIT_MS)
            rows = _follow(context.new_page(), Path(folder))
        browser.close()
    seconds = sum(row["seconds"] for row in rows[:-1])
    steps = ((row["step"], f"{row['seconds']:.1f}", f"{row['load_average']:.1f}") for row in rows)
    show(table(("step", "seconds", "load average"), *steps))
    show(f"to the first head: {seconds:.0f} s")
    write_result(name, {"first_head_sec": seconds, "target_sec": TARGET_SEC, "steps": rows}, None)


def _follow(page: Page, folder: Path) -> list[Row]:
    """Every step with its seconds; the last one comes after the first head."""
    rows = list[Row]()

    @contextmanager
    def timed(step: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        rows.append({"step": step, "seconds": time.monotonic() - began, "load_average": os.getloadavg()[0]})

    with ExitStack() as stack:
        with timed("start the command, until it names the address"):
            url = _url_in(stack.enter_context(_demo(folder)))
        steps = FirstSteps(page, SOURCE, folder / f"{SOURCE}-truth.sigmf-meta", SIGNAL)
        with timed("open the console"):
            page.goto(url)
            expect(page.locator(".connection .dot")).to_be_visible()
        for title, take in (
            ("1 look: start the source, watch the waterfall", steps.look),
            ("2 box: freeze it, magnify", steps.freeze),
            ("3 five of them: draw and save boxes", steps.box),
            ("4 train, until the result is shown", steps.train),
            ("5 watch: load the head, until it boxes an emission", steps.watch),
        ):
            with timed(title):
                take()
    return rows


@contextmanager
def _demo(folder: Path) -> Iterator[IO[str]]:
    """The output of ``rfhydra demo``, which runs meanwhile."""
    command: list[str | Path] = [Path(sys.executable).with_name("rfhydra"), "demo", "--out", folder]
    environment = {**os.environ, "BROWSER": "true", "PYTHONUNBUFFERED": "1"}  # `true` stands for the browser to open
    environment.pop("RFHYDRA_NO_BROWSER", None)
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout
        finally:
            process.send_signal(signal.SIGINT)


def _url_in(lines: IO[str]) -> str:
    return next(found[0] for line in lines if (found := _URL.search(line)))


if __name__ == "__main__":
    typer.run(measure)
