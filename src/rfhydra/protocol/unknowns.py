"""Clusters of unknown emissions on the wire: their commands and messages."""

from typing import Literal

from pydantic import Field

from rfhydra.protocol.base import BaseCommand, BaseMessage
from rfhydra.protocol.fields import Cursor, Positive, SignalName, WireModel, absent
from rfhydra.protocol.types import SampleBox


class UnknownExample(WireModel):
    """A window of a stream with emissions of a cluster."""

    stream_id: str
    """The stream."""
    seen_at: str
    """Start of the window, UTC, ISO 8601."""
    sample_rate_hz: float | None
    """Sample rate of the window."""
    center_freq_hz: float | None
    """Centre frequency of the window."""
    rows: int
    """Height of the spectrogram."""
    cols: int
    """Width of the spectrogram."""
    boxes: list[SampleBox]
    """All emissions of the cluster in the window."""
    spectrogram_b64: str
    """Base64 of a NumPy ``.npy``, uint8, shape (rows, cols)."""


class UnknownInfo(WireModel):
    """A cluster: similar emissions that no head detects."""

    cluster_id: int
    """Its number, which no other cluster of the workspace gets."""
    emissions: int
    """How often one was seen."""
    windows: int
    """Number of windows that are kept, of which ``label_unknown`` makes samples."""
    first_seen: str
    """UTC, ISO 8601."""
    last_seen: str
    """UTC, ISO 8601."""
    center_freq_hz: float
    """Mean centre frequency."""
    bandwidth_hz: float
    """Geometric mean of the bandwidths."""
    duration_sec: float
    """Geometric mean of the durations."""
    signal_name: str | None
    """What it was labelled as; null before."""
    backbone_id: str
    """Backbone that saw it."""
    example: UnknownExample | None = Field(default=None, exclude_if=absent)
    """The newest window that is kept; absent without one, and unless asked for."""


class UnknownClusters(BaseMessage):
    """A page of the clusters of unknown emissions."""

    type: Literal["unknown"] = "unknown"
    collecting: bool
    """Whether this server clusters what its streams receive (``--novel``)."""
    clusters: list[UnknownInfo]
    """By number. They may change at any time while streams run."""
    next_cursor: str | None
    """``cursor`` of the next page; null on the last one."""


class UnknownLabelled(BaseMessage):
    """A cluster was labelled: the windows that were kept of it are samples now."""

    type: Literal["unknown_labelled"] = "unknown_labelled"
    cluster_id: int
    """The cluster."""
    signal_name: str
    """The signal."""
    new_samples: int
    """Number of samples that are new."""
    total_samples: int
    """Number of samples of the signal."""


class GetUnknown(BaseCommand[UnknownClusters]):
    """Ask for a page of the clusters of emissions that no head detects."""

    command: Literal["get_unknown"] = "get_unknown"
    least: Positive = 1
    """Only clusters that were seen so often."""
    include_example: bool = False
    """Whether to include the newest window of each."""
    limit: Positive | None = None
    """Maximum number of clusters, at most ``limits.max_page``; absent: as many as fit an answer."""
    cursor: Cursor | None = None
    """``next_cursor`` of the previous page."""


class LabelUnknown(BaseCommand[UnknownLabelled]):
    """Make samples of a signal of the windows that are kept of a cluster.

    The cluster goes on counting, without windows, until there is a head. A second label is a ``conflict``.
    """

    command: Literal["label_unknown"] = "label_unknown"
    cluster_id: Positive
    """The cluster."""
    signal_name: SignalName
    """The signal."""
