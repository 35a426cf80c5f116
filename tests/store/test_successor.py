"""A workspace under another contract: what it takes over, and what it does not."""

from dataclasses import replace
from pathlib import Path

import pytest

from rfhydra.errors import Conflict
from rfhydra.files import exchange_directories
from rfhydra.store.successor import KEPT
from rfhydra.store.workspace import Workspace
from tests.training.given import SIGNAL, add_noise

CLEARED = {
    "activations",
    "cards",
    "evaluated_samples",
    "evaluations",
    "label_sets",
    "loaded_heads",
    "samples",
    "trash",
    "unknown_clusters",
    "unknown_exemplars",
    "upgraded_heads",
    "upgrades",
}


def test_every_table_is_kept_or_cleared(small: Workspace) -> None:
    """A new table belongs in one of the two: does it depend on the contract?"""
    query = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    assert {row[0] for row in small.db.rows(query)} == CLEARED | set(KEPT)


def test_a_successor_has_the_history_and_no_samples(small: Workspace, tmp_path: Path) -> None:
    add_noise(small, range(3))
    before = small.last_change
    spec = replace(small.spec, hop=32)
    with small.successor(tmp_path / "next", spec) as latter:
        assert (latter.spec, latter.samples.count(SIGNAL)) == (spec, 0)
        assert [each.action for each in latter.audit.list()] == ["sample.add"] * 3
        assert latter.db.rows("PRAGMA foreign_key_check") == []
        add_noise(latter, [0])
        assert latter.last_change > before
    assert small.last_change == before
    assert small.samples.count(SIGNAL) == 3
    with Workspace.open(tmp_path / "next") as latter:
        assert latter.spec == spec


def test_nothing_is_overwritten(small: Workspace, tmp_path: Path) -> None:
    (tmp_path / "next").mkdir()
    (tmp_path / "next" / "notes.txt").write_text("mine")
    with pytest.raises(Conflict, match="not an empty directory"):
        small.successor(tmp_path / "next", small.spec)


def test_directories_are_exchanged(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"was-{name}").touch()
    exchange_directories(tmp_path / "a", tmp_path / "b")
    assert [each.name for each in (tmp_path / "a").iterdir()] == ["was-b"]
    assert [each.name for each in (tmp_path / "b").iterdir()] == ["was-a"]
    with pytest.raises(FileNotFoundError):
        exchange_directories(tmp_path / "a", tmp_path / "none")
    assert (tmp_path / "a" / "was-b").exists()
