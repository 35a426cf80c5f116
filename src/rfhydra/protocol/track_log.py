"""The detection log: its entries, as they are stored and shown."""

from typing import Literal, TypeAlias

from rfhydra.protocol.streams import TrackFields

TrackState: TypeAlias = Literal["open", "ended", "interrupted"]


class LoggedTrack(TrackFields):
    """A track in the detection log of a workspace."""

    state: TrackState
    """``interrupted``: the process that received it ended before the track did; its end is the last that was logged."""
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
