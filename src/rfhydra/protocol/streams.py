"""Live streams: the types that are logged, written by outputs, and sent between server and clients."""

from typing import Literal, TypeAlias

from rfhydra.protocol.fields import WireModel

StreamState: TypeAlias = Literal["connecting", "running", "ended", "failed"]


class StreamStatus(WireModel):
    """A live stream and its counters, which only rise."""

    stream_id: str
    """The stream."""
    source: str
    """Its source, without credentials."""
    state: StreamState
    """``connecting`` also while a lost source is tried again."""
    error: str | None
    """Why it failed, or why the source is not connected now; null otherwise."""
    sample_rate_hz: float | None
    """Sample rate, null before the first connection."""
    center_freq_hz: float | None
    """Centre frequency, likewise."""
    gain_db: float | None
    """Gain; null where the receiver chooses it or has none."""
    started_at: str
    """Start, UTC, ISO 8601."""
    samples: int
    """Number of samples received."""
    lost_samples: int
    """Number of samples that were lost before they were received: gaps of the source and reconnections."""
    dropped_samples: int
    """Number of received samples that were dropped because detection was too slow."""
    reconnects: int
    """How often a lost source was connected again."""
    windows: int
    """Number of windows that were detected in."""
    empty_windows: int
    """How many of them had no energy to look at, so that the backbone did not run."""
    tracks: int
    """Number of tracks that began."""
    real_time_factor: float | None
    """Seconds of signal processed in one second of work, over the last windows; null before the first."""
    heads: dict[str, int]
    """Version of each head that detected in the last window."""
    window_sec_p50: float | None = None
    """Median time that detection took for one of the last 256 windows, the wait for other streams included; null before
    the first."""
    window_sec_p99: float | None = None
    """99th percentile of the same."""


class TrackMeasurement(WireModel):
    """What was measured on the IQ of one emission. Levels are relative to a full scale of ±1."""

    snr_db: float
    """Mean power in the box, noise subtracted, over the noise power in the band of the box."""
    occupied_bandwidth_hz: float
    """Width between the outermost frequencies that lie 26 dB below the peak (x-dB bandwidth, ITU-R SM.443)."""
    peak_dbfs: float
    """Peak power of a sample in the band of the box."""
    mean_dbfs: float
    """Mean power in the box."""


class TrackFields(WireModel):
    """What is known of a track, as an event of it and its entry in the detection log have it."""

    stream_id: str
    """The stream."""
    track_id: int
    """Number of the track in its stream, from 1."""
    signal_name: str
    """The signal."""
    version: int
    """Version of the head that detected it."""
    score: float
    """Highest calibrated score of its detections, 0 to 1."""
    start_time: str
    """Start, UTC, ISO 8601 with microseconds."""
    end_time: str
    """End, so far."""
    time_start_sec: float
    """Start, in seconds of the stream, lost samples included."""
    time_end_sec: float
    """End, so far."""
    freq_low_hz: float
    """Lower edge."""
    freq_high_hz: float
    """Upper edge."""


class TrackEvent(TrackFields):
    """A track began, changed or ended. A track is one emission of one signal, however many windows it lasts."""

    event: Literal["begin", "update", "end"]
    """What happened to it; every track has one ``begin`` and one ``end``."""
    measured: TrackMeasurement | None = None
    """Measurements; null before the end of the track."""
    duty_cycle: float | None = None
    """Share of the time since the signal's first track that its tracks fill; null before its third track."""
    repetition_sec: float | None = None
    """Median time between the starts of the signal's recent tracks; null likewise."""
    merged_into: int | None = None
    """Of an ``end``: the track that continues this one, which turned out to be a part of the same emission."""
