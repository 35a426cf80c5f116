"""Handlers of the SigMF commands. Files are written to a temporary directory only, under names of our own."""

import base64
import json
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from rfhydra.errors import Busy
from rfhydra.protocol.commands import ExportSigmf, ImportSigmf
from rfhydra.protocol.messages import SigmfExported, SigmfImported
from rfhydra.protocol.types import SigmfRecording
from rfhydra.recordings import Annotation, open_recording, write_recording
from rfhydra.server.handlers.images import decode_base64
from rfhydra.server.handlers.paging import Page, read_page
from rfhydra.server.net.hub import Session
from rfhydra.server.service import Service
from rfhydra.store.samples import Admit, Sample
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.importer import PreparedImport, prepare_import

_NAME: Final = "recording"


async def import_sigmf(service: Service, session: Session, command: ImportSigmf) -> SigmfImported:
    """Import in two steps, so that nobody waits long: the images beside the store, then the rows in it."""
    workspace, limits = service.workspace, service.limits
    for part in ("annotations", "captures"):
        entries = command.meta.get(part)
        limits.require(f"meta.{part}", len(entries) if isinstance(entries, list) else 0, "max_import_labels")

    check, admit = import_checks(service)
    with workspace.blobs.kept():  # until the rows name them
        prepared = await service.imports.run(partial(_prepare, workspace, command, check))
        result = await service.store.run(partial(prepared.add, workspace, session.name, admit))
    await service.refresh_counts()
    return SigmfImported(new_samples=result.new_samples, total_samples=result.total_samples, boxes=result.boxes)


def import_checks(service: Service) -> tuple[Callable[[int], None], Admit]:
    """What refuses samples of an import: by their number as they are made, and by that of their signal as they are
    added."""
    limits = service.limits

    def check(sample_count: int) -> None:
        if service.stopping:
            raise Busy("the server is stopping: try again when it is back")
        limits.require("samples of the recording", sample_count + 1, "max_import_samples")

    def admit(signal_name: str, total: int) -> None:
        limits.require(f"samples of {signal_name}, with the recording's,", total, "max_samples_per_signal")

    return check, admit


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


def _prepare(workspace: Workspace, command: ImportSigmf, check: Callable[[int], None]) -> PreparedImport:
    """Store the images of a recording; see :func:`prepare_import`."""
    data = decode_base64(command.data_b64, "data_b64")
    with tempfile.TemporaryDirectory(prefix="rfhydra-") as directory:
        stem = Path(directory) / _NAME
        fields = {key: value for key, value in command.meta.items() if key != "global"}
        own_global = command.meta.get("global")
        if isinstance(own_global, dict):  # the samples are in our file
            fields["global"] = {key: value for key, value in own_global.items() if key != "core:dataset"}
        stem.with_suffix(".sigmf-meta").write_text(json.dumps(fields))
        stem.with_suffix(".sigmf-data").write_bytes(data)
        recording = open_recording(stem.with_suffix(".sigmf-meta"), strict=True)
        return prepare_import(workspace, [recording], command.signal_name, command.max_samples, check=check)


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
