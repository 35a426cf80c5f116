"""Real small things for the command line: recordings with an easy signal, the commands, and what a workspace holds."""

import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image
from typer.testing import CliRunner

from rfhydra.cli.app import app
from rfhydra.recordings import Annotation, write_recording
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.synth import LineCode, Receiver, Scene, make_burst
from tests.server.forked import Child
from tests.training import given

SPEC: Final = SpectrogramSpec(fft_size=512, hop=256, rows=256, cols=256)
CONTRACT: Final = ("--fft-size", 512, "--hop", 256, "--rows", 256, "--cols", 256)
SIGNAL: Final = "beacon"
RATE_HZ: Final = 250e3
CENTER_HZ: Final = 433.92e6
BEACON: Final = LineCode("fsk", symbol=300, bits=48, rise=12, deviation=0.04)
RFHYDRA: Final = Path(sys.executable).with_name("rfhydra")

Row = tuple[Any, ...]


class Outcome:
    """How a command ended: its exit status and what it wrote."""

    def __init__(self, status: int, stdout: str, stderr: str) -> None:
        self.status, self.stdout, self.stderr = status, stdout, stderr


def run(*arguments: object) -> Outcome:
    """A command in this process. An exception that the command does not turn into a message fails the test."""
    result = CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
    return Outcome(result.exit_code, result.stdout, result.stderr)


def process(*arguments: object, before: Sequence[str] = (), **options: Any) -> subprocess.Popen[str]:
    """The installed command, with pipes for its output; ``before``: a command, with its arguments, that executes it."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    return subprocess.Popen([*before, RFHYDRA, *map(str, arguments)], **options)


def wait(child: Child, seconds: float) -> None:
    """Wait for the child to end, but no longer than that."""
    with suppress(subprocess.TimeoutExpired):
        child.wait(timeout=seconds)


@contextmanager
def cramped(limit_bytes: int) -> Iterator[None]:
    """No file may grow beyond ``limit_bytes`` meanwhile, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def record(stem: Path, seed: int, *, windows: int = 1, packets: int = 1, label: str | None = SIGNAL) -> Path:
    """A recording of strong beacons, annotated, beside emissions that look quite different. Returns its metadata."""
    rng, scene = np.random.default_rng(seed), Scene(windows * SPEC.window_samples)
    placed = [scene.place(BEACON.packet(rng, 40_000), rng, rng.uniform(22, 28), cut=0.0) for _ in range(packets)]
    for kind, bandwidth in (("ofdm", 0.2), ("tone", 0.004), ("chirp", 0.15)) * windows:
        scene.place(make_burst(kind, rng, 30_000, bandwidth), rng, 12)
    annotations = [
        Annotation(
            each.start,
            each.stop - each.start,
            CENTER_HZ + each.low * RATE_HZ,
            CENTER_HZ + each.high * RATE_HZ,
            label,
        )
        for each in placed
        if each is not None
    ]
    iq = Receiver(bits=8, overload_db=-6).apply(scene, rng)
    return write_recording(stem, iq, RATE_HZ, CENTER_HZ, annotations, datatype="cu8")


def png_size(path: Path) -> tuple[int, int]:
    """Width and height of a picture, which must be a whole PNG and show more than one colour."""
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert np.ptp(np.asarray(image)) > 0
        return image.size


def tables(workspace: Path) -> dict[str, list[Row]]:
    """All rows of all tables."""
    with sqlite3.connect(workspace / "rfhydra.db") as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        rows = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in names}
    connection.close()
    return rows


def blobs(workspace: Path) -> list[str]:
    """All files below ``blobs``, half-written ones among them."""
    return sorted(str(path.relative_to(workspace)) for path in given.blobs(workspace))


def contents(workspace: Path) -> tuple[dict[str, list[Row]], list[str]]:
    """What must not change when a command fails."""
    return tables(workspace), blobs(workspace)
