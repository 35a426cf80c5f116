"""Clusters of emissions that no head detects, with windows of a few members, from which samples can be made."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rfhydra.config import check_name
from rfhydra.errors import Conflict, NotFound
from rfhydra.protocol.unknowns import UnknownInfo
from rfhydra.spectrum.boxes import Box, Frame
from rfhydra.spectrum.spec import SpectrogramSpec
from rfhydra.spectrum.window import Window
from rfhydra.store.arrays import decode_array, encode_array
from rfhydra.store.audit import AuditLog
from rfhydra.store.blobs import BlobStore
from rfhydra.store.database import Database
from rfhydra.store.samples import Admit, SampleStore

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_EXEMPLARS: Final = 8
"""Windows that are kept of a cluster: the first and the newest ones."""
_KEPT_FIRST: Final = 4
_CENTROID: Final = "<f4"


@dataclass(frozen=True, kw_only=True, eq=False)
class UnknownCluster:
    """Similar emissions that no head detects.

    Attributes:
        cluster_id: None before it is stored.
        backbone_id: of the embeddings.
        centroid: mean of the embeddings, float32 (d,).
        emissions: number of emissions.
        first_seen, last_seen: UTC, ISO 8601.
        center_freq_hz: mean; ``duration_sec`` and ``bandwidth_hz`` are geometric means.
        signal_name: what it was labelled as; None before.
    """

    cluster_id: int | None
    backbone_id: str
    centroid: "NDArray[np.float32]"
    emissions: int
    first_seen: str
    last_seen: str
    center_freq_hz: float
    duration_sec: float
    bandwidth_hz: float
    signal_name: str | None = None


@dataclass(frozen=True, eq=False)
class Exemplar:
    """A window with ``boxes``, in its own seconds, around all members of a cluster in it."""

    window: Window
    boxes: Sequence[Box]
    stream_id: str
    seen_at: str


class UnknownStore:
    """The clusters of a workspace."""

    def __init__(
        self, db: Database, blobs: BlobStore, samples: SampleStore, audit: AuditLog, spec: SpectrogramSpec
    ) -> None:
        self._db, self._blobs, self._samples, self._audit, self._spec = db, blobs, samples, audit, spec

    def clusters(self, backbone_id: str | None = None) -> list[UnknownCluster]:
        """The clusters, of one backbone or all, those with the most emissions first."""
        rows = self._db.rows(
            "SELECT * FROM unknown_clusters WHERE coalesce(backbone_id = ?, 1) ORDER BY emissions DESC, cluster_id",
            (backbone_id,),
        )
        return [_cluster(row) for row in rows]

    def labels(self) -> dict[int, str]:
        """What clusters were labelled as, by id."""
        query = "SELECT cluster_id, signal_name FROM unknown_clusters WHERE signal_name IS NOT NULL"
        return {row["cluster_id"]: row["signal_name"] for row in self._db.rows(query)}

    def get(self, cluster_id: int) -> UnknownCluster:
        """
        Raises:
            NotFound: there is no such cluster.
        """
        row = self._db.row("SELECT * FROM unknown_clusters WHERE cluster_id = ?", (cluster_id,))
        if row is None:
            raise NotFound(f"there is no unknown cluster {cluster_id}")
        return _cluster(row)

    def save(
        self,
        changed: Mapping[int, UnknownCluster],
        removed: Iterable[int] = (),
        exemplars: Iterable[tuple[int, Exemplar]] = (),
    ) -> dict[int, int]:
        """Store clusters and exemplars in one transaction.

        Args:
            changed: new and changed clusters, by any keys.
            removed: ids of clusters to remove.
            exemplars: with the keys of their clusters in ``changed``. Labelled clusters get none; of more than
                :data:`MAX_EXEMPLARS` the oldest but for the first few are removed.

        Returns:
            the ids of the clusters, by the keys of ``changed``. Those that were removed meanwhile are left out.

        Raises:
            StorageFull: there is no room on the disk; nothing was stored.
        """
        with self._db.transaction() as connection:
            connection.executemany("DELETE FROM unknown_clusters WHERE cluster_id = ?", [(each,) for each in removed])
            ids = {key: self._save(cluster) for key, cluster in changed.items()}
            known = {key: cluster_id for key, cluster_id in ids.items() if cluster_id is not None}
            for key, exemplar in exemplars:
                if key in known and self.get(known[key]).signal_name is None:
                    self._add(known[key], exemplar)
        return known

    def exemplars(self, cluster_id: int) -> list[Exemplar]:
        """The windows that are kept of a cluster, oldest first.

        Raises:
            Damaged: a stored image does not match its digest.
        """
        query = "SELECT * FROM unknown_exemplars WHERE cluster_id = ? ORDER BY exemplar_id"
        return [self._exemplar(row) for row in self._db.rows(query, (cluster_id,))]

    def newest_exemplar(self, cluster_id: int) -> Exemplar | None:
        """The newest window that is kept of a cluster, None without one.

        Raises:
            Damaged: its stored image does not match its digest.
        """
        query = "SELECT * FROM unknown_exemplars WHERE cluster_id = ? ORDER BY exemplar_id DESC LIMIT 1"
        row = self._db.row(query, (cluster_id,))
        return None if row is None else self._exemplar(row)

    def infos(self, after: int = 0) -> list[UnknownInfo]:
        """The clusters with higher ids than ``after``, in that order, as they are shown."""
        query = (
            "SELECT clusters.*, (SELECT count(*) FROM unknown_exemplars AS kept"
            " WHERE kept.cluster_id = clusters.cluster_id) AS windows"
            " FROM unknown_clusters AS clusters WHERE cluster_id > ? ORDER BY cluster_id"
        )
        return [UnknownInfo.model_validate(dict(row)) for row in self._db.rows(query, (after,))]

    def label(
        self,
        cluster_id: int,
        signal_name: str,
        who: str | None = None,
        admit: Admit = lambda signal_name, total: None,
    ) -> int:
        """Make samples of ``signal_name`` from the exemplars of a cluster; returns the number of new ones.

        The cluster keeps its row, so that what is similar to it does not begin another one before there is a head.
        ``admit`` is as of :meth:`SampleStore.add`; what it raises leaves all unchanged.

        Raises:
            NotFound: there is no such cluster, or none of its windows was kept.
            Conflict: it is labelled already.
            InvalidName: ``signal_name`` is not a legal name.
            StorageFull: there is no room on the disk; nothing was changed.
        """
        check_name(signal_name)
        with self._db.transaction() as connection:
            cluster, exemplars = self.get(cluster_id), self.exemplars(cluster_id)
            if cluster.signal_name is not None:
                raise Conflict(f"cluster {cluster_id} is labelled {cluster.signal_name!r} already")
            if not exemplars:
                raise NotFound(f"no window of cluster {cluster_id} was kept: wait until it is received again")
            added = 0
            for each in exemplars:
                _, is_new = self._samples.add(
                    signal_name=signal_name,
                    window=each.window,
                    boxes=each.boxes,
                    recording=f"{each.stream_id} {each.seen_at}",  # each can be in another part of a split
                    who=who,
                    admit=admit,
                )
                added += is_new
            connection.execute("DELETE FROM unknown_exemplars WHERE cluster_id = ?", (cluster_id,))
            connection.execute(
                "UPDATE unknown_clusters SET signal_name = ? WHERE cluster_id = ?", (signal_name, cluster_id)
            )
            self._audit.record("unknown.label", signal_name, {"cluster_id": cluster_id, "samples": added}, who)
        return added

    def _save(self, cluster: UnknownCluster) -> int | None:
        row = {**vars(cluster), "centroid": cluster.centroid.astype(_CENTROID).tobytes()}
        with self._db.transaction() as connection:
            if cluster.cluster_id is None:
                return connection.execute(_INSERT, row).lastrowid
            return cluster.cluster_id if connection.execute(_UPDATE, row).rowcount else None

    def _add(self, cluster_id: int, exemplar: Exemplar) -> None:
        frame = exemplar.window.frame
        with self._db.transaction() as connection:
            connection.execute(
                "INSERT INTO unknown_exemplars (cluster_id, image_digest, cols, sample_rate_hz, center_freq_hz,"
                " start_sample, boxes, stream_id, seen_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    cluster_id,
                    self._blobs.put(encode_array(exemplar.window.image)),  # under the lock of garbage collection
                    frame.cols,
                    frame.sample_rate_hz,
                    frame.center_freq_hz or 0.0,
                    exemplar.window.start_sample or 0,
                    json.dumps([box.as_tuple() for box in exemplar.boxes]),
                    exemplar.stream_id,
                    exemplar.seen_at,
                ),
            )
            connection.execute(_FORGET, (cluster_id, _KEPT_FIRST, MAX_EXEMPLARS - _KEPT_FIRST))

    def _exemplar(self, row: Any) -> Exemplar:
        frame = Frame(self._spec, row["sample_rate_hz"], row["center_freq_hz"], row["cols"])
        window = Window(decode_array(self._blobs.get(row["image_digest"])), frame, row["start_sample"])
        boxes = [Box(*each) for each in json.loads(row["boxes"])]
        return Exemplar(window, boxes, row["stream_id"], row["seen_at"])


_INSERT: Final = """
INSERT INTO unknown_clusters (
    backbone_id, centroid, emissions, first_seen, last_seen, center_freq_hz, duration_sec, bandwidth_hz
) VALUES (
    :backbone_id, :centroid, :emissions, :first_seen, :last_seen, :center_freq_hz, :duration_sec, :bandwidth_hz
)
"""
_UPDATE: Final = """
UPDATE unknown_clusters SET centroid = :centroid, emissions = :emissions, last_seen = :last_seen,
    center_freq_hz = :center_freq_hz, duration_sec = :duration_sec, bandwidth_hz = :bandwidth_hz
WHERE cluster_id = :cluster_id
"""
_FORGET: Final = """
DELETE FROM unknown_exemplars WHERE exemplar_id IN (
    SELECT exemplar_id FROM (
        SELECT exemplar_id, row_number() OVER (ORDER BY exemplar_id) AS first,
            row_number() OVER (ORDER BY exemplar_id DESC) AS newest
        FROM unknown_exemplars WHERE cluster_id = ?
    ) WHERE first > ? AND newest > ?
)
"""


def _cluster(row: Any) -> UnknownCluster:
    import numpy as np

    fields = dict(row)
    return UnknownCluster(**{**fields, "centroid": np.frombuffer(fields["centroid"], _CENTROID).astype(np.float32)})
