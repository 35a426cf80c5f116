"""From annotated recordings to samples: windows of the contract around the labelled boxes.

All windows of an import become samples in one transaction, or none does.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rfhydra.config import check_name
from rfhydra.errors import InvalidRecording
from rfhydra.spectrum.boxes import Box, Frame
from rfhydra.spectrum.iq import Annotation, Recording
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.spectrogram import spectrogram
from rfhydra.store.workspace import Workspace

MIN_VISIBLE: Final = 0.3
LEAD: Final = 1 / 16  # of the window, before its first box


@dataclass(frozen=True)
class ImportResult:
    """What an import added: new samples and samples in all by signal, boxes of the new ones, recordings without a box."""

    new_samples: dict[str, int]
    total_samples: dict[str, int]
    boxes: int
    skipped: list[str]


@dataclass(frozen=True)
class _Window:
    """Where a window lies in its recording, in samples."""

    start: int
    count: int
    center_freq_hz: float


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
        label: only this signal; default is every label, each a signal of its own.
        max_samples: at most so many per signal from this import.
        progress: hears the name of each recording.

    Raises:
        InvalidName: a label is not a legal signal name.
        InvalidRecording: not one recording has an annotation that counts.
        StorageFull: there is no room on the disk; nothing was added.
    """
    if label is not None:
        check_name(label, "label")
    new: dict[str, int] = {}
    boxes, skipped = 0, []
    with workspace.db.transaction():
        for recording in recordings:
            progress(recording.name)
            labels = sorted(
                {each.label for each in recording.annotations if each.label} & ({label} if label else set())
            )
            if label is None:
                labels = sorted({each.label for each in recording.annotations if each.label})
            if not labels:
                skipped.append(recording.name)
            for name in labels:
                for window in label_windows(recording, check_name(name, "label"), workspace.spec):
                    if max_samples is not None and new.get(name, 0) >= max_samples:
                        break
                    added, is_new = _add(workspace, recording, name, window)
                    new[name] = new.get(name, 0) + is_new
                    boxes += added if is_new else 0
        if len(skipped) == len(recordings):
            wanted = f"labelled {label!r}" if label else "with a label"
            raise InvalidRecording(f"no annotation {wanted} in {', '.join(skipped[:3])}: annotate a recording first")
    return ImportResult(new, {name: workspace.samples.count(name) for name in new}, boxes, skipped)


def label_windows(recording: Recording, label: str, spec: SpectrogramSpec) -> Iterator[_Window]:
    """Windows that together show every box of ``label``, each whole in at least one of them where it fits."""
    for start, end, capture in recording.segments():
        whole = (end - start) // spec.hop * spec.hop
        pending = [each for each in recording.annotations_between(start, end) if each.label == label]
        count = min(whole, spec.window_samples)
        if not count:
            continue
        while pending:
            first = max(pending[0].sample_start - int(LEAD * count), start)
            window = _Window(min(first, start + whole - count), count, capture.center_freq_hz)
            yield window
            pending = [each for each in pending[1:] if each.sample_end > window.start + count]


def _add(workspace: Workspace, recording: Recording, label: str, window: _Window) -> tuple[int, bool]:
    """Add one window as a sample of ``label``; returns its number of boxes and whether it is new."""
    iq = recording.read(window.start, window.count)
    image = spectrogram(iq, workspace.spec).numpy()
    frame = Frame(workspace.spec, recording.sample_rate_hz, window.center_freq_hz, image.shape[1])
    visible = [
        (each.label, box)
        for each in recording.annotations_between(window.start, window.start + window.count)
        if each.label and (box := _visible(recording, each, window, frame))
    ]
    positives = [box for name, box in visible if name == label]
    if not positives:
        return 0, False
    _, is_new = workspace.samples.add(
        signal_name=label,
        spec_id=workspace.spec.spec_id,
        image=image,
        boxes=positives,
        negatives=[(check_name(name, "label"), box) for name, box in visible if name != label],
        iq=iq,
        sample_rate_hz=recording.sample_rate_hz,
        center_freq_hz=window.center_freq_hz,
        recording=recording.recording_id,
        start_sample=window.start,
        metadata={"recording_name": recording.name, "imported_from": "sigmf"},
    )
    return len(positives), is_new


def _visible(recording: Recording, annotation: Annotation, window: _Window, frame: Frame) -> Box | None:
    return frame.clip(recording.box_of(annotation, window.start), min_visible=MIN_VISIBLE)
