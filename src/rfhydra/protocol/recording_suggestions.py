"""What a server suggests for a recording, on the wire: boxes that may be worth a label, and a contract."""

from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import Field, FiniteFloat

from rfhydra.protocol.base import BaseCommand
from rfhydra.protocol.fields import SignalNames, WireModel
from rfhydra.protocol.recording_contents import ContentsCommand, OfRecording, RecordingBox, RecordingBoxes, Seconds

MAX_CANDIDATES: Final = 500
"""Boxes of one answer."""
UNSURE: Final = 0.2
"""A head is unsure of a score so near to its threshold."""

Share: TypeAlias = Annotated[FiniteFloat, Field(ge=0, le=1)]
AdviceSource: TypeAlias = Literal["boxes", "annotations", "proposals"]


class Candidate(RecordingBox):
    """A box that may be worth a label."""

    score: float
    """Calibrated score of the head, 0 to 1; without a signal the objectness that the backbone gives it."""
    signal_name: str | None
    """The signal whose head detects it; null for a proposal that no head claims."""
    version: int | None
    """Version of that head; null likewise."""
    threshold: float | None
    """Threshold of that head; null likewise. A score below it is no detection."""


class Candidates(OfRecording):
    """Boxes that may be worth a label, the most useful first."""

    type: Literal["candidates"] = "candidates"
    candidates: list[Candidate]
    """First what heads are unsure of, scores within 0.2 of their threshold, the nearest first; then proposals that no
    head claims, the likeliest first; then sure detections, the least sure first. Equal ones are in the order of
    time."""
    found: int
    """Number of all that were found, those over ``max_candidates`` included."""


class GetCandidates(ContentsCommand, BaseCommand[Candidates]):
    """Ask for what the loaded heads detect in a part of a recording, and what the backbone proposes beside it.

    The part has at most ``limits.max_candidate_windows`` windows of the contract.
    """

    answered_in_order = False

    command: Literal["get_candidates"] = "get_candidates"
    time_start_sec: Seconds
    """Start of the part."""
    time_end_sec: Seconds
    """End of the part. Boxes whose middle lies in it count."""
    freq_low_hz: FiniteFloat | None = None
    """Only boxes that reach above this frequency."""
    freq_high_hz: FiniteFloat | None = None
    """Only boxes that reach below this frequency."""
    signal_names: SignalNames | None = None
    """Subset of the loaded heads; default all."""
    min_objectness: Share = 0.3
    """Least objectness of a proposal."""
    max_candidates: Annotated[int, Field(ge=1, le=MAX_CANDIDATES)] = 100
    """Most boxes of the answer."""


class SuggestedSignal(WireModel):
    """What a contract makes of the typical emission of a signal."""

    signal_name: str | None
    """The signal; null for boxes without a label."""
    boxes: int
    """Number of boxes."""
    duration_sec: float
    """Median duration."""
    bandwidth_hz: float
    """Median bandwidth."""
    longest_sec: float
    """The 95 % quantile of the durations."""
    cols: float
    """Columns that the typical emission spans."""
    rows: float
    """Rows that it spans."""


class SuggestedContract(WireModel):
    """A contract with what it makes of the signals, and what it costs."""

    contract: dict[str, Any]
    """The contract, as in ``hello``, with its ``spec_id``."""
    signals: list[SuggestedSignal]
    """The signals."""
    sec_per_col: float
    """Seconds of a column."""
    hz_per_row: float
    """Hz of a row."""
    window_sec: float
    """Seconds of a window."""
    pixels_per_sec: float
    """Pixels that a second of signal becomes: what detection costs."""
    remarks: list[str]
    """What the contract cannot do, and what would help."""


class ContractSuggestion(OfRecording):
    """The contract that suits the emissions of a recording, beside the one of the workspace."""

    type: Literal["contract_suggestion"] = "contract_suggestion"
    source: AdviceSource
    """What it was chosen by: the boxes of the command, the labelled boxes of the recording, or what the backbone
    proposes."""
    suggested: SuggestedContract
    """The suggested contract."""
    present: SuggestedContract
    """The contract of the workspace, with what it makes of the same signals."""
    differs: bool
    """Whether the suggested contract is another one than that of the workspace."""
    command_line: str | None
    """What an operator runs, while no server does, so that the workspace has it; null where it has."""


class SuggestContract(ContentsCommand, BaseCommand[ContractSuggestion]):
    """Ask which contract suits the emissions of a recording.

    Chosen by ``boxes``; without them by the labelled boxes of the recording, or by what the backbone proposes in it.
    """

    answered_in_order = False

    command: Literal["suggest_contract"] = "suggest_contract"
    boxes: RecordingBoxes | None = None
    """Boxes of one signal."""


RecordingSuggestionCommand: TypeAlias = GetCandidates | SuggestContract
RecordingSuggestionMessage: TypeAlias = Candidates | ContractSuggestion
"""The answers to the commands of this module."""
