"""Domain types, each defined once: stored, returned by trainings, and sent between server and clients."""

from typing import Annotated, Any, Final, Literal, TypeAlias, TypedDict, get_args

from pydantic import BeforeValidator, ConfigDict, Field, JsonValue

from rfhydra.config import DEFAULT_EPOCHS
from rfhydra.errors import ErrorCode
from rfhydra.protocol.fields import PhysicalBox, Positive, SignalName, WireModel, absent
from rfhydra.protocol.parsing import parse

HeadKind: TypeAlias = Literal["embedding"]
IqDatatype: TypeAlias = Literal["cf32_le", "ci16_le", "ci8", "cu8"]
JobAction: TypeAlias = Literal["train", "extend"]
JobState: TypeAlias = Literal["queued", "running", "completed", "failed", "cancelled"]
TrainingStage: TypeAlias = Literal["starting", "looking", "fitting", "calibrating", "comparing"]
Topic: TypeAlias = Literal[
    "jobs",
    "registry",
    "samples",
    "detections",
    "tracks",
    "streams",
    "waterfall",
    "metrics",
    "upgrades",
    "recordings",
    "cards",
    "heads",
    "missions",
    "scans",
]


def is_run(kind: str) -> bool:
    """Whether heads of ``kind`` are run; versions of other kinds are the history of earlier releases."""
    return kind in get_args(HeadKind)


class _Rates(WireModel):
    f1_score: float | None
    """F1 on the validation split, at IoU 0.5; null for a provisional head, which has no validation split."""
    precision: float | None
    """Share of the detections that are correct; null likewise."""
    recall: float | None
    """Share of the boxes that were found; null likewise."""


class Metrics(_Rates):
    """Metrics of a head on its validation split. More fields may follow; ``metrics[name]`` reads any of them."""

    model_config = ConfigDict(extra="allow")

    def __getitem__(self, name: str) -> Any:
        return dict(self)[name]


# --- trainings ---


class TrainingOptions(TypedDict, total=False):
    """Options of a training, as keyword arguments."""

    epochs: int
    provisional: bool


def _no_former_kind(kind: object) -> object:
    if kind == _FORMER_KIND:
        raise ValueError(
            f"heads of kind {_FORMER_KIND} are no longer trained: leave it out for a head with candidates of its own"
        )
    return kind


_FORMER_KIND: Final = "rcnn"


class TrainingFields(WireModel):
    """Fields that a training request and the commands for it have in common."""

    signal_name: SignalName
    """The signal."""
    notes: str | None = None
    """Notes, stored with the version."""
    kind: Annotated[HeadKind, BeforeValidator(_no_former_kind)] = "embedding"
    """Kind of the head. There is one; ``rcnn`` of earlier releases is refused."""
    epochs: Positive = DEFAULT_EPOCHS
    """Maximum number of epochs."""
    provisional: bool = False
    """Whether fewer than 5 samples may make a provisional head; with 5 or more it makes no difference."""


class TrainingRequest(TrainingFields):
    """Request for one training: from scratch, or to ``extend`` the active version."""

    extend: bool = False
    """Whether to extend the active version."""

    @property
    def action(self) -> JobAction:
        """``extend`` as it is stored and sent."""
        return "extend" if self.extend else "train"


class EpochProgress(_Rates):
    """Result of one epoch. Rates and ``val_loss`` are those on the validation split."""

    epoch: int
    """Number of the epoch, from 1."""
    total_epochs: int
    """Maximum number of epochs."""
    train_loss: float
    """Mean loss on the training split."""
    val_loss: float | None
    """Loss on the validation split; null for a provisional head."""
    is_best: bool
    """Whether it is the best epoch so far."""
    elapsed_sec: float
    """Seconds since the start of the training."""


class TrainingResult(WireModel):
    """Result of a completed training. ``metrics["verdict"]`` has the evidence for or against the promotion."""

    signal_name: str
    """The signal."""
    version: int
    """Number of the new version."""
    sample_count: int
    """Number of samples, training and validation."""
    epochs_trained: int
    """Number of epochs that ran."""
    early_stopped: bool
    """Whether it stopped early because no epoch was better."""
    metrics: Metrics
    """Metrics of the new version."""
    previous_version: int | None
    """The version that was active before."""
    previous_metrics: Metrics | None
    """Metrics of the previous version on the same validation boxes, null where it cannot run or is provisional."""
    auto_promoted: bool
    """Whether the new version was promoted."""
    promotion_reason: str | None
    """Reason for the promotion, or against it."""
    training_time_sec: float
    """Duration of the training in seconds."""


class Job(WireModel):
    """One training in the queue of the server, from its request to its end."""

    job_id: str
    """Its id."""
    signal_name: str
    """The signal."""
    action: JobAction
    """Whether it trains from scratch or extends the active version."""
    kind: str
    """Kind of the head: ``embedding``, or in jobs of earlier releases ``rcnn``."""
    epochs: int
    """Maximum number of epochs."""
    notes: str | None
    """Notes, stored with the version."""
    provisional: bool = False
    """Whether fewer than 5 samples may make a provisional head."""
    request_id: str | None
    """Id of the request; a request that is sent again gives the same job."""
    state: JobState
    """Its state."""
    attempts: int
    """Number of starts; more than one if the server or the training process died."""
    created_at: str
    """Time of the request, UTC, ISO 8601."""
    started_at: str | None
    """Time of the last start."""
    finished_at: str | None
    """Time of the end."""
    last_seq: int
    """``seq`` of its newest message, 0 before the first."""
    version: int | None
    """The version that it made."""
    error: str | None
    """Reason of its failure."""
    code: ErrorCode | None
    """Error code of its failure."""

    @property
    def request(self) -> TrainingRequest:
        """The request that the job carries out.

        Raises:
            InvalidMessage: heads of its kind are no longer trained.
        """
        return parse(TrainingRequest, {**vars(self), "extend": self.action == "extend"})


# --- upgrades ---


class VersionInfo(_Rates):
    """One version of a head."""

    version: int
    """Its number."""
    sample_count: int
    """Number of samples, training and validation."""
    created_at: str
    """UTC, ISO 8601."""
    notes: str | None
    """Notes, as given with the training."""
    is_active: bool
    """Whether it is the active version."""
    kind: str
    """``embedding``, or for a version of an earlier release ``rcnn``, which is no longer run."""
    split_version: int | None
    """Version of the split that it was trained on."""
    epochs_trained: int
    """Number of epochs that ran."""
    early_stopped: bool
    """Whether it stopped early because no epoch was better."""
    training_time_sec: float
    """Duration of the training in seconds."""
    provisional: bool = False
    """Whether it was trained on fewer than 5 samples: nothing validates it."""


class RegistryEntry(WireModel):
    """A signal in the registry. The metrics are those of the active version, null where it is provisional."""

    active_version: int | None
    """The active version, null before the first promotion."""
    active_head_version: int | None
    """The same number."""
    f1_score: float | None
    """F1 on the validation split, at IoU 0.5."""
    precision: float | None
    """Precision on the validation split."""
    recall: float | None
    """Recall on the validation split."""
    sample_count: int
    """Number of samples of the active version, or of the newest one where none is active."""
    last_trained: str | None
    """Time of the newest version, UTC, ISO 8601."""
    is_loaded: bool = False
    """Whether a head of this signal is loaded, of any version."""
    provisional: bool = False
    """Whether the active version is provisional."""


class BackboneInfo(WireModel):
    """The shared backbone."""

    version: int
    """Version of its design."""
    id: str
    """Id of its weights; heads of other backbones are refused."""


# --- samples and detections ---


class SampleBox(PhysicalBox):
    """A box in seconds and Hz and in pixels."""

    x_min: float
    """Left edge, in columns."""
    y_min: float
    """Upper edge, in rows."""
    x_max: float
    """Right edge, in columns."""
    y_max: float
    """Lower edge, in rows."""


class LabelledBox(SampleBox):
    """A verified emission of another signal."""

    label: str
    """Label of the emission; ``!`` and a name says only that it is not that signal."""


class DetectedBox(SampleBox):
    """One detection."""

    signal_name: str
    """The signal."""
    score: float
    """Calibrated score, 0 to 1."""
    track_id: int | None
    """Id of its track in a live stream, else null."""


class SampleInfo(WireModel):
    """One labelled window."""

    sample_id: str
    """Its id."""
    rows: int
    """Height of its spectrogram."""
    cols: int
    """Width of its spectrogram."""
    boxes: list[SampleBox]
    """Boxes of the signal."""
    negatives: list[LabelledBox]
    """Verified emissions of other signals."""
    sample_rate_hz: float | None
    """Null where it is unknown: the boxes are then in samples and cycles per sample."""
    center_freq_hz: float | None
    """Centre frequency of the window."""
    recording: str | None
    """Recording that the window is from."""
    start_sample: int | None
    """First sample of the window in its recording."""
    has_iq: bool
    """Whether its IQ is stored."""
    metadata: dict[str, JsonValue]
    """Metadata, unchanged."""
    created_at: str
    """UTC, ISO 8601."""
    spectrogram_b64: str | None = Field(default=None, exclude_if=absent)
    """Base64 of a NumPy ``.npy``, uint8, shape (rows, cols); absent unless asked for."""


class SigmfRecording(WireModel):
    """A sample as an annotated recording."""

    sample_id: str
    """The sample."""
    meta: dict[str, JsonValue]
    """Contents of its ``.sigmf-meta``."""
    data_b64: str
    """Base64 of its ``.sigmf-data``."""
