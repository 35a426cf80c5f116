"""From annotated recordings to samples: windows of the contract around the labelled boxes.

All windows of an import become samples in one transaction, or none does.
"""

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
        new_samples: how many, by signal.
        total_samples: of these signals, as they are now.
        boxes: on the new samples.
        skipped: names of recordings without an annotation that counts.
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
        workspace: where to.
        recordings: with annotations; those without one that counts are skipped.
        label: only this signal; default is every label, each a signal of its own. Boxes of the other labels become
            verified negatives, those with a label that is no legal name are left out.
        max_samples: at most so many per signal from this import, known ones included.
        progress: hears the name of each recording.

    Raises:
        InvalidName: a label that should become a signal is not a legal name; nothing was added.
        InvalidBox: a box of such a label lies outside the band of its recording; nothing was added.
        InvalidRecording: not one recording has an annotation that counts, or one is shorter than a column; nothing was
            added.
        StorageFull: there is no room on the disk; nothing was added.
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
    """First sample and sample count of windows that together show every box of ``label`` from start to end, whole in
    one of them where it fits.
    """
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
    """Raise :class:`InvalidBox` if a box of ``label`` is nowhere near what the receiver heard: nobody would see it."""
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
    """What is left to show of a span of samples when all before ``shown`` was: all of it if it fits a window."""
    first, last = span
    return (first if last - first <= count else max(first, shown), last)


def _add(workspace: Workspace, recording: Recording, label: str, start: int, count: int) -> tuple[Sample, bool] | None:
    """Add one window as a sample of ``label``, unless too little of every box is in it; also whether it is new."""
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
    """The part of ``box`` in the window; None if it is less than MIN_VISIBLE of what could be."""
    most = min(1.0, frame.duration_sec / (box.time_end_sec - box.time_start_sec))
    return frame.clip(box, min_visible=MIN_VISIBLE * most)
