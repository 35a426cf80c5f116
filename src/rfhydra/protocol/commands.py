"""Commands of clients: one class each, identified by ``command``.

Fields that are not in the fixed contract have defaults.
"""

from typing import Annotated, Any, ClassVar, Final, Literal, Self, TypeAlias, TypeVar, get_args

from pydantic import Field, FiniteFloat, JsonValue, model_validator

from rfhydra.errors import InvalidMessage, UnknownCommand
from rfhydra.protocol import messages as told
from rfhydra.protocol.archives import CommandOnArchives
from rfhydra.protocol.audit import GetAudit
from rfhydra.protocol.base import BaseCommand, BaseMessage
from rfhydra.protocol.cards import CommandOnCards
from rfhydra.protocol.fields import (
    Cursor,
    DrawnBoxes,
    Hertz,
    NegativeBoxes,
    Positive,
    SignalName,
    SignalNames,
    Token,
    WireModel,
)
from rfhydra.protocol.live import GetStreams, ListSources, SetWaterfall, StartStream, StopStream, TuneStream
from rfhydra.protocol.missions import CommandOnMissions, LoadedHeads
from rfhydra.protocol.parsing import MAX_QUOTED_LENGTH, parse
from rfhydra.protocol.recording_contents import RecordingContentsCommand
from rfhydra.protocol.recording_suggestions import RecordingSuggestionCommand
from rfhydra.protocol.recordings import RecordingCommand
from rfhydra.protocol.results import CommandOnResults
from rfhydra.protocol.signals import (
    DeleteSignal,
    EmptyTrash,
    GetSignals,
    GetTrainingSample,
    GetTrash,
    RelabelSample,
    RenameSignal,
    RestoreSignal,
)
from rfhydra.protocol.trainings import Jobs, JobSnapshot
from rfhydra.protocol.types import IqDatatype, Topic, TrainingFields, TrainingRequest
from rfhydra.protocol.unknowns import GetUnknown, LabelUnknown
from rfhydra.protocol.upgrades import CancelUpgrade, GetUpgrade, StartUpgrade, UndoUpgrade
from rfhydra.protocol.versions import Registry, VersionHistory, VersionPromoted, VersionRollback

A = TypeVar("A", bound=BaseMessage)
MAX_TOPICS: Final = 64
Topics: TypeAlias = Annotated[list[Topic], Field(max_length=MAX_TOPICS, fail_fast=True)]


class _SignalCommand(BaseCommand[A]):
    signal_name: SignalName
    """The signal."""


class _Paged(WireModel):
    limit: Positive | None = None
    """Maximum number of items, at most ``limits.max_page``; absent: as many as fit an answer."""
    cursor: Cursor | None = None
    """``next_cursor`` of the previous page."""


class _Training(TrainingFields, BaseCommand[told.Result]):
    answered_always = False
    extend: ClassVar[bool]
    """Whether it extends the active version."""

    request_id: Token | None = None
    """Makes the command idempotent: the same request with the same id is the same job, another one is a `conflict`."""

    @property
    def request(self) -> TrainingRequest:
        """The training that is asked for."""
        return TrainingRequest.model_validate({**vars(self), "extend": self.extend})


class TrainSignal(_Training):
    """Train a head from scratch on all samples of a signal.

    Followed by ``training_progress`` for every epoch and by exactly one of ``training_complete`` and
    ``training_failed``.
    """

    extend = False
    command: Literal["train_signal"] = "train_signal"


class ExtendSignal(_Training):
    """Train a better version with the samples added since; the validation split stays.

    Followed by the same messages as ``train_signal``.
    """

    extend = True
    command: Literal["extend_signal"] = "extend_signal"


class CancelTraining(BaseCommand[told.Result]):
    """Stop the running training within one epoch, or a queued one at once.

    It ends with ``training_failed``, code ``cancelled``; the active version is untouched.
    """

    answered_always = False

    command: Literal["cancel_training"] = "cancel_training"
    job_id: Token | None = None
    """The job; default the running one."""


class PromoteVersion(_SignalCommand[VersionPromoted]):
    """Make a version of a signal's head the active one; a provisional one replaces no validated one (``conflict``)."""

    command: Literal["promote_version"] = "promote_version"
    version: Positive
    """Its version."""


class RollbackSignal(_SignalCommand[VersionRollback]):
    """Return to the version that was active before the current one, in the order of promotion, not of numbers."""

    command: Literal["rollback_signal"] = "rollback_signal"


class GetVersionHistory(_SignalCommand[VersionHistory]):
    """Ask for the versions of a signal's head."""

    command: Literal["get_version_history"] = "get_version_history"


class GetRegistry(BaseCommand[Registry]):
    """Ask for all signals with their active versions."""

    command: Literal["get_registry"] = "get_registry"


class LoadHeads(BaseCommand[LoadedHeads]):
    """Load the active heads of signals in addition to the loaded ones; all or, on an error, none.

    A loaded head keeps its version until it is loaded again, whatever is promoted. A restarted server loads the same
    versions.
    """

    command: Literal["load_heads"] = "load_heads"
    signal_names: SignalNames
    """The signals. One that is loaded already is replaced by its active version."""


class UnloadHeads(BaseCommand[LoadedHeads]):
    """Unload heads. Names that are not loaded are no error."""

    command: Literal["unload_heads"] = "unload_heads"
    signal_names: SignalNames | None = None
    """The signals; absent: all."""


class GetLoadedHeads(BaseCommand[LoadedHeads]):
    """Ask for the loaded heads."""

    command: Literal["get_loaded_heads"] = "get_loaded_heads"


class AddTrainingSample(_SignalCommand[told.TrainingSampleAdded]):
    """Add a labelled spectrogram.

    The same image for the same signal is one sample: new boxes replace the old ones.
    """

    command: Literal["add_training_sample"] = "add_training_sample"
    spectrogram_b64: str
    """Base64 of a PNG (8-bit grey) or a NumPy ``.npy`` (uint8, or float32 in 0..1), shape (frequency rows, time
    columns), row 0 the highest frequency, computed with the workspace's contract."""
    boxes: DrawnBoxes
    """Boxes of the signal; at least one, unless a negative is labelled ``!`` and the signal."""
    metadata: dict[str, JsonValue] = Field(default_factory=dict)
    """Stored unchanged. ``sample_rate_hz``, ``center_freq_hz``, ``recording``, ``start_sample`` and
    ``spectrogram_params`` are checked and used."""
    negatives: NegativeBoxes = Field(default_factory=list)
    """Verified emissions of other signals in the same window."""


class GetTrainingSamples(_Paged, _SignalCommand[told.TrainingSamples]):
    """Ask for a page of the samples of a signal, oldest first."""

    command: Literal["get_training_samples"] = "get_training_samples"
    include_spectrogram: bool = False
    """Whether to include the images."""


class DeleteTrainingSample(BaseCommand[told.TrainingSampleDeleted]):
    """Delete a sample."""

    command: Literal["delete_training_sample"] = "delete_training_sample"
    sample_id: Token
    """The sample; the first 4 digits of its id, or more, where no other id begins so."""


class UpdateTrainingSample(BaseCommand[told.TrainingSampleUpdated]):
    """Change the boxes, negatives or metadata of a sample. Absent fields stay unchanged."""

    command: Literal["update_training_sample"] = "update_training_sample"
    sample_id: Token
    """The sample."""
    boxes: DrawnBoxes | None = None
    """Boxes of the signal; at least one, unless a negative is labelled ``!`` and the signal."""
    negatives: NegativeBoxes | None = None
    """Verified emissions of other signals."""
    metadata: dict[str, JsonValue] | None = None
    """Replaces the metadata."""


class ImportSigmf(BaseCommand[told.SigmfImported]):
    """Import samples from an annotated SigMF recording: windows around its labelled annotations."""

    command: Literal["import_sigmf"] = "import_sigmf"
    meta: dict[str, JsonValue]
    """Contents of its ``.sigmf-meta``."""
    data_b64: str
    """Base64 of its ``.sigmf-data``."""
    signal_name: SignalName | None = None
    """Only annotations with this label; default every label, each as a signal."""
    max_samples: Positive | None = None
    """Maximum number of samples per signal."""


class ExportSigmf(_Paged, _SignalCommand[told.SigmfExported]):
    """Ask for a page of the samples of a signal as annotated SigMF recordings. Samples without IQ are skipped."""

    command: Literal["export_sigmf"] = "export_sigmf"


class Hello(BaseCommand[told.ServerHello]):
    """Ask for the features, limits, spectrogram contract and backbone of the server. Optional."""

    command: Literal["hello"] = "hello"
    binary: bool | None = None
    """Whether this connection uses binary frames; absent: unchanged, initially false."""


class Auth(BaseCommand[told.Result]):
    """Send the token. Needed only if the server has one and the connection was opened without."""

    command: Literal["auth"] = "auth"
    token: str
    """The token."""


class Subscribe(BaseCommand[told.Subscriptions]):
    """Subscribe to topics. Answered with their present state, as the messages that they push."""

    command: Literal["subscribe"] = "subscribe"
    topics: Topics
    """The topics. ``waterfall`` needs a connection that uses binary frames."""


class Unsubscribe(BaseCommand[told.Subscriptions]):
    """Unsubscribe from topics."""

    command: Literal["unsubscribe"] = "unsubscribe"
    topics: Topics | None = None
    """The topics; absent: all."""


class ListJobs(_Paged, BaseCommand[Jobs]):
    """Ask for a page of the trainings, newest first."""

    command: Literal["list_jobs"] = "list_jobs"


class GetJob(BaseCommand[JobSnapshot]):
    """Ask for a training with its messages so far."""

    command: Literal["get_job"] = "get_job"
    job_id: Token
    """The job."""


class Detect(BaseCommand[told.Detections]):
    """Detect signals in one window with the loaded heads."""

    answered_in_order = False

    command: Literal["detect"] = "detect"
    spectrogram_b64: str | None = None
    """The window as a spectrogram, as in ``add_training_sample``."""
    iq_b64: str | None = None
    """The window as base64 of interleaved I and Q, from one column of the contract to a full window."""
    iq_datatype: IqDatatype = "cf32_le"
    """SigMF datatype of ``iq_b64``."""
    sample_rate_hz: Hertz | None = None
    """Needed with ``iq_b64``. A spectrogram without one has boxes in samples and cycles per sample."""
    center_freq_hz: FiniteFloat | None = None
    """Needed with ``iq_b64``."""
    signal_names: SignalNames | None = None
    """Subset of the loaded heads."""
    threshold: Annotated[FiniteFloat, Field(ge=0, le=1)] | None = None
    """Score threshold; default that of each head."""

    @model_validator(mode="after")
    def _one_window(self) -> Self:
        if (self.spectrogram_b64 is None) == (self.iq_b64 is None):
            raise ValueError("give either spectrogram_b64 or iq_b64")
        if self.iq_b64 is not None and (self.sample_rate_hz is None or self.center_freq_hz is None):
            raise ValueError("iq_b64 needs sample_rate_hz and center_freq_hz")
        if self.center_freq_hz is not None and self.sample_rate_hz is None:
            raise ValueError("center_freq_hz needs sample_rate_hz")
        return self


Command: TypeAlias = (
    TrainSignal
    | ExtendSignal
    | CancelTraining
    | PromoteVersion
    | RollbackSignal
    | GetVersionHistory
    | GetRegistry
    | LoadHeads
    | UnloadHeads
    | GetLoadedHeads
    | AddTrainingSample
    | GetTrainingSamples
    | GetTrainingSample
    | DeleteTrainingSample
    | UpdateTrainingSample
    | ImportSigmf
    | ExportSigmf
    | Hello
    | Auth
    | Subscribe
    | Unsubscribe
    | ListJobs
    | GetJob
    | Detect
    | ListSources
    | StartStream
    | StopStream
    | TuneStream
    | GetStreams
    | SetWaterfall
    | StartUpgrade
    | CancelUpgrade
    | GetUpgrade
    | UndoUpgrade
    | GetSignals
    | RenameSignal
    | DeleteSignal
    | RestoreSignal
    | GetTrash
    | EmptyTrash
    | RelabelSample
    | GetUnknown
    | LabelUnknown
    | CommandOnResults
    | CommandOnCards
    | GetAudit
    | CommandOnMissions
    | RecordingCommand
    | RecordingContentsCommand
    | RecordingSuggestionCommand
    | CommandOnArchives
)
"""Every command."""

TRAINING_COMMANDS: Final = {each.extend: each for each in (TrainSignal, ExtendSignal)}
"""The command for a training request, by its ``extend``."""

COMMANDS: Final[dict[str, type[Command]]] = {each.name(): each for each in get_args(Command)}
"""By name."""


def read_command(fields: dict[str, Any]) -> Command:
    """A JSON object as a command.

    Raises:
        UnknownCommand: no such command.
        InvalidMessage: a field is missing, of the wrong type or out of range; the message names it.
        InvalidName: a signal name outside the allowed alphabet.
    """
    name = fields.get("command")
    if not isinstance(name, str):
        raise InvalidMessage("command is missing, or is not text")
    if name not in COMMANDS:
        raise UnknownCommand(f"command {name[:MAX_QUOTED_LENGTH]!r} is unknown: see /docs/protocol")
    command: Command = parse(COMMANDS[name], fields)
    return command
