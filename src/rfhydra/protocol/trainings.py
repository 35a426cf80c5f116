"""Trainings on the wire: their progress, their end, and their list."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

from pydantic import Field

from rfhydra.errors import ErrorCode
from rfhydra.protocol.base import BaseMessage, SignalMessage
from rfhydra.protocol.stages import JobStage
from rfhydra.protocol.types import EpochProgress, Job, TrainingResult


class JobMessage(SignalMessage):
    """Base of the messages of a training."""

    job_id: str
    """The job."""
    seq: int
    """Number of the message within the job, without gaps."""
    ts: str
    """Time, UTC, ISO 8601."""


class TrainingProgress(EpochProgress, JobMessage):
    """An epoch of a training has ended."""

    type: Literal["training_progress"] = "training_progress"


class TrainingComplete(TrainingResult, JobMessage):
    """A training has made a new version."""

    type: Literal["training_complete"] = "training_complete"


class TrainingFailed(JobMessage):
    """A training has failed or was cancelled; nothing was changed."""

    type: Literal["training_failed"] = "training_failed"
    error: str
    """Reason."""
    code: ErrorCode
    """Error code."""


TrainingEvent: TypeAlias = TrainingProgress | TrainingComplete | TrainingFailed
_TRAINING_EVENTS: Final = {each.model_fields["type"].default: each for each in get_args(TrainingEvent)}


def training_event(fields: Mapping[str, Any]) -> TrainingEvent:
    """The message of a training with these valid ``fields``, of the class that its ``type`` names."""
    event: TrainingEvent = _TRAINING_EVENTS[fields["type"]].model_validate(fields)
    return event


class Jobs(BaseMessage):
    """Trainings, newest first."""

    type: Literal["jobs"] = "jobs"
    jobs: list[Job]
    """The page."""
    next_cursor: str | None = None
    """Cursor of the next page; null on the last."""


class JobSnapshot(BaseMessage):
    """A training with its messages so far. Pushed to the subscribers of ``jobs`` when one is queued."""

    type: Literal["job"] = "job"
    job: Job
    """The training."""
    events: list[Annotated[TrainingEvent, Field(discriminator="type")]]
    """Its messages, by ``seq``; those of old trainings are dropped."""
    stage: JobStage | None = None
    """What it does now; null unless it is running."""
