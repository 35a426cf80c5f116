"""Files of what `rfhydra detect` has found: SigMF annotations, tables, and the IQ of each detection."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from rfhydra.cli.output import note, output_file
from rfhydra.errors import Conflict, InvalidMessage
from rfhydra.files import make_directory, writing_output

if TYPE_CHECKING:
    from rfhydra.detection.detector import Detection
    from rfhydra.recordings import Recording

TABLE_SUFFIXES: Final = (".csv", ".jsonl", ".parquet")
COLUMNS: Final = (
    "recording",
    "number",
    "signal_name",
    "version",
    "score",
    "time_start_sec",
    "time_end_sec",
    "freq_low_hz",
    "freq_high_hz",
    "start_time",
)
"""Of a table. ``number`` counts the detections of a recording from 1, in the order of their start; ``start_time`` is
UTC, ISO 8601, and missing where the recording does not state its time."""
CROP_MARGIN: Final = 0.25
"""IQ before and after a detection, in parts of its length; at least one column of the contract."""
MAX_CROP_SAMPLES: Final = 1 << 25
"""Of one crop, 0.3 GB in memory; the rest of a longer emission is left out."""
_LINK: Final = ".iq"  # not the extension of a SigMF dataset, which would have metadata of its own


@dataclass(frozen=True)
class DetectionFiles:
    """The outputs that were asked for.

    Attributes:
        table: CSV, JSON lines or Parquet, by its extension, with the detections of all recordings.
        crops: directory for the IQ of each detection.
    """

    table: Path | None
    crops: Path | None

    @classmethod
    def of(cls, table: Path | None, crops: Path | None, recordings: Sequence["Recording"]) -> "DetectionFiles":
        """Checked, with their directories made: before the work that they are for.

        Raises:
            InvalidMessage: the extension of the table is none of :data:`TABLE_SUFFIXES`, or crops of two recordings
                would have the same names.
        """
        if table is not None and table.suffix.lower() not in TABLE_SUFFIXES:
            raise InvalidMessage(f"--out {table} must end in {', '.join(TABLE_SUFFIXES[:-1])} or {TABLE_SUFFIXES[-1]}")
        name, count = Counter(each.name for each in recordings).most_common(1)[0]
        if crops is not None and count > 1:
            raise InvalidMessage(f"two recordings are called {name}: give each --crops of its own")
        if crops is not None:
            make_directory(crops)
        return cls(None if table is None else output_file(table), crops)

    def write(self, recordings: Sequence["Recording"], found: Sequence[Sequence["Detection"]], hop: int) -> None:
        """Write the detections in each recording.

        Raises:
            MissingExtra: pyarrow is not installed.
            StorageFull: the disk is full.
        """
        if self.table is not None:
            write_table(self.table, _rows(zip(recordings, found, strict=True)))
        if self.crops is not None:
            for recording, detections in zip(recordings, found, strict=True):
                write_crops(recording, detections, self.crops, hop)


def write_annotations(
    recording: "Recording", found: Sequence["Detection"], path: Path, versions: dict[str, int] | None = None
) -> None:
    """``found`` as a SigMF metadata file that describes the samples of ``recording``.

    It refers to them with ``core:dataset``; in another folder, to a symbolic link beside it. So it can be imported.

    Raises:
        Conflict: ``path`` is the metadata of a recording, or a file is in the way of the link.
        StorageFull: the disk is full.
    """
    from rfhydra.recordings import write_sigmf_annotations

    labelled = [(each.signal_name, each.score, each.box) for each in found]
    if recording.data_path.parent.resolve() != path.parent.resolve():
        recording = replace(recording, data_path=_linked(recording.data_path, path.with_suffix(_LINK)))
    write_sigmf_annotations(recording, labelled, path, versions=versions)


def _linked(data_path: Path, link: Path) -> Path:
    """``link``, now to ``data_path``; where the file system has no links, ``data_path`` itself."""
    if link.exists() and not link.is_symlink():
        raise Conflict(f"{link.name} is in the way of a link to the samples: choose another name for the detections")
    link.unlink(missing_ok=True)
    with suppress(OSError):
        link.symlink_to(data_path.resolve())
        return link
    note(f"no link can be made to the samples: put {data_path.name} beside the detections to import them")
    return data_path


def write_table(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write ``rows`` with :data:`COLUMNS` to a file whose extension is one of :data:`TABLE_SUFFIXES`, atomically.

    Raises:
        MissingExtra: pyarrow is not installed.
        StorageFull: the disk is full; ``path`` is unchanged.
    """
    write = {".csv": _write_csv, ".jsonl": _write_json_lines, ".parquet": _write_parquet}[path.suffix.lower()]
    with writing_output(path) as file:
        write(file, rows)


def _rows(pairs: Iterable[tuple["Recording", Sequence["Detection"]]]) -> Iterator[dict[str, Any]]:
    for recording, detections in pairs:
        for number, each in enumerate(detections, start=1):
            start = _time_at(recording, round(each.box.time_start_sec * recording.sample_rate_hz))
            yield {"recording": recording.name, "number": number, **each.to_dict(), "start_time": start}


def _write_csv(file: BinaryIO, rows: Iterable[dict[str, Any]]) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    text.detach()


def _write_json_lines(file: BinaryIO, rows: Iterable[dict[str, Any]]) -> None:
    for row in rows:
        file.write(json.dumps(row).encode() + b"\n")


def _write_parquet(file: BinaryIO, rows: Iterable[dict[str, Any]]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    texts, whole = ("recording", "signal_name"), ("number", "version")
    kinds = {name: pa.string() for name in texts} | {name: pa.int64() for name in whole}
    kinds["start_time"] = pa.timestamp("us", tz="UTC")
    schema = pa.schema([(name, kinds.get(name, pa.float64())) for name in COLUMNS])
    parsed = [{**row, "start_time": row["start_time"] and datetime.fromisoformat(row["start_time"])} for row in rows]
    parquet.write_table(pa.Table.from_pylist(parsed, schema=schema), file)


def write_crops(recording: "Recording", found: Sequence["Detection"], folder: Path, hop: int) -> list[Path]:
    """Write the IQ of each detection to ``folder`` as an annotated SigMF recording; returns their metadata files.

    A crop has the whole band, and a margin of :data:`CROP_MARGIN` on each side, at least ``hop`` samples. It is named
    for its recording, the number of the detection and the signal.

    Raises:
        StorageFull: the disk is full.
    """
    from rfhydra.recordings import Annotation, write_recording

    written = []
    for number, each in enumerate(found, start=1):
        start, end = _stretch(recording, each, hop)
        if end - start > MAX_CROP_SAMPLES:
            note(f"detection {number} of {recording.name} is cut to its first {MAX_CROP_SAMPLES} samples")
            end = start + MAX_CROP_SAMPLES
        box = each.box.shifted(-start / recording.sample_rate_hz)
        annotation = Annotation.of_box(box, each.signal_name, recording.sample_rate_hz, end - start)
        extension = {"score": float(each.score), "version": each.version}
        written.append(
            write_recording(
                folder / f"{recording.name}-{number:04d}-{each.signal_name}",
                recording.read(start, end - start),
                recording.sample_rate_hz,
                recording.capture_at(start).center_freq_hz,
                [replace(annotation, extension=extension)],
                datatype=recording.datatype,
                start_time=_time_at(recording, start),
            )
        )
    return written


def _stretch(recording: "Recording", found: "Detection", hop: int) -> tuple[int, int]:
    """First sample of a crop and one past its last, within the capture of the detection."""
    rate, box = recording.sample_rate_hz, found.box
    first = min(max(round(box.time_start_sec * rate), 0), recording.sample_count - 1)
    last = min(max(round(box.time_end_sec * rate), first + 1), recording.sample_count)
    margin = max(round(CROP_MARGIN * (last - first)), hop)
    own = recording.capture_at(first)
    later = [each.sample_start for each in recording.captures if each.sample_start > first]
    low = 0 if own is recording.captures[0] else own.sample_start
    return max(first - margin, low), min(last + margin, later[0] if later else recording.sample_count)


def _time_at(recording: "Recording", sample: int) -> str | None:
    """UTC of a sample, ISO 8601; None where the recording does not state its time."""
    capture = recording.capture_at(min(max(sample, 0), recording.sample_count - 1))
    if capture.start_utc_sec is None:
        return None
    moment = capture.start_utc_sec + (sample - capture.sample_start) / recording.sample_rate_hz
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
