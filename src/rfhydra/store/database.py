"""The SQLite connection of a workspace: transactions, views, migrations, and its errors as ours."""

import hashlib
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Self

from rfhydra.errors import Busy, Damaged, Incompatible, StorageFull
from rfhydra.files import NO_ROOM_MESSAGE, PRIVATE_FILE, os_errors_named, require_descriptor, restrict, sync_directory
from rfhydra.store.schema import MIGRATIONS

_BUSY_TIMEOUT_SEC: Final = 1.0  # no other process should write: the workspace is locked
# SQLite reports a full quota (EDQUOT, EFBIG) as a failed write, of a page or of the shared-memory file.
_NO_ROOM: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE})
_CORRUPT: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class Database:
    """SQLite in WAL mode, where a commit returns when it is on disk.

    One connection serves all threads, one at a time, so that no reader sees a change before its commit.
    """

    def __init__(self, path: Path, *, view: bool = False) -> None:
        """Open or make the database at ``path`` and bring its tables up to date.

        A ``view`` is read-only: a snapshot of what was committed when it was opened.

        Raises:
            Incompatible: a newer rfhydra made it, or for a view, an older one.
            Damaged: it is not a database.
            StorageFull: there is no room on the disk.
            Busy: no file descriptor is free.
        """
        self._lock = threading.RLock()
        self._is_view = view
        if not view:
            _make_private(path)
        with _errors_named():
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?{_view_options(path) if view else 'mode=rwc'}",
                timeout=_BUSY_TIMEOUT_SEC,
                isolation_level=None,
                check_same_thread=False,
                uri=True,
            )
        self._connection.row_factory = sqlite3.Row
        try:
            with _errors_named():
                if view:
                    self._connection.execute("BEGIN")
                    self._require_current()
                else:
                    self._connection.execute("PRAGMA journal_mode = WAL")
                    self._connection.execute("PRAGMA synchronous = FULL")
                    self._connection.execute("PRAGMA foreign_keys = ON")
                    self._migrate()
                    self._settle()
            if not view:
                with os_errors_named():
                    sync_directory(path.parent)  # SQLite does, too, but goes on where no descriptor is free for it
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self, *, outermost: bool = False) -> Iterator[sqlite3.Connection]:
        """A write transaction: all of the block or nothing. Other threads wait.

        A nested block joins the outer one, and is undone alone if only it fails. ``outermost`` asserts that there is
        no outer one, for work that a rollback cannot undo.

        Raises:
            StorageFull: there is no room on the disk; nothing was changed.
            Busy: another program is writing, or no file descriptor is free; nothing was changed.
        """
        assert not self._is_view, "a view does not write"
        with self._lock, _errors_named():
            nested = self._connection.in_transaction
            assert not (nested and outermost), "this must not run inside another transaction"
            self._connection.execute("SAVEPOINT nested" if nested else "BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("RELEASE nested" if nested else "COMMIT")
            except BaseException:
                self._undo(nested)
                raise

    def copy_to(self, path: Path) -> None:
        """Write a copy of the database to ``path``, where there is none; also within a view.

        Raises:
            StorageFull: there is no room on the disk.
        """
        _make_private(path)
        with self._lock, _errors_named(), closing(sqlite3.connect(path)) as copy:
            self._connection.backup(copy)

    def truncate_log(self) -> None:
        """Move the log into the database and give its room back, if no reader needs it and there is room for it."""
        with self._lock, suppress(StorageFull), _errors_named():
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Several reads of one state: other threads, which alone could change it, wait."""
        with self._lock:
            yield

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """All rows of a query, from any thread."""
        with self._lock, _errors_named():
            return self._connection.execute(query, parameters).fetchall()

    def row(self, query: str, parameters: Sequence[Any] = ()) -> sqlite3.Row | None:
        """The first row of a query, or None."""
        return next(iter(self.rows(query, parameters)), None)

    def value(self, query: str, parameters: Sequence[Any] = ()) -> Any:
        """The first column of the first row of a query, or None."""
        row = self.row(query, parameters)
        return None if row is None else row[0]

    def _undo(self, nested: bool) -> None:
        if not self._connection.in_transaction:  # SQLite itself rolls back after some errors, a full disk among them
            return
        if nested:
            self._connection.execute("ROLLBACK TO nested")
            self._connection.execute("RELEASE nested")
        else:
            self._connection.execute("ROLLBACK")

    def _version(self) -> int:
        """The database version. The first read, which is what begins the snapshot of a view."""
        seen: int = self.value("PRAGMA user_version")
        if seen > len(MIGRATIONS):
            raise Incompatible(
                f"the workspace has database version {seen}, this rfhydra knows {len(MIGRATIONS)}: install a newer one"
            )
        return seen

    def _require_current(self) -> None:
        seen = self._version()
        if seen < len(MIGRATIONS):
            raise Incompatible(
                f"the workspace has database version {seen}, this rfhydra reads {len(MIGRATIONS)}: upgrade it with"
                " `rfhydra serve DIR`, or any other command that changes it"
            )

    def _migrate(self) -> None:
        seen = self._version()
        self._connection.create_function("sha256", 1, _sha256, deterministic=True)
        for version, script in enumerate(MIGRATIONS[seen:], start=seen + 1):
            self._connection.executescript(f"BEGIN IMMEDIATE;{script};PRAGMA user_version = {version};COMMIT")

    def _settle(self) -> None:
        """Write once, to discard an interrupted commit.

        A killed process may leave a complete commit in the log that readers of the old index do not see, and that a
        later recovery would restore. A write overwrites it.
        """
        with suppress(StorageFull), _errors_named():
            self._connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _make_private(path: Path) -> None:
    """Make the file of the database readable by its owner alone: SQLite gives the files beside it the same mode."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE))
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        with suppress(FileNotFoundError):
            restrict(path.with_name(name), PRIVATE_FILE)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _view_options(path: Path) -> str:
    """How a view opens the database at ``path``.

    SQLite makes the index of the log in the directory. Where that is not writable and there is no log, no process has
    the database open: it is then read as a file that does not change.
    """
    is_immutable = not os.access(path.parent, os.W_OK) and not path.with_name(f"{path.name}-wal").exists()
    return "mode=ro&immutable=1" if is_immutable else "mode=ro"


@contextmanager
def _errors_named() -> Iterator[None]:
    """Raise SQLite errors that a caller can act on as ours."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)  # errors of the module itself have none
        if code in _NO_ROOM:
            raise StorageFull(NO_ROOM_MESSAGE) from error
        if code & 0xFF in _CORRUPT:
            raise Damaged("the workspace's database is damaged: restore it from a backup") from error
        if code & 0xFF == sqlite3.SQLITE_BUSY:
            raise Busy("another program is writing to the workspace's database: close it and try again") from error
        if code & 0xFF == sqlite3.SQLITE_CANTOPEN:  # SQLite does not say why
            require_descriptor()
        raise
