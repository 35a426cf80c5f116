"""Stretch: contiguous IQ of a workspace's samples with their labels, as a recording in memory.

Windows of one recording that overlap or touch become one stretch, so that new windows may lie across their edges, and a
box that was cut at an edge is whole again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rfhydra.recordings import Annotation, Capture, Recording
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.store.samples import Sample

MAX_STRETCH_SAMPLES: Final = 1 << 24
"""Of IQ in memory, 128 MiB. A longer stretch is cut between two windows."""

Iq = NDArray[np.complex64]
ReadIq = Callable[[Sample], Iq]


@dataclass(frozen=True, eq=False)
class Stretch:
    """Contiguous IQ.

    Attributes:
        recording: the IQ in memory, with the boxes of the samples as annotations. Without a known sample rate its rate
            is 1.
        start_sample: of its first sample in the recording that it is from; None where that is not known.
        samples: whose windows it covers.
        hop: of their contract.
    """

    recording: Recording
    start_sample: int | None
    samples: tuple[Sample, ...]
    hop: int

    def covering(self, signal_name: str, start: int, count: int) -> list[Sample]:
        """The samples of a signal that share IQ with ``count`` samples from ``start`` of the stretch."""
        first = (self.start_sample or 0) + start
        return [
            each
            for each in self.samples
            if each.signal_name == signal_name
            and (self.start_sample is None or _start(each) < first + count)
            and (self.start_sample is None or _start(each) + each.cols * self.hop > first)
        ]


def stretches(samples: Iterable[Sample], spec: SpectrogramSpec, read: ReadIq) -> Iterator[Stretch]:
    """The stretches of ``samples``, which were made under contract ``spec``; ``read`` gives the IQ of each.

    One at a time is in memory.
    """
    for group in _groups(samples):
        windows = sorted(group, key=lambda each: (_start(each), -each.cols, each.sample_id))
        while windows:
            count = _contiguous(windows, spec.hop)
            yield _stretch(windows[:count], spec, read)
            windows = windows[count:]


def _groups(samples: Iterable[Sample]) -> list[list[Sample]]:
    """Samples whose places relate to each other: of one recording, or else of one image."""
    groups: dict[tuple[object, ...], list[Sample]] = {}
    for each in samples:
        is_placed = each.recording is not None and each.start_sample is not None
        origin = ("recording", each.recording) if is_placed else ("image", each.image_digest)
        groups.setdefault((*origin, each.sample_rate_hz, each.center_freq_hz), []).append(each)
    return list(groups.values())


def _start(sample: Sample) -> int:
    return sample.start_sample or 0


def _contiguous(windows: Sequence[Sample], hop: int) -> int:
    """How many of the sorted ``windows`` cover one stretch without a gap."""
    first, end = _start(windows[0]), _start(windows[0]) + windows[0].cols * hop
    for count, each in enumerate(windows[1:], start=1):
        last = _start(each) + each.cols * hop
        if _start(each) > end or max(end, last) - first > MAX_STRETCH_SAMPLES:
            return count
        end = max(end, last)
    return len(windows)


def _stretch(windows: Sequence[Sample], spec: SpectrogramSpec, read: ReadIq) -> Stretch:
    first = windows[0]
    start, length = _start(first), max(_start(each) + each.cols * spec.hop for each in windows) - _start(first)
    iq, done = np.zeros(length, np.complex64), set[str]()
    for each in windows:
        if each.image_digest not in done:
            done.add(each.image_digest)
            offset = _start(each) - start
            iq[offset : offset + each.cols * spec.hop] = read(each)[: each.cols * spec.hop]
    name = str(first.metadata.get("recording_name") or first.sample_id[:12])
    rate = first.sample_rate_hz or 1.0
    recording = Recording(
        path=Path(f"{name}.sigmf-meta"),
        data_path=Path(f"{name}.sigmf-data"),
        data_start_byte=0,
        datatype="cf32_le",
        sample_rate_hz=rate,
        captures=(Capture(0, first.center_freq_hz or 0.0),),
        annotations=_annotations(windows, spec, rate, length),
        metadata={"global": {}},
        stated_sha512=first.recording or first.image_digest,
        stored=iq.view(np.float32).reshape(-1, 2),
    )
    is_placed = first.start_sample is not None
    return Stretch(recording, start if is_placed else None, tuple(windows), spec.hop)


def _annotations(windows: Sequence[Sample], spec: SpectrogramSpec, rate: float, length: int) -> tuple[Annotation, ...]:
    """The boxes of all windows, each once, and whole where a window edge cut it."""
    start, found, edges = _start(windows[0]), list[Annotation](), set[int]()
    for each in windows:
        offset = _start(each) - start
        edges |= {offset, offset + each.cols * spec.hop}
        boxes = ((label, box.shifted(offset / rate)) for label, box in each.labels.labels)
        found += [Annotation.of_box(box, label, rate, length) for label, box in boxes]
    joined = list[Annotation]()
    for later in sorted(set(found), key=lambda each: (each.sample_start, each.sample_end)):
        number = next((n for n, one in enumerate(joined) if _is_one(one, later, edges, rate / spec.rows)), None)
        if number is None:
            joined.append(later)
        else:
            end = max(joined[number].sample_end, later.sample_end)
            joined[number] = replace(joined[number], sample_count=end - joined[number].sample_start)
    return tuple(joined)


def _is_one(one: Annotation, later: Annotation, edges: set[int], slack_hz: float) -> bool:
    """Whether two boxes of a label, the ``later`` one not before the other, are of one emission."""
    if one.label != later.label or later.sample_start > one.sample_end + 1:
        return False
    same_band = abs(one.freq_low_hz - later.freq_low_hz) <= slack_hz
    same_band &= abs(one.freq_high_hz - later.freq_high_hz) <= slack_hz
    shared = one.sample_end - later.sample_start
    at_edge = any(abs(one.sample_end - edge) <= 1 for edge in edges)
    return same_band and (shared > 1 or at_edge)
