"""Labelling: new boxes in recordings of which the workspace may already hold samples.

Invariant: a window shows every box that was labelled in it, whichever call labelled it. So the boxes that samples of a
recording have are labels of it, too, and samples that show a new box get it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final, Self

from rfhydra.recordings import Annotation, Recording
from rfhydra.spectrum.boxes import Box, Frame
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.importer import ImportResult, prepare_import, visible_labels

_REPLACED: Final = 0.5  # of the area of a box, covered by a new one of its label


@dataclass(frozen=True)
class StoredWindow:
    """A sample of a recording, here or on a server: where it lies, and what is labelled in it.

    ``labels`` are boxes of the signal and of others, with times from the start of the window.
    """

    sample_id: str
    signal_name: str
    start_sample: int
    frame: Frame
    labels: tuple[tuple[str, Box], ...]

    @classmethod
    def of(cls, sample: Sample, spec: SpectrogramSpec, recording: Recording) -> Self | None:
        """``sample`` as a window of ``recording``; None if it is from elsewhere, or was read at another rate."""
        if sample.recording != recording.recording_id or sample.start_sample is None:
            return None
        if sample.sample_rate_hz != recording.sample_rate_hz:
            return None
        labels = (*((sample.signal_name, box) for box in sample.boxes), *sample.negatives)
        return cls(sample.sample_id, sample.signal_name, sample.start_sample, sample.frame(spec), labels)

    @property
    def end_sample(self) -> int:
        return self.start_sample + self.frame.cols * self.frame.spec.hop

    def annotations(self, recording: Recording) -> Iterator[Annotation]:
        """The labels as annotations of ``recording``."""
        rate = recording.sample_rate_hz
        for label, box in self.labels:
            yield Annotation.of_box(box.shifted(self.start_sample / rate), label, rate, recording.sample_count)


def label_recordings(
    workspace: Workspace,
    recordings: Sequence[Recording],
    label: str | None = None,
    max_samples: int | None = None,
    progress: Callable[[str], None] = lambda name: None,
) -> ImportResult:
    """As :func:`import_recordings`, beside the boxes that samples of the same recordings have.

    A new box replaces an older one of its label of which it covers half or more.

    Raises:
        InvalidName, InvalidBox, InvalidRecording, TooLarge, StorageFull: as :func:`import_recordings`; nothing was
            changed.
    """
    samples = [sample for name in workspace.samples.signal_names() for sample in workspace.samples.list(name)]
    windows = [
        [window for sample in samples if (window := StoredWindow.of(sample, workspace.spec, each))]
        for each in recordings
    ]
    merged = [merge(*pair) for pair in zip(recordings, windows, strict=True)]
    try:
        with workspace.blobs.kept():
            prepared = prepare_import(workspace, merged, label, max_samples, progress=progress)
            with workspace.db.transaction():
                result = prepared.add(workspace)
                for recording, whole, stored in zip(recordings, merged, windows, strict=True):
                    for window, boxes, negatives in outdated(recording, whole, stored):
                        workspace.samples.update(window.sample_id, boxes=boxes, negatives=negatives)
            return result
    except BaseException:
        workspace.collect_garbage()
        raise


def merge(recording: Recording, stored: Iterable[StoredWindow]) -> Recording:
    """``recording`` with its annotations, which are the new ones, and those of ``stored`` that they do not replace."""
    new = recording.annotations
    found = _joined({each for window in stored for each in window.annotations(recording)})
    kept = [each for each in found if not any(_replaces(other, each) for other in new)]
    ordered = sorted(dict.fromkeys([*new, *kept]), key=lambda each: (each.sample_start, each.sample_count))
    return replace(recording, annotations=tuple(ordered))


def outdated(
    recording: Recording, merged: Recording, stored: Iterable[StoredWindow]
) -> Iterator[tuple[StoredWindow, list[Box], list[tuple[str, Box]]]]:
    """The windows of ``stored`` that show an annotation of ``recording``, with their boxes and negatives in ``merged``.

    A window in which its signal has no box any more is left as it is.
    """
    for window in stored:
        start, end = window.start_sample, window.end_sample
        if not recording.annotations_between(start, end):
            continue
        labels = visible_labels(merged.annotations_between(start, end), start, window.frame)
        own = [box for label, box in labels if label == window.signal_name]
        if own:
            yield window, own, [(label, box) for label, box in labels if label != window.signal_name]


def _joined(annotations: Iterable[Annotation]) -> list[Annotation]:
    """``annotations``, with those of one label and band that overlap in time as one: parts that windows cut."""

    def band(each: Annotation) -> tuple[str, float, float]:
        return each.label or "", each.freq_low_hz, each.freq_high_hz

    joined = list[Annotation]()
    for _, group in groupby(sorted(annotations, key=lambda each: (band(each), each.sample_start)), band):
        former: Annotation | None = None
        for each in group:
            if former is not None and each.sample_start < former.sample_end:
                end = max(former.sample_end, each.sample_end)
                former = joined[-1] = replace(former, sample_count=end - former.sample_start)
            else:
                former = each
                joined.append(each)
    return joined


def _replaces(new: Annotation, old: Annotation) -> bool:
    """Whether ``new`` has the label of ``old`` and covers at least half of it."""
    samples = min(new.sample_end, old.sample_end) - max(new.sample_start, old.sample_start)
    width_hz = min(new.freq_high_hz, old.freq_high_hz) - max(new.freq_low_hz, old.freq_low_hz)
    if new.label != old.label or samples <= 0 or width_hz <= 0:
        return False
    area = old.sample_count * (old.freq_high_hz - old.freq_low_hz)
    return samples * width_hz >= _REPLACED * area
