"""Examples of the messages about unknown emissions."""

from typing import Final

from rfhydra.protocol.unknowns import UnknownClusters, UnknownInfo, UnknownLabelled

CLUSTERS: Final = UnknownClusters(
    collecting=True,
    clusters=[
        UnknownInfo(
            cluster_id=3,
            emissions=14,
            windows=8,
            first_seen="2026-11-20T19:02:51.240000Z",
            last_seen="2026-11-20T21:14:03.120000Z",
            center_freq_hz=433_920_000.0,
            bandwidth_hz=50_000.0,
            duration_sec=0.032,
            signal_name=None,
            backbone_id="0f3c9d5e7a1b2c4d",
        )
    ],
    next_cursor=None,
)
LABELLED: Final = UnknownLabelled(id=17, cluster_id=3, signal_name="doorbell", new_samples=8, total_samples=8)
