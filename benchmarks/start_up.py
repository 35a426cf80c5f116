"""CPU seconds that commands take before and beside their work, on a workspace of the demo.

    python -m benchmarks.start_up

The least of several runs counts, user and system time together. Commands that need no engine should take less than
half a second, those that do less than three.
"""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Final

import typer

from benchmarks.results import write_result
from benchmarks.tables import show, table

SIGNAL: Final = "mystery-burst"
COMMANDS: Final = {
    "--version": ["--version"],
    "--help": ["--help"],
    "init": ["init", "{fresh}"],
    "registry": ["registry", "{workspace}"],
    "versions": ["versions", "{workspace}", SIGNAL],
    "log": ["log", "{workspace}"],
    "card --stored, where there is none": ["card", "{workspace}", SIGNAL, "--stored"],
    "train, an unknown signal": ["train", "{workspace}", "unknown"],
    "eval, an unknown signal": ["eval", "{workspace}", "unknown", "{recording}"],
    "import, 1 recording": ["import", "{workspace}", "{recording}"],
    "detect, 0.5 s of recording": ["detect", "{workspace}", "{recording}"],
}


def measure(runs: Annotated[int, typer.Option(min=1, help="Runs of each command.")] = 5) -> None:
    """Measure every command and print a table."""
    with tempfile.TemporaryDirectory(prefix="rfhydra-start-up-") as name:
        directory = Path(name)
        _run(["demo", "--no-browser", "--out", str(directory)])
        places = {"workspace": directory / "workspace", "recording": directory / "support-01.sigmf-meta"}
        rows = []
        for title, words in COMMANDS.items():
            took = []
            for run in range(runs):
                fresh = directory / f"fresh-{run}"
                took.append(_run([word.format(fresh=fresh, **places) for word in words]))
            rows.append({"command": title, "cpu_sec": min(took)})
    write_result("start_up", {"runs": runs, "rows": rows}, None)
    show(table(["command", "CPU seconds"], *([row["command"], f"{row['cpu_sec']:.2f}"] for row in rows)))


def _run(words: list[str]) -> float:
    """CPU seconds of a command, its children among them."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    script = Path(sys.executable).with_name("rfhydra")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run([script, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


if __name__ == "__main__":
    typer.run(measure)
