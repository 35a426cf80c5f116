"""Detection log: one row for each track of the live streams of a workspace, pruned by age and number."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from rfhydra.config import LOG_MAX_AGE_SEC, LOG_MAX_TRACKS
from rfhydra.errors import StorageFull
from rfhydra.protocol.streams import TrackEvent, TrackMeasurement
from rfhydra.protocol.track_log import LoggedTrack
from rfhydra.store.columns import utc_text
from rfhydra.store.database import Database

CHANGED_AT_ONCE: Final = 2000
"""Rows that one transaction of a pruning deletes, or one of a rename changes, so that nobody waits long for it."""
_SLICE: Final = 5000
_EVER_SEC: Final = 1000 * 365 * 86_400.0
_MEASURED: Final = tuple(TrackMeasurement.model_fields)
_SHARED: Final = tuple(name for name in LoggedTrack.model_fields if name in TrackEvent.model_fields)
_COLUMNS: Final = ("state", *_SHARED, *_MEASURED)
_INSERT: Final = f"INSERT INTO detections ({', '.join(_COLUMNS)}) VALUES ({', '.join(f':{name}' for name in _COLUMNS)})"  # noqa: S608
_UPDATE: Final = (
    f"UPDATE detections SET {', '.join(f'{name} = :{name}' for name in _COLUMNS)}"  # noqa: S608
    " WHERE stream_id = :stream_id AND track_id = :track_id AND state = 'open'"
)
_MERGE: Final = "DELETE FROM detections WHERE stream_id = :stream_id AND track_id = :track_id AND state = 'open'"
_OLDEST: Final = """
DELETE FROM detections WHERE position IN (
    SELECT position FROM detections WHERE state <> 'open' AND end_time < ? ORDER BY end_time, position LIMIT ?
)
"""
_AFTER_ALL: Final = "~"  # sorts after every time


@dataclass(frozen=True, kw_only=True)
class LogFilter:
    """The tracks that share an instant with ``since`` to ``until`` and a frequency with ``low_hz`` to ``high_hz``.

    None is no limit, no ``signals`` are all.
    """

    since: datetime | None = None
    until: datetime | None = None
    signals: Sequence[str] = ()
    low_hz: float | None = None
    high_hz: float | None = None

    def condition(self) -> tuple[str, list[Any]]:
        """The condition in SQL with its parameters."""
        terms: list[tuple[str, list[Any]]] = [
            ("end_time >= ?", [] if self.since is None else [utc_text(self.since)]),
            ("start_time <= ?", [] if self.until is None else [utc_text(self.until)]),
            ("freq_high_hz >= ?", [] if self.low_hz is None else [self.low_hz]),
            ("freq_low_hz <= ?", [] if self.high_hz is None else [self.high_hz]),
            (f"signal_name IN ({', '.join('?' * len(self.signals))})", [*self.signals]),
        ]
        used = [(text, values) for text, values in terms if values]
        return " AND ".join(text for text, _ in used) or "1", [value for _, values in used for value in values]


class DetectionStore:
    """The detection log of a workspace."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def record(self, events: Sequence[TrackEvent]) -> None:
        """Store the latest state of the tracks of ``events``, in one transaction.

        A track is found by its stream and number while it is open; the first event of one that is not is a new row. A
        track that was merged into another one is removed: an emission is one row.

        Raises:
            StorageFull: there is no room on the disk; nothing was stored.
            Busy: another program is writing, or no file descriptor is free; nothing was stored.
        """
        rows = [_row(event) for event in events]
        with self._db.transaction() as connection:
            for row in rows:
                if row["merged_into"] is not None:
                    connection.execute(_MERGE, row)
                elif not connection.execute(_UPDATE, row).rowcount:
                    connection.execute(_INSERT, row)

    def interrupt(self, stream_id: str | None = None) -> int:
        """Close the tracks that are open, of one stream or of all, as interrupted; returns their number."""
        if self._db.value("SELECT 1 FROM detections WHERE state = 'open' LIMIT 1") is None:
            return 0  # without a write
        with self._db.transaction() as connection:
            return connection.execute(
                "UPDATE detections SET state = 'interrupted' WHERE state = 'open' AND coalesce(stream_id = ?, 1)",
                (stream_id,),
            ).rowcount

    def recover(self) -> None:
        """:meth:`interrupt` for the tracks of a killed process, and the renames that it has not carried out.

        Left for the next start if there is no room.
        """
        with suppress(StorageFull):
            self.interrupt()
            while self.rename_slice():
                pass

    def begin_rename(self, former: str, latest: str) -> None:
        """Rename the signal of the tracks that are in the log now, by calls of :meth:`rename_slice`."""
        with self._db.transaction() as connection:
            connection.execute(
                "INSERT INTO track_renames (former_name, latest_name, last_position)"
                " SELECT ?, ?, max(position) FROM detections HAVING max(position) IS NOT NULL",
                (former, latest),
            )

    def rename_slice(self) -> bool:
        """Rename at most :data:`CHANGED_AT_ONCE` tracks; returns whether there may be more."""
        first = self._db.row("SELECT * FROM track_renames ORDER BY rename_id LIMIT 1")
        if first is None:
            return False  # without a write
        with self._db.transaction() as connection:
            renamed = connection.execute(
                "UPDATE detections SET signal_name = ? WHERE position IN"
                " (SELECT position FROM detections WHERE signal_name = ? AND position <= ? LIMIT ?)",
                (first["latest_name"], first["former_name"], first["last_position"], CHANGED_AT_ONCE),
            ).rowcount
            if renamed < CHANGED_AT_ONCE:
                connection.execute("DELETE FROM track_renames WHERE rename_id = ?", (first["rename_id"],))
        return True

    def prune(
        self,
        max_age_sec: float = LOG_MAX_AGE_SEC,
        max_tracks: int = LOG_MAX_TRACKS,
        now: datetime | None = None,
    ) -> int:
        """Delete the tracks that ended more than ``max_age_sec`` ago, then the oldest of more than ``max_tracks``.

        Open tracks stay. The room is used again by later rows. Other users of the store wait for at most
        :data:`CHANGED_AT_ONCE` deletions. Returns the number of deleted tracks.
        """
        oldest = utc_text((now or datetime.now(UTC)) - timedelta(seconds=min(max_age_sec, _EVER_SEC)))
        removed = self._delete(oldest, self.count())
        return removed + self._delete(_AFTER_ALL, self.count() - max_tracks)

    def last_track_id(self, stream_id: str) -> int:
        """The highest number of the tracks of a stream that are in the log; 0 for none."""
        return int(self._db.value("SELECT coalesce(max(track_id), 0) FROM detections WHERE stream_id = ?", [stream_id]))

    def count(self) -> int:
        return int(self._db.value("SELECT count(*) FROM detections"))

    def newest(self, limit: int, wanted: LogFilter | None = None) -> list[LoggedTrack]:
        """The ``limit`` tracks that ended last, the latest last."""
        condition, parameters = (wanted or LogFilter()).condition()
        query = f"SELECT * FROM detections WHERE {condition} ORDER BY end_time DESC, position DESC LIMIT ?"  # noqa: S608
        return [_track(row) for row in reversed(self._db.rows(query, [*parameters, limit]))]

    def tracks(self, wanted: LogFilter | None = None) -> Iterator[LoggedTrack]:
        """All tracks of a filter by their end, read a slice at a time."""
        condition, parameters = (wanted or LogFilter()).condition()
        query = (
            f"SELECT * FROM detections WHERE (end_time, position) > (?, ?) AND {condition}"  # noqa: S608
            f" ORDER BY end_time, position LIMIT {_SLICE}"
        )
        last: tuple[str, int] = ("", 0)
        while rows := self._db.rows(query, [*last, *parameters]):
            yield from map(_track, rows)
            last = (rows[-1]["end_time"], rows[-1]["position"])

    def _delete(self, before: str, count: int) -> int:
        removed = 0
        while removed < count:
            with self._db.transaction() as connection:
                deleted = connection.execute(_OLDEST, (before, min(CHANGED_AT_ONCE, count - removed))).rowcount
            removed += deleted
            if not deleted:
                break
        return removed


def _row(event: TrackEvent) -> dict[str, Any]:
    fields = event.model_dump()
    times = {name: utc_text(datetime.fromisoformat(fields[name])) for name in ("start_time", "end_time")}
    measured = fields["measured"] or dict.fromkeys(_MEASURED)
    return {**fields, **times, **measured, "state": "ended" if event.event == "end" else "open"}


def _track(row: Any) -> LoggedTrack:
    return LoggedTrack.model_validate({name: row[name] for name in LoggedTrack.model_fields})
