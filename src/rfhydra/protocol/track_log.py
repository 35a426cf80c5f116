"""The detection log: its entries, as they are stored and shown."""

from typing import Literal, TypeAlias

from rfhydra.protocol.fields import WireModel

TrackState: TypeAlias = Literal["open", "ended", "interrupted"]


class LoggedTrack(WireModel):
    """A track in the detection log of a workspace."""

    stream_id: str
    """Its stream."""
    track_id: int
    """Number of the track in its stream."""
    signal_name: str
    """The signal."""
    version: int
    """Version of the head that detected it."""
    state: TrackState
    """``interrupted``: the process that received it ended before the track did; its end is the last that was logged."""
    score: float
    """Highest calibrated score of its detections, 0 to 1."""
    start_time: str
    """Start, UTC, ISO 8601 with microseconds."""
    end_time: str
    """End, so far."""
    time_start_sec: float
    """Start, in seconds of the stream."""
    time_end_sec: float
    """End, so far."""
    freq_low_hz: float
    """Lower edge."""
    freq_high_hz: float
    """Upper edge."""
    snr_db: float | None
    """As in :class:`.streams.TrackMeasurement`; null before the end of the track, as the next three."""
    occupied_bandwidth_hz: float | None
    """Likewise."""
    peak_dbfs: float | None
    """Likewise."""
    mean_dbfs: float | None
    """Likewise."""
    duty_cycle: float | None
    """As in :class:`.streams.TrackEvent`."""
    repetition_sec: float | None
    """Likewise."""
