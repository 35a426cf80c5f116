"""Samples: labelled windows, with their boxes and origin.

Invariant: one image labelled for one signal is one sample; adding it again replaces its boxes. Its id, the SHA-256 of
signal name, contract and image when it was added, stays when the signal is renamed: splits and heads refer to it.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from rfhydra.config import check_name, negated
from rfhydra.errors import InvalidMessage, NotFound
from rfhydra.spectrum.boxes import Box
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.window import Window
from rfhydra.store.arrays import decode_array, encode_array
from rfhydra.store.audit import AuditLog
from rfhydra.store.blobs import BlobStore, digest_of
from rfhydra.store.columns import LIVE, to_json, utc_now
from rfhydra.store.database import Database
from rfhydra.store.labels import LabelSet
from rfhydra.store.sample import (
    LabelledWindow,
    Sample,
    audited,
    check_count,
    check_labels,
    check_window,
    labelled_window,
    negatives_inside,
    new_sample_id,
    updated,
)
from rfhydra.store.sample_rows import UPSERT, from_row, to_row

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Admit", "LabelledWindow", "Sample", "SampleStore"]
MIN_PREFIX: Final = 4
"""Digits of an id that may stand for it."""
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
            InvalidMessage: neither a box nor a negative that is labelled as not being the signal, a box outside the
                window, an image or IQ of the wrong type or length, or metadata that is not JSON.
            TooLarge: more than ``MAX_BOXES_PER_SAMPLE`` boxes, or more than ``MAX_JSON_BYTES`` of metadata.
            StorageFull: there is no room on the disk; nothing was changed.
        """
        check_name(signal_name)
        check_count(len(boxes) + len(negatives))
        frame, blobs = window.frame, self._encode(window)
        own = [(signal_name, frame.require_inside(box)) for box in boxes]
        labels = LabelSet.of([*own, *negatives_inside(signal_name, negatives, frame)])
        sample = labelled_window(window, labels, [*blobs]).sample(signal_name, recording, metadata or {})
        return self._store([sample], who, admit, blobs.values())[0]

    def put_window(self, window: Window, labels: Iterable[tuple[str, Box]]) -> LabelledWindow:
        """Store image and IQ of a window for :meth:`add_all`; garbage unless :meth:`BlobStore.kept` until then.

        Raises:
            Incompatible, InvalidMessage: as :meth:`add`.
            TooLarge: more than ``MAX_BOXES_PER_SAMPLE`` labels.
            StorageFull: there is no room on the disk.
        """
        label_set = LabelSet.of((label, window.frame.require_inside(box)) for label, box in labels)
        check_count(len(label_set))
        blobs, _ = self._encode(window), label_set.digest  # computed here, not in the transaction of the rows
        for blob in blobs.values():
            self._blobs.put(blob)
        return labelled_window(window, label_set, [*blobs])

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

    def find_id(self, prefix: str) -> str:
        """The id that begins with ``prefix``.

        Raises:
            NotFound: there is none.
            InvalidMessage: several begin with it, or ``prefix`` is shorter than :data:`MIN_PREFIX`.
        """
        if len(prefix) < MIN_PREFIX:
            raise InvalidMessage(f"sample id {prefix!r} is too short: give at least {MIN_PREFIX} digits of it")
        rows = self._db.rows(
            f"SELECT sample_id FROM samples WHERE sample_id >= ? AND sample_id < ? AND {LIVE} LIMIT 2",  # noqa: S608
            (prefix, f"{prefix}g"),  # the first letter after the hex digits
        )
        if len(rows) > 1:
            raise InvalidMessage(f"several ids of samples begin with {prefix!r}: give more digits")
        if not rows:
            raise NotFound(f"no sample {prefix[:12]!r} in this workspace")
        return str(rows[0]["sample_id"])

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
            others = former.negatives if negatives is None else negatives_inside(name, negatives, frame)
            check_count(len(drawn) + len(others))
            labels = LabelSet.of([*((name, box) for box in drawn), *others])
            check_labels(name, labels)
            sample = replace(
                former,
                labels=labels,
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

    def relabel(self, sample_id: str, signal_name: str, who: str | None = None) -> Sample:
        """Make a sample one of another signal; returns that.

        The sample's boxes get the new label in every sample of the image. Without boxes, those that are verified not to
        be its signal do. If the other signal has a sample of the image already, that gets the boxes in addition.

        Raises:
            NotFound: there is no such sample.
            InvalidName: ``signal_name`` is not a legal name.
            InvalidMessage: the sample is one of that signal.
            TooLarge: more than ``MAX_BOXES_PER_SAMPLE`` boxes in all.
            StorageFull: there is no room on the disk; nothing was changed.
        """
        check_name(signal_name)
        with self._db.transaction() as connection:
            former = self.get(sample_id)
            if former.signal_name == signal_name:
                raise InvalidMessage(f"sample {sample_id[:12]} is one of {signal_name!r} already")
            moved = former.signal_name if former.boxes else negated(former.signal_name)
            boxes = set(former.labels.boxes(moved))

            def renamed(labels: LabelSet) -> LabelSet:
                return labels.renamed(lambda label, box: signal_name if label == moved and box in boxes else label)

            connection.execute("DELETE FROM samples WHERE sample_id = ?", (sample_id,))
            images = self._load(f"WHERE image_digest = ? AND {LIVE}", (former.image_digest,))
            changes = [(replace(each, labels=renamed(each.labels)), each) for _, each in images]
            same = next((pair for pair in changes if pair[0].signal_name == signal_name), None)
            labels = renamed(former.labels)
            if same is None:
                new_id = self._free_id(signal_name, former)
                added = replace(former, sample_id=new_id, signal_name=signal_name, labels=labels, created_at=utc_now())
            else:
                added = replace(same[0], labels=LabelSet.of([*same[0].labels.labels, *labels.labels]))
            check_labels(signal_name, added.labels)
            others = [pair for pair in changes if pair is not same and pair[0] != pair[1]]
            self._write([*others, (added, same[1] if same else None)], who)
            detail = {"sample_id": sample_id, "to": signal_name, "as": added.sample_id}
            self._audit.record("sample.relabel", former.signal_name, detail, who)
        return added

    def image(self, sample: Sample) -> "NDArray[np.uint8]":
        """The image, uint8, shape (rows, cols).

        Raises:
            NotFound: the sample has been deleted and its blobs collected.
            Damaged: the stored image does not match its digest.
        """
        return decode_array(self._blobs.get(sample.image_digest))

    def iq(self, sample: Sample) -> "NDArray[np.complex64] | None":
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
        condition, parameters = LIVE, list[str]()
        if signal_names is not None:
            condition, parameters = "signal_name IN (SELECT value FROM json_each(?))", [_json_list(signal_names)]
        query = f"SELECT signal_name, count(*) FROM samples WHERE {condition} GROUP BY signal_name ORDER BY signal_name"  # noqa: S608
        return dict(tuple(row) for row in self._db.rows(query, parameters))

    def signal_names(self) -> list[str]:
        """The signals that have samples, sorted."""
        return [*self.counts()]

    def sample_rates(self, signal_name: str) -> list[float]:
        """The sample rates in Hz of a signal's samples, the most frequent first; those without a rate do not count."""
        query = (
            "SELECT sample_rate_hz FROM samples WHERE signal_name = ? AND sample_rate_hz IS NOT NULL"
            " GROUP BY sample_rate_hz ORDER BY count(*) DESC, sample_rate_hz"
        )
        return [row[0] for row in self._db.rows(query, (signal_name,))]

    def newest_negative_samples(self, signal_name: str) -> Iterator[Sample]:
        """The samples of all other signals that show these, newest first, read a slice at a time: hard negatives."""
        before, where = _MAX_POSITION, f"WHERE signal_name <> ? AND position < ? AND box_count > 0 AND {LIVE}"
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

    def of_recording(self, recording: str) -> list[Sample]:
        """The samples of a recording, oldest first."""
        return [sample for _, sample in self._load(f"WHERE recording = ? AND {LIVE} ORDER BY position", (recording,))]

    def list(self, signal_name: str) -> list[Sample]:
        """The samples of a signal, oldest first."""
        return [sample for _, sample in self._load("WHERE signal_name = ? ORDER BY position", (signal_name,))]

    def fingerprint(self) -> str:
        """SHA-256 of all samples with their labels, scales and recordings: what trainings depend on."""
        rows = self._db.rows(
            "SELECT json_array(sample_id, digest, sample_rate_hz, center_freq_hz, recording)"  # noqa: S608
            f" FROM samples JOIN label_sets USING (label_set_id) WHERE {LIVE} ORDER BY sample_id"
        )
        return digest_of("\n".join(row[0] for row in rows).encode())

    def _find(self, sample_id: str) -> Sample | None:
        return next((sample for _, sample in self._load(f"WHERE sample_id = ? AND {LIVE}", (sample_id,))), None)

    def _load(self, condition: str, parameters: Sequence[Any]) -> _Positioned:
        """The samples of ``condition`` with their positions. Samples that share a label set share one object."""
        selected = f"SELECT label_set_id FROM samples {condition}"  # noqa: S608 - conditions are those of this file
        with self._db.unchanged():
            rows = self._db.rows(f"SELECT * FROM samples {condition}", parameters)  # noqa: S608
            sets = self._db.rows(f"SELECT * FROM label_sets WHERE label_set_id IN ({selected})", parameters)  # noqa: S608
        labels = {row["label_set_id"]: LabelSet.parse(row["labels"]) for row in sets}
        return [(row["position"], from_row(row, labels[row["label_set_id"]])) for row in rows]

    def _encode(self, window: Window) -> dict[str, bytes]:
        """The blobs of a window by digest: its image, then its IQ if it has any."""
        self._spec.require(window.frame.spec.spec_id, "the sample")
        check_window(window)
        blobs = [encode_array(array) for array in (window.image, window.iq) if array is not None]
        return {digest_of(blob): blob for blob in blobs}

    def _store(self, samples: Sequence[Sample], who: str | None, admit: Admit, blobs: Iterable[bytes]) -> _Stored:
        with self._db.transaction():
            former = self._known(samples)
            added = Counter(each.signal_name for each in samples if each.key not in former)
            before = self.counts(added)
            for name, new in added.items():
                admit(name, before.get(name, 0) + new)
            for blob in blobs:  # before the row, under the lock that garbage collection takes
                self._blobs.put(blob)
            latest = [updated(former.get(each.key), each) for each in self._with_free_ids(samples, former)]
            changes = [(each, former.get(each.key)) for each in latest]
            self._write([(sample, old) for sample, old in changes if sample != old], who)
        return [(sample, old is None) for sample, old in changes]

    def _known(self, samples: Sequence[Sample]) -> dict[tuple[str, str], Sample]:
        """The stored samples of the same signals and images as ``samples``, by these."""
        images = _json_list({each.image_digest for each in samples})
        names = _json_list({each.signal_name for each in samples})
        found = self._load(
            "WHERE image_digest IN (SELECT value FROM json_each(?)) AND signal_name IN (SELECT value FROM json_each(?))"  # noqa: S608
            f" AND spec_id = ? AND {LIVE}",
            [images, names, self._spec.spec_id],
        )
        return {sample.key: sample for _, sample in found}

    def _with_free_ids(self, samples: Sequence[Sample], former: Collection[tuple[str, str]]) -> Sequence[Sample]:
        """``samples``; a new one gets another id if a sample of a signal that was renamed or deleted has it."""
        ids = _json_list(each.sample_id for each in samples if each.key not in former)
        rows = self._db.rows("SELECT sample_id FROM samples WHERE sample_id IN (SELECT value FROM json_each(?))", [ids])
        taken = {row["sample_id"] for row in rows}
        return [
            replace(each, sample_id=self._free_id(each.signal_name, each)) if each.sample_id in taken else each
            for each in samples
        ]

    def _free_id(self, signal_name: str, sample: Sample) -> str:
        """An id for ``sample`` as one of ``signal_name`` that no row has."""
        ids = (new_sample_id(signal_name, sample.spec_id, sample.image_digest, number) for number in count())
        return next(each for each in ids if self._db.row("SELECT 1 FROM samples WHERE sample_id = ?", (each,)) is None)

    def _write(self, changes: Sequence[tuple[Sample, Sample | None]], who: str | None) -> None:
        sets = {sample.labels.digest: sample.labels for sample, _ in changes}
        with self._db.transaction() as connection:
            connection.executemany(
                "INSERT INTO label_sets (digest, labels) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING",
                [(digest, labels.text) for digest, labels in sets.items()],
            )
            query = "SELECT digest, label_set_id FROM label_sets WHERE digest IN (SELECT value FROM json_each(?))"
            ids = dict(tuple(row) for row in self._db.rows(query, [_json_list(sets)]))
            connection.executemany(UPSERT, [to_row(sample, ids[sample.labels.digest]) for sample, _ in changes])
            self._audit.record_all([audited(sample, former) for sample, former in changes], who)


def _json_list(texts: Iterable[str]) -> str:
    return json.dumps([*texts])
