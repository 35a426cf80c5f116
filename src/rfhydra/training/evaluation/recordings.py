"""Evaluation of heads on annotated recordings, for ``rfhydra eval`` and the benchmarks."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rfhydra.detection.detector import Detection, HydraDetector
from rfhydra.detection.recording import detect_recording
from rfhydra.recordings import Recording
from rfhydra.spectrum.boxes import Box
from rfhydra.training.evaluation.metrics import MIN_SCORE, ScoredScene, report


def score_recordings(
    detector: HydraDetector,
    signal_name: str,
    recordings: Sequence[Recording],
    progress: Callable[[str], None] = lambda name: None,
) -> list[ScoredScene]:
    """Detections of the loaded head of ``signal_name`` in each recording, with its annotations as ground truth.

    They go down to :data:`MIN_SCORE`; ``progress`` is called with the name of each recording when it is done.
    """
    scenes = []
    for recording in recordings:
        scenes.append(as_scene(recording, signal_name, detect_recording(recording, detector, MIN_SCORE)))
        progress(recording.name)
    return scenes


def as_scene(recording: Recording, signal_name: str, detections: Sequence[Detection]) -> ScoredScene:
    """The ``detections`` of one signal in ``recording``, with its annotations of that label as ground truth."""
    found = [each for each in detections if each.signal_name == signal_name]
    truth = [each.box(recording.sample_rate_hz) for each in recording.annotations if each.label == signal_name]
    scores = np.array([each.score for each in found])
    return ScoredScene(corners([each.box for each in found]), scores, corners(truth), recording.recording_id)


def summarise(scenes: Sequence[ScoredScene], threshold: float, iou: float) -> dict[str, Any]:
    """The report of ``rfhydra eval``: F1, precision, recall, AP, counts and the 90 % interval of F1."""
    return {**report(scenes, threshold, iou), "recordings": len(scenes)}


def corners(boxes: Sequence[Box]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Boxes as x_min, y_min, x_max, y_max in seconds and Hz, shape (n, 4)."""
    rows = [(each.time_start_sec, each.freq_low_hz, each.time_end_sec, each.freq_high_hz) for each in boxes]
    return np.array(rows, np.float64).reshape(-1, 4)
