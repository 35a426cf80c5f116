"""The detections in a recording."""

from collections.abc import Callable

from rfhydra.detection.detector import Detection, HydraDetector
from rfhydra.detection.sequence import SequenceDetector
from rfhydra.detection.tracker import Track
from rfhydra.detection.windows import stretches
from rfhydra.recordings.recording import Recording


def detect_recording(
    recording: Recording,
    detector: HydraDetector,
    threshold: float | None = None,
    progress: Callable[[int], None] = lambda samples_done: None,
    *,
    gated: bool = True,
) -> list[Detection]:
    """Detections of the loaded heads, one per emission, sorted by time, in seconds from the start of the recording.

    Args:
        recording: of any length.
        detector: with heads loaded.
        threshold: minimum score; default is each head's stored one.
        progress: called after each window with the sample that it ended at.
        gated: whether the backbone looks only where there is energy above the noise.
    """
    sequence, tracks = SequenceDetector(detector, threshold, gated=gated), list[Track]()
    for windows in stretches(recording, detector.spec):
        sequence.begin()
        for window in windows:
            tracks += sequence.update(window)[1]
            progress((window.start_sample or 0) + window.frame.cols * detector.spec.hop)
    tracks += sequence.tracker.close()
    return sorted((track.detection for track in tracks), key=lambda detection: detection.box)
