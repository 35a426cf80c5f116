"""Versions of a head in detail, on the wire: results on their validation boxes, notes, and the comparison of two."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, JsonValue

from rfhydra.protocol.base import BaseCommand, BaseMessage
from rfhydra.protocol.fields import Cursor, Positive, SignalName, WireModel
from rfhydra.protocol.types import EpochProgress, SampleBox, VersionInfo

Decision: TypeAlias = Literal["promote", "keep", "cannot tell"]


class Interval(WireModel):
    """A 90 % interval. Recordings, not boxes, are resampled for it; of a single recording its windows."""

    low: float
    """Lower end."""
    high: float
    """Upper end."""


class RateIntervals(WireModel):
    """The 90 % interval of each rate."""

    f1_score: Interval
    """Of F1."""
    precision: Interval
    """Of the precision."""
    recall: Interval
    """Of the recall."""


class CurvePoint(WireModel):
    """The rates at one threshold."""

    threshold: float
    """Minimum score."""
    f1_score: float
    """F1."""
    precision: float | None
    """Precision; null where nothing is detected."""
    recall: float
    """Recall."""
    detected: int
    """Number of detections."""
    found: int
    """Number of boxes that are found."""


class VersionVerdict(WireModel):
    """The decision on a version at the end of its training, against the version that was active then."""

    decision: Decision
    """Whether it was promoted; ``cannot tell`` is not."""
    reason: str | None
    """Reason in words; null where an older rfhydra has not kept it."""
    more_boxes: int | None
    """About how many more boxes would settle it, where the evidence does not."""
    evidence: dict[str, JsonValue] | None
    """Numbers of the comparison on the same boxes, null where there was none."""


class MissedBox(WireModel):
    """A validation box that is not found."""

    sample_id: str
    """Its sample."""
    box: SampleBox
    """The box."""
    score: float | None
    """Score of the strongest detection below the threshold that would find it; null where there is none."""


class FalseDetection(WireModel):
    """A detection that is on no validation box."""

    sample_id: str
    """Its sample."""
    box: SampleBox
    """The box."""
    score: float
    """Its score."""


class ValidationResult(WireModel):
    """What a version makes of its validation samples, as they were labelled when it was evaluated."""

    evaluated_at: str
    """UTC, ISO 8601."""
    samples: int
    """Number of validation samples."""
    boxes: int
    """Number of their boxes."""
    intervals: RateIntervals
    """Of the rates at the threshold of the version."""
    curve: list[CurvePoint]
    """By rising threshold."""
    missed_count: int
    """Number of boxes that are missed."""
    missed: list[MissedBox]
    """The first of them, those with the highest score first. Deleted samples are left out."""
    false_count: int
    """Number of false detections."""
    false_detections: list[FalseDetection]
    """The first of them, likewise."""


class VersionDetail(BaseMessage):
    """One version of a signal's head, with the results on its validation boxes."""

    type: Literal["version"] = "version"
    signal_name: str
    """The signal."""
    info: VersionInfo
    """What the history of the signal says of it."""
    backbone_id: str
    """Backbone that it runs on."""
    threshold: float | None
    """Score threshold of the head; null where an older rfhydra has not stored it."""
    verdict: VersionVerdict | None
    """The decision on it; null of a version that an upgrade has made."""
    epochs: list[EpochProgress] | None
    """The epochs of its training; at most 500 of them, evenly chosen. Null where its job is not kept."""
    validation: ValidationResult | None
    """Its results; null where there are none."""
    validation_missing: str | None
    """Why there are none."""
    has_card: bool
    """Whether a detectability card is stored with it."""


class VersionNotes(BaseMessage):
    """A version has other notes."""

    type: Literal["version_notes"] = "version_notes"
    signal_name: str
    """The signal."""
    version: int
    """The version."""
    notes: str
    """Its notes."""


class ComparedVersion(WireModel):
    """One of two versions, on the boxes that they are compared on, at its threshold."""

    version: int
    """Its number."""
    threshold: float
    """Score threshold of the head."""
    f1_score: float
    """F1."""
    precision: float | None
    """Precision; null where nothing is detected."""
    recall: float
    """Recall."""
    false_count: int
    """Number of false detections."""
    intervals: RateIntervals
    """Of the rates."""
    curve: list[CurvePoint]
    """By rising threshold."""


class ComparedBox(WireModel):
    """One validation box, and which of two versions find it."""

    sample_id: str
    """Its sample."""
    box: SampleBox
    """The box."""
    found_by_a: bool
    """Whether the first version finds it."""
    found_by_b: bool
    """Whether the second version finds it."""
    score_a: float | None
    """Score of the first version's detection, or of one below the threshold; null where there is none."""
    score_b: float | None
    """The same of the second version."""


class Gain(WireModel):
    """Evidence for a difference in F1: of the second version less that of the first, as a fraction."""

    f1_gain: float
    """The difference."""
    interval: Interval
    """Its 90 % interval."""
    p_better: float
    """Probability that the second version is better."""
    p_gain: float
    """Probability that it is better by at least 2 points."""
    p_worse: float
    """Probability that it is worse by more than 2 points."""


class VersionComparison(BaseMessage):
    """Two versions on the same boxes, on which neither was trained."""

    type: Literal["version_comparison"] = "version_comparison"
    signal_name: str
    """The signal."""
    a: ComparedVersion
    """The first version."""
    b: ComparedVersion
    """The second version."""
    samples: int
    """Number of samples that they are compared on."""
    recordings: int
    """Number of recordings that these are from."""
    boxes: int
    """Number of their boxes, as they are labelled now."""
    gain: Gain
    """Evidence for the difference."""
    summary: str
    """The same in words."""
    found: list[ComparedBox]
    """A page of the boxes: first those that only one version finds, then those that none finds."""
    next_cursor: str | None
    """Cursor of the next page; null on the last."""


class GetVersion(BaseCommand[VersionDetail]):
    """Ask for one version with its results. A version that has none yet, of an older rfhydra, is evaluated now.

    ``busy`` while many versions are evaluated for others.
    """

    answered_in_order = False

    command: Literal["get_version"] = "get_version"
    signal_name: SignalName
    """The signal."""
    version: Positive
    """The version."""
    examples: Positive = 20
    """Maximum number of missed boxes, and of false detections; at most ``limits.max_page`` are sent."""


class SetVersionNotes(BaseCommand[VersionNotes]):
    """Replace the notes of a version."""

    command: Literal["set_version_notes"] = "set_version_notes"
    signal_name: SignalName
    """The signal."""
    version: Positive
    """The version."""
    notes: str
    """The new notes, of at most ``limits.max_notes_length`` characters; empty for none."""


class CompareVersions(BaseCommand[VersionComparison]):
    """Compare two versions on the validation boxes that are new to both, as they are labelled now.

    ``conflict`` where there is none, ``incompatible`` where a version runs on another backbone than the server's, and
    ``busy`` while many versions are evaluated for others.
    """

    answered_in_order = False

    command: Literal["compare_versions"] = "compare_versions"
    signal_name: SignalName
    """The signal."""
    versions: Annotated[list[Positive], Field(min_length=2, max_length=2, fail_fast=True)]
    """The two versions."""
    limit: Positive | None = None
    """Maximum number of boxes, at most ``limits.max_page``, which is also the default."""
    cursor: Cursor | None = None
    """``next_cursor`` of the previous page."""


MessageOnResults: TypeAlias = VersionDetail | VersionNotes | VersionComparison
CommandOnResults: TypeAlias = GetVersion | SetVersionNotes | CompareVersions
