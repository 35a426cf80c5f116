"""Samples: labelled windows, with their boxes and origin.

Invariant: one image labelled for one signal is one sample. Its id is the SHA-256 of signal name, contract and image;
adding it again replaces its boxes.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rfhydra.config import check_name
from rfhydra.errors import InvalidMessage, NotFound
from rfhydra.spectrum.boxes import Box, Frame
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.window import Window
from rfhydra.store.arrays import decode_array, encode_array
from rfhydra.store.audit import AuditLog
from rfhydra.store.blobs import BlobStore, digest_of
from rfhydra.store.columns import to_json
from rfhydra.store.database import Database
from rfhydra.store.labels import LabelSet
from rfhydra.store.sample import LabelledWindow, Sample, check_counts, check_window

__all__ = ["Admit", "LabelledWindow", "Sample", "SampleStore"]
_MAX_POSITION: Final = 2**63 - 1
_SLICE: Final = 200  # samples read at a time


Admit: TypeAlias = Callable[[str, int], None]
"""Raises an error if a signal may not have so many samples."""
_Positioned: TypeAlias = list[tuple[int, Sample]]
_Stored: TypeAlias = list[tuple[Sample, bool]]


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
        admit: Admit = lambda signal_name, total: None,
    ) -> tuple[Sample, bool]:
        """Add a sample, or update the one with this image.

        Boxes, negatives, sample rate and centre frequency are replaced; other values only if they are given. Boxes are
        sorted, duplicates removed.

        Args:
            window: under the workspace's contract; its IQ is stored if it has any.
            metadata: a JSON object, stored unchanged.
            admit: called if the sample is new, before anything is written.

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
        check_counts(len(boxes), len(boxes) + len(negatives))
        frame, blobs = window.frame, self._encode(window)
        own = [(signal_name, frame.require_inside(box)) for box in boxes]
        labels = LabelSet.of([*own, *_others(signal_name, negatives, frame)])
        sample = _labelled(window, labels, [*blobs]).sample(signal_name, recording, metadata or {})
        return self._store([sample], who, admit, blobs.values())[0]

    def put_window(self, window: Window, labels: Iterable[tuple[str, Box]]) -> LabelledWindow:
        """Store image and IQ of a window for :meth:`add_all`; garbage unless :meth:`BlobStore.kept` until then.

        Raises:
            Incompatible, InvalidMessage: as :meth:`add`.
            TooLarge: more than ``MAX_BOXES_PER_SAMPLE`` labels.
            StorageFull: there is no room on the disk.
        """
        label_set = LabelSet.of((label, window.frame.require_inside(box)) for label, box in labels)
        check_counts(len(label_set), len(label_set))
        blobs, _ = self._encode(window), label_set.digest  # computed here, not in the transaction of the rows
        for blob in blobs.values():
            self._blobs.put(blob)
        return _labelled(window, label_set, [*blobs])

    def add_all(
        self,
        samples: Sequence[Sample],
        who: str | None = None,
        admit: Admit = lambda signal_name, total: None,
    ) -> _Stored:
        """Add or update samples of :meth:`put_window`, all or, on an error, none; as :meth:`add` does each.

        The image of a sample may be in ``samples`` many times, its id once.

        Raises:
            StorageFull: there is no room on the disk; nothing was changed.
        """
        return self._store(samples, who, admit, ())

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
            frame, name = former.frame(self._spec), former.signal_name
            drawn = former.boxes if boxes is None else [frame.require_inside(box) for box in boxes]
            others = former.negatives if negatives is None else _others(name, negatives, frame)
            check_counts(len(drawn), len(drawn) + len(others))
            sample = replace(
                former,
                labels=LabelSet.of([*((name, box) for box in drawn), *others]),
                metadata=former.metadata if metadata is None else json.loads(to_json(metadata, "metadata")),
            )
            if sample != former:
                self._write([(sample, former)], who)
        return sample

    def delete(self, sample_id: str, who: str | None = None) -> Sample:
        """Delete a sample and return it. Its blobs go with the next garbage collection. Works on a full disk, too.

        Raises:
            NotFound: there is none with this id.
        """
        return self._blobs.reserve.spend(partial(self._delete, sample_id, who), self._db.truncate_log)

    def _delete(self, sample_id: str, who: str | None) -> Sample:
        with self._db.transaction() as connection:
            sample = self.get(sample_id)
            connection.execute("DELETE FROM samples WHERE sample_id = ?", (sample_id,))
            self._audit.record("sample.delete", sample.signal_name, {"sample_id": sample_id}, who)
        return sample

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

    def counts(self, signal_names: Collection[str] | None = None) -> dict[str, int]:
        """Number of samples by signal name; of ``signal_names`` (default: all), those that have any."""
        condition, parameters = "", list[str]()
        if signal_names is not None:
            condition, parameters = "WHERE signal_name IN (SELECT value FROM json_each(?))", [_json_list(signal_names)]
        query = f"SELECT signal_name, count(*) FROM samples {condition} GROUP BY signal_name ORDER BY signal_name"  # noqa: S608
        return dict(tuple(row) for row in self._db.rows(query, parameters))

    def signal_names(self) -> list[str]:
        """The signals that have samples, sorted."""
        return [row[0] for row in self._db.rows("SELECT DISTINCT signal_name FROM samples ORDER BY signal_name")]

    def sample_rates(self, signal_name: str) -> list[float]:
        """The sample rates in Hz of a signal's samples, the most frequent first; those without a rate do not count."""
        query = (
            "SELECT sample_rate_hz FROM samples WHERE signal_name = ? AND sample_rate_hz IS NOT NULL"
            " GROUP BY sample_rate_hz ORDER BY count(*) DESC, sample_rate_hz"
        )
        return [row[0] for row in self._db.rows(query, (signal_name,))]

    def newest_negative_samples(self, signal_name: str) -> Iterator[Sample]:
        """The samples of all other signals, newest first, read a slice at a time: hard negatives for this one."""
        before, where = _MAX_POSITION, "WHERE signal_name <> ? AND position < ?"
        while found := self._load(f"{where} ORDER BY position DESC LIMIT {_SLICE}", (signal_name, before)):
            yield from (sample for _, sample in found)
            before = found[-1][0]

    def page(self, signal_name: str, after: int, limit: int) -> _Positioned:
        """At most ``limit`` samples of a signal with their positions, oldest first.

        ``after`` is the last position of the previous page, 0 for the first page. A sample that exists throughout is on
        exactly one page, whatever is added or deleted meanwhile.
        """
        condition = "WHERE signal_name = ? AND position > ? ORDER BY position LIMIT ?"
        return self._load(condition, (signal_name, after, limit))

    def list(self, signal_name: str) -> list[Sample]:
        """The samples of a signal, oldest first."""
        return [sample for _, sample in self._load("WHERE signal_name = ? ORDER BY position", (signal_name,))]

    def fingerprint(self) -> str:
        """SHA-256 of all samples with their labels, scales and recordings: what trainings depend on."""
        rows = self._db.rows(
            "SELECT json_array(sample_id, digest, sample_rate_hz, center_freq_hz, recording)"
            " FROM samples JOIN label_sets USING (label_set_id) ORDER BY sample_id"
        )
        return digest_of("\n".join(row[0] for row in rows).encode())

    def _find(self, sample_id: str) -> Sample | None:
        return next((sample for _, sample in self._load("WHERE sample_id = ?", (sample_id,))), None)

    def _load(self, condition: str, parameters: Sequence[Any]) -> _Positioned:
        """The samples of ``condition`` with their positions. Samples that share a label set share one object."""
        selected = f"SELECT label_set_id FROM samples {condition}"  # noqa: S608 - conditions are those of this file
        with self._db.unchanged():
            rows = self._db.rows(f"SELECT * FROM samples {condition}", parameters)  # noqa: S608
            sets = self._db.rows(f"SELECT * FROM label_sets WHERE label_set_id IN ({selected})", parameters)  # noqa: S608
        labels = {row["label_set_id"]: LabelSet.parse(row["labels"]) for row in sets}
        return [(row["position"], _from_row(row, labels[row["label_set_id"]])) for row in rows]

    def _encode(self, window: Window) -> dict[str, bytes]:
        """The blobs of a window by digest: its image, then its IQ if it has any."""
        self._spec.require(window.frame.spec.spec_id, "the sample")
        check_window(window)
        blobs = [encode_array(array) for array in (window.image, window.iq) if array is not None]
        return {digest_of(blob): blob for blob in blobs}

    def _store(self, samples: Sequence[Sample], who: str | None, admit: Admit, blobs: Iterable[bytes]) -> _Stored:
        with self._db.transaction():
            known = self._load(
                "WHERE sample_id IN (SELECT value FROM json_each(?))", [_json_list(each.sample_id for each in samples)]
            )
            former = {sample.sample_id: sample for _, sample in known}
            added = Counter(each.signal_name for each in samples if each.sample_id not in former)
            before = self.counts(added)
            for name, count in added.items():
                admit(name, before.get(name, 0) + count)
            for blob in blobs:  # before the row, under the lock that garbage collection takes
                self._blobs.put(blob)
            latest = [_updated(former.get(each.sample_id), each) for each in samples]
            changes = [(each, former.get(each.sample_id)) for each in latest]
            self._write([(sample, old) for sample, old in changes if sample != old], who)
        return [(sample, old is None) for sample, old in changes]

    def _write(self, changes: Sequence[tuple[Sample, Sample | None]], who: str | None) -> None:
        sets = {sample.labels.digest: sample.labels for sample, _ in changes}
        with self._db.transaction() as connection:
            connection.executemany(
                "INSERT INTO label_sets (digest, labels) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING",
                [(digest, labels.text) for digest, labels in sets.items()],
            )
            query = "SELECT digest, label_set_id FROM label_sets WHERE digest IN (SELECT value FROM json_each(?))"
            ids = dict(tuple(row) for row in self._db.rows(query, [_json_list(sets)]))
            connection.executemany(_UPSERT, [_to_row(sample, ids[sample.labels.digest]) for sample, _ in changes])
            self._audit.record_all([_audited(sample, former) for sample, former in changes], who)


_UPSERT: Final = """
INSERT INTO samples (
    sample_id, signal_name, spec_id, image_digest, iq_digest, cols, sample_rate_hz, center_freq_hz,
    label_set_id, recording, start_sample, metadata, created_at
) VALUES (
    :sample_id, :signal_name, :spec_id, :image_digest, :iq_digest, :cols, :sample_rate_hz, :center_freq_hz,
    :label_set_id, :recording, :start_sample, :metadata, :created_at
) ON CONFLICT (sample_id) DO UPDATE SET
    iq_digest = excluded.iq_digest, sample_rate_hz = excluded.sample_rate_hz, center_freq_hz = excluded.center_freq_hz,
    label_set_id = excluded.label_set_id, recording = excluded.recording, start_sample = excluded.start_sample,
    metadata = excluded.metadata
"""


def _labelled(window: Window, labels: LabelSet, digests: Sequence[str]) -> LabelledWindow:
    return LabelledWindow(
        frame=window.frame,
        start_sample=window.start_sample,
        image_digest=digests[0],
        iq_digest=None if window.iq is None else digests[1],
        labels=labels,
    )


def _updated(former: Sample | None, latest: Sample) -> Sample:
    """``latest``, with missing values from ``former``."""
    if former is None:
        return latest
    return replace(
        latest,
        iq_digest=latest.iq_digest or former.iq_digest,
        recording=former.recording if latest.recording is None else latest.recording,
        start_sample=former.start_sample if latest.start_sample is None else latest.start_sample,
        metadata=latest.metadata or former.metadata,
        created_at=former.created_at,
    )


def _audited(sample: Sample, former: Sample | None) -> tuple[str, str, dict[str, Any]]:
    own = len(sample.boxes)
    detail = {"sample_id": sample.sample_id, "boxes": own, "negatives": len(sample.labels) - own}
    return "sample.add" if former is None else "sample.update", sample.signal_name, detail


def _to_row(sample: Sample, label_set_id: int) -> dict[str, Any]:
    return {**vars(sample), "labels": None, "label_set_id": label_set_id, "metadata": json.dumps(sample.metadata)}


def _from_row(row: sqlite3.Row, labels: LabelSet) -> Sample:
    columns = {**dict(row), "labels": labels, "metadata": json.loads(row["metadata"])}
    del columns["position"], columns["label_set_id"]
    return Sample(**columns)


def _json_list(texts: Iterable[str]) -> str:
    return json.dumps([*texts])


def _others(signal_name: str, negatives: Iterable[tuple[str, Box]], frame: Frame) -> list[tuple[str, Box]]:
    """``negatives`` clipped to the window; none may have the signal's own label."""
    others = [(check_name(label, "the label of a negative"), frame.require_inside(box)) for label, box in negatives]
    if any(label == signal_name for label, _ in others):
        raise InvalidMessage(f"negatives holds a box labelled {signal_name!r}, the signal itself: put it in boxes")
    return others
