"""Write SigMF 1.2: recordings, and detections as annotations of an existing recording. Files are written atomically."""

import copy
import hashlib
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal

import numpy as np
from numpy.typing import NDArray
from sigmf import SigMFFile, keys

from rfhydra.errors import Conflict, InvalidMessage
from rfhydra.files import writing_output
from rfhydra.recordings.formats import SampleFormat
from rfhydra.recordings.recording import Annotation, Capture, Recording
from rfhydra.recordings.sigmf_extension import NAMESPACE, declare, extended
from rfhydra.recordings.sigmf_read import Fields, describe
from rfhydra.spectrum.boxes import Box

_BLOCK_SAMPLES: Final = 1 << 20
_VERDICT: Final = f"{NAMESPACE}:verdict"


def write_recording(
    path_stem: str | os.PathLike[str],
    iq: NDArray[np.complex64],
    sample_rate_hz: float,
    center_freq_hz: float,
    annotations: Iterable[Annotation] = (),
    *,
    datatype: str = "cf32_le",
    start_time: str | None = None,
    trigger: str | None = None,
) -> Path:
    """Write ``iq``, complex64 of shape (samples,), as a SigMF pair with its SHA-512. An older pair is replaced.

    ``start_time`` is that of the first sample, UTC, ISO 8601; ``trigger`` says why the recording was made. Integer
    datatypes are rounded and saturate outside ±1. A crash may leave a dataset without metadata, never with the metadata
    of another one.

    Returns:
        the path of the ``.sigmf-meta``.

    Raises:
        InvalidMessage: ``iq`` is empty, not one row of complex numbers or not finite, an argument is out of range, or
            the files cannot be written.
        StorageFull: the disk is full.
    """
    if iq.ndim != 1 or not np.iscomplexobj(iq):
        raise InvalidMessage(f"iq must be one row of complex samples, has shape {iq.shape} and dtype {iq.dtype}")
    sample_format = SampleFormat.of(datatype)
    stem = Path(path_stem)
    meta_path = stem.with_name(f"{stem.name}{keys.SIGMF_METADATA_EXT}")
    data_path = stem.with_name(f"{stem.name}{keys.SIGMF_DATASET_EXT}")
    metadata: dict[str, Any] = {
        "global": {
            keys.DATATYPE_KEY: datatype,
            keys.SAMPLE_RATE_KEY: float(sample_rate_hz),
            keys.RECORDER_KEY: "rfhydra",
        },
        "captures": [_capture(0, center_freq_hz, start_time)],
        "annotations": [
            _fields(annotation) for annotation in sorted(annotations, key=lambda annotation: annotation.sample_start)
        ],
    }
    if trigger is not None:
        metadata["global"][f"{NAMESPACE}:trigger"] = trigger
    if trigger is not None or any(NAMESPACE in key for fields in metadata["annotations"] for key in fields):
        declare(metadata["global"])
    describe(metadata, meta_path.name, len(iq) * sample_format.sample_bytes)
    with writing_output(meta_path) as meta_file:
        with writing_output(data_path) as data_file:
            metadata["global"][keys.SHA512_KEY] = _write_samples(data_file, iq, sample_format)
            meta_path.unlink(missing_ok=True)  # it describes the old data
        meta_file.write(dumped(metadata))
    return meta_path


def write_sigmf_annotations(
    recording: Recording,
    detections: Iterable[tuple[str, float, Box]],
    out_path: str | os.PathLike[str],
    *,
    generator: str = "rfhydra",
    versions: Mapping[str, int] | None = None,
) -> Path:
    """Write detections as a separate SigMF metadata file for the samples of ``recording``.

    Global fields and captures are copied. The file refers to the data (``core:dataset``) if both lie in one folder, as
    SigMF demands, and is marked ``core:metadata_only`` otherwise. Scores and versions go under ``rfhydra:score`` and
    ``rfhydra:version``.

    Args:
        detections: label, score and box; box times are seconds from the start of the recording, and are clipped to it.
        out_path: ends in ``.sigmf-meta``. An older file of detections there is replaced.
        generator: stored as ``core:generator``.
        versions: of the heads, by label.

    Returns:
        ``out_path``.

    Raises:
        InvalidMessage: ``out_path`` has another extension or cannot be written, or a score is not finite.
        InvalidBox: a box lies outside the recording.
        Conflict: ``out_path`` is the metadata of a recording.
        StorageFull: the disk is full.
    """
    out_path = Path(out_path)
    require_annotations_path(out_path)
    if out_path.resolve() == recording.path.resolve():
        raise Conflict(f"{out_path.name} is the metadata of a recording: choose another name for the detections")
    known = versions or {}
    found = [_detection(recording, *each, known.get(each[0]), generator) for each in detections]
    return _write(_metadata_beside(recording, found, _dataset(recording, out_path), extends=True), out_path)


def write_sigmf_labels(
    recording: Recording,
    annotations: Iterable[Annotation],
    out_path: str | os.PathLike[str],
    *,
    generator: str = "rfhydra",
) -> Path:
    """Write annotations as a separate SigMF metadata file for the samples of ``recording``, as detections are written.

    Of a file that is not SigMF this makes the recording a Non-Conforming Dataset. An older file there is replaced.

    Returns:
        ``out_path``.

    Raises:
        InvalidMessage: ``out_path`` has another extension or cannot be written.
        Conflict: ``out_path`` is the metadata of a recording that is SigMF.
        StorageFull: the disk is full.
    """
    out_path = Path(out_path)
    require_annotations_path(out_path)
    return _write(sigmf_labels(recording, annotations, _dataset(recording, out_path), generator=generator), out_path)


def sigmf_labels(
    recording: Recording, annotations: Iterable[Annotation], dataset: str | None, *, generator: str = "rfhydra"
) -> dict[str, Any]:
    """SigMF metadata with ``annotations`` for the samples of ``recording``, which are in a file called ``dataset``
    beside it, or None: elsewhere."""
    offset = Fields(recording.metadata["global"], recording.name).whole(keys.OFFSET_KEY, 0)
    written = [{**_fields(each), keys.GENERATOR_KEY: generator} for each in annotations]
    for fields in written:
        fields[keys.SAMPLE_START_KEY] += offset
    return _metadata_beside(recording, written, dataset, extends=False)


def _dataset(recording: Recording, out_path: Path) -> str | None:
    """Name of the file with the samples if it is in the folder of ``out_path``."""
    is_beside = recording.data_path.parent.resolve() == out_path.parent.resolve()
    return recording.data_path.name if is_beside else None


def _write(metadata: dict[str, Any], out_path: Path) -> Path:
    with writing_output(out_path) as file:
        file.write(dumped(metadata))
    return out_path


def _metadata_beside(
    recording: Recording, annotations: list[dict[str, Any]], dataset: str | None, *, extends: bool
) -> dict[str, Any]:
    """Metadata with ``annotations`` for the samples of ``recording``; ``extends``: they have fields of ours."""
    metadata = {
        **copy.deepcopy({key: value for key, value in recording.metadata.items() if key != "annotations"}),
        "annotations": sorted(annotations, key=lambda fields: int(fields[keys.SAMPLE_START_KEY])),
    }
    if extends:
        declare(metadata["global"])
    _refer_to_data(metadata, recording, dataset)
    return metadata


def stated_verdicts(found: Recording) -> dict[int, Literal["accepted", "rejected"]]:
    """The verdicts that the annotations of ``found`` have, by their number from 1."""
    stated = ((number, each.get(_VERDICT)) for number, each in enumerate(found.metadata["annotations"], start=1))
    return {number: verdict for number, verdict in stated if verdict in ("accepted", "rejected")}


def write_verdicts(found: Recording, verdicts: Mapping[int, str]) -> None:
    """Write ``verdicts``, by number of the annotation from 1, to the metadata file of ``found``, atomically.

    Raises:
        InvalidMessage: ``found`` is no SigMF metadata file, or it cannot be written.
        StorageFull: the disk is full.
    """
    if found.path.suffix != keys.SIGMF_METADATA_EXT:
        raise InvalidMessage(f"{found.path.name} must end in {keys.SIGMF_METADATA_EXT}")
    metadata = copy.deepcopy(found.metadata)
    for number, verdict in verdicts.items():
        metadata["annotations"][number - 1] |= extended({"verdict": verdict})
    declare(metadata["global"])
    with writing_output(found.path) as file:
        file.write(dumped(metadata))


def write_stream_annotations(
    out_path: str | os.PathLike[str],
    annotations: Iterable[Annotation],
    sample_rate_hz: float,
    captures: Sequence[Capture],
    *,
    description: str,
) -> Path:
    """Write annotations of a live stream, whose samples are not stored: SigMF metadata, ``core:metadata_only``.

    Sample numbers count from the start of the stream. An older file is replaced.

    Raises:
        InvalidMessage: ``out_path`` has another extension than ``.sigmf-meta`` or cannot be written.
        Conflict: ``out_path`` is the metadata of a recording.
        StorageFull: the disk is full.
    """
    out_path = Path(out_path)
    require_annotations_path(out_path)
    metadata: dict[str, Any] = {
        "global": {
            keys.DATATYPE_KEY: "cf32_le",
            keys.SAMPLE_RATE_KEY: float(sample_rate_hz),
            keys.RECORDER_KEY: "rfhydra",
            keys.DESCRIPTION_KEY: description,
            keys.METADATA_ONLY_KEY: True,
        },
        "captures": [_capture(each.sample_start, each.center_freq_hz, each.datetime) for each in captures],
        "annotations": [
            {**_fields(each), keys.GENERATOR_KEY: "rfhydra"}
            for each in sorted(annotations, key=lambda annotation: annotation.sample_start)
        ],
    }
    declare(metadata["global"])
    with writing_output(out_path) as file:
        file.write(dumped(metadata))
    return out_path


def require_annotations_path(path: Path) -> None:
    """Check that ``path`` may be written with annotations.

    Raises:
        InvalidMessage: it does not end in ``.sigmf-meta``.
        Conflict: it is the metadata of a recording.
    """
    if path.suffix != keys.SIGMF_METADATA_EXT:
        raise InvalidMessage(f"{path.name} must end in {keys.SIGMF_METADATA_EXT}")
    if path.with_suffix(keys.SIGMF_DATASET_EXT).exists():
        raise Conflict(f"{path.name} is the metadata of a recording: choose another name for the detections")


def _fields(annotation: Annotation) -> dict[str, Any]:
    return {
        keys.SAMPLE_START_KEY: int(annotation.sample_start),  # numpy integers are not JSON
        keys.SAMPLE_COUNT_KEY: int(annotation.sample_count),
        keys.FREQ_LOWER_EDGE_KEY: float(annotation.freq_low_hz),
        keys.FREQ_UPPER_EDGE_KEY: float(annotation.freq_high_hz),
        **({} if annotation.label is None else {keys.LABEL_KEY: annotation.label}),
        **extended(annotation.extension),
    }


def _capture(sample_start: int, center_freq_hz: float, start_time: str | None) -> dict[str, Any]:
    return {
        keys.SAMPLE_START_KEY: int(sample_start),
        keys.FREQUENCY_KEY: float(center_freq_hz),
        **({} if start_time is None else {keys.DATETIME_KEY: start_time}),
    }


def _detection(
    recording: Recording, label: str, score: float, box: Box, version: int | None, generator: str
) -> dict[str, Any]:
    if not math.isfinite(score):
        raise InvalidMessage(f"score {score} of a detection of {label!r} must be a finite number")
    fields = _fields(Annotation.of_box(box, label, recording.sample_rate_hz, recording.sample_count))
    fields[keys.SAMPLE_START_KEY] += Fields(recording.metadata["global"], recording.name).whole(keys.OFFSET_KEY, 0)
    return {**fields, keys.GENERATOR_KEY: generator, **extended({"score": float(score), "version": version})}


def _refer_to_data(metadata: dict[str, Any], recording: Recording, dataset: str | None) -> None:
    """Point ``metadata`` to the samples of ``recording``, in the file ``dataset`` beside it, or elsewhere if None."""
    fields, first_capture = metadata["global"], metadata["captures"][0]
    for key in (keys.DATASET_KEY, keys.METADATA_ONLY_KEY, keys.TRAILING_BYTES_KEY, keys.SHA512_KEY):
        fields.pop(key, None)
    first_capture.pop(keys.HEADER_BYTES_KEY, None)
    if not recording.is_mapped:
        fields[keys.METADATA_ONLY_KEY] = True
        return
    header = recording.data_start_byte
    trailer = recording.data_path.stat().st_size - header - recording.stored.nbytes
    if not header and not trailer:
        fields[keys.SHA512_KEY] = recording.recording_id  # in SigMF, the digest of the whole file
    if dataset is None:
        fields[keys.METADATA_ONLY_KEY] = True
        return
    fields[keys.DATASET_KEY] = dataset
    if header:
        first_capture[keys.HEADER_BYTES_KEY] = header
    if trailer:
        fields[keys.TRAILING_BYTES_KEY] = trailer


def _write_samples(file: BinaryIO, iq: NDArray[np.complex64], sample_format: SampleFormat) -> str:
    """Write ``iq`` block by block. Returns the SHA-512 of the written bytes, in hex."""
    digest = hashlib.sha512()
    for start in range(0, len(iq), _BLOCK_SAMPLES):
        block = sample_format.encode(iq[start : start + _BLOCK_SAMPLES]).tobytes()
        digest.update(block)
        file.write(block)
    return digest.hexdigest()


def dumped(metadata: dict[str, Any]) -> bytes:
    """SigMF metadata as the text of a file."""
    return f"{SigMFFile(metadata=metadata).dumps()}\n".encode()
