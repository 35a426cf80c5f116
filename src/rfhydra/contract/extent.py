"""SignalExtent: how long and how wide the emissions of one signal are, from its boxes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final, Self

import numpy as np

from rfhydra.errors import Conflict, NotFound
from rfhydra.recordings import Annotation, Recording
from rfhydra.spectrum.boxes import Box

SAME_RATE: Final = 0.01
"""Sample rates that differ by less, relative to each other, count as one."""
_REMEMBERED: Final = 16  # boxes that a later one is compared with


@dataclass(frozen=True, kw_only=True)
class SignalExtent:
    """Extent of the emissions of one signal.

    Attributes:
        label: the signal; None where the boxes have no label.
        boxes: number of boxes.
        duration_sec, bandwidth_hz: medians.
        longest_sec: the 95 % quantile of the durations.
        pause_sec: the lower quartile of the pauses between successive boxes on one frequency; None without any.
    """

    label: str | None
    boxes: int
    duration_sec: float
    bandwidth_hz: float
    longest_sec: float
    pause_sec: float | None = None

    @classmethod
    def of(cls, label: str | None, boxes: Sequence[Box], pauses: Sequence[float] = ()) -> Self:
        """The extent of ``boxes``, at least one, with ``pauses`` between them in seconds."""
        durations = [each.time_end_sec - each.time_start_sec for each in boxes]
        return cls(
            label=label,
            boxes=len(boxes),
            duration_sec=float(np.median(durations)),
            bandwidth_hz=float(np.median([each.freq_high_hz - each.freq_low_hz for each in boxes])),
            longest_sec=float(np.quantile(durations, 0.95, method="higher")),
            pause_sec=float(np.quantile(pauses, 0.25, method="lower")) if pauses else None,
        )

    @property
    def time_bandwidth(self) -> float:
        """Product of duration and bandwidth: about how many cells the emission fills in any spectrogram."""
        return self.duration_sec * self.bandwidth_hz


def annotated_extents(recordings: Iterable[Recording], label: str | None = None) -> list[SignalExtent]:
    """The extent of each signal that is annotated in ``recordings``, or of ``label`` alone, most boxes first.

    Boxes are cut to the recorded band.

    Raises:
        NotFound: there are annotations, but none with ``label``.
    """
    found: dict[str | None, list[list[Box]]] = {}
    for recording in recordings:
        inside = dict[str | None, list[Box]]()
        for each in recording.annotations:
            if (box := _in_band(each, recording)) is not None:
                inside.setdefault(each.label, []).append(box)
        for name, boxes in inside.items():
            found.setdefault(name, []).append(boxes)
    if found and label is not None and label not in found:
        names = ", ".join(sorted(name for name in found if name))
        raise NotFound(f"no annotation is labelled {label!r}: there are {names or 'only such without a label'}")
    extents = [
        SignalExtent.of(name, [*chain(*groups)], [*chain.from_iterable(map(pauses, groups))])
        for name, groups in found.items()
        if label in (None, name)
    ]
    return sorted(extents, key=lambda each: (-each.boxes, each.label or ""))


def pauses(boxes: Iterable[Box]) -> list[float]:
    """Seconds between successive ``boxes`` of one recording that share a frequency and no time."""
    found, before = list[float](), list[Box]()
    for box in sorted(boxes):
        same = [each for each in before if each.freq_low_hz < box.freq_high_hz and box.freq_low_hz < each.freq_high_hz]
        if same and (pause := box.time_start_sec - max(each.time_end_sec for each in same)) > 0:
            found.append(pause)
        before = [*before[-_REMEMBERED:], box]
    return found


def _in_band(annotation: Annotation, recording: Recording) -> Box | None:
    """The part of an annotation in the recorded band."""
    center_hz = recording.capture_at(annotation.sample_start).center_freq_hz
    half_hz, box = recording.sample_rate_hz / 2, annotation.box(recording.sample_rate_hz)
    low_hz, high_hz = max(box.freq_low_hz, center_hz - half_hz), min(box.freq_high_hz, center_hz + half_hz)
    return replace(box, freq_low_hz=low_hz, freq_high_hz=high_hz) if high_hz > low_hz else None


def common_rate(recordings: Sequence[Recording]) -> float:
    """The sample rate of ``recordings`` in Hz.

    Raises:
        Conflict: they have several.
    """
    first = recordings[0]
    for each in recordings:
        if not is_same_rate(each.sample_rate_hz, first.sample_rate_hz):
            raise Conflict(
                f"{first.name} has {first.sample_rate_hz:g} samples/s and {each.name} {each.sample_rate_hz:g}: a"
                " contract is chosen for one sample rate, give recordings of one"
            )
    return first.sample_rate_hz


def is_same_rate(one_hz: float, other_hz: float) -> bool:
    return abs(one_hz - other_hz) <= SAME_RATE * max(one_hz, other_hz)
