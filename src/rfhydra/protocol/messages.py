"""Messages of the server: one class each, identified by ``type``.

Fields of the fixed contract are always present, null where they have no value. ``id`` and a few others, marked by
``exclude_if``, are absent then.
"""

from collections.abc import Collection
from typing import Annotated, Any, Final, Literal, Self, TypeAlias, get_args

from pydantic import Field, JsonValue, TypeAdapter

from rfhydra.errors import ErrorCode
from rfhydra.protocol.base import BaseMessage
from rfhydra.protocol.fields import absent
from rfhydra.protocol.limits import StatedLimits
from rfhydra.protocol.live import Sources, Streams, StreamState, Tracks, WaterfallState
from rfhydra.protocol.parsing import parse, read_json
from rfhydra.protocol.recording_contents import RecordingContentsMessage
from rfhydra.protocol.recording_suggestions import RecordingSuggestionMessage
from rfhydra.protocol.recordings import RecordingMessage, Recordings
from rfhydra.protocol.signals import MessageOnSignals, TrainingSample
from rfhydra.protocol.types import (
    BackboneInfo,
    DetectedBox,
    EpochProgress,
    Job,
    RegistryEntry,
    SampleInfo,
    SigmfRecording,
    Topic,
    TrainingResult,
    VersionInfo,
)
from rfhydra.protocol.unknowns import UnknownClusters, UnknownLabelled
from rfhydra.protocol.upgrades import UpgradeComplete, UpgradeFailed, UpgradeProgress, UpgradeState, UpgradeUndone

API_VERSION: Final = 1
MIN_API_VERSION: Final = 1
FEATURES: Final = "detect binary jobs subscriptions samples signals sigmf upgrades streams unknown recordings".split()  # noqa: SIM905
"""Parts of the protocol that a server may lack, by which clients know them."""


class _SignalMessage(BaseMessage):
    signal_name: str
    """The signal."""


class JobMessage(_SignalMessage):
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
TRAINING_EVENT: Final[TypeAdapter[TrainingEvent]] = TypeAdapter(Annotated[TrainingEvent, Field(discriminator="type")])


class Jobs(BaseMessage):
    """Trainings, newest first."""

    type: Literal["jobs"] = "jobs"
    jobs: list[Job]
    """The page."""
    next_cursor: str | None = None
    """Cursor of the next page; null on the last."""


class JobSnapshot(BaseMessage):
    """A training with its messages so far."""

    type: Literal["job"] = "job"
    job: Job
    """The training."""
    events: list[Annotated[TrainingEvent, Field(discriminator="type")]]
    """Its messages, by ``seq``; those of old trainings are dropped."""


class VersionPromoted(_SignalMessage):
    """A version has become the active one."""

    type: Literal["version_promoted"] = "version_promoted"
    version: int
    """Its active version."""


class VersionRollback(_SignalMessage):
    """An earlier version has become the active one again."""

    type: Literal["version_rollback"] = "version_rollback"
    active_version: int
    """Its active version."""


class VersionHistory(_SignalMessage):
    """The versions of a signal's head, oldest first."""

    type: Literal["version_history"] = "version_history"
    active_version: int | None
    """The active one."""
    versions: list[VersionInfo]
    """The kept versions."""


class Registry(BaseMessage):
    """Every signal that has versions."""

    type: Literal["registry"] = "registry"
    backbone_version: int
    """Version of the shared backbone's design."""
    signals: dict[str, RegistryEntry]
    """By name."""

    def with_loaded(self, names: Collection[str]) -> Self:
        """The same registry, with the signals in ``names`` as the loaded ones."""
        signals = {name: entry.model_copy(update={"is_loaded": name in names}) for name, entry in self.signals.items()}
        return self.model_copy(update={"signals": signals})


class LoadedHeads(BaseMessage):
    """The loaded heads."""

    type: Literal["loaded_heads"] = "loaded_heads"
    heads: list[str]
    """Names of the signals, sorted."""
    versions: dict[str, int]
    """Loaded version by signal name."""


class _SampleMessage(_SignalMessage):
    sample_id: str
    """The sample."""
    total_samples: int
    """Number of samples of this signal."""


class TrainingSampleAdded(_SampleMessage):
    """A sample was added."""

    type: Literal["training_sample_added"] = "training_sample_added"
    is_new: bool
    """False if the image was already a sample of this signal."""


class TrainingSampleUpdated(_SampleMessage):
    """A sample was changed."""

    type: Literal["training_sample_updated"] = "training_sample_updated"


class TrainingSampleDeleted(_SampleMessage):
    """A sample was deleted."""

    type: Literal["training_sample_deleted"] = "training_sample_deleted"


class TrainingSamples(_SignalMessage):
    """Samples of a signal, oldest first."""

    type: Literal["training_samples"] = "training_samples"
    total_samples: int
    """Number of samples of the signal, not of the page."""
    samples: list[SampleInfo]
    """The page; shorter than requested where the answer would be too large."""
    next_cursor: str | None = None
    """Cursor of the next page; null on the last."""


class SampleCounts(BaseMessage):
    """Number of samples of each signal. Pushed when it changes."""

    type: Literal["samples"] = "samples"
    signals: dict[str, int]
    """By name."""


class SigmfImported(BaseMessage):
    """Samples were imported from a recording."""

    type: Literal["sigmf_imported"] = "sigmf_imported"
    new_samples: dict[str, int]
    """Number of new samples by signal."""
    total_samples: dict[str, int]
    """Number of all samples of these signals."""
    boxes: int
    """Number of boxes of the new samples."""


class SigmfExported(_SignalMessage):
    """Samples of a signal as recordings."""

    type: Literal["sigmf_exported"] = "sigmf_exported"
    recordings: list[SigmfRecording]
    """The page; shorter than requested where the answer would be too large."""
    skipped: int
    """Number of samples on this page without IQ or sample rate, which cannot be exported."""
    next_cursor: str | None = None
    """Cursor of the next page; null on the last."""


class Detections(BaseMessage):
    """Detections of the loaded heads in one window, highest score first."""

    type: Literal["detections"] = "detections"
    stream_id: str | None
    """The live stream, null for a window that a client sent."""
    start_sample: int
    """First sample of the window in its stream, 0 where unknown."""
    heads: dict[str, int]
    """Version of each head that was applied."""
    thresholds: dict[str, float] | None = Field(default=None, exclude_if=absent)
    """Stored score threshold of each of these heads; absent in pushes of streams."""
    detections: list[DetectedBox]
    """The detections."""
    dropped: int = 0
    """In a push: number of pushes dropped before it because this client was too slow."""


class ServerHello(BaseMessage):
    """Version, features, limits and contract of the server."""

    type: Literal["hello"] = "hello"
    server_version: str
    """Version of rfhydra."""
    api_version: int
    """Version of this interface."""
    min_api_version: int
    """Oldest interface version that the server supports."""
    features: list[str]
    """Features beyond the fixed contract."""
    limits: StatedLimits
    """The limits."""
    spectrogram: dict[str, JsonValue]
    """The locked spectrogram contract of the workspace, and its ``spec_id``."""
    backbone: BackboneInfo
    """The backbone."""


class Result(BaseMessage):
    """Success of a command that has no other answer."""

    type: Literal["result"] = "result"
    success: Literal[True] = True
    """Always true: a failure is an ``error``."""
    job_id: str | None = Field(default=None, exclude_if=absent)
    """The training."""


class Error(BaseMessage):
    """A command failed. Nothing was changed."""

    type: Literal["error"] = "error"
    command: str | None = Field(default=None, exclude_if=absent)
    """The command."""
    code: ErrorCode
    """Error code."""
    message: str
    """Reason, with the field and the limit, and what to do next."""
    details: dict[str, JsonValue] | None = Field(default=None, exclude_if=absent)
    """Further details."""


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


class ServerShutdown(BaseMessage):
    """The server is stopping and will close the connection (1001)."""

    type: Literal["server_shutdown"] = "server_shutdown"
    reason: str
    """Reason."""
    grace_sec: float
    """Time that a running training has to finish. One that takes longer runs again at the next start."""


Snapshot: TypeAlias = Annotated[
    Jobs | JobSnapshot | Registry | SampleCounts | Detections | ServerMetrics | UpgradeState | Streams | Recordings,
    Field(discriminator="type"),
]


class Subscriptions(BaseMessage):
    """The subscriptions of this connection."""

    type: Literal["subscriptions"] = "subscriptions"
    topics: list[Topic]
    """All topics."""
    snapshots: list[Snapshot]
    """Present state of the new topics, as the messages that they push; ``jobs`` is followed by a ``job`` for each
    unfinished training."""


Message: TypeAlias = (
    TrainingEvent
    | Jobs
    | JobSnapshot
    | VersionPromoted
    | VersionRollback
    | VersionHistory
    | Registry
    | LoadedHeads
    | TrainingSampleAdded
    | TrainingSampleUpdated
    | TrainingSampleDeleted
    | TrainingSample
    | TrainingSamples
    | SampleCounts
    | SigmfImported
    | SigmfExported
    | Detections
    | Sources
    | StreamState
    | Streams
    | Tracks
    | WaterfallState
    | ServerHello
    | Result
    | Error
    | ServerMetrics
    | ServerShutdown
    | Subscriptions
    | UpgradeProgress
    | UpgradeComplete
    | UpgradeFailed
    | UpgradeState
    | UpgradeUndone
    | MessageOnSignals
    | UnknownClusters
    | UnknownLabelled
    | RecordingMessage
    | RecordingContentsMessage
    | RecordingSuggestionMessage
)
"""Every message."""

MESSAGES: Final[dict[str, type[Message]]] = {each.model_fields["type"].default: each for each in get_args(Message)}
"""By type."""


def read_message(text: str | bytes) -> Message | None:
    """The message in a text, None if its type is unknown: a newer server may send more types.

    Raises:
        InvalidJson: the text is not a JSON object.
        InvalidMessage: a field is missing or of the wrong type.
    """
    fields: dict[str, Any] = read_json(text)
    name = fields.get("type")
    model = MESSAGES.get(name) if isinstance(name, str) else None
    return None if model is None else parse(model, fields, f"{name}: ")
