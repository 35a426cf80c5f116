"""LiveWindow: one window of a stream after detection, for what needs more than the tracks."""

from dataclasses import dataclass

from rfhydra.detection.detector import WindowDetections
from rfhydra.detection.tracker import Track
from rfhydra.spectrum.window import Window


@dataclass(frozen=True, eq=False)
class LiveWindow:
    """One window of a stream after detection.

    Attributes:
        window: with IQ; its times are seconds of the stream. Successive windows overlap.
        start_utc_sec: time of its first sample, in seconds since 1970 UTC.
        detections: of the heads of the stream; ``detections.seen`` is what the backbone made of the window, None where
            the backbone did not run because the window holds no energy above the noise.
        tracks: that are open, and those that this window closed, by their number.
    """

    window: Window
    start_utc_sec: float
    detections: WindowDetections
    tracks: dict[int, Track]
