"""The detection log as Parquet."""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from rfhydra.errors import MissingExtra
from rfhydra.files import writing_output
from rfhydra.protocol.track_log import LoggedTrack

_ROW_GROUP: Final = 20_000
_TIMES: Final = ("start_time", "end_time")
_INTEGERS: Final = ("track_id", "version")
_TEXTS: Final = ("stream_id", "signal_name", "state")


def write_parquet(tracks: Iterable[LoggedTrack], path: Path) -> int:
    """Write ``tracks``, read as they are written, to ``path``, atomically; returns their number.

    Columns are the fields of :class:`LoggedTrack`; times are timestamps of microseconds in UTC.

    Raises:
        MissingExtra: pyarrow is not installed.
        InvalidMessage: the file cannot be written.
        StorageFull: there is no room on the disk.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ModuleNotFoundError:
        raise MissingExtra("pyarrow is not installed: pip install 'rfhydra[archive]'") from None
    schema = _schema(pa)
    left, count = iter(tracks), 0
    with writing_output(path) as file, parquet.ParquetWriter(file, schema) as writer:
        while rows := [_row(track) for track in islice(left, _ROW_GROUP)]:
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
            count += len(rows)
    return count


def _schema(pa: Any) -> Any:
    def kind(name: str) -> Any:
        if name in _TIMES:
            return pa.timestamp("us", tz="UTC")
        if name in _INTEGERS:
            return pa.int64()
        return pa.string() if name in _TEXTS else pa.float64()

    return pa.schema([(name, kind(name)) for name in LoggedTrack.model_fields])


def _row(track: LoggedTrack) -> dict[str, Any]:
    fields = track.model_dump()
    return {**fields, **{name: datetime.fromisoformat(fields[name]) for name in _TIMES}}
