"""Open a recording: SigMF, WAV, NumPy or raw samples.

What is not SigMF is opened as a SigMF Non-Conforming Dataset with generated metadata, so that one set of checks
(:mod:`.sigmf_read`) and one reader (:class:`Recording`) serve every container.
"""

import os
import sys
import tarfile
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sigmf import keys

from rfhydra.errors import Conflict, InvalidRecording, NotFound, RecordingWarning, TooLarge
from rfhydra.files import os_errors_named
from rfhydra.recordings.collection import members_of
from rfhydra.recordings.container import Container, generated_metadata
from rfhydra.recordings.copies import open_stdin
from rfhydra.recordings.digital_rf import is_digital_rf, open_digital_rf
from rfhydra.recordings.formats import SampleFormat
from rfhydra.recordings.naming import NameFields
from rfhydra.recordings.numpy_file import open_npy, open_npz
from rfhydra.recordings.recording import Recording
from rfhydra.recordings.sigmf_read import Description, Fields, describe, load_metadata, skipped_bytes
from rfhydra.recordings.wav import open_wav

RAW_DATATYPES: Final = {".cu8": "cu8", ".cs8": "ci8", ".cs16": "ci16_le", ".cf32": "cf32_le", ".cfile": "cf32_le"}
"""By the extension of a raw file."""
COLLECTION_SUFFIX: Final = ".sigmf-collection"
STDIN: Final = "-"
MAX_MEMBERS: Final = 1000
"""Of a SigMF archive with one recording."""
MAX_FOREIGN_METADATA_BYTES: Final = 16 << 20
_READERS: Final[dict[str, Callable[[Path], Container]]] = {".wav": open_wav, ".npy": open_npy}


def open_recording(
    path: str | os.PathLike[str],
    *,
    datatype: str | None = None,
    sample_rate_hz: float | None = None,
    center_freq_hz: float | None = None,
    verify: bool = False,
    strict: bool = False,
    name: str | None = None,
    is_foreign: bool = False,
) -> Recording:
    """Open a recording without reading its samples.

    Args:
        path: a ``.sigmf-meta``, its ``.sigmf-data`` or their stem; an uncompressed ``.sigmf`` archive; a
            ``.sigmf-collection`` of one recording; a ``.wav`` with I and Q as its two channels; a ``.npy`` or ``.npz``
            with one row of complex numbers; a folder of Digital RF with one channel, or a channel; a raw ``.cu8``,
            ``.cs8``, ``.cs16``, ``.cf32`` or ``.cfile`` (little-endian); any other raw file if ``datatype`` is given;
            or ``-``, raw samples from standard input, which are copied to a temporary file first.
        datatype: as in SigMF, for raw samples.
        sample_rate_hz: for a file that does not state it. Raw files do not, but some names do.
        center_freq_hz: likewise; default is 0.
        verify: read all samples and compare them with ``core:sha512``.
        strict: refuse a file that something is wrong with, in place of a warning.
        name: what the file was called where it comes from; what that tells counts, and messages have it.
        is_foreign: whether it comes from somebody whose files may cost little: metadata of few values and members, and
            no temporary copy. Data lie beside metadata under the same stem, whatever these call them; nothing is
            warned of.

    Raises:
        NotFound: no such file, or only half of a SigMF pair.
        InvalidRecording: it cannot be read; the message names the field.
        Conflict: an argument contradicts what the file states.
        Busy: no file descriptor is free.
        TooLarge: standard input or a compressed array is longer than a copy may be.

    Warns:
        RecordingWarning: bytes at the end are no whole sample and are left out, or a header was never finished.
    """
    path = Path(path)
    try:
        with os_errors_named():
            container = _container(path, datatype, name, is_foreign=is_foreign)
            if name is not None:
                container = replace(container, path=Path(name), named=NameFields.of(Path(name).stem))
            with container.copy or nullcontext():  # the mapping keeps what the file had
                _complete(container, datatype, sample_rate_hz, center_freq_hz)
                recording = _map(container)
            if verify:
                recording.verify()
    except OSError as error:
        raise InvalidRecording(f"{path.name} cannot be read: {error.strerror or error}") from error
    for remark in recording.remarks:
        if strict:
            raise InvalidRecording(remark)
        if not is_foreign:
            warnings.warn(remark, RecordingWarning, stacklevel=2)
    return recording


def _container(path: Path, datatype: str | None, name: str | None = None, *, is_foreign: bool = False) -> Container:
    if str(path) == STDIN:
        return open_stdin(sys.stdin.buffer, datatype)
    if path.suffix == COLLECTION_SUFFIX:
        members = members_of(path)
        if len(members) != 1:
            names = ", ".join(member.name for member in members[:5])
            raise InvalidRecording(f"{path.name} has {len(members)} recordings: open one of them: {names}")
        return _pair(members[0])
    if path.suffix in (keys.SIGMF_METADATA_EXT, keys.SIGMF_DATASET_EXT):
        return _pair(path.with_suffix(keys.SIGMF_METADATA_EXT), is_foreign=is_foreign)
    if is_digital_rf(path):
        return open_digital_rf(path)
    if not path.is_file():
        meta_path = path.with_name(f"{path.name}{keys.SIGMF_METADATA_EXT}")
        if not meta_path.is_file():
            raise NotFound(f"there is no recording {path.name}")
        return _pair(meta_path)
    if path.suffix == keys.SIGMF_ARCHIVE_EXT:
        return _archive(path, is_foreign=is_foreign)
    if path.suffix.lower() == ".npz":
        return open_npz(path, is_foreign=is_foreign)
    reader = _READERS.get(path.suffix.lower())
    return _raw(path, datatype, Path(name or path)) if reader is None else reader(path)


def _pair(meta_path: Path, *, is_foreign: bool = False) -> Container:
    """A SigMF metadata file and the dataset beside it, conforming or not."""
    if not meta_path.is_file():
        raise NotFound(f"there is no {meta_path.name}: a {keys.SIGMF_DATASET_EXT} file needs its metadata beside it")
    if is_foreign and meta_path.stat().st_size > MAX_FOREIGN_METADATA_BYTES:
        raise TooLarge(f"{meta_path.name} has more than {MAX_FOREIGN_METADATA_BYTES} bytes")
    metadata = load_metadata(meta_path.read_bytes(), meta_path.name, is_foreign=is_foreign)
    if is_foreign:
        metadata["global"].pop(keys.DATASET_KEY, None)
    data_path = meta_path.with_name(_dataset_name(metadata, meta_path.name))
    if not data_path.is_file():
        raise NotFound(f"there is no {data_path.name}: put the data beside {meta_path.name}")
    return _within("SigMF", meta_path, metadata, data_path, 0, data_path.stat().st_size)


def _archive(path: Path, *, is_foreign: bool = False) -> Container:
    """One SigMF recording in an uncompressed tar, whose samples are mapped in place."""
    try:
        with tarfile.open(path, "r:") as tar:
            members = dict[str, tarfile.TarInfo]()
            for number, member in enumerate(tar):
                if number == MAX_MEMBERS:
                    raise InvalidRecording(f"{path.name} has more than {MAX_MEMBERS} members: unpack it")
                if member.isfile() and not member.issparse():
                    members[Path(member.name).name] = member
            meta_names = [name for name in members if name.endswith(keys.SIGMF_METADATA_EXT)]
            if len(meta_names) != 1:
                raise InvalidRecording(f"{path.name} holds {len(meta_names)} recordings: unpack it and open one")
            if is_foreign and members[meta_names[0]].size > MAX_FOREIGN_METADATA_BYTES:
                raise TooLarge(f"{meta_names[0]} has more than {MAX_FOREIGN_METADATA_BYTES} bytes")
            stream = tar.extractfile(members[meta_names[0]])
            text = stream.read() if stream else b""
    except tarfile.TarError as error:
        raise InvalidRecording(f"{path.name} is not a whole, uncompressed SigMF archive ({error}): unpack it") from None
    metadata = load_metadata(text, path.name, is_foreign=is_foreign)
    data_name = _dataset_name(metadata, meta_names[0])
    if data_name not in members:
        raise NotFound(f"{path.name} holds no {data_name}")
    return _within("SigMF archive", path, metadata, path, members[data_name].offset_data, members[data_name].size)


def _dataset_name(metadata: dict[str, Any], meta_name: str) -> str:
    fields = Fields(metadata["global"], meta_name)
    name = fields.optional_text(keys.DATASET_KEY) or f"{Path(meta_name).stem}{keys.SIGMF_DATASET_EXT}"
    if Path(name).name != name:
        raise InvalidRecording(f"{meta_name}: {keys.DATASET_KEY} must be the name of a file in the same folder")
    return name


def _within(
    kind: str, path: Path, metadata: dict[str, Any], data_path: Path, start_byte: int, byte_count: int
) -> Container:
    """The samples of a dataset, without the header and trailer bytes that its metadata excludes."""
    header, trailer = skipped_bytes(metadata, path.name)
    if header or trailer:
        # the digest covers the skipped bytes too
        metadata["global"].pop(keys.SHA512_KEY, None)
    return Container(kind, path, metadata, data_path, start_byte + header, byte_count - header - trailer)


def _raw(path: Path, datatype: str | None, called: Path) -> Container:
    """Raw samples in ``path``, a file that is ``called`` so."""
    named = NameFields.of(called.stem)
    datatype = datatype or named.datatype or RAW_DATATYPES.get(called.suffix.lower())
    if datatype is None:
        raise InvalidRecording(
            f"{called.name}: the extension does not tell the datatype (as {', '.join(RAW_DATATYPES)} do): give datatype"
        )
    return Container("raw", path, generated_metadata(datatype), path, 0, path.stat().st_size, named)


def _complete(
    container: Container, datatype: str | None, sample_rate_hz: float | None, center_freq_hz: float | None
) -> None:
    """Set metadata fields that are missing to the arguments of :func:`open_recording`, or to what the name tells."""
    fields, captures, named = container.metadata["global"], container.metadata["captures"], container.named
    given = [
        (fields, keys.DATATYPE_KEY, "datatype", datatype, None),
        (fields, keys.SAMPLE_RATE_KEY, "sample_rate_hz", sample_rate_hz, named.sample_rate_hz),
        *((each, keys.FREQUENCY_KEY, "center_freq_hz", center_freq_hz, named.center_freq_hz) for each in captures),
        *((each, keys.DATETIME_KEY, "start_time", None, named.start_time) for each in captures[:1]),
    ]
    for values, key, argument, value, default in given:
        if values.get(key) is None:
            value = default if value is None else value
            if value is not None:
                values[key] = value
        elif value is not None and values[key] != value:
            raise Conflict(
                f"{argument} {value} contradicts {container.path.name}, which says {values[key]}: leave it out"
            )


def _map(container: Container) -> Recording:
    description = describe(container.metadata, container.path.name, container.byte_count)
    remarks = list(container.remarks)
    if description.left_bytes:
        remarks.append(
            f"{container.path.name}: the last {description.left_bytes} bytes are no whole {description.datatype} sample"
            " and are left out: the data is truncated or the datatype is wrong"
        )
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
        stored=_stored(container, description) if container.samples is None else container.samples,
        container=container.kind,
        is_mapped=container.copy is None and container.samples is None,
        remarks=tuple(remarks),
    )


def _stored(container: Container, description: Description) -> NDArray[Any]:
    """The mapped components, shape (samples, 2)."""
    return np.memmap(
        container.data_path if container.copy is None else container.copy,
        dtype=SampleFormat.of(description.datatype).component,
        mode="r",
        offset=container.start_byte,
        shape=(description.sample_count, 2),
    )
