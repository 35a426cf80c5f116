"""On a full disk a command fails with a clear line, and what was there stays as it was."""

import json
from pathlib import Path

import pytest

from tests.cli.given import CONTRACT, SIGNAL, Outcome, blobs, contents, cramped, record, run


def assert_full(outcome: Outcome) -> None:
    assert (outcome.status, outcome.stdout) == (1, "")
    error = json.loads(outcome.stderr)
    assert error["code"] == "internal"
    assert "the disk is full" in error["message"]


def test_import(workspace: Path, tmp_path: Path) -> None:
    before = contents(workspace)
    assert_full(cramped(300_000, "import", workspace, record(tmp_path / "more", 70), "--json"))
    assert contents(workspace) == before


def test_init(tmp_path: Path) -> None:
    assert_full(cramped(100, "init", tmp_path / "w", *CONTRACT, "--json"))
    assert not (tmp_path / "w" / "rfhydra.toml").exists()
    assert run("init", tmp_path / "w", *CONTRACT).status == 0  # what is left is no obstacle


@pytest.mark.parametrize("limit_bytes", [20_000, 33_000, 40_000])
def test_train(workspace: Path, limit_bytes: int) -> None:
    before = contents(workspace)
    assert_full(cramped(limit_bytes, "train", workspace, SIGNAL, "--json"))
    assert contents(workspace) == before
    assert run("train", workspace, SIGNAL).status == 0


def test_detect(trained: Path, fresh: Path, tmp_path: Path) -> None:
    before = blobs(trained)
    out = tmp_path / "out"
    outcome = cramped(40_000, "detect", trained, fresh, "--png", out / "x.png", "--json")
    assert_full(outcome)
    assert list(out.iterdir()) == []
    assert blobs(trained) == before
