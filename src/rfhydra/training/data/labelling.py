"""Labelling: new boxes in recordings of which the workspace may already hold samples.

Invariant: a window shows every box that was labelled in it, whichever call labelled it. So the boxes that samples of a
recording have are labels of it, too, and samples that show a new box get it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final, Self

from rfhydra.errors import Conflict
from rfhydra.recordings import Annotation, Recording
from rfhydra.spectrum.boxes import Box, Frame
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.store.samples import Admit, Sample
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.importer import ImportResult, PreparedImport, prepare_import, visible_labels

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
    try:
        with workspace.blobs.kept():
            return prepare_labels(workspace, recordings, label, max_samples, progress=progress).add(workspace)
    except BaseException:
        workspace.collect_garbage()
        raise


@dataclass(frozen=True, eq=False)
class PreparedLabels:
    """New boxes in recordings, whose images and IQ are stored, but no rows.

    Attributes:
        recordings: with the new boxes.
        stored: the windows that the workspace has of each.
        merged: each with all of its boxes.
        prepared: the samples.
    """

    recordings: Sequence[Recording]
    stored: Sequence[Sequence[StoredWindow]]
    merged: Sequence[Recording]
    prepared: PreparedImport

    def add(
        self, workspace: Workspace, who: str | None = None, admit: Admit = lambda signal_name, total: None
    ) -> ImportResult:
        """Add the samples, and the boxes to those that show them, all or, on an error, none; ``admit`` is as in
        :meth:`SampleStore.add`.

        Raises:
            Conflict: samples of the recordings were changed since the preparation.
            StorageFull: there is no room on the disk.
        """
        with workspace.db.transaction():
            if [stored_windows(workspace, each) for each in self.recordings] != [*self.stored]:
                raise Conflict("samples of this recording were changed meanwhile: label the boxes again")
            result = self.prepared.add(workspace, who, admit)
            for recording, whole, stored in zip(self.recordings, self.merged, self.stored, strict=True):
                for window, boxes, negatives in outdated(recording, whole, stored):
                    workspace.samples.update(window.sample_id, boxes=boxes, negatives=negatives, who=who)
        return result


def prepare_labels(
    workspace: Workspace,
    recordings: Sequence[Recording],
    label: str | None = None,
    max_samples: int | None = None,
    *,
    check: Callable[[int], None] = lambda sample_count: None,
    progress: Callable[[str], None] = lambda name: None,
) -> PreparedLabels:
    """Make and store the images of new boxes; arguments and errors as of :func:`prepare_import`."""
    stored = [stored_windows(workspace, each) for each in recordings]
    merged = [merge(*pair) for pair in zip(recordings, stored, strict=True)]
    prepared = prepare_import(workspace, merged, label, max_samples, check=check, progress=progress)
    return PreparedLabels(recordings, stored, merged, prepared)


def stored_windows(workspace: Workspace, recording: Recording) -> list[StoredWindow]:
    """The samples that the workspace has of ``recording``, as windows of it."""
    samples = workspace.samples.of_recording(recording.recording_id)
    return [window for each in samples if (window := StoredWindow.of(each, workspace.spec, recording))]


def labelled_boxes(recording: Recording, stored: Iterable[StoredWindow]) -> Iterator[tuple[Annotation, list[str]]]:
    """The boxes of ``stored`` as annotations of ``recording``, each once and whole, with the samples that show it."""
    parts = [(each, window.sample_id) for window in stored for each in window.annotations(recording)]
    shown: dict[tuple[str | None, float, float], list[tuple[Annotation, str]]] = defaultdict(list)
    for part, sample_id in parts:
        shown[part.label, part.freq_low_hz, part.freq_high_hz].append((part, sample_id))
    for each in _joined({part for part, _ in parts}):
        of_band = shown[each.label, each.freq_low_hz, each.freq_high_hz]
        samples = {
            sample_id
            for part, sample_id in of_band
            if each.sample_start <= part.sample_start and part.sample_end <= each.sample_end
        }
        yield each, sorted(samples)


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
