"""Events of tracks to test outputs with."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from rfhydra.protocol.streams import TrackEvent, TrackMeasurement

SIGNAL: Final = "ook-433"
CENTER_HZ: Final = 433.92e6
BEGAN: Final = datetime(2026, 11, 1, 12, tzinfo=UTC)
"""Start of the stream."""
MEASURED: Final = TrackMeasurement(snr_db=21.5, occupied_bandwidth_hz=48e3, peak_dbfs=-12.0, mean_dbfs=-15.5)


def event(what: str = "begin", track_id: int = 1, start_sec: float = 1.0, **fields: Any) -> TrackEvent:
    """An event of a track that lasts 32 ms, measured at its end."""
    end_sec = fields.pop("end_sec", start_sec + 0.032)
    given: dict[str, Any] = {
        "event": what,
        "stream_id": "1",
        "track_id": track_id,
        "signal_name": SIGNAL,
        "version": 2,
        "score": 0.97,
        "start_time": utc(start_sec),
        "end_time": utc(end_sec),
        "time_start_sec": start_sec,
        "time_end_sec": end_sec,
        "freq_low_hz": CENTER_HZ - 25e3,
        "freq_high_hz": CENTER_HZ + 25e3,
        "measured": MEASURED if what == "end" else None,
    }
    return TrackEvent.model_validate({**given, **fields})


def utc(stream_sec: float) -> str:
    """Seconds of the stream as a time."""
    return (BEGAN + timedelta(seconds=stream_sec)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def begin_and_end(track_id: int, start_sec: float, **fields: Any) -> list[TrackEvent]:
    """The two events of a track."""
    return [event("begin", track_id, start_sec, **fields), event("end", track_id, start_sec, **fields)]
