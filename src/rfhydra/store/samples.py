"""Samples: labelled windows, with their boxes and origin.

Invariant: one image labelled for one signal is one sample. Its id is the SHA-256 of signal name, contract and image;
adding it again replaces its boxes.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rfhydra.config import MAX_BOXES_PER_SAMPLE, check_name
from rfhydra.errors import InvalidMessage, NotFound, TooLarge
from rfhydra.spectrum.boxes import Box, Frame
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.window import Window
from rfhydra.store.arrays import decode_array, encode_array
from rfhydra.store.audit import AuditLog
from rfhydra.store.blobs import BlobStore, digest_of
from rfhydra.store.columns import to_json, utc_now
from rfhydra.store.database import Database

MAX_START_SAMPLE: Final = 2**63 - 1
_SLICE: Final = 200  # samples read at a time


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One labelled window.

    ``boxes`` hold the signal, ``negatives`` are verified boxes of other labels. They are in seconds and Hz, or in
    samples and cycles per sample when the sample rate is unknown (see :class:`Frame`). ``recording`` groups windows of
    one origin, ``start_sample`` is the window's first sample in it. ``created_at`` is UTC, ISO 8601.
    """

    sample_id: str
    signal_name: str
    spec_id: str
    image_digest: str
    iq_digest: str | None
    cols: int
    sample_rate_hz: float | None
    center_freq_hz: float | None
    boxes: tuple[Box, ...]
    negatives: tuple[tuple[str, Box], ...]
    recording: str | None
    start_sample: int | None
    metadata: dict[str, Any] = field(hash=False)
    created_at: str

    def frame(self, spec: SpectrogramSpec) -> Frame:
        """Where the window lies.

        Raises:
            Incompatible: ``spec`` is not the contract that the sample was made under.
        """
        spec.require(self.spec_id, f"sample {self.sample_id[:12]}")
        return Frame(spec, self.sample_rate_hz, self.center_freq_hz, self.cols)


class SampleStore:
    """The samples of a workspace."""

    def __init__(self, db: Database, blobs: BlobStore, audit: AuditLog, spec: SpectrogramSpec) -> None:
        self._db = db
        self._blobs = blobs
        self._audit = audit
        self._spec = spec

    def add(
        self,
        *,
        signal_name: str,
        window: Window,
        boxes: Sequence[Box],
        negatives: Sequence[tuple[str, Box]] = (),
        recording: str | None = None,
        metadata: dict[str, Any] | None = None,
        who: str | None = None,
    ) -> tuple[Sample, bool]:
        """Add a sample, or update the one with this image.

        Boxes, negatives, sample rate and centre frequency are replaced; other values only if they are given. Boxes are
        sorted, duplicates removed.

        Args:
            window: under the workspace's contract; its IQ is stored if it has any.
            metadata: a JSON object, stored unchanged.

        Returns:
            The stored sample, and whether it is new.

        Raises:
            InvalidName: ``signal_name`` or the label of a negative is not a legal name.
            Incompatible: the window is of another contract.
            InvalidMessage: no box, a box outside the window, an image or IQ of the wrong type or length, or metadata
                that is not JSON.
            TooLarge: more than ``MAX_BOXES_PER_SAMPLE`` boxes, or more than ``MAX_JSON_BYTES`` of metadata.
            StorageFull: there is no room on the disk; nothing was changed.
        """
        check_name(signal_name)
        frame, start_sample = window.frame, window.start_sample
        self._spec.require(frame.spec.spec_id, "the sample")
        _check_window(window)
        if start_sample is not None and not 0 <= start_sample <= MAX_START_SAMPLE:
            raise InvalidMessage(f"start_sample {start_sample} must be 0 to {MAX_START_SAMPLE}")
        _check_counts(boxes, negatives)
        blobs = [encode_array(array) for array in (window.image, window.iq) if array is not None]
        digests = [digest_of(blob) for blob in blobs]
        sample = Sample(
            sample_id=_identity(signal_name, frame.spec.spec_id, digests[0]),
            signal_name=signal_name,
            spec_id=frame.spec.spec_id,
            image_digest=digests[0],
            iq_digest=None if window.iq is None else digests[1],
            cols=frame.cols,
            sample_rate_hz=frame.sample_rate_hz,
            center_freq_hz=frame.center_freq_hz,
            boxes=tuple(sorted({frame.require_inside(box) for box in boxes})),
            negatives=_require_others(signal_name, negatives, frame),
            recording=recording,
            start_sample=start_sample,
            metadata=json.loads(to_json(metadata or {}, "metadata")),
            created_at=utc_now(),
        )
        return self._store(sample, blobs, who)

    def get(self, sample_id: str) -> Sample:
        """The sample with this id.

        Raises:
            NotFound: there is none.
        """
        sample = self._find(sample_id)
        if sample is None:
            raise NotFound(f"no sample {sample_id[:12]!r} in this workspace")
        return sample

    def update(
        self,
        sample_id: str,
        *,
        boxes: Sequence[Box] | None = None,
        negatives: Sequence[tuple[str, Box]] | None = None,
        metadata: dict[str, Any] | None = None,
        who: str | None = None,
    ) -> Sample:
        """Change boxes, negatives or metadata of a sample; None leaves them. Returns the stored sample.

        Raises:
            NotFound: there is no such sample.
            InvalidMessage, InvalidName, TooLarge: as :meth:`add`; nothing was changed.
        """
        with self._db.transaction():
            former = self.get(sample_id)
            frame = former.frame(self._spec)
            sample = replace(
                former,
                boxes=former.boxes if boxes is None else tuple(sorted({frame.require_inside(box) for box in boxes})),
                negatives=(
                    former.negatives if negatives is None else _require_others(former.signal_name, negatives, frame)
                ),
                metadata=former.metadata if metadata is None else json.loads(to_json(metadata, "metadata")),
            )
            _check_counts(sample.boxes, sample.negatives)
            if sample != former:
                self._write(sample, former, who)
        return sample

    def delete(self, sample_id: str, who: str | None = None) -> None:
        """Delete a sample. Its blobs go with the next garbage collection.

        Raises:
            NotFound: there is none with this id.
        """
        with self._db.transaction() as connection:
            sample = self.get(sample_id)
            connection.execute("DELETE FROM samples WHERE sample_id = ?", (sample_id,))
            self._audit.record("sample.delete", sample.signal_name, {"sample_id": sample_id}, who)

    def image(self, sample: Sample) -> NDArray[np.uint8]:
        """The image, uint8, shape (rows, cols).

        Raises:
            NotFound: the sample has been deleted and its blobs collected.
            Damaged: the stored image does not match its digest.
        """
        return decode_array(self._blobs.get(sample.image_digest))

    def iq(self, sample: Sample) -> NDArray[np.complex64] | None:
        """The IQ of the window, complex64, shape (samples,), or None where it was not given.

        Raises:
            NotFound: the sample has been deleted and its blobs collected.
            Damaged: the stored IQ does not match its digest.
        """
        return None if sample.iq_digest is None else decode_array(self._blobs.get(sample.iq_digest))

    def count(self, signal_name: str) -> int:
        return int(self._db.value("SELECT count(*) FROM samples WHERE signal_name = ?", (signal_name,)))

    def counts(self) -> dict[str, int]:
        """Number of samples by signal name."""
        rows = self._db.rows("SELECT signal_name, count(*) FROM samples GROUP BY signal_name ORDER BY signal_name")
        return dict(tuple(row) for row in rows)

    def signal_names(self) -> list[str]:
        """The signals that have samples, sorted."""
        return [row[0] for row in self._db.rows("SELECT DISTINCT signal_name FROM samples ORDER BY signal_name")]

    def negative_samples(self, signal_name: str) -> list[Sample]:
        """The samples of all other signals, oldest first: hard negatives for this one."""
        rows = self._db.rows("SELECT * FROM samples WHERE signal_name <> ? ORDER BY position", (signal_name,))
        return [_from_row(row) for row in rows]

    def newest_negative_samples(self, signal_name: str) -> Iterator[Sample]:
        """The samples of :meth:`negative_samples`, newest first, read a slice at a time."""
        before, query = MAX_START_SAMPLE, "SELECT * FROM samples WHERE signal_name <> ? AND position < ?"
        while rows := self._db.rows(f"{query} ORDER BY position DESC LIMIT {_SLICE}", (signal_name, before)):
            yield from map(_from_row, rows)
            before = rows[-1]["position"]

    def page(self, signal_name: str, after: int, limit: int) -> list[tuple[int, Sample]]:
        """At most ``limit`` samples of a signal with their positions, oldest first.

        ``after`` is the last position of the previous page, 0 for the first page. A sample that exists throughout is on
        exactly one page, whatever is added or deleted meanwhile.
        """
        rows = self._db.rows(
            "SELECT * FROM samples WHERE signal_name = ? AND position > ? ORDER BY position LIMIT ?",
            (signal_name, after, limit),
        )
        return [(row["position"], _from_row(row)) for row in rows]

    def digests(self) -> set[str]:
        """Digests of all blobs of samples."""
        rows = self._db.rows("SELECT image_digest, iq_digest FROM samples")
        return {digest for row in rows for digest in row if digest is not None}

    def list(self, signal_name: str) -> list[Sample]:
        """The samples of a signal, oldest first."""
        rows = self._db.rows("SELECT * FROM samples WHERE signal_name = ? ORDER BY position", (signal_name,))
        return [_from_row(row) for row in rows]

    def _find(self, sample_id: str) -> Sample | None:
        row = self._db.row("SELECT * FROM samples WHERE sample_id = ?", (sample_id,))
        return None if row is None else _from_row(row)

    def _store(self, sample: Sample, blobs: Iterable[bytes], who: str | None) -> tuple[Sample, bool]:
        with self._db.transaction():
            for blob in blobs:  # before the row, under the lock that garbage collection takes
                self._blobs.put(blob)
            former = self._find(sample.sample_id)
            if former is not None:
                sample = _updated(former, sample)
            if sample == former:
                return former, False
            self._write(sample, former, who)
        return sample, former is None

    def _write(self, sample: Sample, former: Sample | None, who: str | None) -> None:
        with self._db.transaction() as connection:
            connection.execute(_UPSERT, _to_row(sample))
            action = "sample.add" if former is None else "sample.update"
            detail = {"sample_id": sample.sample_id, "boxes": len(sample.boxes), "negatives": len(sample.negatives)}
            self._audit.record(action, sample.signal_name, detail, who)


_UPSERT: Final = """
INSERT INTO samples (
    sample_id, signal_name, spec_id, image_digest, iq_digest, cols, sample_rate_hz, center_freq_hz,
    boxes, negatives, recording, start_sample, metadata, created_at
) VALUES (
    :sample_id, :signal_name, :spec_id, :image_digest, :iq_digest, :cols, :sample_rate_hz, :center_freq_hz,
    :boxes, :negatives, :recording, :start_sample, :metadata, :created_at
) ON CONFLICT (sample_id) DO UPDATE SET
    iq_digest = excluded.iq_digest, sample_rate_hz = excluded.sample_rate_hz, center_freq_hz = excluded.center_freq_hz,
    boxes = excluded.boxes, negatives = excluded.negatives, recording = excluded.recording,
    start_sample = excluded.start_sample, metadata = excluded.metadata
"""


def _identity(signal_name: str, spec_id: str, image_digest: str) -> str:
    return digest_of("\n".join((signal_name, spec_id, image_digest)).encode())


def _updated(former: Sample, latest: Sample) -> Sample:
    """``latest``, with missing values from ``former``."""
    return replace(
        latest,
        iq_digest=latest.iq_digest or former.iq_digest,
        recording=former.recording if latest.recording is None else latest.recording,
        start_sample=former.start_sample if latest.start_sample is None else latest.start_sample,
        metadata=latest.metadata or former.metadata,
        created_at=former.created_at,
    )


def _to_row(sample: Sample) -> dict[str, Any]:
    return {
        **vars(sample),
        "boxes": json.dumps([box.as_tuple() for box in sample.boxes]),
        "negatives": json.dumps([(label, box.as_tuple()) for label, box in sample.negatives]),
        "metadata": json.dumps(sample.metadata),
    }


def _from_row(row: sqlite3.Row) -> Sample:
    columns = dict(row)
    del columns["position"]
    columns["boxes"] = tuple(Box(*edges) for edges in json.loads(row["boxes"]))
    columns["negatives"] = tuple((label, Box(*edges)) for label, edges in json.loads(row["negatives"]))
    columns["metadata"] = json.loads(row["metadata"])
    return Sample(**columns)


def _check_window(window: Window) -> None:
    image, iq, frame = window.image, window.iq, window.frame
    if image.dtype != np.uint8 or not 1 <= frame.cols <= frame.spec.cols:
        raise InvalidMessage(
            f"image must be uint8 with 1 to {frame.spec.cols} columns, got {image.dtype} {image.shape}"
        )
    if iq is not None and (iq.dtype != np.complex64 or iq.ndim != 1 or iq.size // frame.spec.hop != frame.cols):
        raise InvalidMessage(
            f"iq must be complex64 with the {frame.cols * frame.spec.hop} samples of the image's {frame.cols} columns,"
            f" got {iq.dtype} {iq.shape}"
        )


def _check_counts(boxes: Sequence[Box], negatives: Sequence[tuple[str, Box]]) -> None:
    if not boxes:
        raise InvalidMessage("boxes is empty: a sample needs at least one box around its signal")
    total = len(boxes) + len(negatives)
    if total > MAX_BOXES_PER_SAMPLE:
        raise TooLarge(f"boxes and negatives are {total} in all, the limit is {MAX_BOXES_PER_SAMPLE} per sample")


def _require_others(
    signal_name: str, negatives: Iterable[tuple[str, Box]], frame: Frame
) -> tuple[tuple[str, Box], ...]:
    """``negatives`` clipped to the window and sorted, without duplicates; none may have the signal's own label."""
    others = {(check_name(label, "the label of a negative"), frame.require_inside(box)) for label, box in negatives}
    if any(label == signal_name for label, _ in others):
        raise InvalidMessage(f"negatives holds a box labelled {signal_name!r}, the signal itself: put it in boxes")
    return tuple(sorted(others))
