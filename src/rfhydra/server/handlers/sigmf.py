"""Handlers of the SigMF commands. Files are written to a temporary directory only, under names of our own."""

import base64
import json
import tempfile
from pathlib import Path
from typing import Any, Final

from rfhydra.protocol.commands import ExportSigmf, ImportSigmf
from rfhydra.protocol.limits import Limits
from rfhydra.protocol.messages import SigmfExported, SigmfImported
from rfhydra.protocol.types import SigmfRecording
from rfhydra.recordings import Annotation, Recording, open_recording, write_recording
from rfhydra.server.handlers.images import decode_base64
from rfhydra.server.handlers.paging import Page, read_page
from rfhydra.server.net.hub import Session
from rfhydra.server.service import Service
from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.importer import ImportResult, import_recordings

_NAME: Final = "recording"


async def import_sigmf(service: Service, session: Session, command: ImportSigmf) -> SigmfImported:
    def call() -> ImportResult:
        data = decode_base64(command.data_b64, "data_b64")
        return _import(service.workspace, command.meta, data, command.signal_name, command.max_samples, service.limits)

    result = await service.store.run(call)
    await service.refresh_counts()
    return SigmfImported(new_samples=result.new_samples, total_samples=result.total_samples, boxes=result.boxes)


async def export_sigmf(service: Service, session: Session, command: ExportSigmf) -> SigmfExported:
    workspace, limits = service.workspace, service.limits

    def read() -> Page[SigmfRecording]:
        return read_page(
            workspace.samples,
            command.signal_name,
            cursor=command.cursor,
            limit=limits.page(command.limit),
            max_bytes=limits.max_array_bytes,
            describe=lambda sample: _export(workspace, sample),
        )

    page = await service.store.run(read)
    return SigmfExported(
        signal_name=command.signal_name, recordings=page.items, skipped=page.skipped, next_cursor=page.next_cursor
    )


def _import(
    workspace: Workspace,
    meta: dict[str, Any],
    data: bytes,
    label: str | None,
    max_samples: int | None,
    limits: Limits,
) -> ImportResult:
    """Import samples from the annotations of a recording.

    Raises:
        InvalidRecording, InvalidBox, InvalidName: as :func:`import_recordings`; nothing was added.
        TooLarge: a signal would have more samples than it may; nothing was added.
    """
    with tempfile.TemporaryDirectory(prefix="rfhydra-") as directory:
        stem = Path(directory) / _NAME
        fields = {key: value for key, value in meta.items() if key != "global"}
        own_global = meta.get("global")
        if isinstance(own_global, dict):  # the samples are in our file
            fields["global"] = {key: value for key, value in own_global.items() if key != "core:dataset"}
        stem.with_suffix(".sigmf-meta").write_text(json.dumps(fields))
        stem.with_suffix(".sigmf-data").write_bytes(data)
        recording = open_recording(stem.with_suffix(".sigmf-meta"))
        _require_room(workspace, recording, label, limits)
        return import_recordings(workspace, [recording], label, max_samples)


def _require_room(workspace: Workspace, recording: Recording, label: str | None, limits: Limits) -> None:
    """Check the limit of samples: each annotation gives one sample, a long one several."""
    wanted: dict[str, int] = {}
    for each in recording.annotations:
        if each.label and label in (None, each.label):
            windows = -(-each.sample_count // workspace.spec.window_samples)
            wanted[each.label] = wanted.get(each.label, 0) + windows
    for name, count in wanted.items():
        limits.require(
            f"samples of {name}, with the recording's,",
            workspace.samples.count(name) + count,
            "max_samples_per_signal",
        )


def _export(workspace: Workspace, sample: Sample) -> SigmfRecording | None:
    """A sample as an annotated recording, or None if it has no IQ or no sample rate.

    Raises:
        Damaged: the stored IQ does not match its digest.
    """
    iq = workspace.samples.iq(sample)
    if iq is None or sample.sample_rate_hz is None:
        return None
    labelled = [(sample.signal_name, box) for box in sample.boxes] + list(sample.negatives)
    annotations = [Annotation.of_box(box, label, sample.sample_rate_hz, len(iq)) for label, box in labelled]
    with tempfile.TemporaryDirectory(prefix="rfhydra-") as directory:
        stem = Path(directory) / _NAME
        meta = write_recording(stem, iq, sample.sample_rate_hz, sample.center_freq_hz or 0.0, annotations)
        return SigmfRecording(
            sample_id=sample.sample_id,
            meta=json.loads(meta.read_text()),
            data_b64=base64.b64encode(meta.with_suffix(".sigmf-data").read_bytes()).decode(),
        )
