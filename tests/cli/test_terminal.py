"""On a terminal there are progress bars; they go to standard error, so that the output can still be piped."""

import errno
import json
import os
import signal
from pathlib import Path

from tests.cli.given import SIGNAL, contents, process, wait


def read_until_closed(terminal: int) -> str:
    """All that is written to a pseudo-terminal until its last writer is gone, which Linux reports as EIO."""
    text = b""
    while True:
        try:
            text += os.read(terminal, 4096)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return text.decode()


def test_bars_are_drawn_on_the_terminal_and_json_goes_into_the_pipe(workspace: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    output = tmp_path / "output"
    terminal, end = os.openpty()
    with (
        output.open("wb") as stdout,
        process("train", workspace, SIGNAL, "--json", stdout=stdout, stderr=end, env=environment) as child,
    ):
        os.close(end)
        drawn = read_until_closed(terminal)
    os.close(terminal)
    assert child.returncode == 0, drawn
    assert "looking at samples" in drawn
    assert json.loads(output.read_text())["version"] == 3


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


def test_a_reader_that_leaves_early_is_no_error_to_report(tmp_path: Path) -> None:
    with process("init", tmp_path / "w", "--json") as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert child.stderr.read() == ""
