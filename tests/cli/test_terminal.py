"""On a terminal there are progress bars; they go to standard error, so that the output can still be piped."""

import errno
import json
import os
import signal
from pathlib import Path

from tests.cli.command_runner import SIGNAL, contents, process, wait
from tests.server.forked import ForkedCommand, forked


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
    assert "fitting, epochs" in drawn
    assert json.loads(output.read_text())["version"] == 3


def opened_for_writing(pipe: Path, child: ForkedCommand) -> int:
    """A descriptor of the named ``pipe`` as soon as ``child`` reads from it."""
    while child.poll() is None:
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            wait(child, 0.005)
    raise AssertionError(f"it ended with {child.returncode} before it read the pipe")


def test_an_interrupt_ends_a_training_and_changes_nothing(workspace: Path) -> None:
    before = contents(workspace)
    entry = min((workspace / "cache").iterdir())
    entry.unlink()
    os.mkfifo(entry)  # a training that reads this cached sample waits for the test
    with forked("train", workspace, SIGNAL, "--json") as child:
        waiting = opened_for_writing(entry, child)
        child.send_signal(signal.SIGINT)
        os.close(waiting)
        stdout, _ = child.communicate()
    assert (child.returncode, stdout) == (130, "")
    assert contents(workspace) == before


def test_a_reader_that_leaves_early_is_no_error_to_report(tmp_path: Path) -> None:
    with process("init", tmp_path / "w", "--json") as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert child.stderr.read() == ""
