"""Odd numbers, links in a loop, output that cannot be written, wrong usage, Ctrl+C: one line with a code each time."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from rfhydra.store.workspace import Workspace
from tests.cli.command_runner import SIGNAL, contents, process, record, run, wait

INTERRUPTS: Final = int(os.environ.get("RFHYDRA_INTERRUPTS", "4"))
INTERRUPTED: Final = {"type": "error", "code": "cancelled", "message": "interrupted"}
ENORMOUS: Final = "9" * 30


def assert_one_line(*arguments: object, status: int, code: str, says: str) -> None:
    """The command ends with this status and code in one line, in both forms of output."""
    for_people = run(*arguments)
    assert (for_people.status, for_people.stdout) == (status, "")
    assert for_people.stderr.startswith(f"error ({code}) ")
    assert for_people.stderr.count("\n") == 1
    assert says in for_people.stderr
    assert_json_error(*arguments, status=status, code=code, says=says)


def assert_json_error(*arguments: object, status: int, code: str, says: str) -> None:
    outcome = run(*arguments, "--json")
    assert (outcome.status, outcome.stdout) == (status, "")
    assert outcome.stderr.count("\n") == 1
    error = json.loads(outcome.stderr)
    assert (error["type"], error["code"]) == ("error", code)
    assert says in error["message"]


@pytest.fixture
def loop(tmp_path: Path) -> Path:
    """A link to a link to itself."""
    (tmp_path / "loop").symlink_to(tmp_path / "pool")
    (tmp_path / "pool").symlink_to(tmp_path / "loop")
    return tmp_path / "loop"


@pytest.mark.parametrize(
    "command", [["init"], ["registry"], ["versions", SIGNAL], ["rollback", SIGNAL], ["train", SIGNAL], ["serve"]]
)
def test_a_workspace_that_is_a_loop_of_links(loop: Path, command: list[str]) -> None:
    says = "loop cannot be used: Too many levels of symbolic links"
    assert_one_line(command[0], loop, *command[1:], status=1, code="internal", says=says)


def test_recordings_and_outputs_that_are_loops_of_links(workspace: Path, fresh: Path, loop: Path) -> None:
    assert_one_line("import", workspace, loop, status=1, code="not_found", says="loop")
    outcome = run("detect", workspace, fresh, "--png", loop / "found.png")
    assert (outcome.status, outcome.stderr.count("\n")) == (1, 1)
    outcome = run("detect", workspace, fresh, "--backbone", loop)
    assert (outcome.status, outcome.stderr.count("\n")) == (1, 1)


@pytest.mark.parametrize(
    "arguments",
    [
        ["promote", "W", SIGNAL, ENORMOUS],
        ["promote", "W", SIGNAL, 0],
        ["jobs", "--limit", ENORMOUS],
        ["serve", "W", "--grace", "inf"],
        ["serve", "W", "--grace", "nan"],
        ["serve", "W", "--port", 65536],
        ["detect", "W", "R", "--threshold", "nan"],
        ["eval", "W", SIGNAL, "R", "--iou", "1e400"],
        ["train", "W", SIGNAL, "--epochs", ENORMOUS],
        ["init", "N", "--fft-size", ENORMOUS],
        ["init", "N", "--hop", f"-{ENORMOUS}"],
        ["init", "N", "--cols", ENORMOUS],
        ["jobs", "--server", "ws://127.0.0.1:99999"],
        ["jobs", "--server", "ws://[::1"],
        ["nonsense"],
        ["registry"],
        ["registry", "W", "--nonsense"],
    ],
)
def test_what_cannot_be_meant_is_a_json_error_if_json_is_wanted(
    trained: Path, fresh: Path, tmp_path: Path, arguments: list[object]
) -> None:
    places = {"W": trained, "R": fresh, "N": tmp_path / "new"}
    words = [places.get(str(each), each) for each in arguments]
    assert_json_error(*words, status=2, code="invalid_message", says="")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("option", ["--sample-rate", "--center-freq"])
@pytest.mark.parametrize("value", ["1e400", "1e308", "1e-320"])
def test_frequencies_that_no_receiver_has(
    trained: Path, support: list[Path], tmp_path: Path, option: str, value: str
) -> None:
    raw = tmp_path / "raw.cu8"
    raw.write_bytes(support[0].with_suffix(".sigmf-data").read_bytes())
    outcome = run("detect", trained, raw, "--sample-rate", 250e3, option, value, "--json")
    assert outcome.status in (0, 1, 2)
    if outcome.status:
        assert json.loads(outcome.stderr)["code"] == "invalid_message"


@pytest.mark.parametrize("command", [["registry", "W"], ["--version"], ["--help"], ["train", "--help"]])
def test_output_on_a_full_disk(trained: Path, command: list[str]) -> None:
    words = [trained if each == "W" else each for each in command]
    with Path("/dev/full").open("w") as full, process(*words, stdout=full) as child:
        _, stderr = child.communicate()
    assert (child.returncode, stderr.count("\n")) == (1, 1)
    assert stderr.startswith("error (internal) the output cannot be used: ")


def test_json_on_a_full_disk(trained: Path) -> None:
    with Path("/dev/full").open("w") as full, process("registry", trained, "--json", stdout=full) as child:
        _, stderr = child.communicate()
    assert (child.returncode, json.loads(stderr)["code"]) == (1, "internal")


@pytest.mark.parametrize(("words", "status"), [(["registry", "W"], 1), (["registry", "W", "--no"], 2)])
def test_the_status_is_right_where_the_error_cannot_be_written(tmp_path: Path, words: list[str], status: int) -> None:
    words = [str(tmp_path) if each == "W" else each for each in words]
    with Path("/dev/full").open("w") as full, process(*words, stderr=full) as child:
        child.communicate()
    assert child.returncode == status


@pytest.mark.parametrize("module", ["typer", "rich", "pydantic", "rfhydra.cli.app"])
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_an_interrupt_of_the_first_imports(tmp_path: Path, module: str, form: list[str]) -> None:
    source = f"""
import importlib.abc, os, signal, sys
class Interrupted(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupted())
sys.argv = ["rfhydra", "registry", {str(tmp_path)!r}, *{form!r}]
from rfhydra.cli import main
main()
"""
    child = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False)
    assert (child.returncode, child.stdout) == (130, "")
    if form:
        assert json.loads(child.stderr) == INTERRUPTED
    else:
        assert child.stderr == "error (cancelled) interrupted\n"


def test_an_interrupt_after_the_result_changes_nothing(workspace: Path) -> None:
    """The interpreter takes a while to end, and would die of the signal with no status of its own."""
    for delay_s in (0, 0.01, 0.02, 0.04, 0.08):
        with process("registry", workspace, "--json") as child:
            assert child.stdout is not None
            lines = [child.stdout.readline()]
            while lines[-1] not in ("}\n", ""):
                lines.append(child.stdout.readline())
            wait(child, delay_s)
            child.send_signal(signal.SIGINT)
            _, stderr = child.communicate()
        assert json.loads("".join(lines))
        assert (child.returncode, stderr) == (0, "") or (child.returncode, json.loads(stderr)) == (130, INTERRUPTED)


def test_an_import_that_is_interrupted_adds_all_or_nothing(workspace: Path, tmp_path: Path) -> None:
    more = [record(tmp_path / f"more-{seed}", 70 + seed) for seed in range(6)]
    chance, outcomes = random.Random(5), []
    for _ in range(INTERRUPTS):
        before = contents(workspace)[0]
        with process("import", workspace, *more, "--json") as child:
            _wait_for_imports(child)
            if chance.random() < 0.5:
                wait(child, chance.uniform(0, 1))
            else:
                _wait_for_a_blob(child, workspace)
                wait(child, chance.uniform(0, 0.05))
            child.send_signal(signal.SIGINT)
            stdout, stderr = child.communicate()
        with Workspace.open(workspace) as store:
            assert store.db.value("PRAGMA integrity_check") == "ok"
            store.collect_garbage()
            samples = [store.samples.image(each) for each in store.samples.list(SIGNAL)]
        outcomes.append(child.returncode)
        if child.returncode == 0:
            assert json.loads(stdout)["total_samples"] == {SIGNAL: len(samples)}
        else:
            assert (child.returncode, json.loads(stderr)) == (130, INTERRUPTED)
            assert not stdout or json.loads(stdout)["total_samples"] == {SIGNAL: len(samples)}
        after = contents(workspace)[0]
        assert after["samples"] == before["samples"] or len(samples) == len(before["samples"]) + len(more)
    assert run("train", workspace, SIGNAL, "--epochs", 1).status == 0
    print(outcomes)


def _wait_for_imports(child: "subprocess.Popen[str]") -> None:
    """Wait until our own code runs: before, an interrupt is the interpreter's to report."""
    maps = Path(f"/proc/{child.pid}/maps")
    while child.poll() is None and "pydantic_core" not in maps.read_text():
        wait(child, 0.001)


def _wait_for_a_blob(child: "subprocess.Popen[str]", workspace: Path) -> None:
    scratch = workspace / "blobs" / "tmp"
    before = scratch.stat().st_mtime_ns
    while child.poll() is None and scratch.stat().st_mtime_ns == before:
        wait(child, 0.001)
