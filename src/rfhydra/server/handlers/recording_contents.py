"""Handlers of the commands for views and labels of recordings."""

import json
from base64 import b64encode
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from sigmf import keys

from rfhydra.config import negated
from rfhydra.contract.checks import box_warnings, require_one_rate
from rfhydra.errors import TooLarge
from rfhydra.labels.label import Band, Label, Missing
from rfhydra.labels.source import with_annotations
from rfhydra.protocol.recording_contents import (
    ExportRecordingSigmf,
    GetRecordingAnnotations,
    GetRecordingView,
    LabelledSignal,
    LabelRecording,
    NewAnnotation,
    RecordingAnnotation,
    RecordingAnnotations,
    RecordingBox,
    RecordingLabelled,
    RecordingSigmf,
    RecordingView,
    SnapBoxes,
    SnappedBoxes,
    ViewCommand,
)
from rfhydra.protocol.recordings import RecordingInfo
from rfhydra.recordings import Annotation, Recording
from rfhydra.recordings.overview import Extent, overviews
from rfhydra.recordings.sigmf_write import dumped, sigmf_labels
from rfhydra.server.answers import ENVELOPE_BYTES, fitting_count, wire_bytes
from rfhydra.server.executor import Stop
from rfhydra.server.handlers.paging import read_cursor
from rfhydra.server.handlers.sigmf import import_checks
from rfhydra.server.net.hub import Session
from rfhydra.server.service import Service
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.grey import grey_levels
from rfhydra.spectrum.snap import snap_box
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.labelling import PreparedLabels, labelled_boxes, prepare_labels, stored_windows

_MAX_SAMPLE_IDS: Final = 16
_MIN_RANGE_DB: Final = 1.0


async def get_recording_view(service: Service, session: Session, command: GetRecordingView) -> RecordingView:
    _, recording = await service.recordings.open(command.recording_id)
    fields = await service.views.run_stoppable(partial(view_fields, recording, command))
    return RecordingView(recording_id=command.recording_id, **fields)


async def snap_boxes(service: Service, session: Session, command: SnapBoxes) -> SnappedBoxes:
    _, recording = await service.recordings.open(command.recording_id)

    def snap(stop: Stop) -> list[RecordingBox]:
        snapped = []
        for each in command.boxes:
            stop.check()
            snapped.append(RecordingBox.model_validate(vars(_snapped(recording, Box(**dict(each))))))
        return snapped

    boxes = await service.views.run_stoppable(snap)
    return SnappedBoxes(recording_id=command.recording_id, boxes=boxes)


async def get_recording_annotations(
    service: Service, session: Session, command: GetRecordingAnnotations
) -> RecordingAnnotations:
    _, recording = await service.recordings.open(command.recording_id)
    first, limit = read_cursor(command.cursor), service.limits.page(command.limit)

    def read(stop: Stop) -> tuple[list[RecordingAnnotation], bool]:
        rest = _annotations(service.workspace, recording)[first:]
        count = fitting_count(rest[:limit], service.limits.max_answer_bytes - ENVELOPE_BYTES)
        return rest[: max(count, 1)], max(count, 1) < len(rest)

    page, more = await service.views.run_stoppable(read)
    return RecordingAnnotations(
        recording_id=command.recording_id, annotations=page, next_cursor=str(first + len(page)) if more else None
    )


async def export_recording_sigmf(service: Service, session: Session, command: ExportRecordingSigmf) -> RecordingSigmf:
    info, recording = await service.recordings.open(command.recording_id)
    exported = await service.views.run_stoppable(lambda stop: _export(service.workspace, info, recording))
    if (size := wire_bytes(exported)) > service.limits.max_array_bytes:
        raise TooLarge(f"the metadata take {size} bytes, the limit is {service.limits.max_array_bytes}")
    return exported


async def label_recording(service: Service, session: Session, command: LabelRecording) -> RecordingLabelled:
    """Label in two steps, as an import, so that nobody waits long; one recording at a time."""
    _, recording = await service.recordings.open(command.recording_id)
    workspace = service.workspace
    check, admit = import_checks(service)

    def prepare() -> tuple[list[str], PreparedLabels]:
        placed = [_placed(each, number, recording) for number, each in enumerate(command.annotations)]
        labelled = with_annotations(identified(recording), placed)
        if not command.any_rate:
            require_one_rate(workspace, [labelled])
        warnings = box_warnings([labelled], workspace.spec)
        return warnings, prepare_labels(workspace, [labelled], check=check)

    async with service.labelling:
        with workspace.blobs.kept():  # until the rows name them
            warnings, prepared = await service.imports.run(prepare)
            result = await service.store.run(partial(prepared.add, workspace, session.name, admit))
    await service.refresh_counts()
    counts = {each.signal_name: each for each in await service.store.run(workspace.signals.all, refusable=False)}
    signals = [
        LabelledSignal(
            signal_name=name,
            new_samples=new,
            sample_count=counts[name].sample_count,
            box_count=counts[name].box_count,
            negative_count=counts[name].negative_count,
        )
        for name, new in sorted(result.new_samples.items())
        if name in counts
    ]
    return RecordingLabelled(recording_id=command.recording_id, signals=signals, warnings=warnings)


def identified(recording: Recording) -> Recording:
    """The recording with its id stated, which takes reading it once."""
    return replace(recording, stated_sha512=recording.recording_id)


def view_fields(recording: Recording, command: ViewCommand, stop: Stop) -> dict[str, Any]:
    """The :class:`ViewFields` of the part of ``recording`` that ``command`` asks for."""
    start, end = command.time_start_sec or 0.0, command.time_end_sec
    length = None if end is None else end - start
    extent = Extent.of(recording, start, length, command.freq_low_hz, command.freq_high_hz)
    stretches = extent.tunings(recording)
    longest = max(stretches, key=lambda center_hz: sum(last - first for first, last in stretches[center_hz]))
    (shown,) = overviews(
        recording,
        extent,
        fft_size=command.fft_size,
        pooling=command.pooling,
        max_cols=command.columns,
        max_rows=command.rows,
        center_hz=longest if command.center_freq_hz is None else command.center_freq_hz,
        progress=stop.check,
    )
    floor_db = shown.floor_db
    low_db = floor_db if command.min_db is None else command.min_db
    high_db = shown.highest_db if command.max_db is None else command.max_db
    if command.min_db is None:
        low_db = min(low_db, high_db - _MIN_RANGE_DB)
    high_db = max(high_db, low_db + _MIN_RANGE_DB)
    image = grey_levels(shown.level_db, low_db, high_db)
    return {
        "rows": image.shape[0],
        "cols": image.shape[1],
        "time_start_sec": shown.start_sec,
        "time_end_sec": shown.end_sec,
        "freq_low_hz": shown.freq_low_hz,
        "freq_high_hz": shown.freq_high_hz,
        "center_freq_hz": shown.center_freq_hz,
        "min_db": low_db,
        "max_db": high_db,
        "floor_db": floor_db,
        "fft_size": shown.fft_size,
        "pooling": shown.pooling,
        "image_b64": b64encode(image.tobytes()).decode(),
    }


def _snapped(recording: Recording, box: Box) -> Box:
    """``box`` snapped in the capture in which its middle lies; as it is outside of the recording or its band."""
    rate = recording.sample_rate_hz
    middle = round((box.time_start_sec + box.time_end_sec) / 2 * rate)
    for first, last, capture in recording.segments():
        center_hz = capture.center_freq_hz
        in_band = box.freq_low_hz < center_hz + rate / 2 and box.freq_high_hz > center_hz - rate / 2
        if first <= middle < last and in_band:
            return snap_box(box, lambda start, end: recording.read(start, end - start), first, last, rate, center_hz)
    return box


def _placed(annotation: NewAnnotation, number: int, recording: Recording) -> Annotation:
    """The annotation of a box, cut to the recording and its band."""
    box, name = annotation.box, annotation.signal_name
    label = Label(
        where=f"annotations.{number}",
        start=box.time_start_sec,
        length=box.time_end_sec - box.time_start_sec,
        band=Band(box.freq_low_hz, box.freq_high_hz),
    )
    return label.annotation(recording, negated(name) if annotation.negative else name, Missing())


def _annotations(workspace: Workspace, recording: Recording) -> list[RecordingAnnotation]:
    """The labelled boxes of the file and of samples, by time."""
    rate = recording.sample_rate_hz
    found = [
        RecordingAnnotation(label=each.label, origin="file", sample_ids=[], **vars(each.box(rate)))
        for each in recording.annotations
    ]
    for each, sample_ids in labelled_boxes(recording, stored_windows(workspace, recording)):
        shown = sample_ids[:_MAX_SAMPLE_IDS]
        found.append(RecordingAnnotation(label=each.label, origin="sample", sample_ids=shown, **vars(each.box(rate))))
    return sorted(found, key=lambda each: (each.time_start_sec, each.freq_low_hz, each.label or "", each.origin))


def _export(workspace: Workspace, info: RecordingInfo, recording: Recording) -> RecordingSigmf:
    whole = identified(recording)
    labelled = [each for each, _ in labelled_boxes(whole, stored_windows(workspace, whole))]
    annotations = with_annotations(whole, [*recording.annotations, *labelled]).annotations
    data = next((each.name for each in info.files if not each.name.endswith(keys.SIGMF_METADATA_EXT)), None)
    suffix = ".labels" if Path(data or "").suffix == keys.SIGMF_DATASET_EXT else ""
    meta = json.loads(dumped(sigmf_labels(whole, annotations, data)))
    return RecordingSigmf(
        recording_id=info.recording_id, file_name=f"{info.name}{suffix}{keys.SIGMF_METADATA_EXT}", meta=meta
    )
