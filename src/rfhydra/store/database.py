"""The one SQLite connection of a workspace, its transactions, and what its errors mean."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Self

from rfhydra.errors import Busy, Damaged, Incompatible, StorageFull
from rfhydra.files import NO_ROOM_MESSAGE
from rfhydra.store.schema import MIGRATIONS

_BUSY_TIMEOUT_SEC: Final = 1.0  # nobody else should write: the workspace is ours
# SQLite reports a full quota (EDQUOT, EFBIG) as a failed write, of a page or of the shared-memory file.
_NO_ROOM: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE})
_CORRUPT: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class Database:
    """SQLite in WAL mode, where a commit returns when it is on disk.

    One connection serves all threads, one at a time: a workspace has one process, and its transactions are short. A
    reader therefore never sees a change before its commit.
    """

    def __init__(self, path: Path, *, view: bool = False) -> None:
        """Open or make the database at ``path`` and bring its tables up to date.

        A ``view`` only reads, and what it reads is what was committed when it was opened, whatever its owner does
        meanwhile.

        Raises:
            Incompatible: a newer rfhydra made it, or it is to be viewed and an older one did.
            Damaged: it is not a database.
            StorageFull: there is no room on the disk.
        """
        self._lock = threading.RLock()
        self._is_view = view
        self._connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={'ro' if view else 'rwc'}",
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
        """A write transaction: all of the block or nothing of it. Other threads wait.

        A block inside another joins it: it is on disk when the outer one is, and undone alone if only it fails.
        ``outermost`` asserts that there is no outer one, for work that a later rollback could not undo.

        Raises:
            StorageFull: there is no room on the disk; nothing was changed.
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

    def _require_current(self) -> None:
        """The first look into the database, which is what begins the snapshot of a view."""
        seen = self.value("PRAGMA user_version")
        if seen != len(MIGRATIONS):
            raise Incompatible(f"the workspace has database version {seen}, not {len(MIGRATIONS)}: open it first")

    def _migrate(self) -> None:
        seen = self.value("PRAGMA user_version")
        if seen > len(MIGRATIONS):
            raise Incompatible(
                f"the workspace has database version {seen}, this rfhydra knows {len(MIGRATIONS)}: install a newer one"
            )
        for version, script in enumerate(MIGRATIONS[seen:], start=seen + 1):
            self._connection.executescript(f"BEGIN IMMEDIATE;{script};PRAGMA user_version = {version};COMMIT")

    def _settle(self) -> None:
        """Write once, so that what was read at this opening stays true.

        A commit that a kill cut short may lie whole in the log and yet be unseen, as long as some reader keeps the
        log's index alive; the next recovery would bring it back. The next write buries it.
        """
        with suppress(StorageFull), _errors_named():
            self._connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


@contextmanager
def _errors_named() -> Iterator[None]:
    """Raise what a caller can act on in our own terms, and let the rest through."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)  # the module's own errors carry none
        if code in _NO_ROOM:
            raise StorageFull(NO_ROOM_MESSAGE) from error
        if code & 0xFF in _CORRUPT:
            raise Damaged("the workspace's database is damaged: restore it from a backup") from error
        if code & 0xFF == sqlite3.SQLITE_BUSY:
            raise Busy("another program is writing to the workspace's database: close it and try again") from error
        raise
