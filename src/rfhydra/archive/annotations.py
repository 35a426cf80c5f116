"""Hits as SigMF: a folder with a metadata file for each recording, and a link to its samples.

So each file is a recording of its own, which ``rfhydra import`` and every other reader of SigMF opens.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeAlias

import pyarrow.parquet as pq
from sigmf import keys

from rfhydra.errors import Conflict
from rfhydra.files import make_directory
from rfhydra.recordings import write_sigmf_annotations
from rfhydra.recordings.known import KnownFields
from rfhydra.spectrum.boxes import Box

Labelled: TypeAlias = tuple[str, float, Box]
"""Label, score and box in seconds from the start of the recording, as :func:`write_sigmf_annotations` takes them."""
_LINK: Final = ".iq"  # not the extension of a SigMF dataset, which would have metadata of its own
_DIGITS: Final = 8


def write_hits(hits: Path, known: KnownFields, folder: Path) -> list[Path]:
    """Write the hits in the Parquet file ``hits`` to ``folder``; returns the written files.

    Raises:
        Conflict, StorageFull: as :func:`write_annotations`.
    """
    found: dict[str, list[Labelled]] = {}
    columns = ["recording", "signal", "score", "time_start_sec", "time_end_sec", "freq_low_hz", "freq_high_hz"]
    with pq.ParquetFile(hits) as file:
        for batch in file.iter_batches(columns=columns):
            for recording, signal, score, *edges in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                found.setdefault(recording, []).append((signal, score, Box(*edges)))
    return write_annotations(found, known, folder)


def write_annotations(found: Mapping[str, Sequence[Labelled]], known: KnownFields, folder: Path) -> list[Path]:
    """Write ``found``, by path of the recording, to ``folder``: for each a metadata file and a link to the samples.

    Files are named for their recording; where several have one name, a part of a digest of the path is added.

    Raises:
        Conflict: ``folder`` holds a recording, or another file, of such a name.
        NotFound, InvalidRecording: a recording is gone, or was changed.
        StorageFull: the disk is full.
    """
    make_directory(folder)
    counts, written = Counter(Path(path).stem for path in found), []
    for path, labelled in found.items():
        name = Path(path).stem
        if counts[name] > 1:
            name += f"-{hashlib.sha256(path.encode()).hexdigest()[:_DIGITS]}"
        recording = known.open(Path(path))
        out, link = folder / f"{name}{keys.SIGMF_METADATA_EXT}", folder / f"{name}{_LINK}"
        if out.with_suffix(keys.SIGMF_DATASET_EXT).exists() or (link.exists() and not link.is_symlink()):
            raise Conflict(f"{folder.name} holds files of another kind that are called {name}: give another folder")
        link.unlink(missing_ok=True)
        link.symlink_to(recording.data_path.resolve())
        written.append(write_sigmf_annotations(replace(recording, data_path=link), labelled, out))
    return written
