"""Stages of a training on the wire: what it does between its epochs."""

from typing import Literal

from rfhydra.protocol.base import BaseMessage
from rfhydra.protocol.types import TrainingStage


class JobStage(BaseMessage):
    """A training has begun a stage, or goes on in it. Pushed to subscribers of ``jobs``; not stored, and not counted.

    The newest replaces the one before it. In ``fitting`` the epochs tell how far it is (``training_progress``).
    """

    type: Literal["job_stage"] = "job_stage"
    job_id: str
    """The job."""
    signal_name: str
    """The signal."""
    ts: str
    """Time, UTC, ISO 8601."""
    stage: TrainingStage
    """``starting``: its process is started; ``looking``: the backbone looks at the samples; ``fitting``: the head is
    fitted; ``calibrating``: its scores are calibrated on samples that it was not trained on; ``comparing``: it is
    compared with the active version."""
    done: int | None
    """Number of samples that were looked at; null in other stages."""
    total: int | None
    """Number of samples in all; likewise."""
