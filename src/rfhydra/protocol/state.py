"""What a server says of itself: its metrics, and that it stops."""

from typing import Literal

from rfhydra.protocol.base import BaseMessage


class ServerMetrics(BaseMessage):
    """State of the server. Pushed every second."""

    type: Literal["metrics"] = "metrics"
    ts: str
    """Time, UTC, ISO 8601."""
    uptime_sec: float
    """Seconds since the start."""
    clients: int
    """Number of connections."""
    loaded_heads: int
    """Number of loaded heads."""
    jobs_queued: int
    """Number of queued trainings."""
    jobs_running: int
    """Number of running trainings, 0 or 1."""
    detections_queued: int
    """Number of detections that are queued or running."""
    store_queued: int
    """Number of workspace calls that are queued or running."""
    messages_dropped: int
    """Number of pushes dropped for slow clients since the start."""
    cpu_share: float | None = None
    """Processor cores that the server used in the last second, its training process aside; null before the second push
    and in snapshots."""


class ServerShutdown(BaseMessage):
    """The server is stopping and will close the connection (1001)."""

    type: Literal["server_shutdown"] = "server_shutdown"
    reason: str
    """Reason."""
    grace_sec: float
    """Time that a running training has to finish. One that takes longer runs again at the next start."""
