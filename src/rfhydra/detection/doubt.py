"""Doubtful detections: those whose labels would teach a head most."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from rfhydra.detection.detector import Detection, HydraDetector
from rfhydra.detection.recording import read_window, window_spans
from rfhydra.recordings.recording import Recording

MIN_DOUBTFUL: Final = 0.2
MAX_DOUBTFUL: Final = 0.8
CONSIDERED: Final = 8  # times as many as are asked for have their embeddings compared


@dataclass(frozen=True)
class Doubtful:
    """A detection that may be right or wrong, and the recording that it is in."""

    recording: Recording
    detection: Detection


def most_doubtful(
    found: Sequence[tuple[Recording, Sequence[Detection]]], signal_name: str, detector: HydraDetector, count: int
) -> list[Doubtful]:
    """At most ``count`` detections of ``signal_name`` that are most doubtful and least alike, the best first.

    Doubt is largest at a calibrated score of one half (uncertainty sampling: Lewis and Gale, 1994). Each one after the
    first is the one of the largest doubt times distance to those that are chosen already, where distance is one less
    the cosine of the embeddings: the same question twice teaches nothing (diversity: Brinker, 2003).

    Args:
        found: recordings with their detections down to :data:`MIN_DOUBTFUL` or less.
        signal_name: of the head that is to be taught.
        detector: of these detections.
        count: at least 1.
    """
    doubtful = [
        Doubtful(recording, each)
        for recording, detections in found
        for each in detections
        if each.signal_name == signal_name and MIN_DOUBTFUL <= each.score <= MAX_DOUBTFUL
    ]
    doubtful = sorted(doubtful, key=lambda each: -_doubt(each))[: CONSIDERED * count]
    if not doubtful:
        return []
    embeddings = np.stack([_embedding(each, detector) for each in doubtful])
    doubt = np.array([_doubt(each) for each in doubtful])
    chosen = [0]
    while len(chosen) < min(count, len(doubtful)):
        value = doubt * (1 - (embeddings @ embeddings[chosen].T).max(1))
        value[chosen] = -1
        chosen.append(int(value.argmax()))
    return [doubtful[index] for index in chosen]


def _doubt(each: Doubtful) -> float:
    """0 at scores of 0 and 1, 1 at one half."""
    return 1 - abs(2 * each.detection.score - 1)


def _embedding(each: Doubtful, detector: HydraDetector) -> NDArray[np.float32]:
    """The embedding (d,) of the detection, in the window of the recording whose middle is nearest to its own."""
    box, rate_hz = each.detection.box, each.recording.sample_rate_hz
    middle = (box.time_start_sec + box.time_end_sec) / 2 * rate_hz
    start, samples = min(
        window_spans(each.recording, detector.spec), key=lambda span: abs(span[0] + span[1] / 2 - middle)
    )
    window = read_window(each.recording, start, samples, detector.spec)
    pixels = torch.from_numpy(window.frame.to_pixels([box.shifted(-window.start_sec)]))
    embedding: NDArray[np.float32] = detector.backbone.see(window.image).embed(pixels)[0].numpy()
    return embedding
