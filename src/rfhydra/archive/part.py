"""Part: what the scan of one recording found, as two Parquet files. The same function makes it wherever a scan runs."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rfhydra.archive.emissions import Emissions
from rfhydra.archive.manifest import Entry, Finished, PartFiles
from rfhydra.archive.plan import ScanPlan, detector_of
from rfhydra.archive.source import Failure, SourceFile
from rfhydra.archive.tables import EMBEDDING, HITS, TableWriter, emissions_schema, with_metadata, writing_table
from rfhydra.detection.detection import Detection
from rfhydra.detection.recording import detect_recording
from rfhydra.errors import Busy, StorageFull
from rfhydra.recordings import Recording

_DIGITS: Final = 20


def scan_recording(
    plan: ScanPlan, source: SourceFile, parts: Path, progress: Callable[[float], None] = lambda seconds_done: None
) -> Entry:
    """Detect what ``plan`` looks for in one recording, and write its part into the folder ``parts``.

    Both files of the part are replaced atomically and durably; two processes that scan the same recording at the same
    time write the same.

    Args:
        progress: called after each window with the seconds of recording up to its end.

    Returns:
        The entry of the manifest; a failure if the recording cannot be read, or anything else is wrong with it.

    Raises:
        Incompatible: the plan cannot run here: see :func:`detector_of`.
        StorageFull: the disk is full.
        Busy: no file descriptor is free.
    """
    detector_of(plan)
    try:
        return _scanned(plan, source, parts, progress)
    except (StorageFull, Busy):
        raise
    except Exception as error:  # one file of thousands, whatever is wrong with it, stops no scan
        return Failure.of(source.path, source.fingerprint, error)


def _scanned(plan: ScanPlan, source: SourceFile, parts: Path, progress: Callable[[float], None]) -> Finished:
    detector, recording = detector_of(plan), plan.known.open(Path(source.path))
    part = hashlib.sha256(f"{source.path}\0{source.fingerprint}".encode()).hexdigest()[:_DIGITS]
    files = PartFiles.named(parts, part)
    names, rate_hz = sorted(plan.versions), recording.sample_rate_hz
    schema = with_metadata(emissions_schema(detector.backbone.embedding_dim), plan)
    with writing_table(files.emissions, schema) as emissions:

        def store(found: Emissions) -> None:
            _add_emissions(emissions, recording, found, names)

        with detector.collecting(store):
            detections = detect_recording(
                recording, detector, plan.threshold, lambda samples_done: progress(samples_done / rate_hz)
            )
    with writing_table(files.hits, with_metadata(HITS, plan)) as hits:
        _add_hits(hits, recording, detections)
    return Finished(
        source.path,
        source.fingerprint,
        part,
        recording.recording_id,
        recording.duration_sec,
        len(detections),
        emissions.rows,
        recording.start_utc_sec,
    )


def _add_hits(writer: TableWriter, recording: Recording, detections: Sequence[Detection]) -> None:
    writer.add_rows(
        {
            **_where(recording, np.array([each.box.as_tuple() for each in detections]).reshape(-1, 4)),
            "signal": [each.signal_name for each in detections],
            "version": [each.version for each in detections],
            "score": [each.score for each in detections],
        }
    )


def _add_emissions(writer: TableWriter, recording: Recording, found: Emissions, names: Sequence[str]) -> None:
    rows = np.ascontiguousarray(found.embeddings.numpy(), dtype="<f2")
    width = pa.binary(rows.shape[1] * rows.itemsize)
    writer.add_rows(
        {
            **_where(recording, found.boxes.numpy()[:, [0, 2, 1, 3]]),
            "objectness": pa.array(found.objectness.numpy(), from_pandas=True),  # null where it is NaN
            "signal": [names[index] if index >= 0 else None for index in found.signal.tolist()],
            "score": pa.array(found.score.numpy(), from_pandas=True),
            EMBEDDING: pa.FixedSizeBinaryArray.from_buffers(width, len(rows), [None, pa.py_buffer(rows)]),
        }
    )


def _where(recording: Recording, boxes: NDArray[np.float64]) -> dict[str, Any]:
    """The columns of where ``boxes`` are, (n, 4): start and end in seconds, low and high in Hz."""
    times = [[_utc(recording, time_sec) for time_sec in boxes[:, column].tolist()] for column in (0, 1)]
    return {
        "recording": [str(recording.path.absolute())] * len(boxes),
        "recording_id": [recording.recording_id] * len(boxes),
        "time_start_sec": boxes[:, 0],
        "time_end_sec": boxes[:, 1],
        "freq_low_hz": boxes[:, 2],
        "freq_high_hz": boxes[:, 3],
        "start_utc": times[0],
        "end_utc": times[1],
    }


def _utc(recording: Recording, time_sec: float) -> datetime | None:
    """UTC of a time in seconds from the start of ``recording``; None where its capture does not state it."""
    sample = min(max(time_sec, 0.0) * recording.sample_rate_hz, recording.sample_count - 1)
    capture = recording.capture_at(int(sample))
    if capture.datetime is None:
        return None
    try:
        first = datetime.fromisoformat(capture.datetime)
    except ValueError:
        return None
    zoned = first.replace(tzinfo=UTC) if first.tzinfo is None else first.astimezone(UTC)
    return zoned + timedelta(seconds=time_sec - capture.sample_start / recording.sample_rate_hz)
