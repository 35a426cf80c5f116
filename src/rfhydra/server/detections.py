"""Detections as they are sent: of windows that clients send, and of windows of streams."""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from rfhydra.detection.detector import Detection, WindowDetections
from rfhydra.detection.tracker import Track
from rfhydra.live.window import LiveWindow
from rfhydra.protocol.messages import Detections
from rfhydra.protocol.types import DetectedBox
from rfhydra.spectrum.window import Window
from rfhydra.store.sample_info import box_fields


def window_message(found: WindowDetections, window: Window, signal_names: Collection[str] | None) -> Detections:
    """The detections in a window that a client sent, of ``signal_names`` or of all heads (None)."""
    chosen = found.versions.keys() if signal_names is None else set(signal_names)
    detections = [each for each in found.detections if each.signal_name in chosen]
    heads = {name: version for name, version in found.versions.items() if name in chosen}
    thresholds = {name: found.thresholds[name] for name in heads}
    return _message(None, window, heads, detections, [None] * len(detections), thresholds)


def stream_message(stream_id: str, live: LiveWindow) -> Detections:
    """The detections in a window of a stream, each with the track that it belongs to."""
    found = live.detections.detections
    owners = _owners(found, live.window.start_sec, live.tracks)
    return _message(stream_id, live.window, live.detections.versions, found, owners)


def _message(
    stream_id: str | None,
    window: Window,
    heads: dict[str, int],
    detections: Sequence[Detection],
    owners: Sequence[int | None],
    thresholds: dict[str, float] | None = None,
) -> Detections:
    boxes = box_fields([each.box for each in detections], window.frame)
    return Detections(
        stream_id=stream_id,
        start_sample=window.start_sample or 0,
        heads=heads,
        thresholds=thresholds,
        detections=[
            DetectedBox(signal_name=each.signal_name, score=each.score, track_id=owner, **fields)
            for each, owner, fields in zip(detections, owners, boxes, strict=True)
        ],
    )


def _owners(detections: Sequence[Detection], start_sec: float, tracks: dict[int, Track]) -> list[int | None]:
    """For each detection the track of its signal that it shares the largest area with, None without one."""
    numbers = np.array(list(tracks))
    boxes = np.array([track.detection.box.as_tuple() for track in tracks.values()]).reshape(-1, 4)
    names = np.array([track.detection.signal_name for track in tracks.values()])
    return [_owner(each, start_sec, numbers, boxes, names) for each in detections]


def _owner(
    detection: Detection,
    start_sec: float,
    numbers: NDArray[np.int64],
    boxes: NDArray[np.float64],
    names: NDArray[np.str_],
) -> int | None:
    begin, end, low, high = detection.box.shifted(start_sec).as_tuple()
    seconds = np.minimum(boxes[:, 1], end) - np.maximum(boxes[:, 0], begin)
    hertz = np.minimum(boxes[:, 3], high) - np.maximum(boxes[:, 2], low)
    shared = np.where(names == detection.signal_name, np.maximum(seconds, 0) * np.maximum(hertz, 0), 0)
    return int(numbers[shared.argmax()]) if shared.size and shared.max() > 0 else None
