"""Clusters: leader clustering of emissions by embedding and size, one emission at a time, in bounded memory."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rfhydra.spectrum.boxes import Box
from rfhydra.store.columns import utc_text
from rfhydra.store.unknowns import UnknownCluster

MAX_CLUSTERS: Final = 200
MAX_DISTANCE: Final = 0.1
SIZE_WEIGHT: Final = 0.02
"""Of an octave of duration or bandwidth, where opposite embeddings have the distance 2."""
_MEMORY: Final = 50
"""Emissions over which the mean of a cluster is taken, so that it follows a slow change."""


class Clusters:
    """An emission joins the nearest cluster, or begins one if all are farther than :data:`MAX_DISTANCE`.

    The distance is 1 minus the cosine between embedding and centroid, and :data:`SIZE_WEIGHT` for each octave between
    the durations, and between the bandwidths. When there are :data:`MAX_CLUSTERS`, the one with the fewest emissions
    that was not seen for the longest time makes room; labelled ones stay longest.
    """

    def __init__(self, backbone_id: str, clusters: Iterable[UnknownCluster] = ()) -> None:
        """``clusters`` are those of before, on the same backbone."""
        self._backbone_id = backbone_id
        self._clusters = dict(enumerate(clusters))
        self._next = len(self._clusters)
        self.removed: list[UnknownCluster] = []
        """Clusters that made room; the caller clears the list."""

    def __len__(self) -> int:
        return len(self._clusters)

    def __getitem__(self, key: int) -> UnknownCluster:
        return self._clusters[key]

    def __contains__(self, key: int) -> bool:
        return key in self._clusters

    def assign(self, embedding: NDArray[np.float32], box: Box, seen: datetime, *, is_new: bool = True) -> int | None:
        """The key of the cluster of an emission, whose embedding has unit length.

        One that is not ``is_new`` was counted in another window: it changes nothing, and may have no cluster.
        """
        now = _begun(self._backbone_id, embedding, box, utc_text(seen))
        key = self._nearest(now)
        if not is_new:
            return key
        if key is None:
            self._make_room()
            key, self._next = self._next, self._next + 1
            self._clusters[key] = now
        else:
            self._clusters[key] = _joined(self._clusters[key], now)
        return key

    def stored(self, key: int, cluster_id: int) -> None:
        """Note the id of a cluster that was stored."""
        if key in self._clusters:
            self._clusters[key] = replace(self._clusters[key], cluster_id=cluster_id)

    def label(self, names: Mapping[int, str]) -> None:
        """Note how clusters are labelled, by id."""
        for key, each in self._clusters.items():
            if each.cluster_id is not None and each.cluster_id in names:
                self._clusters[key] = replace(each, signal_name=names[each.cluster_id])

    def forget(self, key: int) -> None:
        """Remove a cluster that the store does not have any more."""
        self._clusters.pop(key, None)

    def _nearest(self, emission: UnknownCluster) -> int | None:
        if not self._clusters:
            return None
        distances = {key: distance(each, emission) for key, each in self._clusters.items()}
        nearest = min(distances, key=lambda key: distances[key])
        return nearest if distances[nearest] <= MAX_DISTANCE else None

    def _make_room(self) -> None:
        if len(self._clusters) >= MAX_CLUSTERS:
            ranks = {
                key: (each.signal_name is not None, each.emissions, each.last_seen)
                for key, each in self._clusters.items()
            }
            self.removed.append(self._clusters.pop(min(ranks, key=lambda key: ranks[key])))


def distance(first: UnknownCluster, second: UnknownCluster) -> float:
    """Distance of two clusters, see :class:`Clusters`."""
    norms = float(np.linalg.norm(first.centroid) * np.linalg.norm(second.centroid))
    cosine = float(first.centroid @ second.centroid) / norms if norms else 0.0
    octaves = abs(math.log2(first.duration_sec / second.duration_sec))
    octaves += abs(math.log2(first.bandwidth_hz / second.bandwidth_hz))
    return 1 - cosine + SIZE_WEIGHT * octaves


def _begun(backbone_id: str, embedding: NDArray[np.float32], box: Box, seen: str) -> UnknownCluster:
    return UnknownCluster(
        cluster_id=None,
        backbone_id=backbone_id,
        centroid=embedding,
        emissions=1,
        first_seen=seen,
        last_seen=seen,
        center_freq_hz=(box.freq_low_hz + box.freq_high_hz) / 2,
        duration_sec=box.time_end_sec - box.time_start_sec,
        bandwidth_hz=box.freq_high_hz - box.freq_low_hz,
    )


def _joined(cluster: UnknownCluster, emission: UnknownCluster) -> UnknownCluster:
    weight = 1 / min(cluster.emissions + 1, _MEMORY)

    def geometric(before: float, now: float) -> float:
        return math.exp((1 - weight) * math.log(before) + weight * math.log(now))

    return replace(
        cluster,
        centroid=((1 - weight) * cluster.centroid + weight * emission.centroid).astype(np.float32),
        emissions=cluster.emissions + 1,
        last_seen=max(cluster.last_seen, emission.last_seen),
        center_freq_hz=(1 - weight) * cluster.center_freq_hz + weight * emission.center_freq_hz,
        duration_sec=geometric(cluster.duration_sec, emission.duration_sec),
        bandwidth_hz=geometric(cluster.bandwidth_hz, emission.bandwidth_hz),
    )
