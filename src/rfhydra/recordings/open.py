"""Open a recording: a SigMF pair or archive, a wav or a raw file.

A wav or raw file is opened as a SigMF Non-Conforming Dataset with generated metadata, so that one set of checks
(:mod:`.sigmf_read`) and one reader (:class:`Recording`) serve every container.
"""

import os
import tarfile
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from sigmf import keys

from rfhydra.errors import Conflict, InvalidRecording, NotFound
from rfhydra.files import os_errors_named
from rfhydra.recordings.formats import SampleFormat
from rfhydra.recordings.recording import Recording
from rfhydra.recordings.sigmf_read import Fields, describe, load_metadata, skipped_bytes

_RAW_DATATYPES: Final = {".cu8": "cu8", ".cs8": "ci8", ".cs16": "ci16_le", ".cf32": "cf32_le"}
_WAV_DATATYPES: Final = {1: "cu8", 2: "ci16_le"}
"""By bytes per component: WAVE's 8-bit samples are unsigned."""


@dataclass(frozen=True)
class _Container:
    """Location and metadata of the samples."""

    path: Path
    metadata: dict[str, Any]
    data_path: Path
    start_byte: int
    byte_count: int


def open_recording(
    path: str | os.PathLike[str],
    *,
    datatype: str | None = None,
    sample_rate_hz: float | None = None,
    center_freq_hz: float | None = None,
    verify: bool = False,
) -> Recording:
    """Open a recording without reading its samples.

    Args:
        path: a ``.sigmf-meta``, its ``.sigmf-data`` or their stem; an uncompressed ``.sigmf`` archive; a ``.wav``
            with I and Q as its two channels, 8 or 16 bits; a raw ``.cu8``, ``.cs8``, ``.cs16`` or ``.cf32``
            (little-endian); or any other raw file if ``datatype`` is given.
        datatype: as in SigMF, for a raw file.
        sample_rate_hz: for a file that does not state it. Raw files do not.
        center_freq_hz: for a file that does not state it; default is 0.
        verify: read all samples and compare them with ``core:sha512``.

    Raises:
        NotFound: no such file, or only half of a SigMF pair.
        InvalidRecording: it cannot be read; the message names the field.
        Conflict: an argument contradicts what the file states.
        Busy: no file descriptor is free.
    """
    path = Path(path)
    try:
        with os_errors_named():
            container = _container(path, datatype)
            _complete(container, datatype, sample_rate_hz, center_freq_hz)
            recording = _map(container)
            if verify:
                recording.verify()
    except OSError as error:
        raise InvalidRecording(f"{path.name} cannot be read: {error.strerror or error}") from error
    return recording


def _container(path: Path, datatype: str | None) -> _Container:
    if path.suffix in (keys.SIGMF_METADATA_EXT, keys.SIGMF_DATASET_EXT):
        return _pair(path.with_suffix(keys.SIGMF_METADATA_EXT))
    if not path.is_file():
        meta_path = path.with_name(f"{path.name}{keys.SIGMF_METADATA_EXT}")
        if not meta_path.is_file():
            raise NotFound(f"there is no recording {path.name}")
        return _pair(meta_path)
    if path.suffix == keys.SIGMF_ARCHIVE_EXT:
        return _archive(path)
    return _wav(path) if path.suffix.lower() == ".wav" else _raw(path, datatype)


def _pair(meta_path: Path) -> _Container:
    """A SigMF metadata file and the dataset beside it, conforming or not."""
    if not meta_path.is_file():
        raise NotFound(f"there is no {meta_path.name}: a {keys.SIGMF_DATASET_EXT} file needs its metadata beside it")
    metadata = load_metadata(meta_path.read_bytes(), meta_path.name)
    data_path = meta_path.with_name(_dataset_name(metadata, meta_path.name))
    if not data_path.is_file():
        raise NotFound(f"there is no {data_path.name}: put the data beside {meta_path.name}")
    return _within(meta_path, metadata, data_path, 0, data_path.stat().st_size)


def _archive(path: Path) -> _Container:
    """One SigMF recording in an uncompressed tar, whose samples are mapped in place."""
    try:
        with tarfile.open(path, "r:") as tar:
            members = {Path(member.name).name: member for member in tar if member.isfile() and not member.issparse()}
            meta_names = [name for name in members if name.endswith(keys.SIGMF_METADATA_EXT)]
            if len(meta_names) != 1:
                raise InvalidRecording(f"{path.name} holds {len(meta_names)} recordings: unpack it and open one")
            stream = tar.extractfile(members[meta_names[0]])
            text = stream.read() if stream else b""
    except tarfile.TarError as error:
        raise InvalidRecording(f"{path.name} is not a whole, uncompressed SigMF archive ({error}): unpack it") from None
    metadata = load_metadata(text, path.name)
    data_name = _dataset_name(metadata, meta_names[0])
    if data_name not in members:
        raise NotFound(f"{path.name} holds no {data_name}")
    return _within(path, metadata, path, members[data_name].offset_data, members[data_name].size)


def _dataset_name(metadata: dict[str, Any], meta_name: str) -> str:
    fields = Fields(metadata["global"], meta_name)
    name = fields.optional_text(keys.DATASET_KEY) or f"{Path(meta_name).stem}{keys.SIGMF_DATASET_EXT}"
    if Path(name).name != name:
        raise InvalidRecording(f"{meta_name}: {keys.DATASET_KEY} must be the name of a file in the same folder")
    return name


def _within(path: Path, metadata: dict[str, Any], data_path: Path, start_byte: int, byte_count: int) -> _Container:
    """The samples of a dataset, without the header and trailer bytes that its metadata excludes."""
    header, trailer = skipped_bytes(metadata, path.name)
    if header or trailer:
        # the digest covers the skipped bytes too
        metadata["global"].pop(keys.SHA512_KEY, None)
    return _Container(path, metadata, data_path, start_byte + header, byte_count - header - trailer)


def _wav(path: Path) -> _Container:
    try:
        with path.open("rb") as file, wave.open(file) as header:
            channels, width, rate = header.getnchannels(), header.getsampwidth(), header.getframerate()
            byte_count = header.getnframes() * channels * width
            header.rewind()
            header.readframes(0)  # seeks to the first frame
            start_byte = file.tell()
    except (wave.Error, EOFError, RuntimeError) as error:  # RuntimeError: a chunk ends outside the file
        raise InvalidRecording(f"{path.name} is not a whole PCM wav: {str(error) or 'it ends too early'}") from None
    if channels != 2 or width not in _WAV_DATATYPES:
        raise InvalidRecording(
            f"{path.name} has {channels} channel(s) of {8 * width} bits: a recording has two, I and Q, of 8 or 16 bits"
        )
    if start_byte + byte_count > path.stat().st_size:
        raise InvalidRecording(f"{path.name}: the data ends before the header says: the file is truncated")
    return _Container(path, _generated_metadata(_WAV_DATATYPES[width], rate), path, start_byte, byte_count)


def _raw(path: Path, datatype: str | None) -> _Container:
    datatype = datatype or _RAW_DATATYPES.get(path.suffix.lower())
    if datatype is None:
        raise InvalidRecording(
            f"{path.name}: the extension does not tell the datatype (as {', '.join(_RAW_DATATYPES)} do): give datatype"
        )
    return _Container(path, _generated_metadata(datatype, None), path, 0, path.stat().st_size)


def _generated_metadata(datatype: str, sample_rate_hz: float | None) -> dict[str, Any]:
    return {
        "global": {keys.DATATYPE_KEY: datatype, keys.SAMPLE_RATE_KEY: sample_rate_hz},
        "captures": [{keys.SAMPLE_START_KEY: 0}],
        "annotations": [],
    }


def _complete(
    container: _Container, datatype: str | None, sample_rate_hz: float | None, center_freq_hz: float | None
) -> None:
    """Set metadata fields that are missing to the arguments of :func:`open_recording`."""
    given = [
        (container.metadata["global"], keys.DATATYPE_KEY, "datatype", datatype),
        (container.metadata["global"], keys.SAMPLE_RATE_KEY, "sample_rate_hz", sample_rate_hz),
        *(
            (capture, keys.FREQUENCY_KEY, "center_freq_hz", center_freq_hz)
            for capture in container.metadata["captures"]
        ),
    ]
    for values, key, argument, value in given:
        if value is None:
            continue
        if values.get(key) is None:
            values[key] = value
        elif values[key] != value:
            raise Conflict(
                f"{argument} {value} contradicts {container.path.name}, which says {values[key]}: leave it out"
            )


def _map(container: _Container) -> Recording:
    description = describe(container.metadata, container.path.name, container.byte_count)
    return Recording(
        path=container.path,
        data_path=container.data_path,
        data_start_byte=container.start_byte,
        datatype=description.datatype,
        sample_rate_hz=description.sample_rate_hz,
        captures=description.captures,
        annotations=description.annotations,
        metadata=container.metadata,
        stated_sha512=description.sha512,
        stored=np.memmap(
            container.data_path,
            dtype=SampleFormat.of(description.datatype).component,
            mode="r",
            offset=container.start_byte,
            shape=(description.sample_count, 2),
        ),
    )
