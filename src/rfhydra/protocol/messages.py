"""What the server says: one class per message, told apart by ``type``.

Fields of the fixed contract are always there, null where there is nothing to say. ``id`` and a few others, marked by
``exclude_if``, are absent then.
"""

from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from rfhydra.config import MAX_NAME_LENGTH, NAME_PATTERN
from rfhydra.errors import ErrorCode, InvalidMessage
from rfhydra.protocol.commands import describe, read_json
from rfhydra.protocol.fields import CorrelationId, HeadKind, PhysicalBox, Topic, WireModel, absent
from rfhydra.protocol.limits import Limits

API_VERSION: Final = 1
MIN_API_VERSION: Final = 1

JobState: TypeAlias = Literal["queued", "running", "completed", "failed", "cancelled"]
JobAction: TypeAlias = Literal["train", "extend"]


class BaseMessage(WireModel):
    """Base of all messages."""

    id: CorrelationId | None = Field(default=None, exclude_if=absent)
    """That of the command that it answers; absent in a push."""

    def encode(self) -> str:
        """As the text of a message."""
        return self.model_dump_json()


class Metrics(BaseModel):
    """How good a head is on its validation split; more may stand beside these."""

    model_config = ConfigDict(frozen=True, extra="allow", use_attribute_docstrings=True)

    f1_score: float
    """At IoU 0.5."""
    precision: float
    """Of what it found, how much was there."""
    recall: float
    """Of what was there, how much it found."""


# --- trainings ---


class JobEvent(BaseMessage):
    """What the messages of a training share."""

    signal_name: str
    """The signal."""
    job_id: str
    """The job."""
    seq: int
    """Rises by 1 within the job."""
    ts: str
    """When, UTC, ISO 8601."""


class TrainingProgress(JobEvent):
    """An epoch of a training has ended."""

    type: Literal["training_progress"] = "training_progress"
    epoch: int
    """From 1."""
    total_epochs: int
    """At most so many."""
    train_loss: float
    """Mean loss on the training split."""
    val_loss: float
    """Loss on the validation split."""
    f1_score: float
    """On the validation split, at IoU 0.5."""
    precision: float
    """On the validation split."""
    recall: float
    """On the validation split."""
    is_best: bool
    """Whether it is the best epoch so far."""
    elapsed_sec: float
    """Seconds since the training started."""


class TrainingComplete(JobEvent):
    """A training has made a new version."""

    type: Literal["training_complete"] = "training_complete"
    version: int
    """Its number."""
    sample_count: int
    """Samples, training and validation."""
    epochs_trained: int
    """Epochs that ran."""
    early_stopped: bool
    """Whether it stopped because nothing got better."""
    metrics: Metrics
    """Of the new version."""
    previous_version: int | None
    """The version that was active."""
    previous_metrics: Metrics | None
    """Its metrics on the same validation boxes, null where it cannot be run."""
    auto_promoted: bool
    """Whether the new version is the active one now."""
    promotion_reason: str | None
    """Why, or why not."""
    training_time_sec: float
    """Seconds it took."""


class TrainingFailed(JobEvent):
    """A training has ended without a version; nothing was changed."""

    type: Literal["training_failed"] = "training_failed"
    error: str
    """Why."""
    code: ErrorCode
    """Why, for programs."""


TrainingEvent: TypeAlias = TrainingProgress | TrainingComplete | TrainingFailed
TRAINING_EVENT: Final[TypeAdapter[TrainingEvent]] = TypeAdapter(Annotated[TrainingEvent, Field(discriminator="type")])


class JobInfo(WireModel):
    """A training as the server keeps it."""

    job_id: str
    """Its id."""
    signal_name: str
    """The signal."""
    action: JobAction
    """Whether from scratch or extending."""
    kind: HeadKind
    """Of the head."""
    epochs: int
    """At most so many."""
    notes: str | None
    """For the version."""
    request_id: str | None
    """What makes it idempotent."""
    state: JobState
    """Where it stands."""
    attempts: int
    """How often it was started: more than once if the server or its worker died."""
    created_at: str
    """When it was asked for, UTC, ISO 8601."""
    started_at: str | None
    """When it last started."""
    finished_at: str | None
    """When it ended."""
    last_seq: int
    """``seq`` of its newest message, 0 before the first."""
    version: int | None
    """The version that it made."""
    error: str | None
    """Why it failed."""
    code: ErrorCode | None
    """Why it failed, for programs."""


class Jobs(BaseMessage):
    """Trainings, newest first."""

    type: Literal["jobs"] = "jobs"
    jobs: list[JobInfo]
    """The page."""
    next_cursor: str | None = None
    """Ask with it for the next page; null on the last."""


class JobSnapshot(BaseMessage):
    """A training and everything that it has told so far."""

    type: Literal["job"] = "job"
    job: JobInfo
    """The training."""
    events: list[Annotated[TrainingEvent, Field(discriminator="type")]]
    """Its messages so far, by ``seq``; those of a training long finished are forgotten."""


# --- versions ---


class VersionPromoted(BaseMessage):
    """A version has become the active one."""

    type: Literal["version_promoted"] = "version_promoted"
    signal_name: str
    """The signal."""
    version: int
    """Its active version."""


class VersionRollback(BaseMessage):
    """A former version is active again."""

    type: Literal["version_rollback"] = "version_rollback"
    signal_name: str
    """The signal."""
    active_version: int
    """Its active version."""


class VersionInfo(WireModel):
    """One version of a head."""

    version: int
    """Its number."""
    f1_score: float
    """On its validation split."""
    precision: float
    """On its validation split."""
    recall: float
    """On its validation split."""
    sample_count: int
    """Samples it was trained and validated on."""
    created_at: str
    """UTC, ISO 8601."""
    notes: str | None
    """As given with the training."""
    is_active: bool
    """Whether it is the active one."""
    kind: str
    """``embedding`` or ``rcnn``."""
    split_version: int | None
    """Which split of the samples it used."""
    epochs_trained: int
    """Epochs that ran."""
    early_stopped: bool
    """Whether it stopped because nothing got better."""
    training_time_sec: float
    """Seconds it took."""


class VersionHistory(BaseMessage):
    """The versions of a signal's head, oldest first."""

    type: Literal["version_history"] = "version_history"
    signal_name: str
    """The signal."""
    active_version: int | None
    """The active one."""
    versions: list[VersionInfo]
    """All that are kept."""


class RegistryEntry(WireModel):
    """A signal in the registry. The metrics are those of the active version."""

    active_version: int | None
    """The active version, null before the first promotion."""
    active_head_version: int | None
    """The same number."""
    f1_score: float | None
    """On its validation split."""
    precision: float | None
    """On its validation split."""
    recall: float | None
    """On its validation split."""
    sample_count: int
    """Samples that the version was made of."""
    last_trained: str | None
    """When the newest version was made, UTC, ISO 8601."""
    is_loaded: bool
    """Whether a head of this signal is loaded, of whatever version."""


class Registry(BaseMessage):
    """Every signal that has versions."""

    type: Literal["registry"] = "registry"
    backbone_version: int
    """Version of the shared backbone's design."""
    signals: dict[str, RegistryEntry]
    """By name."""


class LoadedHeads(BaseMessage):
    """Which heads are loaded."""

    type: Literal["loaded_heads"] = "loaded_heads"
    heads: list[str]
    """Names of the signals, sorted."""
    versions: dict[str, int]
    """The version that is loaded of each."""


# --- samples ---


class SampleBox(PhysicalBox):
    """A box of a sample, in seconds and Hz and in pixels."""

    x_min: float
    """Left edge, in columns."""
    y_min: float
    """Upper edge, in rows."""
    x_max: float
    """Right edge, in columns."""
    y_max: float
    """Lower edge, in rows."""


class LabelledBox(SampleBox):
    """A verified emission of something else."""

    label: str
    """What it is."""


class SampleInfo(WireModel):
    """One labelled window."""

    sample_id: str
    """Its id."""
    rows: int
    """Height of its spectrogram."""
    cols: int
    """Width of its spectrogram."""
    boxes: list[SampleBox]
    """Where the signal is."""
    negatives: list[LabelledBox]
    """Verified emissions of something else."""
    sample_rate_hz: float | None
    """Null where nobody knows: its boxes are then in samples and cycles per sample."""
    center_freq_hz: float | None
    """Of the window."""
    recording: str | None
    """Groups windows of one origin."""
    start_sample: int | None
    """The window's first sample in its recording."""
    has_iq: bool
    """Whether its IQ is kept."""
    metadata: dict[str, JsonValue]
    """As it came."""
    created_at: str
    """UTC, ISO 8601."""
    spectrogram_b64: str | None = Field(default=None, exclude_if=absent)
    """Base64 of a NumPy ``.npy``, uint8, shape (rows, cols); absent unless asked for."""


class TrainingSampleAdded(BaseMessage):
    """A sample is stored."""

    type: Literal["training_sample_added"] = "training_sample_added"
    signal_name: str
    """The signal."""
    sample_id: str
    """Its id."""
    is_new: bool
    """False if this image was a sample of this signal already."""
    total_samples: int
    """Samples of this signal."""


class TrainingSampleUpdated(BaseMessage):
    """A sample is changed."""

    type: Literal["training_sample_updated"] = "training_sample_updated"
    signal_name: str
    """The signal."""
    sample_id: str
    """Its id."""
    total_samples: int
    """Samples of this signal."""


class TrainingSampleDeleted(BaseMessage):
    """A sample is forgotten."""

    type: Literal["training_sample_deleted"] = "training_sample_deleted"
    signal_name: str
    """The signal."""
    sample_id: str
    """Its id."""
    total_samples: int
    """Samples of this signal."""


class TrainingSamples(BaseMessage):
    """Samples of a signal, in the order of their creation."""

    type: Literal["training_samples"] = "training_samples"
    signal_name: str
    """The signal."""
    total_samples: int
    """Of the signal, not of the page."""
    samples: list[SampleInfo]
    """The page. It may be shorter than asked for, so that the answer is not too large."""
    next_cursor: str | None = None
    """Ask with it for the next page; null on the last."""


class SampleCounts(BaseMessage):
    """How many samples each signal has. Pushed when it changes."""

    type: Literal["samples"] = "samples"
    signals: dict[str, int]
    """By name."""


class SigmfImported(BaseMessage):
    """Samples were made of a recording."""

    type: Literal["sigmf_imported"] = "sigmf_imported"
    new_samples: dict[str, int]
    """How many are new, by signal."""
    total_samples: dict[str, int]
    """Of these signals, as they are now."""
    boxes: int
    """Boxes of the new samples."""


class SigmfRecording(WireModel):
    """A sample as an annotated recording."""

    sample_id: str
    """The sample."""
    meta: dict[str, JsonValue]
    """What its ``.sigmf-meta`` holds."""
    data_b64: str
    """Base64 of its ``.sigmf-data``."""


class SigmfExported(BaseMessage):
    """Samples of a signal as recordings."""

    type: Literal["sigmf_exported"] = "sigmf_exported"
    signal_name: str
    """The signal."""
    recordings: list[SigmfRecording]
    """The page. It may be shorter than asked for, so that the answer is not too large."""
    skipped: int
    """Samples of this page without IQ or without a sample rate: they cannot be recordings."""
    next_cursor: str | None = None
    """Ask with it for the next page; null on the last."""


# --- detection ---


class DetectedBox(SampleBox):
    """One emission that a head found."""

    signal_name: str
    """What it is."""
    score: float
    """0 to 1, calibrated."""
    track_id: int | None
    """Its track in a live stream, else null."""


class Detections(BaseMessage):
    """What the loaded heads found in one window, strongest first."""

    type: Literal["detections"] = "detections"
    stream_id: str | None
    """The live stream, null for a window that was sent."""
    start_sample: int
    """First sample of the window in its stream, 0 for a window that was sent without."""
    heads: dict[str, int]
    """The version of each head that looked."""
    detections: list[DetectedBox]
    """What they found."""
    dropped: int = 0
    """In a push: how many before it were dropped because this client did not take them."""


class Sources(BaseMessage):
    """Live sources that there are."""

    type: Literal["sources"] = "sources"
    sources: list[dict[str, JsonValue]]
    """The sources."""


class Streams(BaseMessage):
    """Live sources that are watched."""

    type: Literal["streams"] = "streams"
    streams: list[dict[str, JsonValue]]
    """The streams."""


# --- the server ---


class StatedLimits(Limits):
    """The limits, and what a name may look like."""

    max_name_length: int = MAX_NAME_LENGTH
    """Characters of a signal's name."""
    name_pattern: str = NAME_PATTERN
    """A signal's name as a regular expression; it never holds ``..``."""


class BackboneInfo(WireModel):
    """The shared backbone."""

    version: int
    """Version of its design."""
    id: str
    """Which weights it has: heads of others are refused."""


class ServerHello(BaseMessage):
    """What the server is and can."""

    type: Literal["hello"] = "hello"
    server_version: str
    """Version of rfhydra."""
    api_version: int
    """Version of this interface."""
    min_api_version: int
    """The oldest version of it that the server still speaks."""
    features: list[str]
    """What it offers beside the fixed contract."""
    limits: StatedLimits
    """What it accepts."""
    spectrogram: dict[str, JsonValue]
    """The locked spectrogram contract of the workspace, and its ``spec_id``."""
    backbone: BackboneInfo
    """The backbone."""


class Result(BaseMessage):
    """A command was accepted that has no other answer."""

    type: Literal["result"] = "result"
    success: Literal[True] = True
    """Always true: a failure is an ``error``."""
    job_id: str | None = Field(default=None, exclude_if=absent)
    """The training that it is about."""


class Error(BaseMessage):
    """A command was refused or failed. Nothing was changed."""

    type: Literal["error"] = "error"
    command: str | None = Field(default=None, exclude_if=absent)
    """Which command."""
    code: ErrorCode
    """Why, for programs."""
    message: str
    """Why, with the field and the limit, and what to do next."""
    details: dict[str, JsonValue] | None = Field(default=None, exclude_if=absent)
    """More about it."""


class ServerMetrics(BaseMessage):
    """How the server is doing. Pushed every second."""

    type: Literal["metrics"] = "metrics"
    ts: str
    """When, UTC, ISO 8601."""
    uptime_sec: float
    """Seconds since it started."""
    clients: int
    """Connections."""
    loaded_heads: int
    """Heads that are loaded."""
    jobs_queued: int
    """Trainings that wait."""
    jobs_running: int
    """Trainings that run, 0 or 1."""
    detections_queued: int
    """Detections that wait or run."""
    store_queued: int
    """Reads and changes of the workspace that wait or run."""
    messages_dropped: int
    """Pushes that slow clients did not get, since the start."""


class ServerShutdown(BaseMessage):
    """The server is stopping. It closes the connection soon (1001)."""

    type: Literal["server_shutdown"] = "server_shutdown"
    reason: str
    """Why."""
    grace_sec: float
    """How long a running training may go on. One that takes longer runs again at the next start."""


Snapshot: TypeAlias = Annotated[
    Jobs | JobSnapshot | Registry | SampleCounts | Detections | ServerMetrics, Field(discriminator="type")
]


class Subscriptions(BaseMessage):
    """What this connection is subscribed to now."""

    type: Literal["subscriptions"] = "subscriptions"
    topics: list[Topic]
    """All topics."""
    snapshots: list[Snapshot]
    """What the topics just subscribed to hold now, in the form in which it is pushed; ``jobs`` are followed by a
    ``job``, with its messages so far, for each one that has not ended."""


Message: TypeAlias = (
    TrainingProgress
    | TrainingComplete
    | TrainingFailed
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
    | TrainingSamples
    | SampleCounts
    | SigmfImported
    | SigmfExported
    | Detections
    | Sources
    | Streams
    | ServerHello
    | Result
    | Error
    | ServerMetrics
    | ServerShutdown
    | Subscriptions
)
"""Every message, told apart by ``type``."""

MESSAGES: Final[dict[str, type[Message]]] = {each.model_fields["type"].default: each for each in get_args(Message)}
"""By type."""

MESSAGE_ADAPTER: Final[TypeAdapter[Message]] = TypeAdapter(Annotated[Message, Field(discriminator="type")])


def read_message(text: str | bytes) -> Message | None:
    """The message in a text, None if its type is not known: a newer server may say more.

    Raises:
        InvalidJson: it is no JSON object.
        InvalidMessage: a field is missing or of the wrong type.
    """
    fields: dict[str, Any] = read_json(text)
    model = MESSAGES.get(fields["type"]) if isinstance(fields.get("type"), str) else None
    if model is None:
        return None
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise InvalidMessage(f"{fields['type']}: {describe(error)}") from None
