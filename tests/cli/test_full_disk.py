"""On a full disk a command fails with a clear line, and what was there stays as it was."""

from pathlib import Path

import pytest

from tests.cli.command_runner import CONTRACT, SIGNAL, contents, cramped, record, run


def assert_full(limit_bytes: int, *arguments: object) -> None:
    """The command fails when no file may be larger than that."""
    with cramped(limit_bytes):
        outcome = run(*arguments)
    assert (outcome.status, outcome.stdout) == (1, "")
    assert outcome.stderr.startswith("error (internal) the disk is full")


def test_init(tmp_path: Path) -> None:
    assert_full(100, "init", tmp_path / "w", *CONTRACT)
    assert not (tmp_path / "w" / "rfhydra.toml").exists()
    assert run("init", tmp_path / "w", *CONTRACT).status == 0  # what is left is no obstacle


@pytest.mark.parametrize("limit_bytes", [20_000, 70_000])  # no room for the database; for the image but not for the IQ
def test_import(workspace: Path, tmp_path: Path, limit_bytes: int) -> None:
    more, before = record(tmp_path / "more", 70), contents(workspace)
    assert_full(limit_bytes, "import", workspace, more)
    assert contents(workspace) == before
    assert run("import", workspace, more).status == 0


@pytest.mark.parametrize("limit_bytes", [20_000, 40_000])  # no room for the database; for the head
def test_train(workspace: Path, limit_bytes: int) -> None:
    before = contents(workspace)
    assert_full(limit_bytes, "train", workspace, SIGNAL)
    assert contents(workspace) == before
    assert run("train", workspace, SIGNAL).status == 0


def test_promote(workspace: Path) -> None:
    before = contents(workspace)
    assert_full(20_000, "promote", workspace, SIGNAL, 1)
    assert contents(workspace) == before


def test_detect(trained: Path, fresh: Path, tmp_path: Path) -> None:
    before, out = contents(trained), tmp_path / "out"
    assert_full(40_000, "detect", trained, fresh, "--png", out / "x.png")
    assert list(out.iterdir()) == []
    assert contents(trained) == before
