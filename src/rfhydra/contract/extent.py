"""SignalExtent: how long and how wide the emissions of one signal are, from its boxes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from rfhydra.errors import Conflict, NotFound
from rfhydra.recordings import Recording
from rfhydra.spectrum.boxes import Box

SAME_RATE = 0.01
"""Sample rates that differ by less, relative to each other, count as one."""


@dataclass(frozen=True, kw_only=True)
class SignalExtent:
    """Extent of the emissions of one signal.

    Attributes:
        label: the signal; None where the boxes have no label.
        boxes: number of boxes.
        duration_sec, bandwidth_hz: medians.
        longest_sec: the 95 % quantile of the durations.
    """

    label: str | None
    boxes: int
    duration_sec: float
    bandwidth_hz: float
    longest_sec: float

    @classmethod
    def of(cls, label: str | None, boxes: Sequence[Box]) -> Self:
        """The extent of ``boxes``, at least one."""
        durations = [each.time_end_sec - each.time_start_sec for each in boxes]
        return cls(
            label=label,
            boxes=len(boxes),
            duration_sec=float(np.median(durations)),
            bandwidth_hz=float(np.median([each.freq_high_hz - each.freq_low_hz for each in boxes])),
            longest_sec=float(np.quantile(durations, 0.95, method="higher")),
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
    found: dict[str | None, list[Box]] = {}
    for recording in recordings:
        for each in recording.annotations:
            center_hz, half_hz = recording.capture_at(each.sample_start).center_freq_hz, recording.sample_rate_hz / 2
            low_hz, high_hz = max(each.freq_low_hz, center_hz - half_hz), min(each.freq_high_hz, center_hz + half_hz)
            if high_hz > low_hz:
                start_sec, end_sec = (
                    sample / recording.sample_rate_hz for sample in (each.sample_start, each.sample_end)
                )
                found.setdefault(each.label, []).append(Box(start_sec, end_sec, low_hz, high_hz))
    if found and label is not None and label not in found:
        names = ", ".join(sorted(name for name in found if name))
        raise NotFound(f"no annotation is labelled {label!r}: there are {names or 'only such without a label'}")
    extents = [SignalExtent.of(name, boxes) for name, boxes in found.items() if label in (None, name)]
    return sorted(extents, key=lambda each: (-each.boxes, each.label or ""))


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
