"""Messages of the server: one class each, identified by ``type``.

Fields of the fixed contract are always present, null where they have no value. ``id`` and a few others, marked by
``exclude_if``, are absent then.
"""

from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

from pydantic import Field, JsonValue

from rfhydra.errors import ErrorCode
from rfhydra.protocol.archives import Archives, MessageOnArchives
from rfhydra.protocol.audit import AuditTrail
from rfhydra.protocol.base import BaseMessage, SignalMessage
from rfhydra.protocol.cards import CardProgress, MessageOnCards
from rfhydra.protocol.fields import absent
from rfhydra.protocol.limits import StatedLimits
from rfhydra.protocol.live import Sources, Streams, StreamState, Tracks, WaterfallState
from rfhydra.protocol.missions import LoadedHeads, MessageOnMissions, Missions
from rfhydra.protocol.parsing import parse, read_json
from rfhydra.protocol.recording_contents import RecordingContentsMessage
from rfhydra.protocol.recording_suggestions import RecordingSuggestionMessage
from rfhydra.protocol.recordings import RecordingMessage, Recordings
from rfhydra.protocol.results import MessageOnResults
from rfhydra.protocol.signals import MessageOnSignals, TrainingSample
from rfhydra.protocol.stages import JobStage
from rfhydra.protocol.state import ServerMetrics, ServerShutdown
from rfhydra.protocol.trainings import Jobs, JobSnapshot, TrainingEvent
from rfhydra.protocol.types import (
    BackboneInfo,
    DetectedBox,
    SampleInfo,
    SigmfRecording,
    Topic,
)
from rfhydra.protocol.unknowns import UnknownClusters, UnknownLabelled
from rfhydra.protocol.upgrades import UpgradeComplete, UpgradeFailed, UpgradeProgress, UpgradeState, UpgradeUndone
from rfhydra.protocol.versions import Registry, VersionHistory, VersionPromoted, VersionRollback

API_VERSION: Final = 1
MIN_API_VERSION: Final = 1
FEATURES: Final = (  # noqa: SIM905
    "detect binary jobs subscriptions samples signals sigmf upgrades streams unknown recordings versions cards audit"
    " missions archives"
).split()
"""Parts of the protocol that a server may lack, by which clients know them."""


class _SampleMessage(SignalMessage):
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


class TrainingSamples(SignalMessage):
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


class SigmfExported(SignalMessage):
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


Snapshot: TypeAlias = Annotated[
    Jobs
    | JobSnapshot
    | Registry
    | SampleCounts
    | Detections
    | ServerMetrics
    | UpgradeState
    | Streams
    | Recordings
    | CardProgress
    | LoadedHeads
    | Missions
    | Archives,
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
    | JobStage
    | Jobs
    | JobSnapshot
    | VersionPromoted
    | VersionRollback
    | VersionHistory
    | Registry
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
    | MessageOnResults
    | MessageOnCards
    | AuditTrail
    | MessageOnMissions
    | UnknownClusters
    | UnknownLabelled
    | RecordingMessage
    | RecordingContentsMessage
    | RecordingSuggestionMessage
    | MessageOnArchives
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
