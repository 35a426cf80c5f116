"""Archives on the wire: folders of recordings that a server scans, what was found there, and search by example.

A recording of an archive is known by its path below the folder. Times are seconds from the start of the recording,
frequencies are absolute.
"""

from functools import partial
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import AfterValidator, Field, FiniteFloat, model_validator

from rfhydra.config import NAME_PATTERN, check_name
from rfhydra.errors import ErrorCode
from rfhydra.protocol.base import BaseCommand, BaseMessage
from rfhydra.protocol.fields import Cursor, Positive, SignalName, SignalNames, Token, WireModel
from rfhydra.protocol.recording_contents import RecordingBox, Seconds, ViewCommand, ViewFields
from rfhydra.protocol.recordings import RecordingInfo

MAX_ARCHIVED_PATH: Final = 1024
MAX_SIMILAR: Final = 200
MAX_TIMELINE_COLUMNS: Final = 2000

ArchiveName: TypeAlias = Annotated[
    str,
    AfterValidator(partial(check_name, field="archive")),
    Field(json_schema_extra={"pattern": f"^{NAME_PATTERN}$"}),
]
ArchivedPath: TypeAlias = Annotated[str, Field(min_length=1, max_length=MAX_ARCHIVED_PATH)]


class OfArchive(BaseMessage):
    """Base of the messages about one archive."""

    archive: str
    """The archive."""


class ArchiveCommand(WireModel):
    """Fields of a command for one archive."""

    archive: ArchiveName
    """The archive, by the name that ``rfhydra serve --archive`` gives it."""


# --- scans ---


class ScanResult(WireModel):
    """What the scans of an archive have found so far."""

    scanned_at: str
    """Time of the end of the last scan, UTC, ISO 8601."""
    recordings: int
    """Recordings that were scanned."""
    duration_sec: float
    """Their length."""
    failed: int
    """Files that could not be scanned."""
    failures: list[str]
    """Path and reason of some of them."""
    versions: dict[str, int]
    """Version of each head that was looked for, by signal name."""
    hits: dict[str, int]
    """Detections by signal name."""
    emissions: int
    """Candidate emissions, which a search compares."""
    is_searchable: bool
    """Whether the scan had the contract and the backbone that the server has now; a search needs that."""


class ArchiveInfo(WireModel):
    """An archive."""

    archive: str
    """Its name."""
    result: ScanResult | None
    """Result of its last scan that ended; null where there is none."""


class _ScanJob(OfArchive):
    job_id: str
    """The scan."""
    ts: str
    """Time, UTC, ISO 8601."""


class ScanProgress(_ScanJob):
    """A scan goes on. Recordings that an earlier scan has finished are not counted."""

    type: Literal["scan_progress"] = "scan_progress"
    seconds_done: float
    """Seconds of recording that were scanned."""
    seconds_total: float | None
    """Seconds of recording to scan; null while the folder is looked through."""
    recordings_done: int
    """Recordings that are done, failed ones included."""
    recordings_total: int | None
    """Recordings to scan; null likewise."""
    failed: int
    """Recordings that could not be scanned."""
    remaining_sec: float | None
    """Estimate of the time that is left; null where there is none yet."""


class ScanComplete(_ScanJob):
    """A scan has ended."""

    type: Literal["scan_complete"] = "scan_complete"
    result: ScanResult
    """Its result, earlier scans of the archive included."""


class ScanFailed(_ScanJob):
    """A scan has failed or was cancelled. Recordings that it finished need no other scan."""

    type: Literal["scan_failed"] = "scan_failed"
    error: str
    """Reason."""
    code: ErrorCode
    """Error code."""


ScanEvent: TypeAlias = ScanProgress | ScanComplete | ScanFailed


class Archives(BaseMessage):
    """The archives of the server."""

    type: Literal["archives"] = "archives"
    archives: list[ArchiveInfo]
    """By name."""
    progress: ScanProgress | None
    """The scan that runs; null where none does."""


class GetArchives(BaseCommand[Archives]):
    """Ask for the archives of the server."""

    answered_in_order = False

    command: Literal["get_archives"] = "get_archives"


class StartScan(ArchiveCommand, BaseCommand[ScanProgress]):
    """Scan the recordings of an archive that are new or have changed since its last scan.

    Followed by ``scan_progress`` and by exactly one of ``scan_complete`` and ``scan_failed``, to those who subscribed
    to ``scans`` and to the connection that asked. While a scan runs, the same command joins it, and one for another
    archive is refused with ``busy``. After a scan that was cancelled, failed or ended with the server, the next one
    goes on with what it left.
    """

    command: Literal["start_scan"] = "start_scan"
    signal_names: SignalNames | None = None
    """Signals to look for with their active heads; absent: all whose head runs on the server's backbone."""
    restart: bool = False
    """Whether to forget former results. Without it, a scan with other heads than before is a ``conflict``."""


class CancelScan(BaseCommand[ScanProgress]):
    """Stop the scan. It ends with ``scan_failed``, code ``cancelled``; what is finished stays so."""

    command: Literal["cancel_scan"] = "cancel_scan"


# --- what was found ---


class TimelineRow(WireModel):
    """The hits of one signal along a timeline."""

    signal_name: str
    """The signal."""
    hits: list[int]
    """Number of hits that begin in each column."""


class ArchiveTimeline(OfArchive):
    """The hits of an archive along one time axis."""

    type: Literal["archive_timeline"] = "archive_timeline"
    start_time: str | None
    """Time of position 0, UTC, ISO 8601; null where a recording does not state its time: then the recordings lie on
    the axis one behind the other, in the order of their names."""
    duration_sec: float
    """Length of the axis."""
    recorded_sec: list[float]
    """Seconds of recording in each column; more than its length where recordings were made at the same time."""
    rows: list[TimelineRow]
    """By signal name."""


class GetArchiveTimeline(ArchiveCommand, BaseCommand[ArchiveTimeline]):
    """Ask for the hits of an archive along one time axis."""

    answered_in_order = False

    command: Literal["get_archive_timeline"] = "get_archive_timeline"
    columns: Annotated[int, Field(ge=1, le=MAX_TIMELINE_COLUMNS)] = 400
    """Columns of the axis."""


class ArchivedBox(RecordingBox):
    """A box in a recording of an archive."""

    recording: str
    """The recording."""
    start_time: str | None
    """Time of its left edge, UTC, ISO 8601; null where the recording does not state it."""


class ArchiveHit(ArchivedBox):
    """A detection in an archive."""

    signal_name: str
    """The signal."""
    version: int
    """Version of the head."""
    score: float
    """Score."""
    position_sec: float
    """Place of its left edge on the axis of ``archive_timeline``."""


class ArchiveHits(OfArchive):
    """A page of the hits of an archive."""

    type: Literal["archive_hits"] = "archive_hits"
    hits: list[ArchiveHit]
    """By their place on the axis."""
    found: int
    """Number of hits on all pages."""
    next_cursor: str | None
    """``cursor`` of the next page; null on the last one."""


class GetArchiveHits(ArchiveCommand, BaseCommand[ArchiveHits]):
    """Ask for a page of the hits of an archive."""

    answered_in_order = False

    command: Literal["get_archive_hits"] = "get_archive_hits"
    signal_name: SignalName | None = None
    """Only hits of this signal."""
    from_sec: Seconds | None = None
    """Only hits that begin at or behind this place on the axis of ``archive_timeline``."""
    to_sec: Seconds | None = None
    """Only hits that begin before this place."""
    limit: Positive | None = None
    """Maximum number of hits, at most ``limits.max_page``; absent: as many as fit an answer."""
    cursor: Cursor | None = None
    """``next_cursor`` of the previous page."""


# --- search by example ---


class SimilarEmission(ArchivedBox):
    """An emission of an archive that was compared with an example."""

    similarity: float
    """At most 1."""
    signal_name: str | None
    """The signal that was detected there; null for none."""
    score: float | None
    """Score of that detection; null for none."""


class SimilarEmissions(OfArchive):
    """The emissions of an archive that are most similar to an example."""

    type: Literal["similar_emissions"] = "similar_emissions"
    emissions: list[SimilarEmission]
    """The most similar first; the example itself is not among them."""


class FindSimilar(ArchiveCommand, BaseCommand[SimilarEmissions]):
    """Ask for the emissions of an archive that are most similar to one box, in a recording that the server holds
    (``recording_id``) or in one of the archive (``recording``)."""

    answered_in_order = False

    command: Literal["find_similar"] = "find_similar"
    recording_id: Token | None = None
    """A recording that the server holds."""
    recording: ArchivedPath | None = None
    """A recording of the archive."""
    box: RecordingBox
    """The example."""
    limit: Annotated[int, Field(ge=1, le=MAX_SIMILAR)] = 50
    """Maximum number of emissions."""

    @model_validator(mode="after")
    def _one_recording(self) -> Self:
        if (self.recording_id is None) == (self.recording is None):
            raise ValueError("give either recording_id or recording")
        return self


# --- recordings ---


class ArchivedView(ViewFields, OfArchive):
    """A part of a recording of an archive as an image, as ``recording_view``."""

    type: Literal["archived_view"] = "archived_view"
    recording: str
    """The recording."""


class GetArchivedView(ViewCommand, ArchiveCommand, BaseCommand[ArchivedView]):
    """Ask for a part of a recording of an archive as an image. Absent edges are those of the recording."""

    answered_in_order = False

    command: Literal["get_archived_view"] = "get_archived_view"
    recording: ArchivedPath
    """The recording."""


class ArchivedCopy(BaseMessage):
    """A copy of a stretch of a recording of an archive."""

    type: Literal["archived_copy"] = "archived_copy"
    recording: RecordingInfo
    """The copy, which the server holds."""
    time_start_sec: Seconds
    """Where its first sample lies in the recording of the archive."""


class CopyArchived(ArchiveCommand, BaseCommand[ArchivedCopy]):
    """Copy a stretch of a recording of an archive into a recording that the server holds, to be labelled.

    The copy never spans a retuning: of a stretch that does, it is the part in which the middle lies.
    """

    command: Literal["copy_archived"] = "copy_archived"
    recording: ArchivedPath
    """The recording."""
    time_start_sec: Seconds
    """Start of the stretch."""
    time_end_sec: FiniteFloat
    """End of the stretch; what is behind the end of the recording is left out. At 8 bytes a sample it takes at most
    ``limits.max_excerpt_bytes``."""

    @model_validator(mode="after")
    def _has_extent(self) -> Self:
        if self.time_end_sec <= self.time_start_sec:
            raise ValueError("time_end_sec must be after time_start_sec")
        return self


CommandOnArchives: TypeAlias = (
    GetArchives
    | StartScan
    | CancelScan
    | GetArchiveTimeline
    | GetArchiveHits
    | FindSimilar
    | GetArchivedView
    | CopyArchived
)
MessageOnArchives: TypeAlias = (
    ScanEvent | Archives | ArchiveTimeline | ArchiveHits | SimilarEmissions | ArchivedView | ArchivedCopy
)
