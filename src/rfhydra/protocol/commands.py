"""What a client may ask: one class per command, told apart by ``command``.

Whatever a client of the fixed contract does not send has a default.
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, Literal, Self, TypeAlias, get_args

from pydantic import Field, FiniteFloat, JsonValue, TypeAdapter, ValidationError, model_validator
from pydantic_core import from_json

from rfhydra.config import DEFAULT_EPOCHS
from rfhydra.errors import InvalidJson, InvalidMessage, UnknownCommand
from rfhydra.protocol.fields import (
    CorrelationId,
    Cursor,
    DrawnBox,
    HeadKind,
    Hertz,
    IqDatatype,
    NegativeBox,
    Positive,
    SignalName,
    Token,
    Topic,
    WireModel,
    absent,
)


class BaseCommand(WireModel):
    """Base of all commands."""

    answers: ClassVar[tuple[str, ...]] = ()
    """The types of the messages that answer it, ``error`` aside."""
    answered_always: ClassVar[bool] = True
    """Else only if it carries an ``id``: the fixed contract knows no direct answer to it."""

    id: CorrelationId | None = Field(default=None, exclude_if=absent)
    """Every direct answer carries the same."""

    def encode(self) -> str:
        """As the text of a message; what has nothing to say is left out."""
        return self.model_dump_json(exclude_none=True)


class _Training(BaseCommand):
    answers = ("result",)
    answered_always = False

    signal_name: SignalName
    """The signal."""
    notes: str | None = None
    """Kept with the version."""
    request_id: Token | None = None
    """Makes it idempotent: a second request with the same is the same job."""
    kind: HeadKind = "embedding"
    """``rcnn`` is slower, for signals that the shared proposals miss."""
    epochs: Positive = DEFAULT_EPOCHS
    """At most so many."""


class TrainSignal(_Training):
    """Train a head from scratch on all samples of a signal.

    Followed by ``training_progress`` for every epoch and by exactly one of ``training_complete`` and
    ``training_failed``.
    """

    command: Literal["train_signal"] = "train_signal"


class ExtendSignal(_Training):
    """Train a better version with the samples added since; validation stays as it was.

    Followed by the same messages as ``train_signal``.
    """

    command: Literal["extend_signal"] = "extend_signal"


class CancelTraining(BaseCommand):
    """Stop the running training within one epoch, or one that waits.

    It ends with ``training_failed``, code ``cancelled``; the active version is untouched.
    """

    answers = ("result",)
    answered_always = False

    command: Literal["cancel_training"] = "cancel_training"
    job_id: Token | None = None
    """Which job; default the one that runs."""


class PromoteVersion(BaseCommand):
    """Make a version of a signal's head the active one."""

    answers = ("version_promoted",)

    command: Literal["promote_version"] = "promote_version"
    signal_name: SignalName
    """The signal."""
    version: Positive
    """Its version."""


class RollbackSignal(BaseCommand):
    """Return to the version that was active before the current one, as the promotions went, not as numbers go."""

    answers = ("version_rollback",)

    command: Literal["rollback_signal"] = "rollback_signal"
    signal_name: SignalName
    """The signal."""


class GetVersionHistory(BaseCommand):
    """Ask for the versions of a signal's head."""

    answers = ("version_history",)

    command: Literal["get_version_history"] = "get_version_history"
    signal_name: SignalName
    """The signal."""


class GetRegistry(BaseCommand):
    """Ask for every signal with its active version."""

    answers = ("registry",)

    command: Literal["get_registry"] = "get_registry"


class LoadHeads(BaseCommand):
    """Add the active heads of signals to the loaded set: all of them or, on an error, none.

    What is loaded stays at its version until it is loaded again: a promotion does not change a mission under way. A
    server that is started again, whatever ended it, loads the same versions again.
    """

    answers = ("loaded_heads",)

    command: Literal["load_heads"] = "load_heads"
    signal_names: list[SignalName]
    """The signals. One that is loaded already is brought to its active version."""


class UnloadHeads(BaseCommand):
    """Take heads out of the loaded set. Names that are not loaded are no error."""

    answers = ("loaded_heads",)

    command: Literal["unload_heads"] = "unload_heads"
    signal_names: list[SignalName] | None = None
    """The signals; absent: all."""


class GetLoadedHeads(BaseCommand):
    """Ask which heads are loaded."""

    answers = ("loaded_heads",)

    command: Literal["get_loaded_heads"] = "get_loaded_heads"


class AddTrainingSample(BaseCommand):
    """Add a labelled spectrogram.

    The same image for the same signal is one sample: the latest boxes replace the former.
    """

    answers = ("training_sample_added",)

    command: Literal["add_training_sample"] = "add_training_sample"
    signal_name: SignalName
    """The signal that the boxes hold."""
    spectrogram_b64: str
    """Base64 of a PNG (8-bit grey) or a NumPy ``.npy`` (uint8, or float32 in 0..1), shape (frequency rows, time
    columns), row 0 the highest frequency, computed with the workspace's contract."""
    boxes: list[DrawnBox]
    """Where the signal is; at least one."""
    metadata: dict[str, JsonValue] = Field(default_factory=dict)
    """Kept as it came. ``sample_rate_hz``, ``center_freq_hz``, ``recording``, ``start_sample`` and
    ``spectrogram_params`` have a meaning, and are checked."""
    negatives: list[NegativeBox] = Field(default_factory=list)
    """Verified emissions of something else in the same window."""


class GetTrainingSamples(BaseCommand):
    """Ask for the samples of a signal, in the order of their creation, in pages."""

    answers = ("training_samples",)

    command: Literal["get_training_samples"] = "get_training_samples"
    signal_name: SignalName
    """The signal."""
    limit: Positive | None = None
    """At most so many, and at most ``limits.max_page``; absent: as many as fit an answer."""
    cursor: Cursor | None = None
    """``next_cursor`` of the page before."""
    include_spectrogram: bool = False
    """Send the images too."""


class DeleteTrainingSample(BaseCommand):
    """Forget a sample."""

    answers = ("training_sample_deleted",)

    command: Literal["delete_training_sample"] = "delete_training_sample"
    sample_id: Token
    """The sample."""


class UpdateTrainingSample(BaseCommand):
    """Change the boxes, negatives or metadata of a sample. What is absent stays as it is."""

    answers = ("training_sample_updated",)

    command: Literal["update_training_sample"] = "update_training_sample"
    sample_id: Token
    """The sample."""
    boxes: list[DrawnBox] | None = None
    """Where the signal is; at least one."""
    negatives: list[NegativeBox] | None = None
    """Verified emissions of something else."""
    metadata: dict[str, JsonValue] | None = None
    """Replaces all of it."""


class ImportSigmf(BaseCommand):
    """Make samples of an annotated SigMF recording: windows around its labelled annotations."""

    answers = ("sigmf_imported",)

    command: Literal["import_sigmf"] = "import_sigmf"
    meta: dict[str, JsonValue]
    """What its ``.sigmf-meta`` holds."""
    data_b64: str
    """Base64 of its ``.sigmf-data``."""
    signal_name: SignalName | None = None
    """Only annotations with this label; default every label, each a signal of its own."""
    max_samples: Positive | None = None
    """At most so many per signal."""


class ExportSigmf(BaseCommand):
    """Ask for the samples of a signal as annotated SigMF recordings, in pages. Samples without IQ are passed over."""

    answers = ("sigmf_exported",)

    command: Literal["export_sigmf"] = "export_sigmf"
    signal_name: SignalName
    """The signal."""
    limit: Positive | None = None
    """At most so many, and at most ``limits.max_page``; absent: as many as fit an answer."""
    cursor: Cursor | None = None
    """``next_cursor`` of the page before."""


class Hello(BaseCommand):
    """Ask what the server is and can, its limits, its spectrogram contract and its backbone. Never required."""

    answers = ("hello",)

    command: Literal["hello"] = "hello"
    binary: bool | None = None
    """Whether this connection takes and may send binary frames; absent: as it was, at first not."""


class Auth(BaseCommand):
    """Show the token. Needed only where the server has one and the connection was opened without."""

    answers = ("result",)

    command: Literal["auth"] = "auth"
    token: str
    """The token."""


class Subscribe(BaseCommand):
    """Have changes pushed. Answered with what the topics hold now, each in the form in which it will be pushed."""

    answers = ("subscriptions",)

    command: Literal["subscribe"] = "subscribe"
    topics: list[Topic]
    """What about. ``waterfall`` needs a connection that takes binary frames."""


class Unsubscribe(BaseCommand):
    """Have no more changes pushed."""

    answers = ("subscriptions",)

    command: Literal["unsubscribe"] = "unsubscribe"
    topics: list[Topic] | None = None
    """What about; absent: all."""


class ListJobs(BaseCommand):
    """Ask for trainings, newest first, in pages."""

    answers = ("jobs",)

    command: Literal["list_jobs"] = "list_jobs"
    limit: Positive | None = None
    """At most so many; default and most are ``limits.max_page``."""
    cursor: Cursor | None = None
    """``next_cursor`` of the page before."""


class GetJob(BaseCommand):
    """Ask for a training and everything that it has told so far."""

    answers = ("job",)

    command: Literal["get_job"] = "get_job"
    job_id: Token
    """The job."""


class Detect(BaseCommand):
    """Find the emissions of the loaded heads in one window. May be answered after later commands."""

    answers = ("detections",)

    command: Literal["detect"] = "detect"
    spectrogram_b64: str | None = None
    """The window as a spectrogram, as in ``add_training_sample``."""
    iq_b64: str | None = None
    """The window as base64 of interleaved I and Q, from one column of the contract to a full window."""
    iq_datatype: IqDatatype = "cf32_le"
    """How ``iq_b64`` holds its samples, as SigMF calls it."""
    sample_rate_hz: Hertz | None = None
    """Needed with ``iq_b64``. A spectrogram without one has boxes in samples and cycles per sample."""
    center_freq_hz: FiniteFloat | None = None
    """Needed with ``iq_b64``."""
    signal_names: list[SignalName] | None = None
    """Only these of the loaded heads."""
    threshold: Annotated[FiniteFloat, Field(ge=0, le=1)] | None = None
    """The least score; default each head's own."""

    @model_validator(mode="after")
    def _one_window(self) -> Self:
        if (self.spectrogram_b64 is None) == (self.iq_b64 is None):
            raise ValueError("give either spectrogram_b64 or iq_b64")
        if self.iq_b64 is not None and (self.sample_rate_hz is None or self.center_freq_hz is None):
            raise ValueError("iq_b64 needs sample_rate_hz and center_freq_hz")
        if self.center_freq_hz is not None and self.sample_rate_hz is None:
            raise ValueError("center_freq_hz needs sample_rate_hz")
        return self


class ListSources(BaseCommand):
    """Ask which live sources there are."""

    answers = ("sources",)

    command: Literal["list_sources"] = "list_sources"


class StartStream(BaseCommand):
    """Watch a live source."""

    answers = ("streams",)

    command: Literal["start_stream"] = "start_stream"
    source: dict[str, JsonValue]
    """The source."""
    heads: list[SignalName] | None = None
    """Which of the loaded heads; default all."""


class StopStream(BaseCommand):
    """Stop watching a live source."""

    answers = ("streams",)

    command: Literal["stop_stream"] = "stop_stream"
    stream_id: Token
    """The stream."""


class GetStreams(BaseCommand):
    """Ask which live sources are watched."""

    answers = ("streams",)

    command: Literal["get_streams"] = "get_streams"


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
    | GetStreams
)
"""Every command, told apart by ``command``."""

COMMANDS: Final[dict[str, type[Command]]] = {each.model_fields["command"].default: each for each in get_args(Command)}
"""By name."""

COMMAND_ADAPTER: Final[TypeAdapter[Command]] = TypeAdapter(Annotated[Command, Field(discriminator="command")])
_ID: Final[TypeAdapter[CorrelationId | None]] = TypeAdapter(CorrelationId | None)
_SHOWN: Final = 64  # characters of what a client sent that an error may repeat


@dataclass(frozen=True)
class Envelope:
    """What an answer needs to know of a command, even of one that is wrong."""

    id: str | int | None
    command: str | None


def read_json(text: str | bytes) -> dict[str, Any]:
    """The JSON object in a text message.

    Raises:
        InvalidJson: it is none.
    """
    try:
        fields = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise InvalidJson(f"not JSON: {error}") from None
    if not isinstance(fields, dict):
        raise InvalidJson("a message must be one JSON object")
    return fields


def read_envelope(fields: dict[str, Any]) -> Envelope:
    """``id`` and ``command`` where they are legal, else None."""
    try:
        number = _ID.validate_python(fields.get("id"), strict=True)
    except ValidationError:
        number = None
    name = fields.get("command")
    return Envelope(number, name[:_SHOWN] if isinstance(name, str) else None)


def read_command(fields: dict[str, Any]) -> Command:
    """The command that a JSON object is.

    Raises:
        UnknownCommand: there is no such command.
        InvalidMessage: a field is missing, of the wrong type or out of range; the message names it.
        InvalidName: a signal name outside the allowed alphabet.
    """
    name = fields.get("command")
    if not isinstance(name, str):
        raise InvalidMessage("command is missing, or is not text")
    if name not in COMMANDS:
        raise UnknownCommand(f"command {name[:_SHOWN]!r} is unknown: see /docs/protocol")
    try:
        return COMMANDS[name].model_validate(fields)
    except ValidationError as error:
        raise InvalidMessage(describe(error)) from None


def describe(error: ValidationError) -> str:
    """The first thing that is wrong, with its field, and how many more there are. Repeats no value that was sent."""
    first, *others = error.errors(include_url=False, include_context=False, include_input=False)
    field = ".".join(str(part)[:_SHOWN] for part in first["loc"] if part not in ("pixels", "physical"))
    what = first["msg"].removeprefix("Value error, ")
    more = f" (and {len(others)} more)" if others else ""
    return f"{field}: {what}{more}" if field else f"{what}{more}"
