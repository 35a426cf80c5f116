"""On a terminal there are progress bars; they go to standard error, so that the output can still be piped."""

import errno
import json
import os
import signal
from pathlib import Path

from rfhydra.store.workspace import Workspace
from tests.cli.given import SIGNAL, contents, process, wait


def read_until_closed(terminal: int) -> str:
    """All that is written to a pseudo-terminal until its last writer is gone, which Linux reports as EIO."""
    parts = []
    try:
        while part := os.read(terminal, 4096):
            parts.append(part)
    except OSError as error:
        assert error.errno == errno.EIO
    return b"".join(parts).decode()


def test_bars_are_drawn_on_the_terminal_and_json_goes_into_the_pipe(
    workspace: Path, support: list[Path], fresh: Path, tmp_path: Path
) -> None:
    commands = [
        ("import", workspace, *support),
        ("train", workspace, SIGNAL),
        ("detect", workspace, fresh),
        ("eval", workspace, SIGNAL, fresh),
    ]
    for arguments in commands:
        terminal, end = os.openpty()
        output = tmp_path / "output"
        with (
            output.open("wb") as stdout,
            process(
                *arguments, "--json", stdout=stdout, stderr=end, env={**os.environ, "TERM": "xterm", "COLUMNS": "120"}
            ) as child,
        ):
            os.close(end)
            drawn = read_until_closed(terminal)
        os.close(terminal)
        assert child.returncode == 0, drawn
        assert "━" in drawn
        assert json.loads(output.read_text())


def test_an_interrupt_ends_a_training_and_changes_nothing(workspace: Path) -> None:
    before = contents(workspace)
    for entry in (workspace / "cache").iterdir():  # so that there is something to interrupt
        entry.unlink()
    with process("train", workspace, SIGNAL, "--json") as child:
        while not list((workspace / "cache").iterdir()) and child.poll() is None:
            wait(child, 0.005)
        child.send_signal(signal.SIGINT)
        stdout, _ = child.communicate()
    assert (child.returncode, stdout) == (130, "")
    assert contents(workspace) == before


def test_a_workspace_in_use_is_left_alone(workspace: Path) -> None:
    with Workspace.open(workspace), process("train", workspace, SIGNAL, "--json") as child:
        stdout, stderr = child.communicate()
    assert (child.returncode, stdout, json.loads(stderr)["code"]) == (1, "", "busy")
