"""Live streams of a server, stored so that the next server starts the same.

Invariant: a row is a stream that was started and neither stopped nor ended. One that was given up stays, so that it is
told until somebody stops it, or starts it again.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rfhydra.errors import NotFound
from rfhydra.protocol.live import NamedSource, SourceAddress
from rfhydra.store.audit import AuditLog
from rfhydra.store.columns import to_json
from rfhydra.store.database import Database
from rfhydra.streams.source import Tuning

MAX_ATTEMPTS: Final = 3
"""Starts of a stream that the server did not survive, before it is given up."""


@dataclass(frozen=True)
class StoredStream:
    """One stream to start again.

    Attributes:
        stream_id: its id.
        source: a configured source, or an address.
        heads: the signals that it detects, None for all that are loaded.
        attempts: how often a server has started it and died.
        tuning: what a client tuned its receiver to, None if none did.
    """

    stream_id: str
    source: NamedSource | SourceAddress
    heads: tuple[str, ...] | None
    attempts: int = 0
    tuning: Tuning | None = None

    @property
    def is_given_up(self) -> bool:
        """Whether no server starts it any more by itself."""
        return self.attempts >= MAX_ATTEMPTS


class StreamStore:
    """The running streams of a workspace's server. Every change is one transaction."""

    def __init__(self, db: Database, audit: AuditLog) -> None:
        self._db = db
        self._audit = audit

    def all(self) -> list[StoredStream]:
        """In the order of their start."""
        return [_stream(row) for row in self._db.rows("SELECT * FROM streams ORDER BY position")]

    def add(
        self,
        stream_id: str,
        source: NamedSource | SourceAddress,
        heads: Sequence[str] | None,
        who: str | None = None,
    ) -> StoredStream:
        """Store a stream that begins; one of the same id is replaced.

        Raises:
            StorageFull: there is no room on the disk; nothing was changed.
        """
        name, address = (source.name, None) if isinstance(source, NamedSource) else (None, source.address)
        chosen = None if heads is None else to_json(list(heads), "heads")
        with self._db.transaction() as connection:
            connection.execute("DELETE FROM streams WHERE stream_id = ?", (stream_id,))
            connection.execute(
                "INSERT INTO streams (stream_id, source_name, address, heads) VALUES (?, ?, ?, ?)",
                (stream_id, name, address, chosen),
            )
            # An address may hold credentials.
            self._audit.record("stream.start", None, {"stream_id": stream_id, "source": name or "address"}, who)
        return StoredStream(stream_id, source, None if heads is None else tuple(heads))

    def tune(self, stream_id: str, tuning: Tuning, who: str | None = None) -> None:
        """Store what the receiver of a stream is tuned to.

        Raises:
            NotFound: no such stream is stored.
        """
        with self._db.transaction() as connection:
            changed = connection.execute(
                "UPDATE streams SET sample_rate_hz = ?, center_freq_hz = ?, gain_db = ? WHERE stream_id = ?",
                (tuning.sample_rate_hz, tuning.center_freq_hz, tuning.gain_db, stream_id),
            )
            if not changed.rowcount:
                raise NotFound(f"no stream {stream_id!r} is stored")
            self._audit.record("stream.tune", None, {"stream_id": stream_id, **vars(tuning)}, who)

    def remove(self, stream_id: str, who: str | None = None) -> None:
        """Remove a stream that was stopped or has ended. One that is not stored is no error."""
        with self._db.transaction() as connection:
            gone = connection.execute("DELETE FROM streams WHERE stream_id = ?", (stream_id,))
            if gone.rowcount:
                self._audit.record("stream.stop", None, {"stream_id": stream_id}, who)

    def count_attempt(self, stream_id: str) -> None:
        """A server starts the stream again."""
        with self._db.transaction() as connection:
            connection.execute("UPDATE streams SET attempts = attempts + 1 WHERE stream_id = ?", (stream_id,))

    def forget_attempts(self) -> None:
        """The server has survived the start of the streams; those that were given up stay so."""
        with self._db.transaction() as connection:
            connection.execute("UPDATE streams SET attempts = 0 WHERE attempts < ?", (MAX_ATTEMPTS,))


def _stream(row: sqlite3.Row) -> StoredStream:
    name, heads, rate = row["source_name"], row["heads"], row["sample_rate_hz"]
    return StoredStream(
        stream_id=row["stream_id"],
        source=SourceAddress(address=row["address"]) if name is None else NamedSource(name=name),
        heads=None if heads is None else tuple(json.loads(heads)),
        attempts=row["attempts"],
        tuning=None if rate is None else Tuning(rate, row["center_freq_hz"], row["gain_db"]),
    )
