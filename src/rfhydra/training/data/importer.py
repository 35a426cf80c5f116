"""Import of annotated recordings: windows around the labelled boxes become samples.

Images and IQ are stored first, then all rows in one transaction: an import that is interrupted, even by a kill, has
added no sample, and leaves blobs that the next garbage collection removes.
"""

import heapq
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from sigmf import keys

from rfhydra.config import NEGATION, check_label, check_name
from rfhydra.detection.windows import read_window
from rfhydra.errors import InvalidBox, InvalidName, InvalidRecording
from rfhydra.recordings import Recording
from rfhydra.recordings.recording import Annotation
from rfhydra.recordings.sigmf_extension import PART_OF_KEY
from rfhydra.recordings.sigmf_read import Fields
from rfhydra.spectrum.boxes import Box, Frame
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.store.samples import Admit, LabelledWindow, Sample
from rfhydra.store.workspace import Workspace

MIN_VISIBLE: Final = 0.3
_SHA512: Final = re.compile("[0-9a-f]{128}")
LEAD: Final = 1 / 16  # of the window, before its first box


@dataclass(frozen=True)
class ImportResult:
    """What an import added.

    Attributes:
        new_samples: number by signal.
        total_samples: number that these signals have now.
        boxes: number on the new samples.
        skipped: names of recordings without a label to import.
    """

    new_samples: dict[str, int]
    total_samples: dict[str, int]
    boxes: int
    skipped: list[str]


def import_recordings(
    workspace: Workspace,
    recordings: Sequence[Recording],
    label: str | None = None,
    max_samples: int | None = None,
    progress: Callable[[str], None] = lambda name: None,
) -> ImportResult:
    """Add samples from the annotations of ``recordings``.

    Args:
        workspace: gets the samples.
        recordings: with annotations; those without a label to import are skipped.
        label: import only this one; default is every label, each as a signal of its own. Boxes of other labels become
            verified negatives, unless the label is no legal name. A box labelled ``!NAME`` is one that is verified not
            to be the signal ``NAME``: a sample of it, too.
        max_samples: limit per signal for this import, samples that the workspace already has included.
        progress: called with the name of each recording.

    Raises:
        InvalidName: a label to import is not a legal name.
        InvalidBox: a box of such a label lies outside the band of its recording.
        InvalidRecording: no recording has a label to import, or one is shorter than a column.
        TooLarge: a window shows more than ``MAX_BOXES_PER_SAMPLE`` labelled boxes.
        StorageFull: there is no room on the disk.

        In each case nothing was added.
    """
    try:
        with workspace.blobs.kept():
            prepared = prepare_import(workspace, recordings, label, max_samples, progress=progress)
            return prepared.add(workspace)
    except BaseException:
        workspace.collect_garbage()
        raise


@dataclass(frozen=True, eq=False)
class PreparedImport:
    """Samples whose images and IQ are stored, but not their rows.

    Attributes:
        samples: each once, by signal.
        skipped: names of recordings without a label to import.
    """

    samples: dict[str, list[Sample]]
    skipped: list[str]

    def add(
        self, workspace: Workspace, who: str | None = None, admit: Admit = lambda signal_name, total: None
    ) -> ImportResult:
        """Add the samples, all or, on an error, none; ``admit`` is as in :meth:`SampleStore.add`.

        Raises:
            StorageFull: there is no room on the disk.
        """
        with workspace.db.transaction():
            every = [sample for samples in self.samples.values() for sample in samples]
            added = workspace.samples.add_all(every, who, admit)
            totals = workspace.samples.counts(self.samples)
        new = dict.fromkeys(self.samples, 0)
        boxes = 0
        for sample, is_new in added:
            new[sample.signal_name] += is_new
            boxes += len(sample.boxes) if is_new else 0
        return ImportResult(new, {name: totals.get(name, 0) for name in new}, boxes, self.skipped)


def prepare_import(
    workspace: Workspace,
    recordings: Sequence[Recording],
    label: str | None = None,
    max_samples: int | None = None,
    *,
    known: Sequence[Annotation] = (),
    check: Callable[[int], None] = lambda sample_count: None,
    progress: Callable[[str], None] = lambda name: None,
) -> PreparedImport:
    """Make and store the images of an import; may run beside other uses of the workspace.

    Call it, and :meth:`PreparedImport.add`, in a block of :meth:`BlobStore.kept`.

    Args:
        workspace, recordings, label, max_samples, progress: as :func:`import_recordings`.
        known: further labelled boxes of the one recording, which are labels where a sample shows them.
        check: called with the number of samples so far before each one; may raise an error to stop.

    Raises:
        InvalidName, InvalidBox, InvalidRecording, StorageFull: as :func:`import_recordings`.
        TooLarge: a window shows more than ``MAX_BOXES_PER_SAMPLE`` labelled boxes.
    """
    if label is not None:
        check_name(label, "label")
    found: dict[str, dict[str, Sample]] = {}
    skipped, sample_count = list[str](), 0
    for recording in recordings:
        progress(recording.name)
        names = {each.label for each in recording.annotations if each.label and label in (None, signal_of(each.label))}
        if not names:
            skipped.append(recording.name)
            continue
        for name in sorted({signal_of(name) for name in names}):
            found.setdefault(check_name(name, "label"), {})
        require_in_band(recording, names)
        shown = replace(recording, annotations=(*recording.annotations, *known))
        windows = label_windows(recording, names, workspace.spec)
        for sample in recording_samples(workspace, shown, windows, lambda name: _has_enough(found[name], max_samples)):
            check(sample_count)
            sample_count += 1
            found[sample.signal_name][sample.sample_id] = sample
    if len(skipped) == len(recordings):
        wanted = f"labelled {label!r}" if label else "with a label"
        raise InvalidRecording(f"no annotation {wanted} in {', '.join(skipped[:3])}: annotate a recording first")
    return PreparedImport({name: [*samples.values()] for name, samples in found.items()}, skipped)


def _has_enough(samples: dict[str, Sample], max_samples: int | None) -> bool:
    return max_samples is not None and len(samples) >= max_samples


def recording_samples(
    workspace: Workspace,
    recording: Recording,
    windows: Iterable[tuple[int, int, set[str]]],
    has_enough: Callable[[str], bool] = lambda signal_name: False,
) -> Iterator[Sample]:
    """The samples of ``windows`` of :func:`label_windows`: each is read and stored once, for all signals that need it.

    Call it in a block of :meth:`BlobStore.kept`.
    """
    overlapping = _Overlaps(recording.annotations)
    origin, offset = _origin(recording)
    metadata = {"recording_name": recording.name, "imported_from": "sigmf"}
    for start, count, needed in windows:
        wanted = [name for name in sorted({signal_of(label) for label in needed}) if not has_enough(name)]
        if not wanted:
            continue
        window = read_window(recording, start, count, workspace.spec)
        labels = visible_labels(overlapping(start, start + count), start, window.frame)
        shown = {signal_of(label) for label, _ in labels}
        stored: LabelledWindow | None = None
        for name in wanted:
            if name in shown:
                stored = stored or workspace.samples.put_window(replace(window, start_sample=start + offset), labels)
                yield stored.sample(name, origin, metadata)


def _origin(recording: Recording) -> tuple[str, int]:
    """Id of the recording that the samples are from, and the number of its sample that is the first here.

    Raises:
        InvalidRecording: the metadata says that it is a part of another recording, and not of which.
    """
    fields = Fields(recording.metadata.get("global", {}), recording.name)
    whole = fields.optional_text(PART_OF_KEY)
    if whole is None:
        return recording.recording_id, 0
    if not _SHA512.fullmatch(whole):
        raise InvalidRecording(f"{recording.name}: {PART_OF_KEY} must be a SHA-512 in hex")
    return whole, fields.whole(keys.OFFSET_KEY, 0)


def visible_labels(annotations: Iterable[Annotation], start: int, frame: Frame) -> list[tuple[str, Box]]:
    """The boxes of ``annotations`` with a legal label that a window shows enough of, cut to it.

    ``start`` is the first sample of the window.
    """
    boxes = [(each.label, each.box(frame.bandwidth_hz, start)) for each in annotations]
    return [
        (label, visible) for label, box in boxes if label and _is_legal(label) and (visible := _visible(box, frame))
    ]


class _Overlaps:
    """The annotations that share a sample with an interval."""

    def __init__(self, annotations: Sequence[Annotation]) -> None:
        self._annotations = annotations
        self._starts = np.array([each.sample_start for each in annotations])
        self._ends = np.array([each.sample_end for each in annotations])

    def __call__(self, start: int, end: int) -> list[Annotation]:
        """In ``[start, end)``."""
        return [self._annotations[int(i)] for i in np.flatnonzero((self._starts < end) & (self._ends > start))]


def label_windows(
    recording: Recording, labels: Iterable[str], spec: SpectrogramSpec
) -> Iterator[tuple[int, int, set[str]]]:
    """Windows that together cover every box of ``labels``, each whole if it fits.

    Yields:
        First sample, sample count, and the labels of the boxes that the window shows whole, or a part of if they are
        longer than it: the windows of one label alone cover its boxes, too.
    """
    wanted = set(labels)
    spans = [(each.sample_start, each.sample_end, each.label) for each in recording.annotations if each.label in wanted]
    segments = recording.segments(spec.hop)
    first_ends = np.array([end for _, end, _ in segments])
    pending: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
    for first, last, label in spans:
        for index in range(int(np.searchsorted(first_ends, first, side="right")), len(segments)):
            start, end, _ = segments[index]
            if start >= last:
                break
            pending[index].append((max(first, start), min(last, end), str(label)))
    for index in sorted(pending):
        start, end, _ = segments[index]
        yield from _cover(pending[index], start, end, min(end - start, spec.window_samples))


def _cover(
    pending: list[tuple[int, int, str]], start: int, end: int, count: int
) -> Iterator[tuple[int, int, set[str]]]:
    """Windows of ``count`` samples in ``[start, end)`` for ``pending``: first sample, end and label of each box."""
    heapq.heapify(pending)
    while pending:
        first, last, _ = pending[0]
        begin = first - int(LEAD * count)
        if last - first <= count:
            begin = max(begin, last - count)
        begin = min(max(begin, start), end - count)
        shown, names, rest = begin + count, set[str](), list[tuple[int, int, str]]()
        while pending and pending[0][0] < shown:
            first, last, name = heapq.heappop(pending)
            if last > shown:
                rest.append((*_rest((first, last), shown, count), name))
            if last <= shown or last - first > count:
                names.add(name)
        for each in rest:
            heapq.heappush(pending, each)
        yield begin, count, names


def require_in_band(recording: Recording, labels: set[str]) -> None:
    """Raise :class:`InvalidBox` if a box of ``labels`` is outside the recorded band."""
    for each in recording.annotations:
        center_hz, half_hz = recording.capture_at(each.sample_start).center_freq_hz, recording.sample_rate_hz / 2
        low_hz, high_hz = center_hz - half_hz, center_hz + half_hz
        if each.label in labels and (each.freq_high_hz <= low_hz or each.freq_low_hz >= high_hz):
            raise InvalidBox(
                f"{recording.name}: the box of {each.label} at sample {each.sample_start}, {each.freq_low_hz:.9g} to"
                f" {each.freq_high_hz:.9g} Hz, is outside the recorded band, {low_hz:.9g} to {high_hz:.9g} Hz:"
                " correct or remove it"
            )


def _rest(span: tuple[int, int], shown: int, count: int) -> tuple[int, int]:
    """What is left of a ``span`` after a window that ends at ``shown``: all of it if it fits a window of ``count``."""
    first, last = span
    return (first if last - first <= count else max(first, shown), last)


def signal_of(label: str) -> str:
    """The signal that a box with this label is, or is verified not to be."""
    return label.removeprefix(NEGATION)


def _is_legal(label: str) -> bool:
    try:
        check_label(label)
    except InvalidName:
        return False
    return True


def _visible(box: Box, frame: Frame) -> Box | None:
    """The part of ``box`` in the window; None if it is a small part of both."""
    most = min(1.0, frame.duration_sec / (box.time_end_sec - box.time_start_sec))
    return frame.clip(box, min_visible=MIN_VISIBLE * most)
