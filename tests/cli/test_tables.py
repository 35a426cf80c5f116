"""Answers that read well: tables of 80 columns, completed names, errors that name what was typed."""

import re
from pathlib import Path

import pytest
from rich.console import Console
from typer.main import get_command
from typer.testing import CliRunner

from rfhydra.cli import output
from rfhydra.cli.app import COMMANDS, app
from rfhydra.cli.completion import complete_signal, complete_signals
from rfhydra.cli.output import counted
from tests.cli.command_runner import SIGNAL, run

LONG = "a-name-of-sixty-four-characters-as-long-as-the-name-of-a-signal!"


def test_a_long_name_continues_on_the_next_line(capsys: pytest.CaptureFixture[str]) -> None:
    table = output.new_table("title", ["signal", "F1", "precision", "recall", "samples", "trained UTC"])
    table.add_row(LONG, "1.000", "1.000", "1.000", "10", "2026-11-27 19:03")
    Console(width=80).print(table)
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    assert "…" not in shown
    assert "".join(line.split()[0] for line in shown.splitlines()[4:] if line.strip()) == LONG


@pytest.mark.parametrize("arguments", [["registry"], ["versions", SIGNAL]])
def test_tables_of_a_workspace_fit_80_columns(
    arguments: list[str], trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = run(arguments[0], trained, *arguments[1:]).stdout.splitlines()
    assert max(map(len, shown)) <= 80
    assert re.search(r" 20\d\d-\d\d-\d\d \d\d:\d\d( |$)", "\n".join(shown), re.MULTILINE)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_helps_with_h(name: str) -> None:
    assert get_command(app).commands[name].name == name  # type: ignore[attr-defined]
    shown = CliRunner().invoke(app, [name, "-h"])
    assert shown.exit_code == 0
    assert "Usage" in shown.output


@pytest.mark.parametrize(
    ("count", "noun", "text"),
    [(1, "sample", "1 sample"), (2, "epoch", "2 epochs"), (1, "box", "1 box"), (0, "box", "0 boxes")],
)
def test_counts_agree_with_their_nouns(count: int, noun: str, text: str) -> None:
    assert counted(count, noun) == text


def test_signal_names_are_completed_from_the_workspace(trained: Path, tmp_path: Path) -> None:
    class Context:
        params: dict[str, object]

    context = Context()
    context.params = {"directory": trained}
    assert complete_signal(context, SIGNAL[:2]) == [SIGNAL]  # type: ignore[arg-type]
    assert complete_signal(context, "x") == []  # type: ignore[arg-type]
    assert complete_signals(context, f"other,{SIGNAL[:2]}") == [f"other,{SIGNAL}"]  # type: ignore[arg-type]
    assert complete_signals(context, SIGNAL[:2]) == [SIGNAL]  # type: ignore[arg-type]
    assert complete_signals(context, f"{SIGNAL},") == []  # type: ignore[arg-type]
    context.params = {"directory": tmp_path}
    assert complete_signal(context, "") == []  # type: ignore[arg-type]
    context.params = {}
    assert complete_signal(context, "") == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["init", "W", "--fft-size", 500], "--fft-size 500 must be a power of two"),
        (["detect", "W", "R", "--sample-rate", "200k"], "--sample-rate 200000.0 contradicts"),
        (["versions", "W", "a b"], "SIGNAL 'a b' is not allowed"),
        (["detect", "W", "F"], "do): give --datatype"),
    ],
)
def test_an_error_names_the_option(arguments: list[object], message: str, trained: Path, fresh: Path) -> None:
    unknown = fresh.parent / "samples.xyz"
    unknown.write_bytes(b"\0\0")
    places = {"W": trained, "R": fresh, "F": unknown}
    words = [places.get(str(each), each) for each in arguments]
    if arguments[0] == "init":
        words[1] = fresh.parent / "new"
    assert message in run(*words).stderr


@pytest.mark.parametrize("command", ["train", "extend", "eval", "detect", "card"])
def test_an_unknown_signal_is_told_with_those_that_exist(command: str, trained: Path, fresh: Path) -> None:
    words = {"detect": [fresh, "--heads", "nope"], "eval": ["nope", fresh]}.get(command, ["nope"])
    outcome = run(command, trained, *words)
    assert outcome.status == 1
    assert "(not_found) signal 'nope' has no " in outcome.stderr
    assert outcome.stderr.rstrip().endswith(SIGNAL)


def test_extend_without_new_samples_trains_nothing(workspace: Path, support: list[Path]) -> None:
    outcome = run("extend", workspace, SIGNAL)
    assert outcome.status == 0
    assert "no sample was added or changed since" in outcome.stdout
    assert run("versions", workspace, SIGNAL, "--json").stdout.count('"version"') == 2
    (first, *_) = support
    new = first.with_name("new.sigmf-meta")
    if not new.exists():
        from tests.cli.command_runner import record

        record(new.with_suffix(""), 55)
    assert run("import", workspace, new).status == 0
    assert "version 3" in run("extend", workspace, SIGNAL).stdout
