"""Contents of recordings on the wire: views and labelled boxes.

Times are seconds from the start of the recording, frequencies are absolute.
"""

from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import Field, FiniteFloat, JsonValue, model_validator

from rfhydra.config import MAX_BOXES_PER_SAMPLE
from rfhydra.protocol.base import BaseCommand, BaseMessage
from rfhydra.protocol.fields import Cursor, Positive, SignalName, Token, WireModel
from rfhydra.protocol.live import Level

MAX_VIEW_SIDE: Final = 4096
MAX_VIEW_PIXELS: Final = 1 << 21
"""Of one view: in base64 they fit ``max_array_bytes``."""
MIN_VIEW_FFT_SIZE: Final = 64
MAX_VIEW_FFT_SIZE: Final = 65_536

ViewSide: TypeAlias = Annotated[int, Field(ge=1, le=MAX_VIEW_SIDE)]
Seconds: TypeAlias = Annotated[FiniteFloat, Field(ge=0)]
Pooling: TypeAlias = Literal["max", "mean"]
Origin: TypeAlias = Literal["file", "sample"]


class RecordingBox(WireModel):
    """A box in a recording."""

    time_start_sec: FiniteFloat
    """Seconds from the start of the recording."""
    time_end_sec: FiniteFloat
    """Seconds from the start of the recording."""
    freq_low_hz: FiniteFloat
    """Absolute frequency of the lower edge."""
    freq_high_hz: FiniteFloat
    """Absolute frequency of the upper edge."""

    @model_validator(mode="after")
    def _has_extent(self) -> Self:
        if self.time_end_sec <= self.time_start_sec or self.freq_high_hz <= self.freq_low_hz:
            raise ValueError("time_end_sec must be after time_start_sec, and freq_high_hz above freq_low_hz")
        return self


RecordingBoxes: TypeAlias = Annotated[list[RecordingBox], Field(max_length=MAX_BOXES_PER_SAMPLE, fail_fast=True)]


class OfRecording(BaseMessage):
    """Base of the messages about one recording."""

    recording_id: str
    """The recording."""


class ContentsCommand(WireModel):
    """Fields of a command for one recording."""

    recording_id: Token
    """The recording."""


# --- views ---


class ViewFields(WireModel):
    """Fields of a view."""

    rows: int
    """Rows of the image; at most as many as asked for."""
    cols: int
    """Columns of the image; likewise."""
    time_start_sec: float
    """Left edge of the first column, in seconds from the start of the recording."""
    time_end_sec: float
    """Right edge of the last column."""
    freq_low_hz: float
    """Lower edge of the last row."""
    freq_high_hz: float
    """Upper edge of the first row."""
    center_freq_hz: float
    """The centre frequency of the shown tuning."""
    min_db: float
    """Level of the grey value 0. A sine of full scale has 0 dB."""
    max_db: float
    """Level of the grey value 255."""
    floor_db: float
    """The noise floor of the image, its median."""
    fft_size: int
    """Samples of a spectrum; spectra overlap by half."""
    pooling: Pooling
    """What a pixel of several values shows."""
    image_b64: str
    """Base64 of ``rows`` × ``cols`` bytes in row order, row 0 the highest frequency, column 0 the earliest time. Bytes
    are 0 where the receiver was tuned elsewhere."""


class RecordingView(ViewFields, OfRecording):
    """A part of a recording as an image, each pixel the peak, or the mean, of the spectra and bins in it.

    Every sample of the part counts, however long it is. The edges are those of the image, which may reach a little
    beyond the asked part, or be less than it at the edges of the recording.
    """

    type: Literal["recording_view"] = "recording_view"


class ViewCommand(WireModel):
    """Fields of a command that asks for a view."""

    time_start_sec: Seconds | None = None
    """Start of the part."""
    time_end_sec: Seconds | None = None
    """End of the part."""
    freq_low_hz: FiniteFloat | None = None
    """Lower edge of the part."""
    freq_high_hz: FiniteFloat | None = None
    """Upper edge of the part."""
    columns: ViewSide = 1200
    """Most columns of the image."""
    rows: ViewSide = 600
    """Most rows of the image; with ``columns`` at most 2,097,152 pixels."""
    min_db: Level | None = None
    """Level of the grey value 0; default by the noise floor of the image."""
    max_db: Level | None = None
    """Level of the grey value 255; default by the strongest pixels of the image."""
    center_freq_hz: FiniteFloat | None = None
    """Centre frequency of the tuning to show, where the part has several; default the one with the most samples."""
    fft_size: Annotated[int, Field(ge=MIN_VIEW_FFT_SIZE, le=MAX_VIEW_FFT_SIZE)] | None = None
    """Samples of a spectrum, a power of two; default shows about as many rows as columns."""
    pooling: Pooling = "max"
    """What a pixel of several values shows: the peak, which shows bursts shorter than a column, or the mean."""

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if (pixels := self.columns * self.rows) > MAX_VIEW_PIXELS:
            raise ValueError(f"columns × rows is {pixels}, the limit is {MAX_VIEW_PIXELS}")
        if self.fft_size is not None and self.fft_size & (self.fft_size - 1):
            raise ValueError(f"fft_size {self.fft_size} must be a power of two")
        if self.min_db is not None and self.max_db is not None and self.max_db - self.min_db < 1:
            raise ValueError("max_db must be at least 1 dB above min_db")
        return self


class GetRecordingView(ViewCommand, ContentsCommand, BaseCommand[RecordingView]):
    """Ask for a part of a recording as an image. Absent edges are those of the recording."""

    answered_in_order = False

    command: Literal["get_recording_view"] = "get_recording_view"


# --- labels ---


class RecordingAnnotation(RecordingBox):
    """A labelled box of a recording."""

    label: str | None
    """What it is labelled as; ``!`` and a name says only that it is not that signal. Null where the file states no
    label."""
    origin: Origin
    """``file``: the file states it. ``sample``: samples of the workspace have it."""
    sample_ids: list[str]
    """The samples that show it, at most 16; none for one of the file."""


class RecordingAnnotations(OfRecording):
    """A page of the labelled boxes of a recording."""

    type: Literal["recording_annotations"] = "recording_annotations"
    annotations: list[RecordingAnnotation]
    """By time."""
    next_cursor: str | None
    """``cursor`` of the next page; null on the last one."""


class GetRecordingAnnotations(ContentsCommand, BaseCommand[RecordingAnnotations]):
    """Ask for a page of the labelled boxes of a recording: those that its file states, and those of samples of it.

    Samples belong to a recording by its samples, whatever its file is called.
    """

    answered_in_order = False

    command: Literal["get_recording_annotations"] = "get_recording_annotations"
    limit: Positive | None = None
    """Maximum number of boxes, at most ``limits.max_page``; absent: as many as fit an answer."""
    cursor: Cursor | None = None
    """``next_cursor`` of the previous page."""


class RecordingSigmf(OfRecording):
    """The labelled boxes of a recording as SigMF."""

    type: Literal["recording_sigmf"] = "recording_sigmf"
    file_name: str
    """A name for the file."""
    meta: dict[str, JsonValue]
    """Contents of a ``.sigmf-meta``, which goes beside the samples."""


class ExportRecordingSigmf(ContentsCommand, BaseCommand[RecordingSigmf]):
    """Ask for the labelled boxes of a recording as SigMF annotations, to be kept beside its samples."""

    answered_in_order = False

    command: Literal["export_recording_sigmf"] = "export_recording_sigmf"


class NewAnnotation(WireModel):
    """A box to label in a recording."""

    signal_name: SignalName
    """The signal."""
    box: RecordingBox
    """The box. More than half of its time lies in the recording, some of its frequencies in the recorded band."""
    negative: bool = False
    """Whether it is verified not to be the signal, whatever else it is."""


class LabelledSignal(WireModel):
    """What a signal has after boxes were labelled."""

    signal_name: str
    """The signal."""
    new_samples: int
    """Number of samples that are new."""
    sample_count: int
    """Number of its samples."""
    box_count: int
    """Number of its boxes, over all samples."""
    negative_count: int
    """Number of verified boxes of other signals in its samples."""


class RecordingLabelled(OfRecording):
    """Boxes were labelled: windows around them are samples now."""

    type: Literal["recording_labelled"] = "recording_labelled"
    signals: list[LabelledSignal]
    """The signals of the boxes, by name."""
    warnings: list[str]
    """What of the boxes does not fit the contract, each with its remedy."""


class LabelRecording(ContentsCommand, BaseCommand[RecordingLabelled]):
    """Label boxes in a recording: windows around them become samples, all or, on an error, none.

    A new box replaces an older one of its label of which it covers half or more; the same boxes again change nothing.
    """

    command: Literal["label_recording"] = "label_recording"
    annotations: Annotated[list[NewAnnotation], Field(min_length=1, max_length=MAX_BOXES_PER_SAMPLE, fail_fast=True)]
    """The boxes."""
    any_rate: bool = False
    """Whether a signal may have samples of several sample rates; without it that is a ``conflict``."""


class SnappedBoxes(OfRecording):
    """Boxes whose edges lie at those of the energy in them."""

    type: Literal["snapped_boxes"] = "snapped_boxes"
    boxes: list[RecordingBox]
    """In the order of the command; a box in which nothing stands out is as it was."""


class SnapBoxes(ContentsCommand, BaseCommand[SnappedBoxes]):
    """Move the edges of boxes to those of the energy in and next to them."""

    answered_in_order = False

    command: Literal["snap_boxes"] = "snap_boxes"
    boxes: RecordingBoxes
    """The boxes, in the recorded band and time."""


RecordingContentsCommand: TypeAlias = (
    GetRecordingView | GetRecordingAnnotations | ExportRecordingSigmf | LabelRecording | SnapBoxes
)
RecordingContentsMessage: TypeAlias = (
    RecordingView | RecordingAnnotations | RecordingSigmf | RecordingLabelled | SnappedBoxes
)
"""The answers to the commands of this module."""
