import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rfhydra.errors import Busy
from rfhydra.store.database import Database


class MishapError(Exception):
    pass


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "test.db") as db:
        yield db


def note(db: Database, action: str) -> None:
    with db.transaction() as connection:
        connection.execute("INSERT INTO audit (at, who, action, detail) VALUES ('now', 'me', ?, '{}')", (action,))


def note_and_fail(db: Database, action: str) -> None:
    with db.transaction():
        with db.transaction():
            note(db, action)
        raise MishapError


def notes(db: Database) -> list[str]:
    return [row["action"] for row in db.rows("SELECT action FROM audit ORDER BY entry_id")]


def test_a_commit_is_durable_and_references_are_checked(db: Database) -> None:
    assert db.value("PRAGMA journal_mode") == "wal"
    assert db.value("PRAGMA synchronous") == 2
    assert db.value("PRAGMA foreign_keys") == 1


def test_a_failed_transaction_leaves_nothing(db: Database) -> None:
    with pytest.raises(MishapError):
        note_and_fail(db, "lost")
    note(db, "kept")
    assert notes(db) == ["kept"]


def test_an_inner_failure_that_is_handled_undoes_only_itself(db: Database) -> None:
    with db.transaction():
        note(db, "before")
        with pytest.raises(MishapError):
            note_and_fail(db, "inner")
        note(db, "after")
    assert notes(db) == ["before", "after"]


def test_a_reader_sees_no_change_before_its_commit(db: Database) -> None:
    reading = threading.Event()

    def read() -> list[str]:
        reading.set()
        return notes(db)

    with ThreadPoolExecutor(1) as pool:
        with db.transaction():
            note(db, "first")
            seen = pool.submit(read)
            reading.wait()
            note(db, "second")
        assert seen.result() == ["first", "second"]


def test_another_program_that_writes_is_named(db: Database, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "test.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Busy, match="another program is writing"):
        note(db, "refused")
    other.close()
    note(db, "accepted")
    assert notes(db) == ["accepted"]


def test_errors_of_our_own_making_are_not_renamed(db: Database) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        db.rows("SELECT * FROM no_table")


def test_a_commit_that_was_cut_short_does_not_come_back_later(tmp_path: Path) -> None:
    """Its frames are whole in the log, but the log's index, which a reader keeps alive, does not know of them."""
    path = tmp_path / "cut.db"
    with Database(path) as db:
        db.rows("CREATE TABLE notes (note TEXT)")
        reader = sqlite3.connect(path, isolation_level=None)
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM notes").fetchone() == (0,)
        index = path.with_name("cut.db-shm")
        before = index.read_bytes()
        note(db, "cut short")
        with index.open("r+b") as file:
            file.write(before)  # as if the process had died between the log and its index
    with Database(path) as db:
        assert notes(db) == []
    copy = tmp_path / "copy.db"  # without an index beside it, SQLite recovers what the log holds
    copy.write_bytes(path.read_bytes())
    copy.with_name("copy.db-wal").write_bytes(path.with_name("cut.db-wal").read_bytes())
    reader.close()
    with Database(copy) as db:
        assert notes(db) == []
