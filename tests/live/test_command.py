"""Programs that are run for tracks: real child processes."""

import json
import os
import select
import shlex
import signal
import sys
from pathlib import Path

import pytest

from rfhydra.errors import InvalidMessage
from rfhydra.live import work_queue
from rfhydra.live.command import MAX_PROCESSES, Command
from rfhydra.protocol.streams import TrackEvent
from tests.live.tracks import begin_and_end, event

PYTHON = shlex.quote(sys.executable)


def script(path: Path, text: str) -> str:
    path.write_text(text)
    return f"{PYTHON} {shlex.quote(str(path))}"


def test_the_event_is_on_standard_input_and_in_the_environment(tmp_path: Path) -> None:
    command = script(
        tmp_path / "hook.py",
        "import json, os, sys, pathlib\n"
        "event = json.load(sys.stdin)\n"
        "seen = {k: v for k, v in os.environ.items() if k.startswith('RFHYDRA_')}\n"
        "pathlib.Path(sys.argv[1], event['event']).write_text(json.dumps([event, seen, sys.argv[2:]]))\n",
    )
    output = Command(f"{command} {shlex.quote(str(tmp_path))} 'two words' '$HOME'")
    for each in (event("update"), *begin_and_end(1, 1.0)):
        output.write(each)
    output.close()
    assert not (tmp_path / "update").exists()
    for what in ("begin", "end"):
        body, variables, arguments = json.loads((tmp_path / what).read_text())
        assert TrackEvent.model_validate(body) == event(what)
        assert (variables["RFHYDRA_EVENT"], variables["RFHYDRA_SIGNAL_NAME"]) == (what, "ook-433")
        assert ("RFHYDRA_SNR_DB" in variables) == (what == "end")
        assert arguments == ["two words", "$HOME"]  # no shell
    assert (output.failed, output.dropped) == (0, 0)


def test_a_shell_where_it_is_asked_for(tmp_path: Path) -> None:
    output = Command(f"cat > {shlex.quote(str(tmp_path))}/$RFHYDRA_SIGNAL_NAME", shell=True)
    output.write(event())
    output.close()
    assert json.loads((tmp_path / "ook-433").read_text())["track_id"] == 1


def test_a_bounded_number_runs_at_once(tmp_path: Path) -> None:
    """Each writes its process id and waits for the file that lets all go."""
    fifo = tmp_path / "go"
    os.mkfifo(fifo)
    command = script(
        tmp_path / "hook.py",
        "import os, sys, pathlib\npathlib.Path(sys.argv[1], str(os.getpid())).touch()\nopen(sys.argv[2]).read()\n",
    )
    started = tmp_path / "started"
    started.mkdir()
    output = Command(f"{command} {shlex.quote(str(started))} {shlex.quote(str(fifo))}", max_waiting=5)
    for number in range(1, MAX_PROCESSES + 9):
        output.write(event(track_id=number))
    assert output.dropped > 0
    go = os.open(fifo, os.O_WRONLY)  # waits for the first reader
    assert len([*started.iterdir()]) <= MAX_PROCESSES
    os.close(go)
    while not output.flush(0.05):  # readers that came later need a writer, too
        try:
            os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            continue
    output.close()
    assert len([*started.iterdir()]) + output.dropped == MAX_PROCESSES + 8


def test_one_that_takes_too_long_is_killed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    fifo = tmp_path / "never"
    os.mkfifo(fifo)
    output = Command(f"cat {shlex.quote(str(fifo))}", timeout_sec=0)
    output.write(event())
    assert output.flush(30)
    output.close()
    assert (output.failed, "cat did not end in time" in caplog.text) == (1, True)


def test_the_end_kills_what_still_runs_with_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_queue, "CLOSE_SEC", 0.0)
    never, held = tmp_path / "never", tmp_path / "held"
    for fifo in (never, held):
        os.mkfifo(fifo)
    output = Command(f"bash -c {shlex.quote(f'(exec cat {never}) > {held} & wait')}")
    output.write(event())
    with held.open("rb") as reading:  # waits for the child to open it
        output.close()
        ready, _, _ = select.select([reading], [], [], 30)
        assert ready, "the child lives"
        assert reading.read() == b""
    assert output.flush(30)
    assert output.failed == 1


@pytest.mark.parametrize("command", ["false", "/missing/program", f"{PYTHON} -c 'import sys; sys.exit(3)'"])
def test_a_failure_is_counted(command: str, caplog: pytest.LogCaptureFixture) -> None:
    output = Command(command)
    output.write(event())
    output.close()
    assert (output.failed, "command: 1 failed" in caplog.text) == (1, True)


def test_one_that_does_not_read_its_input_is_fine() -> None:
    output = Command("true")
    for number in range(1, 20):
        output.write(event(track_id=number, signal_name="x" * 60))
    output.close()
    assert output.failed == 0


@pytest.mark.parametrize("command", ["", "  ", "cat 'open"])
def test_a_command_without_a_program_is_refused(command: str) -> None:
    with pytest.raises(InvalidMessage, match="command"):
        Command(command)


def test_interrupts_of_the_terminal_do_not_reach_it() -> None:
    """It has a session of its own: Ctrl+C stops the watch, which then waits for it."""
    output = Command(f"{PYTHON} -c 'import os, sys; sys.exit(os.getsid(0) != os.getpid())'")
    output.write(event())
    output.close()
    assert output.failed == 0
    assert signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
