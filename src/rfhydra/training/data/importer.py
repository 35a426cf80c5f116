"""Import of annotated recordings: windows around the labelled boxes become samples, all in one transaction."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rfhydra.config import check_name
from rfhydra.detection.recording import read_window
from rfhydra.errors import InvalidBox, InvalidName, InvalidRecording
from rfhydra.recordings import Recording
from rfhydra.spectrum.boxes import Box, Frame
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace

MIN_VISIBLE: Final = 0.3
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
            verified negatives, unless the label is no legal name.
        max_samples: limit per signal for this import, samples that the workspace already has included.
        progress: called with the name of each recording.

    Raises:
        InvalidName: a label to import is not a legal name.
        InvalidBox: a box of such a label lies outside the band of its recording.
        InvalidRecording: no recording has a label to import, or one is shorter than a column.
        StorageFull: there is no room on the disk.

        In each case nothing was added.
    """
    if label is not None:
        check_name(label, "label")
    try:
        return _import(workspace, recordings, label, max_samples, progress)
    except BaseException:
        workspace.collect_garbage()  # images and IQ are written before the rows that name them
        raise


def _import(
    workspace: Workspace,
    recordings: Sequence[Recording],
    label: str | None,
    max_samples: int | None,
    progress: Callable[[str], None],
) -> ImportResult:
    imported: dict[str, set[str]] = {}
    new: dict[str, int] = {}
    boxes, skipped = 0, []
    with workspace.db.transaction():
        for recording in recordings:
            progress(recording.name)
            labels = {each.label for each in recording.annotations if each.label and label in (None, each.label)}
            if not labels:
                skipped.append(recording.name)
            for name in sorted(labels):
                ids = imported.setdefault(check_name(name, "label"), set())
                new.setdefault(name, 0)
                _require_in_band(recording, name)
                for span in label_windows(recording, name, workspace.spec):
                    if max_samples is not None and len(ids) >= max_samples:
                        break
                    if added := _add(workspace, recording, name, *span):
                        sample, is_new = added
                        ids.add(sample.sample_id)
                        new[name] += is_new
                        boxes += len(sample.boxes) if is_new else 0
        if len(skipped) == len(recordings):
            wanted = f"labelled {label!r}" if label else "with a label"
            raise InvalidRecording(f"no annotation {wanted} in {', '.join(skipped[:3])}: annotate a recording first")
    return ImportResult(new, {name: workspace.samples.count(name) for name in new}, boxes, skipped)


def label_windows(recording: Recording, label: str, spec: SpectrogramSpec) -> Iterator[tuple[int, int]]:
    """First sample and sample count of windows that together cover every box of ``label``, each whole if it fits."""
    for start, end, _ in recording.segments(spec.hop):
        count = min(end - start, spec.window_samples)
        pending = sorted(
            (max(each.sample_start, start), min(each.sample_end, end))
            for each in recording.annotations_between(start, end)
            if each.label == label
        )
        while pending:
            first, last = pending[0]
            begin = first - int(LEAD * count)
            if last - first <= count:
                begin = max(begin, last - count)
            begin = min(max(begin, start), end - count)
            yield begin, count
            pending = sorted(_rest(span, begin + count, count) for span in pending if span[1] > begin + count)


def _require_in_band(recording: Recording, label: str) -> None:
    """Raise :class:`InvalidBox` if a box of ``label`` is outside the recorded band."""
    for each in recording.annotations:
        center_hz, half_hz = recording.capture_at(each.sample_start).center_freq_hz, recording.sample_rate_hz / 2
        low_hz, high_hz = center_hz - half_hz, center_hz + half_hz
        if each.label == label and (each.freq_high_hz <= low_hz or each.freq_low_hz >= high_hz):
            raise InvalidBox(
                f"{recording.name}: the box of {label} at sample {each.sample_start}, {each.freq_low_hz:.9g} to"
                f" {each.freq_high_hz:.9g} Hz, is outside the recorded band, {low_hz:.9g} to {high_hz:.9g} Hz:"
                " correct or remove it"
            )


def _rest(span: tuple[int, int], shown: int, count: int) -> tuple[int, int]:
    """What is left of a ``span`` after a window that ends at ``shown``: all of it if it fits a window of ``count``."""
    first, last = span
    return (first if last - first <= count else max(first, shown), last)


def _add(workspace: Workspace, recording: Recording, label: str, start: int, count: int) -> tuple[Sample, bool] | None:
    """Add one window as a sample of ``label``, unless too little of every box is in it; returns also if it is new."""
    window = read_window(recording, start, count, workspace.spec)
    visible = [
        (each.label, box)
        for each in recording.annotations_between(start, start + count)
        if each.label and (box := _visible(each.box(recording.sample_rate_hz, start), window.frame))
    ]
    positives = [box for name, box in visible if name == label]
    if not positives:
        return None
    return workspace.samples.add(
        signal_name=label,
        window=window,
        boxes=positives,
        negatives=[(name, box) for name, box in visible if name != label and _is_legal(name)],
        recording=recording.recording_id,
        metadata={"recording_name": recording.name, "imported_from": "sigmf"},
    )


def _is_legal(label: str) -> bool:
    try:
        check_name(label)
    except InvalidName:
        return False
    return True


def _visible(box: Box, frame: Frame) -> Box | None:
    """The part of ``box`` in the window; None if it is a small part of both."""
    most = min(1.0, frame.duration_sec / (box.time_end_sec - box.time_start_sec))
    return frame.clip(box, min_visible=MIN_VISIBLE * most)
